#include <assert.h>

#include "net/form.h"
#include "net/http_server_private.h"

struct str
http_call_method(const struct http_call *call)
{
	return call->method;
}

struct str
http_call_path(const struct http_call *call)
{
	return call->path;
}

struct str
http_call_query(const struct http_call *call)
{
	return call->query;
}

struct str
http_call_header(const struct http_call *call, const char *name)
{
	struct str wanted = str_of(name);

	for (const struct call_header *header = call->headers; header;
		header = header->next)
		if (str_equal_nocase(header->name, wanted))
			return header->value;
	return (struct str){0};
}

void
http_call_each_header(const struct http_call *call,
	bool (*each)(void *context, struct str name, struct str value),
	void *context)
{
	for (const struct call_header *header = call->headers; header;
		header = header->next)
		if (!each(context, header->name, header->value))
			return;
}

struct str
http_call_body(const struct http_call *call)
{
	return buf_str(&call->body);
}

struct str
http_call_peer(const struct http_call *call)
{
	return str_of(call->peer);
}

struct arena *
http_call_arena(struct http_call *call)
{
	return &call->arena;
}

void
http_call_set_body_max(struct http_call *call, size_t max)
{
	call->body_max = max;
}

void **
http_call_slot(struct http_call *call)
{
	return &call->slot;
}

enum err
http_call_parameter(struct http_call *call, const char *name, struct str *ret)
{
	return form_value(call->query, str_of(name), &call->arena, ret);
}

void
http_call_add_header(struct http_call *call, const char *name, struct str value)
{
	struct call_header *header =
		ARENA_NEW(&call->arena, struct call_header);
	struct call_header **last = &call->answer_headers;

	header->name = arena_copy(&call->arena, str_of(name));
	header->value = arena_copy(&call->arena, value);
	header->next = NULL;
	while (*last)
		last = &(*last)->next;
	*last = header;
}

static struct MHD_Response *
make_response(int status, const char *content_type, struct str body,
	const struct call_header *headers)
{
	static char nothing[1];
	struct MHD_Response *response;
	bool has_body = status != 204 && status != 304 && body.len > 0;
	/* MHD copies; its parameter only lacks the const. */
	union {
		const char *in;
		void *out;
	} bytes = {.in = has_body ? body.ptr : nothing};

	response = MHD_create_response_from_buffer(
		has_body ? body.len : 0, bytes.out, MHD_RESPMEM_MUST_COPY);
	if (response == NULL)
		return NULL;
	if (content_type && has_body)
		MHD_add_response_header(response, "Content-Type", content_type);
	for (; headers; headers = headers->next)
		MHD_add_response_header(
			response, headers->name.ptr, headers->value.ptr);
	return response;
}

/** The right to answer was claimed. */
static void
answer(struct http_call *call, int status, struct MHD_Response *response)
{
	struct MHD_Connection *connection = call->connection;

	call->status = status;
	call->response = response;
	/* From here on the call belongs to the loop again, unless it waits. */
	if (atomic_exchange(&call->state, CALL_ANSWERED) == CALL_WAITING)
		MHD_resume_connection(connection);
}

static bool
claim(struct http_call *call, enum call_claim wanted)
{
	int none = CLAIM_NONE;

	return atomic_compare_exchange_strong(&call->claim, &none, (int)wanted);
}

void
http_call_respond(struct http_call *call, int status, const char *content_type,
	struct str body)
{
	struct http_server *server = call->server;

	atomic_fetch_add(&server->responders, 1);
	if (claim(call, CLAIM_CALLER))
		answer(call, status,
			make_response(status, content_type, body,
				call->answer_headers));
	else
		assert(atomic_load(&call->claim) == CLAIM_STOP);
	atomic_fetch_sub(&server->responders, 1);
}

void
http_call_abort(struct http_call *call)
{
	/* Arena and headers may be in the late handler's hands: keep off. */
	if (claim(call, CLAIM_STOP))
		answer(call, 503,
			make_response(503, "text/plain",
				STR("The server is stopping.\n"), NULL));
}
