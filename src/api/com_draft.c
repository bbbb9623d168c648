#include "api/com_draft.h"

/* What differs between the dialects. */
struct com_face {
	const char *filter; /* the filter's name */
	bool has_options;
	unsigned optional; /* bits: members that a create need not have */
	const char *const *read_only; /* ends with NULL */
};

/* ---- collecting what is wrong ---- */

static void add_issue(struct com_issues *issues, struct str subject,
	const char *format, ...) PRINTF_LIKE(3, 4);

static void
add_issue(
	struct com_issues *issues, struct str subject, const char *format, ...)
{
	CLEANUP(buf_release) struct buf text = buf_make(4096);
	va_list args;

	if (issues->count == COM_ISSUES_MAX) {
		issues->left_off++;
		return;
	}
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	issues->rows[issues->count++] = (struct api_issue){
		.source = "field",
		.subject = subject,
		.description = arena_copy(issues->arena, buf_str(&text)),
	};
}

/* A member's name may be as long as the body: show its beginning. */
static struct str
subject_of(struct com_issues *issues, struct str prefix, struct json key)
{
	struct str name = str_head(json_string(key, issues->arena), 128);

	return arena_printf(
		issues->arena, "%.*s%.*s", STR_ARG(prefix), STR_ARG(name));
}

/* ---- the members ---- */

static bool
read_string(struct json value, const char *name, struct com_draft *ret,
	struct str *ret_text)
{
	struct com_issues *issues = &ret->issues;

	if (json_kind(value) != JSON_STRING) {
		add_issue(issues, str_of(name), "expected a string, found %s",
			json_kind_name(json_kind(value)));
		return false;
	}
	*ret_text = json_string(value, issues->arena);
	if (str_is_empty(*ret_text)) {
		add_issue(issues, str_of(name), "may not be empty");
		return false;
	}
	return true;
}

static void
read_name(struct json value, struct com_draft *ret)
{
	struct webhook_draft *draft = &ret->draft;

	if (!read_string(value, "name", ret, &draft->name))
		return;
	if (str_characters(draft->name) > COM_NAME_MAX)
		add_issue(&ret->issues, STR("name"),
			"longer than %d characters", COM_NAME_MAX);
	draft->has_name = true;
}

static void
read_destination(struct json value, struct com_draft *ret)
{
	ret->draft.has_destination =
		read_string(value, "destination", ret, &ret->draft.destination);
}

static void
read_state(struct json value, struct com_draft *ret)
{
	struct str text;

	if (!read_string(value, "state", ret, &text))
		return;
	if (webhook_state_parse(text, &ret->draft.state))
		add_issue(&ret->issues, STR("state"),
			"expected ENABLED or DISABLED, found \"%.*s\"",
			STR_ARG(str_head(text, 64)));
	ret->draft.has_state = true;
}

static void
read_filter(struct json value, struct com_draft *ret)
{
	CLEANUP(buf_release) struct buf why = buf_make(2048);
	struct webhook_draft *draft = &ret->draft;
	const struct filter *filter;
	size_t column = 0;

	if (!read_string(value, ret->face->filter, ret, &draft->filter))
		return;
	if (filter_compile(
		    draft->filter, ret->issues.arena, &filter, &column, &why))
		add_issue(&ret->issues, str_of(ret->face->filter), "%s",
			buf_text(&why));
	draft->has_filter = true;
}

/* HTTP does not tell A from a (RFC 9110 §5.1): one of two would be lost. */
static void
check_header_is_new(struct json key, struct com_draft *ret)
{
	const struct webhook_draft *draft = &ret->draft;
	struct str name = json_string(key, ret->issues.arena);

	for (size_t i = 0; i < draft->header_count; i++)
		if (str_equal_nocase(draft->headers[i].name, name))
			add_issue(&ret->issues,
				subject_of(&ret->issues, STR("headers."), key),
				"is the same header as \"%.*s\"",
				STR_ARG(str_head(draft->headers[i].name, 128)));
}

static void
read_header(struct json key, struct json value, enum com_draft_kind kind,
	struct com_draft *ret, struct webhook_header *ret_header)
{
	struct arena *arena = ret->issues.arena;

	ret_header->name = json_string(key, arena);
	ret_header->value = (struct str){0};
	if (kind == COM_PATCH && json_kind(value) == JSON_NULL)
		return; /* removes it */
	if (json_kind(value) != JSON_STRING) {
		add_issue(&ret->issues,
			subject_of(&ret->issues, STR("headers."), key),
			"expected a string, found %s",
			json_kind_name(json_kind(value)));
		return;
	}
	ret_header->value = json_string(value, arena);
	if (ret_header->value.ptr == NULL)
		ret_header->value = STR("");
}

static void
read_headers(struct json value, enum com_draft_kind kind, struct com_draft *ret)
{
	struct webhook_draft *draft = &ret->draft;
	struct json_walk walk = json_walk(value);
	struct webhook_header *headers;

	if (kind == COM_PATCH && json_kind(value) == JSON_NULL) {
		ret->clears_headers = true;
		return;
	}
	if (json_kind(value) != JSON_OBJECT) {
		add_issue(&ret->issues, STR("headers"),
			"expected an object of strings, found %s",
			json_kind_name(json_kind(value)));
		return;
	}
	/* Before looking at each: finding doubles takes the square of it. */
	if (json_count(value) > COM_HEADERS_MAX) {
		add_issue(&ret->issues, STR("headers"), "more than %d members",
			COM_HEADERS_MAX);
		return;
	}
	headers = arena_alloc_array(
		ret->issues.arena, COM_HEADERS_MAX, sizeof(*headers));
	draft->headers = headers;
	draft->has_headers = true;
	while (json_walk_next(&walk)) {
		struct str name = json_string(walk.key, ret->issues.arena);

		/* Of members named twice the last one counts. */
		if (json_member(value, name).index != walk.value.index)
			continue;
		check_header_is_new(walk.key, ret);
		read_header(walk.key, walk.value, kind, ret,
			&headers[draft->header_count++]);
	}
}

