#include <assert.h>

#include "net/form.h"
#include "net/http_server_private.h"

/* ---- what a call says ---- */

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

	for (size_t i = 0; i < call->header_count; i++)
		if (str_equal_nocase(call->headers[i].name, wanted))
			return call->headers[i].value;
	return (struct str){0};
}

void
http_call_each_header(const struct http_call *call,
	bool (*each)(void *context, struct str name, struct str value),
	void *context)
{
	for (size_t i = 0; i < call->header_count; i++)
		if (!each(context, call->headers[i].name,
			    call->headers[i].value))
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

/* ---- its answer ---- */

void
http_call_add_header(struct http_call *call, const char *name, struct str value)
{
	struct http_answer_header *header =
		ARENA_NEW(&call->arena, struct http_answer_header);

	header->name = arena_copy(&call->arena, str_of(name));
	header->value = arena_copy(&call->arena, value);
	*call->answer_headers_end = header;
	call->answer_headers_end = &header->next;
}

static bool
claim(struct http_call *call, enum call_claim wanted)
{
	int none = CLAIM_NONE;

	return atomic_compare_exchange_strong(&call->claim, &none, (int)wanted);
}

static bool
is_to_head(const struct http_call *call)
{
	return str_equal(call->method, STR("HEAD"));
}

static void
write_answer(struct http_call *call, int status, const char *content_type,
	struct str body)
{
	struct http_answer answer = {
		.status = status,
		.content_type = content_type,
		.body = body,
		.headers = call->answer_headers,
		.is_to_head = is_to_head(call),
	};

	if (call->is_cut || atomic_load(&call->loop->server->is_quiesced))
		call->is_last = true;
	answer.is_last = call->is_last;
	answer.is_kept_1_0 = call->is_http_1_0;
	call->answer = http_answer_write(&answer, &call->arena);
}

void
http_call_respond(struct http_call *call, int status, const char *content_type,
	struct str body)
{
	struct server_loop *loop = call->loop;

	atomic_fetch_add(&loop->responders, 1);
	if (claim(call, CLAIM_CALLER)) {
		write_answer(call, status, content_type, body);
		/* From here on the call belongs to the loop again. */
		if (atomic_exchange(&call->state, CALL_ANSWERED) ==
			CALL_WAITING)
			mailbox_post(loop->mailbox, &call->message);
	} else {
		assert(atomic_load(&call->claim) == CLAIM_STOP);
	}
	atomic_fetch_sub(&loop->responders, 1);
}

bool
server_call_is_answered(const struct http_call *call)
{
	return atomic_load(&call->state) == CALL_ANSWERED;
}

void
server_call_abort(struct http_call *call)
{
	static const struct str answer =
		STR_INIT("HTTP/1.1 503 Service Unavailable\r\n"
			 "Connection: close\r\n"
			 "Content-Type: text/plain\r\n"
			 "Content-Length: 24\r\n"
			 "\r\n"
			 "The server is stopping.\n");

	/* Arena and headers may be in the late handler's hands: keep off. */
	if (!claim(call, CLAIM_STOP))
		return;
	call->answer = answer;
	if (is_to_head(call))
		call->answer.len = str_find(answer, STR("\r\n\r\n")) + 4;
	call->is_last = true;
	atomic_store(&call->state, CALL_ANSWERED);
}

/* ---- its life ---- */

struct http_call *
server_call_new(struct server_connection *connection)
{
	struct arena arena = {0};
	struct http_call *call = ARENA_NEW(&arena, struct http_call);

	call->arena = arena;
	call->message.kind = SERVER_MESSAGE_ANSWER;
	call->loop = connection->loop;
	call->connection = connection;
	call->body_max = connection->loop->server->options.body_max;
	call->answer_headers_end = &call->answer_headers;
	memcpy(call->peer, connection->peer, sizeof(call->peer));
	atomic_fetch_add(&call->loop->in_flight, 1);
	return call;
}

void
server_call_free(struct http_call *call)
{
	struct arena arena = call->arena;

	buf_release(&call->body);
	arena_release(&arena);
}

void
server_call_link(struct http_call *call)
{
	struct server_loop *loop = call->loop;

	call->previous = NULL;
	call->next = loop->waiting;
	if (call->next)
		call->next->previous = call;
	loop->waiting = call;
}

void
server_call_unlink(struct http_call *call)
{
	if (call->previous)
		call->previous->next = call->next;
	else
		call->loop->waiting = call->next;
	if (call->next)
		call->next->previous = call->previous;
}

static void
tell_idle(struct http_server *server)
{
	if (!atomic_load(&server->is_waited_for))
		return;
	pthread_mutex_lock(&server->lock);
	pthread_cond_broadcast(&server->idle);
	pthread_mutex_unlock(&server->lock);
}

void
server_call_end(struct http_call *call)
{
	struct server_loop *loop = call->loop;

	if (atomic_load(&call->claim) == CLAIM_STOP && call->is_handed) {
		call->next = loop->zombies;
		loop->zombies = call;
	} else {
		server_call_free(call);
	}
	if (atomic_fetch_sub(&loop->in_flight, 1) == 1)
		tell_idle(loop->server);
}
