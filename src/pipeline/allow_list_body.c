/* What an allow-list's body says (allow_lists.h). */
#include "pipeline/allow_lists.h"

static void
read_name(struct json value, struct allow_list *list,
	struct webhook_issues *issues)
{
	struct str name = json_string(value, issues->arena);

	if (json_kind(value) != JSON_STRING ||
		!webhook_allow_list_name_is_valid(name))
		webhook_issues_add(issues, "name",
			"expected 1 to %d letters, digits, '-', '_' and '.'",
			WEBHOOK_ALLOW_LIST_NAME_MAX);
	else if (list->name.len > 0 && !str_equal(name, list->name))
		webhook_issues_add(issues, "name", "it cannot be changed");
	else
		list->name = name;
}

static void
read_description(struct json value, struct allow_list *list,
	struct webhook_issues *issues)
{
	struct str text = json_string(value, issues->arena);

	if (json_kind(value) == JSON_NULL)
		list->description = STR("");
	else if (json_kind(value) != JSON_STRING || str_has_control(text) ||
		 str_characters(text) > ALLOW_LIST_DESCRIPTION_MAX)
		webhook_issues_add(issues, "description",
			"expected a text of at most %d characters",
			ALLOW_LIST_DESCRIPTION_MAX);
	else
		list->description = text;
}

static void
read_default(struct json value, struct allow_list *list,
	struct webhook_issues *issues)
{
	if (json_kind(value) != JSON_TRUE && json_kind(value) != JSON_FALSE &&
		json_kind(value) != JSON_NULL)
		webhook_issues_add(issues, "default", "expected true or false");
	list->is_default = json_kind(value) == JSON_TRUE;
}

static bool
check_network(struct str *text, struct arena *arena, struct buf *why)
{
	struct address_network network;

	(void)arena;
	return address_network_parse(*text, &network, why) == ERR_OK;
}

/** "*.example.com" is ".example.com". */
static bool
check_host(struct str *text, struct arena *arena, struct buf *why)
{
	struct str host = arena_copy_lower(arena, *text);
	struct str rest;

	if (host.len > 1 && host.ptr[0] == '*' && host.ptr[1] == '.')
		host = str_skip(host, 1);
	*text = host;
	rest = str_skip(host, host.len > 0 && host.ptr[0] == '.');
	for (size_t i = 0; i < rest.len; i++) {
		char c = rest.ptr[i];

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '_' || c == '.')
			continue;
		rest.len = 0;
	}
	if (rest.len > 0 && rest.len <= 253 && rest.ptr[0] != '.')
		return true;
	buf_append(why, STR("expected a host's name, or .name for all below"));
	return false;
}

/** `check` may put an entry into its own form. */
static const struct str *
read_entries(const char *field, struct json value,
	bool (*check)(struct str *text, struct arena *arena, struct buf *why),
	size_t *ret_count, struct webhook_issues *issues)
{
	struct json_walk walk = json_walk(value);
	struct str *entries;
	size_t count = 0;

	*ret_count = 0;
	if (json_kind(value) == JSON_NULL)
		return NULL;
	if (json_kind(value) != JSON_ARRAY ||
		json_count(value) > ALLOW_LIST_ENTRIES_MAX) {
		webhook_issues_add(issues, field,
			"expected an array of at most %d texts",
			ALLOW_LIST_ENTRIES_MAX);
		return NULL;
	}
	entries = arena_alloc_array(
		issues->arena, json_count(value), sizeof(*entries));
	while (json_walk_next(&walk)) {
		CLEANUP(buf_release) struct buf why = buf_make(512);
		struct str text = json_string(walk.value, issues->arena);

		if (json_kind(walk.value) != JSON_STRING)
			webhook_issues_add(issues, field,
				"entry %zu: expected a string", count + 1);
		else if (!check(&text, issues->arena, &why))
			webhook_issues_add(issues, field, "entry %zu: %s",
				count + 1, buf_text(&why));
		entries[count++] = text;
	}
	*ret_count = count;
	return entries;
}

static void
read_networks(struct json value, struct allow_list *list,
	struct webhook_issues *issues)
{
	list->networks = read_entries(
		"networks", value, check_network, &list->network_count, issues);
}

static void
read_hosts(struct json value, struct allow_list *list,
	struct webhook_issues *issues)
{
	list->hosts = read_entries(
		"hosts", value, check_host, &list->host_count, issues);
}

/** What is only told: it may come back, and is passed over. */
static void
read_nothing(struct json value, struct allow_list *list,
	struct webhook_issues *issues)
{
	(void)value;
	(void)list;
	(void)issues;
}

static const struct {
	const char *name;
	void (*read)(struct json value, struct allow_list *list,
		struct webhook_issues *issues);
} members[] = {
	{"name", read_name},
	{"description", read_description},
	{"networks", read_networks},
	{"hosts", read_hosts},
	{"default", read_default},
	{"createdAt", read_nothing},
	{"updatedAt", read_nothing},
	{"generation", read_nothing},
};

void
allow_list_read(struct json body, struct allow_list *list,
	struct webhook_issues *issues)
{
	struct json_walk walk = json_walk(body);

	if (json_kind(body) != JSON_OBJECT) {
		webhook_issues_add(issues, "", "expected an object, found %s",
			json_kind_name(json_kind(body)));
		return;
	}
	while (json_walk_next(&walk)) {
		size_t i = 0;

		while (i < COUNT_OF(members) &&
			!json_string_equal(walk.key, str_of(members[i].name)))
			i++;
		if (i < COUNT_OF(members))
			members[i].read(walk.value, list, issues);
		else
			webhook_issues_add(issues, "",
				"there is no member %.*s",
				STR_ARG(str_head(json_raw(walk.key), 64)));
	}
	if (list->name.len == 0 && issues->count == 0)
		webhook_issues_add(issues, "name", "is mandatory");
}

static void
write_texts(struct json_out *out, const char *key, const struct str *texts,
	size_t count)
{
	json_out_array(out, key);
	for (size_t i = 0; i < count; i++)
		json_out_string(out, NULL, texts[i]);
	json_out_end(out);
}

void
allow_list_write(const struct allow_list *list, struct json_out *out)
{
	json_out_object(out, NULL);
	json_out_string(out, "name", list->name);
	json_out_string(out, "description", list->description);
	write_texts(out, "networks", list->networks, list->network_count);
	write_texts(out, "hosts", list->hosts, list->host_count);
	json_out_boolean(out, "default", list->is_default);
	json_out_integer(out, "generation", (int64_t)list->revision);
	json_out_time(out, "createdAt", list->created);
	json_out_time(out, "updatedAt", list->updated);
	json_out_end(out);
}
