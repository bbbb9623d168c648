/* What is written down of an attempt. */
#include "pipeline/attempt_private.h"

/* Bytes of a redirect's target that are told. */
enum { TARGET_SHOWN = 512 };

/** What is shown of a header. */
static struct str
shown_value(const struct attempt *attempt, size_t header)
{
	return header < attempt->shown_count ? attempt->headers[header].value
					     : STR("(masked)");
}

void
attempt_describe_request(const struct attempt *attempt, struct buf *head)
{
	buf_append(head, STR("POST "));
	buf_append(head, attempt_destination(attempt));
	buf_append(head, STR("\r\n"));
	for (size_t i = 0; i < attempt->header_count; i++) {
		buf_append(head, attempt->headers[i].name);
		buf_append(head, STR(": "));
		buf_append(head, shown_value(attempt, i));
		buf_append(head, STR("\r\n"));
	}
}

/** What went wrong, in words; a redirect with where it points. */
static struct str
describe_failure(struct attempt *attempt, const struct http_result *result)
{
	struct arena *arena = &attempt->arena;
	struct str target;

	if (result->failure != HTTP_NO_FAILURE)
		return arena_copy(arena, result->error);
	if (result->status >= 300 && result->status <= 399 &&
		http_head_find(result->head, STR("Location"), &target))
		return arena_printf(arena,
			"The endpoint redirects to %.*s (status %d); redirects "
			"are not followed.",
			STR_ARG(str_head(target, TARGET_SHOWN)),
			result->status);
	return arena_printf(
		arena, "The endpoint answered with status %d.", result->status);
}

/** The response's head, without what it would have a browser keep secret. */
static struct str
mask_response(struct attempt *attempt, struct str head)
{
	CLEANUP(buf_release) struct buf masked = buf_make(0);
	struct str rest = head, value;

	if (!http_head_find(head, STR("Set-Cookie"), &value))
		return arena_copy(&attempt->arena, head);
	while (rest.ptr != NULL) {
		struct str line = str_split(&rest, '\n');
		struct str name;

		value = line;
		name = str_split(&value, ':');

		if (str_equal_nocase(name, STR("Set-Cookie")))
			buf_printf(&masked, "%.*s: (masked)\r", STR_ARG(name));
		else
			buf_append(&masked, line);
		if (rest.ptr != NULL)
			buf_append_char(&masked, '\n');
	}
	return arena_copy(&attempt->arena, buf_str(&masked));
}

void
attempt_fill_row(struct attempt *attempt, const struct http_result *result,
	struct str request_head, bool is_acknowledged)
{
	const struct delivery *delivery = attempt->delivery;
	struct arena *arena = &attempt->arena;

	attempt->row = (struct attempt_row){
		.delivery = delivery->sequence,
		.webhook = delivery->webhook,
		.number = delivery->attempts,
		.started = attempt->started,
		.ended = attempt->started + result->timings.total,
		.status = result->status,
		.is_acknowledged = is_acknowledged,
		.destination = attempt_destination(attempt),
		.request_head = arena_copy(arena, request_head),
		.response_head = mask_response(attempt, result->head),
		.response_body = arena_copy(arena, result->body),
		.name_resolved = result->timings.name_resolved,
		.connected = result->timings.connected,
		.tls_done = result->timings.tls_done,
		.first_byte = result->timings.first_byte,
	};
	if (result->failure != HTTP_NO_FAILURE)
		attempt->row.failure =
			str_of(http_failure_name(result->failure));
	if (!is_acknowledged)
		attempt->row.error = describe_failure(attempt, result);
}
