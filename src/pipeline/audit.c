#include "pipeline/audit.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "base/log.h"
#include "pipeline/writer.h"

/* Not a parameter of every function between the router and a commit: a
   handler runs on one thread from its begin to its end. */
static _Thread_local const struct audit_actor *acting;

void
audit_act_as(const struct audit_actor *actor)
{
	acting = actor && actor->ingest ? actor : NULL;
}

/* ---- the event's data ---- */

static struct str
cut(struct str text)
{
	size_t len = text.len;

	if (len <= AUDIT_TEXT_MAX)
		return text;
	for (len = AUDIT_TEXT_MAX;
		len > 0 && ((unsigned char)text.ptr[len] & 0xC0) == 0x80;)
		len--;
	return str_head(text, len);
}

static struct str
user_name(void)
{
	return str_is_empty(acting->key_name) ? acting->key_id
					      : acting->key_name;
}

static struct json
read_state(struct str text, struct arena *arena)
{
	struct json_doc *doc = ARENA_NEW(arena, struct json_doc);

	if (str_is_empty(text) || json_read(text, arena, doc, NULL))
		return (struct json){NULL, 0};
	return json_root(doc);
}

/** Members of `next` that `former` has otherwise, or not at all. */
static void
write_differences(struct json_out *out, struct json former, struct json next,
	bool wants_missing_only)
{
	struct json_walk walk = json_walk(next);

	while (json_walk_next(&walk)) {
		struct json there =
			json_member(former, json_raw_string(walk.key));

		if (json_is_missing(there) ||
			(!wants_missing_only && !json_equal(there, walk.value)))
			json_out_string(out, NULL, json_raw_string(walk.key));
	}
}

static void
write_changed(struct json_out *out, const struct audit_entry *entry)
{
	struct arena arena = {0};
	struct json before = read_state(entry->before, &arena);
	struct json after = read_state(entry->after, &arena);

	json_out_array(out, "changed");
	if (json_kind(before) == JSON_OBJECT &&
		json_kind(after) == JSON_OBJECT) {
		write_differences(out, before, after, false);
		write_differences(out, after, before, true);
	}
	for (size_t i = 0; i < COUNT_OF(entry->secrets); i++)
		if (entry->secrets[i])
			json_out_text(out, NULL, entry->secrets[i]);
	json_out_end(out);
	arena_release(&arena);
}

static void
write_state(struct json_out *out, const char *key, struct str state)
{
	if (str_is_empty(state) || state.len > AUDIT_STATE_MAX)
		json_out_null(out, key);
	else
		json_out_raw(out, key, state);
}

static void
write_details(struct json_out *out, const struct audit_entry *entry)
{
	bool is_long[] = {entry->before.len > AUDIT_STATE_MAX,
		entry->after.len > AUDIT_STATE_MAX};

	json_out_object(out, "audit_details");
	write_state(out, "before", entry->before);
	write_state(out, "after", entry->after);
	if (!is_long[0] && !is_long[1])
		write_changed(out, entry);
	if (is_long[0] || is_long[1]) {
		json_out_array(out, "leftOff");
		if (is_long[0])
			json_out_text(out, NULL, "before");
		if (is_long[1])
			json_out_text(out, NULL, "after");
		json_out_end(out);
	}
	json_out_end(out);
}

static void
write_who(struct json_out *out)
{
	char workspace[33];

	snprintf(workspace, sizeof(workspace), "%032x",
		(unsigned)acting->workspace);
	json_out_object(out, "user");
	json_out_string(out, "username", user_name());
	json_out_string(out, "id", acting->key_id);
	json_out_text(out, "role", acting->role);
	json_out_end(out);
	json_out_object(out, "workspace");
	json_out_text(out, "id", workspace);
	json_out_null(out, "workspace_name");
	json_out_null(out, "workspace_type");
	json_out_end(out);
	json_out_object(out, "application");
	json_out_text(out, "id", "00000000-0000-0000-0000-000000000000");
	json_out_end(out);
}

static void
write_what(struct json_out *out, const struct audit_entry *entry)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct str name = cut(entry->name);
	struct str id = cut(entry->id);

	buf_printf(&text, "%s %.*s was %s by %.*s", entry->type,
		STR_ARG(str_is_empty(name) ? id : name), entry->action,
		STR_ARG(user_name()));
	json_out_text(out, "category", entry->category);
	json_out_string(out, "description", buf_str(&text));
	json_out_integer(out, "created_at", clock_now() / 1000);
	json_out_integer(out, "updated_at", clock_now() / 1000);
	json_out_object(out, "additional_info");
	if (!str_is_empty(acting->address))
		json_out_string(out, "ip_address", acting->address);
	json_out_text(out, "action", entry->action);
	json_out_text(out, "resource_type", entry->type);
	json_out_string(out, "resource_id", id);
	json_out_string(out, "resource_name", name);
	json_out_end(out);
	json_out_boolean(out, "has_details", true);
	write_details(out, entry);
}

/* ---- telling ---- */

struct announced *
audit_new(const struct audit_entry *entry)
{
	CLEANUP(buf_release) struct buf data = buf_make(0);
	struct json_out out = json_out_make(&data);
	char id[UUID_TEXT_SIZE];
	struct announcement announcement = {
		.type = AUDIT_TYPE,
		.source = AUDIT_SOURCE,
		.subject = cut(entry->id),
	};

	if (acting == NULL)
		return NULL;
	announcement.id = str_of(uuid_format(uuid_random(), id));
	json_out_object(&out, NULL);
	json_out_string(&out, "id", announcement.id);
	json_out_text(&out, "type", "/audit-log/logs");
	write_who(&out);
	write_what(&out, entry);
	json_out_end(&out);
	announcement.workspace = acting->workspace;
	announcement.publisher = acting->key_id;
	announcement.data = buf_str(&data);
	return announce_new(acting->ingest, &announcement);
}

enum err
audit_commit(struct writer *writer, const struct store_change *changes,
	size_t count, const struct audit_entry *entries, size_t entry_count)
{
	struct arena arena = {0};
	struct announced **announced;
	enum err err;

	if (acting == NULL)
		return writer_commit(writer, changes, count);
	announced = arena_alloc_array(&arena, entry_count, sizeof(*announced));
	for (size_t i = 0; i < entry_count; i++)
		announced[i] = audit_new(&entries[i]);
	err = announce_commit(
		acting->ingest, changes, count, announced, entry_count);
	arena_release(&arena);
	return err;
}

void
audit_tell(const struct audit_entry *entry)
{
	if (acting && audit_commit(NULL, NULL, 0, entry, 1))
		log_warning("audit.lost", "category=%s action=%s id=\"%.*s\"",
			entry->category, entry->action, STR_ARG(entry->id));
}
