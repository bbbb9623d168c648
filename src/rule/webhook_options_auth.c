#include "rule/webhook_options_auth.h"

#include <stddef.h>

enum { MEMBERS_MAX = 4 };

struct member {
	const char *name;
	size_t offset; /* of its struct str in webhook_auth */
	bool is_optional;
};

#define AT(member) offsetof(struct webhook_auth, member)

static const struct type {
	const char *name;
	struct member members[MEMBERS_MAX];
} types[] = {
	[AUTH_NONE] = {"none", {{0}}},
	[AUTH_API_KEY] = {"apiKey",
		{{"header", AT(header), false}, {"value", AT(secret), false}}},
	[AUTH_BASIC] = {"basic", {{"username", AT(username), false},
					 {"password", AT(secret), false}}},
	[AUTH_OAUTH2] = {"oauth2", {{"tokenUrl", AT(token_url), false},
					   {"clientId", AT(client_id), false},
					   {"clientSecret", AT(secret), false},
					   {"scope", AT(scope), true}}},
};

static const size_t all_texts[] = {AT(header), AT(username), AT(token_url),
	AT(client_id), AT(scope), AT(secret)};

static struct str *
text_at(struct webhook_auth *auth, size_t offset)
{
	return (struct str *)(void *)((char *)auth + offset);
}

static struct str
text_of(const struct webhook_auth *auth, size_t offset)
{
	return *(const struct str *)(const void *)((const char *)auth + offset);
}

static const char *
path_of(const char *name, struct webhook_issues *issues)
{
	return arena_printf(issues->arena, "auth.%s", name).ptr;
}

static void
read_text(const char *name, struct json value, struct str *text,
	struct webhook_issues *issues)
{
	struct str read = json_string(value, issues->arena);

	if (json_kind(value) == JSON_NULL)
		*text = STR("");
	else if (json_kind(value) != JSON_STRING)
		webhook_issues_add(issues, path_of(name, issues),
			"expected a string, found %s",
			json_kind_name(json_kind(value)));
	else if (read.len > WEBHOOK_AUTH_TEXT_MAX)
		webhook_issues_add(issues, path_of(name, issues),
			"longer than %d bytes", WEBHOOK_AUTH_TEXT_MAX);
	else if (str_has_control(read))
		webhook_issues_add(issues, path_of(name, issues),
			"may not hold line breaks or other control "
			"characters");
	else
		*text = read;
}

static void
read_type(struct json value, struct webhook_auth *auth,
	struct webhook_issues *issues)
{
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (!json_string_equal(value, str_of(types[i].name)))
			continue;
		if (auth->type != (enum webhook_auth_type)i)
			*auth = (struct webhook_auth){
				.type = (enum webhook_auth_type)i};
		return;
	}
	webhook_issues_add(issues, "auth.type",
		"expected \"none\", \"apiKey\", \"basic\" or \"oauth2\"");
}

static const struct member *
find_member(const struct type *type, struct json key)
{
	for (size_t i = 0; i < MEMBERS_MAX && type->members[i].name; i++) {
		if (json_string_equal(key, str_of(type->members[i].name)))
			return &type->members[i];
	}
	return NULL;
}

static void
read_members(struct json value, struct webhook_auth *auth,
	struct webhook_issues *issues)
{
	const struct type *type = &types[auth->type];
	struct json_walk walk = json_walk(value);

	while (json_walk_next(&walk)) {
		const struct member *member = find_member(type, walk.key);

		if (member)
			read_text(member->name, walk.value,
				text_at(auth, member->offset), issues);
		else if (!json_string_equal(walk.key, STR("type")))
			webhook_issues_add(issues, "auth",
				"type \"%s\" has no member %.*s", type->name,
				STR_ARG(str_head(json_raw(walk.key), 64)));
	}
}

/** What the texts must be to be sent (RFC 9110 §5.6.2, RFC 7617 §2). */
static void
check_texts(const struct webhook_auth *auth, struct webhook_issues *issues)
{
	static const char specials[] = "!#$%&'*+-.^_`|~";

	if (str_find_char(auth->username, ':') != SIZE_MAX)
		webhook_issues_add(
			issues, "auth.username", "may not hold a colon");
	for (size_t i = 0; i < auth->header.len; i++) {
		char c = auth->header.ptr[i];
		bool is_letter = (c >= 'a' && c <= 'z') ||
				 (c >= 'A' && c <= 'Z') ||
				 (c >= '0' && c <= '9');

		if (is_letter || strchr(specials, c))
			continue;
		webhook_issues_add(issues, "auth.header",
			"expected a header's name, letters, digits and -");
		return;
	}
}

void
webhook_auth_read(struct json value, struct webhook_auth *auth,
	struct webhook_issues *issues)
{
	struct json type = json_member(value, STR("type"));
	const struct type *row;
	size_t before = issues->count;

	if (json_kind(value) == JSON_NULL) {
		*auth = (struct webhook_auth){.type = AUTH_NONE};
		return;
	}
	if (json_kind(value) != JSON_OBJECT ||
		json_count(value) > WEBHOOK_OPTION_MEMBERS_MAX) {
		webhook_issues_add(
			issues, "auth", "expected an object with a type");
		return;
	}
	if (!json_is_missing(type))
		read_type(type, auth, issues);
	if (issues->count == before)
		read_members(value, auth, issues);
	if (issues->count > before)
		return;
	row = &types[auth->type];
	for (size_t i = 0; i < MEMBERS_MAX && row->members[i].name; i++) {
		const struct member *member = &row->members[i];

		if (!member->is_optional &&
			str_is_empty(text_of(auth, member->offset)))
			webhook_issues_add(issues,
				path_of(member->name, issues),
				"is mandatory for type \"%s\"", row->name);
	}
	check_texts(auth, issues);
}

void
webhook_auth_write(const struct webhook_auth *auth, struct json_out *out)
{
	const struct type *type = &types[auth->type];

	json_out_object(out, "auth");
	json_out_text(out, "type", type->name);
	for (size_t i = 0; i < MEMBERS_MAX && type->members[i].name; i++) {
		const struct member *member = &type->members[i];

		if (member->offset != AT(secret) &&
			text_of(auth, member->offset).len > 0)
			json_out_string(out, member->name,
				text_of(auth, member->offset));
	}
	json_out_end(out);
}

struct webhook_auth
webhook_auth_copy(const struct webhook_auth *auth, struct arena *arena)
{
	struct webhook_auth copy = *auth;

	for (size_t i = 0; i < COUNT_OF(all_texts); i++)
		*text_at(&copy, all_texts[i]) =
			arena_copy(arena, text_of(auth, all_texts[i]));
	return copy;
}

bool
webhook_auth_equal(const struct webhook_auth *a, const struct webhook_auth *b)
{
	for (size_t i = 0; i < COUNT_OF(all_texts); i++) {
		if (!str_equal(
			    text_of(a, all_texts[i]), text_of(b, all_texts[i])))
			return false;
	}
	return a->type == b->type;
}
