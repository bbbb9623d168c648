/* What is written down of an attempt. */
#include "pipeline/attempt_private.h"

/* Bytes of a redirect's target that are told. */
enum { TARGET_SHOWN = 512 };

/* Of a request's head so much is kept. */
enum { HEAD_KEPT = 16384 };

/** What is shown of a header. */
static struct str
shown_value(const struct attempt *attempt, size_t header)
{
	return header < attempt->shown_count ? attempt->headers[header].value
					     : STR("(masked)");
}

static char *
put(char *at, struct str bytes)
{
	if (bytes.len)
		memcpy(at, bytes.ptr, bytes.len);
	return at + bytes.len;
}

struct str
attempt_describe_request(struct attempt *attempt)
{
	struct str destination = attempt_destination(attempt);
	size_t size = destination.len + sizeof("POST \r\n");
	char *head, *at;

	for (size_t i = 0; i < attempt->header_count; i++)
		size += attempt->headers[i].name.len +
			shown_value(attempt, i).len + sizeof(": \r\n") - 1;
	head = at = arena_alloc_raw(&attempt->arena, size);
	at = put(at, STR("POST "));
	at = put(at, destination);
	at = put(at, STR("\r\n"));
	for (size_t i = 0; i < attempt->header_count; i++) {
		at = put(at, attempt->headers[i].name);
		at = put(at, STR(": "));
		at = put(at, shown_value(attempt, i));
		at = put(at, STR("\r\n"));
	}
	return str_head(str_make(head, (size_t)(at - head)), HEAD_KEPT);
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

struct str
attempt_mask_response(struct attempt *attempt, struct str head)
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
	const struct attempt_heads *heads, bool is_acknowledged)
{
	const struct delivery *delivery = attempt->delivery;
	struct arena *arena = &attempt->arena;
	bool is_owner = heads->owner == attempt;
	const struct http_timings *timings = &result->timings;
	struct attempt_row *row = &attempt->row;

	/* All else is zero since the attempt was made. */
	row->delivery = delivery->sequence;
	row->webhook = delivery->webhook;
	row->number = delivery->attempts;
	row->started = attempt->started;
	row->ended = attempt->started + timings->total;
	row->status = result->status;
	row->is_acknowledged = is_acknowledged;
	row->destination = attempt_destination(attempt);
	row->request_head =
		is_owner ? heads->request : arena_copy(arena, heads->request);
	row->response_head =
		is_owner ? heads->response : arena_copy(arena, heads->response);
	row->response_body = arena_copy(arena, result->body);
	row->name_resolved = timings->name_resolved;
	row->connected = timings->connected;
	row->tls_done = timings->tls_done;
	row->first_byte = timings->first_byte;
	if (result->failure != HTTP_NO_FAILURE)
		row->failure = str_of(http_failure_name(result->failure));
	if (!is_acknowledged)
		row->error = describe_failure(attempt, result);
}
