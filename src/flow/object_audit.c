#include "flow/object_audit.h"

#include "flow/mask.h"

/** A body without its secrets, as JSON; empty when there is none. */
static struct str
shown(struct str body, struct arena *arena, struct str *ret_name)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct json_doc doc;
	struct value value, name;

	if (body.len == 0 || json_read(body, arena, &doc, NULL) ||
		value_from_json(
			json_root(&doc), VALUE_JSON_PLAIN, arena, &value))
		return STR("");
	name = value_member(value, STR("name"));
	if (name.kind == VALUE_TEXT)
		*ret_name = name.as.text;
	value_append_json(&text, mask_secrets(value, arena), VALUE_JSON_PLAIN);
	return arena_copy(arena, buf_str(&text));
}

enum err
object_audit_commit(const struct object_audit *audit,
	const struct store_change *changes, size_t count)
{
	CLEANUP(arena_release) struct arena arena = {0};
	const struct object_change *change = changes[0].object;
	const struct object_row *row = &change->row;
	struct audit_entry entry = {.category = audit->category,
		.action = "created",
		.type = audit->type,
		.id = row->id,
		.name = STR(""),
		.before = STR(""),
		.after = STR("")};
	struct object_row before;

	if (store_object(audit->store, row->workspace, row->kind, row->id,
		    &arena, &before) == ERR_OK) {
		entry.action = "updated";
		entry.before = shown(before.body, &arena, &entry.name);
	}
	if (change->what == OBJECT_SET)
		entry.after = shown(row->body, &arena, &entry.name);
	else
		entry.action = "deleted";
	return audit_commit(audit->writer, changes, count, &entry, 1);
}
