#include "pipeline/webhook_draft.h"

#include "net/http_local.h"
#include "net/url.h"
#include "pipeline/webhook_snapshot.h"

static enum err
problem_set(struct webhook_problem *problem, const char *field, enum err err,
	const char *sentence)
{
	problem->field = field;
	buf_append(&problem->why, str_of(sentence));
	return err;
}

static enum err
check_name(struct str name, struct webhook_problem *problem)
{
	if (str_is_empty(str_trim(name)))
		return problem_set(problem, "name", ERR_INVALID,
			"name is empty, expected 1 to 255 characters");
	if (str_characters(name) > WEBHOOK_NAME_MAX)
		return problem_set(problem, "name", ERR_INVALID,
			"name is too long, expected at most 255 characters");
	if (str_has_control(name))
		return problem_set(problem, "name", ERR_INVALID,
			"name holds a control character");
	return ERR_OK;
}

static enum err
check_destination(struct str destination, const struct address_policy *policy,
	struct webhook_problem *problem)
{
	struct arena arena = {0};
	struct uuid hook;
	struct url url;
	enum err err;

	if (http_local_is(destination))
		err = http_local_read(destination, &hook, &problem->why);
	else
		err = url_parse_destination(
			destination, policy, &arena, &url, &problem->why);
	arena_release(&arena);
	if (err)
		problem->field = "destination";
	return err;
}

/*
 * Names that a custom header may not have: COM's own prefix, what signs the
 * delivery, and what HTTP itself needs to frame a message.
 */
static const struct reserved {
	struct str name;
	bool is_prefix;
} reserved[] = {
	{STR_INIT("x-compute-ops-mgmt"), true},
	{STR_INIT("webhook-id"), false},
	{STR_INIT("webhook-timestamp"), false},
	{STR_INIT("webhook-signature"), false},
	{STR_INIT("hpe-webhook-signature"), true},
	{STR_INIT("host"), false},
	{STR_INIT("content-length"), false},
	{STR_INIT("transfer-encoding"), false},
	{STR_INIT("connection"), false},
	{STR_INIT("keep-alive"), false},
	{STR_INIT("proxy-connection"), false},
	{STR_INIT("te"), false},
	{STR_INIT("trailer"), false},
	{STR_INIT("upgrade"), false},
	{STR_INIT("expect"), false},
};

bool
webhook_draft_is_reserved(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(reserved); i++) {
		struct str head = reserved[i].is_prefix
					  ? str_head(name, reserved[i].name.len)
					  : name;

		if (str_equal_nocase(head, reserved[i].name))
			return true;
	}
	return false;
}

static enum err
check_header(
	const struct webhook_header *header, struct webhook_problem *problem)
{
	struct str value = header->value.ptr ? header->value : STR("x");

	problem->field = "headers";
	if (webhook_draft_is_reserved(header->name)) {
		buf_printf(&problem->why,
			"header \"%.*s\" is reserved and cannot be set",
			STR_ARG(header->name));
		return ERR_DENIED;
	}
	if (value.len > WEBHOOK_HEADER_VALUE_MAX) {
		buf_printf(&problem->why,
			"header \"%.*s\" has a value of %zu bytes, expected at "
			"most %d",
			STR_ARG(header->name), value.len,
			WEBHOOK_HEADER_VALUE_MAX);
		return ERR_INVALID;
	}
	if (!http_header_is_sendable(header->name, value)) {
		buf_printf(&problem->why,
			"header \"%.*s\" cannot be sent: expected a token as "
			"its name and a value without line breaks or other "
			"control characters",
			STR_ARG(str_head(header->name, 64)));
		return ERR_INVALID;
	}
	problem->field = NULL;
	return ERR_OK;
}

static enum err
check_headers(
	const struct webhook_draft *draft, struct webhook_problem *problem)
{
	if (draft->header_count > WEBHOOK_HEADERS_MAX)
		return problem_set(problem, "headers", ERR_INVALID,
			"too many headers, expected at most 32");
	for (size_t i = 0; i < draft->header_count; i++) {
		enum err err = check_header(&draft->headers[i], problem);

		if (err)
			return err;
	}
	return ERR_OK;
}