static void
read_headers_of_create(struct json value, struct com_draft *ret)
{
	read_headers(value, COM_CREATE, ret);
}

static void
read_headers_of_patch(struct json value, struct com_draft *ret)
{
	read_headers(value, COM_PATCH, ret);
}

static void
refuse_read_only(struct json key, struct com_draft *ret)
{
	const char *const *names = ret->face->read_only;
	const char *what = "there is no such member";

	for (size_t i = 0; names[i]; i++)
		if (json_string_equal(key, str_of(names[i])))
			what = "is read-only";
	add_issue(&ret->issues, subject_of(&ret->issues, STR(""), key), "%s",
		what);
}

enum {
	MEMBER_NAME,
	MEMBER_DESTINATION,
	MEMBER_STATE,
	MEMBER_FILTER,
	MEMBER_HEADERS,
};

/* The members that may be set, in the order in which the reference lists
   them; NULL is the filter, whose name is the face's. */
static const struct member {
	const char *name;
	void (*read[2])(struct json value, struct com_draft *ret);
} members[] = {
	[MEMBER_NAME] = {"name", {read_name, read_name}},
	[MEMBER_DESTINATION] = {"destination",
		{read_destination, read_destination}},
	[MEMBER_STATE] = {"state", {read_state, read_state}},
	[MEMBER_FILTER] = {NULL, {read_filter, read_filter}},
	[MEMBER_HEADERS] = {"headers",
		{read_headers_of_create, read_headers_of_patch}},
};

static const char *const com_read_only[] = {"id", "type", "generation",
	"createdAt", "updatedAt", "status", "statusReason", "resourceUri",
	"deliveriesUri", NULL};
static const char *const native_read_only[] = {"id", "type", "dialect",
	"generation", "createdAt", "updatedAt", "status", "statusReason",
	"resourceUri", "allowedRate", "publicKey", "oldSecretUntil",
	"nextProbeAt", NULL};

static const struct com_face com_face = {
	"eventFilter", false, 0, com_read_only};
static const struct com_face native_face = {"filter", true,
	1u << MEMBER_STATE | 1u << MEMBER_HEADERS, native_read_only};

static struct str
name_of(const struct com_face *face, const struct member *member)
{
	return str_of(member->name ? member->name : face->filter);
}

static const struct member *
find_member(const struct com_face *face, struct json key)
{
	for (size_t i = 0; i < COUNT_OF(members); i++)
		if (json_string_equal(key, name_of(face, &members[i])))
			return &members[i];
	return NULL;
}

static void
read_member(struct json body, const struct json_walk *at,
	enum com_draft_kind kind, struct com_draft *ret)
{
	const struct member *member = find_member(ret->face, at->key);
	struct str key = json_string(at->key, ret->issues.arena);

	if (ret->face->has_options && webhook_options_has(key))
		ret->draft.has_options = true;
	else if (member == NULL)
		refuse_read_only(at->key, ret);
	/* Of members named twice the last one counts. */
	else if (json_member(body, key).index == at->value.index)
		member->read[kind](at->value, ret);
}

static void
read_body(struct json body, enum com_draft_kind kind, struct com_draft *ret)
{
	struct json_walk walk = json_walk(body);

	if (json_kind(body) != JSON_OBJECT) {
		add_issue(&ret->issues, STR(""),
			"expected the body to be an object, found %s",
			json_kind_name(json_kind(body)));
		return;
	}
	if (json_count(body) > COM_MEMBERS_MAX) {
		add_issue(&ret->issues, STR(""), "more than %d members",
			COM_MEMBERS_MAX);
		return;
	}
	for (size_t i = 0; kind == COM_CREATE && i < COUNT_OF(members); i++) {
		struct str name = name_of(ret->face, &members[i]);

		if (json_is_missing(json_member(body, name)) &&
			!(ret->face->optional & 1u << i))
			add_issue(&ret->issues, name, "is mandatory");
	}
	while (json_walk_next(&walk))
		read_member(body, &walk, kind, ret);
}

void
com_draft_read(struct json body, enum com_draft_kind kind, struct arena *arena,
	struct com_draft *ret)
{
	*ret = (struct com_draft){.issues.arena = arena, .face = &com_face};
	read_body(body, kind, ret);
}

void
com_draft_read_native(struct json body, enum com_draft_kind kind,
	const struct webhook_options *present, struct arena *arena,
	struct com_draft *ret)
{
	struct webhook_issues issues = {.arena = arena};
	struct webhook_options options = *present;

	*ret = (struct com_draft){.issues.arena = arena, .face = &native_face};
	read_body(body, kind, ret);
	if (!ret->draft.has_options)
		return;
	ret->draft.options = body;
	webhook_options_read(body, &options, &issues);
	for (size_t i = 0; i < issues.count; i++)
		add_issue(&ret->issues, issues.rows[i].field, "%.*s",
			STR_ARG(issues.rows[i].sentence));
}

bool
com_draft_is_empty(const struct com_draft *draft)
{
	const struct webhook_draft *d = &draft->draft;

	return !d->has_name && !d->has_destination && !d->has_state &&
	       !d->has_filter && !d->has_headers && !d->has_options &&
	       !draft->clears_headers;
}