enum err
webhook_draft_check(const struct webhook_draft *draft,
	const struct address_policy *policy, struct webhook_problem *problem)
{
	enum err err = ERR_OK;

	if (draft->has_name)
		err = check_name(draft->name, problem);
	if (!err && draft->has_destination)
		err = check_destination(draft->destination, policy, problem);
	if (!err && draft->has_headers)
		err = check_headers(draft, problem);
	if (!err && draft->has_filter && str_is_empty(str_trim(draft->filter)))
		err = problem_set(problem, "eventFilter", ERR_INVALID,
			"column 1: the filter is empty, expected a condition "
			"such as type eq 'compute-ops/server'");
	return err;
}

static const struct webhook_header *
find_header(const struct webhook_header *headers, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++) {
		if (str_equal_nocase(headers[i].name, name))
			return &headers[i];
	}
	return NULL;
}

/** RFC 7396 member by member: kept, replaced, removed, added. */
static bool
merge_headers(const struct webhook_draft *draft, struct webhook *webhook,
	struct webhook_problem *problem)
{
	size_t cap = webhook->header_count + draft->header_count;
	struct webhook_header *merged =
		arena_alloc_array(&webhook->arena, cap, sizeof(*merged));
	size_t count = 0;

	for (size_t i = 0; i < webhook->header_count; i++) {
		if (!find_header(draft->headers, draft->header_count,
			    webhook->headers[i].name))
			merged[count++] = webhook->headers[i];
	}
	for (size_t i = 0; i < draft->header_count; i++) {
		const struct webhook_header *header = &draft->headers[i];

		if (header->value.ptr == NULL)
			continue;
		merged[count].name = arena_copy(&webhook->arena, header->name);
		merged[count++].value =
			arena_copy(&webhook->arena, header->value);
	}
	if (count > WEBHOOK_HEADERS_MAX) {
		problem->field = "headers";
		buf_printf(&problem->why,
			"%zu headers after the change, expected at most %d",
			count, WEBHOOK_HEADERS_MAX);
		return false;
	}
	webhook->headers = merged;
	webhook->header_count = count;
	return true;
}

/** Whether applying the draft's headers would make a difference. */
static bool
changes_headers(
	const struct webhook_draft *draft, const struct webhook *webhook)
{
	for (size_t i = 0; i < draft->header_count; i++) {
		const struct webhook_header *header = &draft->headers[i];
		const struct webhook_header *present = find_header(
			webhook->headers, webhook->header_count, header->name);

		if ((present == NULL) != (header->value.ptr == NULL))
			return true;
		if (present && !str_equal(present->value, header->value))
			return true;
	}
	return false;
}

enum err
webhook_draft_apply(const struct webhook_draft *draft, struct webhook *webhook,
	struct webhook_edit *edit, struct webhook_problem *problem)
{
	*edit = (struct webhook_edit){0};
	if (draft->has_name)
		webhook->name = arena_copy(&webhook->arena, draft->name);
	if (draft->has_description)
		webhook->description =
			arena_copy(&webhook->arena, draft->description);
	if (draft->has_destination &&
		!str_equal(draft->destination, webhook->destination)) {
		webhook->destination =
			arena_copy(&webhook->arena, draft->destination);
		edit->changes_target = true;
	}
	if (draft->has_headers && changes_headers(draft, webhook)) {
		if (!merge_headers(draft, webhook, problem))
			return ERR_INVALID;
		edit->changes_target = true;
	}
	if (draft->has_filter) {
		enum err err = webhook_set_filter(webhook, draft->filter,
			&problem->column, &problem->why);

		if (err) {
			problem->field = "eventFilter";
			return err == ERR_LIMIT ? ERR_INVALID : err;
		}
	}
	return ERR_OK;
}
