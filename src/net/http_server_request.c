#include <arpa/inet.h>

#include "base/mem.h"
#include "net/http_server_private.h"

enum {
	/* A body no bigger than this is read although its call is answered
	   already, so that the connection stays of use. */
	DISCARD_SMALL = 16 * 1024,
	/* So much of a chunked body is read beyond its limit, since MHD takes
	   no answer in the midst of a body; then the connection is cut. */
	DISCARD_MAX = 8 << 20,
};

static void
link_call(struct http_call *call)
{
	struct http_server *server = call->server;

	pthread_mutex_lock(&server->lock);
	call->next = server->calls;
	if (call->next)
		call->next->previous = call;
	server->calls = call;
	server->in_flight++;
	pthread_mutex_unlock(&server->lock);
}

void
http_call_free(struct http_call *call)
{
	if (call->response)
		MHD_destroy_response(call->response);
	buf_release(&call->body);
	arena_release(&call->arena);
	mem_free(call);
}

/** Takes the call off the list; one whose handler is late becomes a zombie. */
static void
unlink_call(struct http_call *call)
{
	struct http_server *server = call->server;
	bool is_zombie = atomic_load(&call->claim) == CLAIM_STOP;

	pthread_mutex_lock(&server->lock);
	if (call->previous)
		call->previous->next = call->next;
	else
		server->calls = call->next;
	if (call->next)
		call->next->previous = call->previous;
	if (is_zombie) {
		call->next = server->zombies;
		server->zombies = call;
	}
	if (--server->in_flight == 0)
		pthread_cond_broadcast(&server->idle);
	pthread_mutex_unlock(&server->lock);
	if (!is_zombie)
		http_call_free(call);
}

void *
http_call_on_request_line(
	void *context, const char *uri, struct MHD_Connection *connection)
{
	struct http_server *server = context;
	struct http_call *call = MEM_NEW(struct http_call);

	call->server = server;
	call->connection = connection;
	call->body_max = server->options.body_max;
	call->query = arena_copy(&call->arena, str_of(uri));
	call->path = str_split(&call->query, '?');
	link_call(call);
	return call;
}

/** Keeps a socket open for its peer while MHD closes its own. */
static void
linger(const struct http_call *call)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (info)
		http_linger_add(call->server->linger, info->connect_fd);
}

void
http_call_on_completed(void *context, struct MHD_Connection *connection,
	void **slot, enum MHD_RequestTerminationCode code)
{
	struct http_call *call = *slot;

	(void)context;
	(void)connection;
	if (call == NULL)
		return;
	/* MHD has refused the request itself, and may not have read it all. */
	if (code == MHD_REQUEST_TERMINATED_WITH_ERROR &&
		atomic_load(&call->claim) == CLAIM_NONE)
		linger(call);
	unlink_call(call);
	*slot = NULL;
}

struct header_copy {
	struct http_call *call;
	struct call_header **last;
};

static enum MHD_Result
copy_header(void *context, enum MHD_ValueKind kind, const char *name,
	size_t name_len, const char *value, size_t value_len)
{
	struct header_copy *copy = context;
	struct arena *arena = &copy->call->arena;
	struct call_header *header = ARENA_NEW(arena, struct call_header);

	(void)kind;
	header->name = arena_copy(arena, str_make(name, name_len));
	header->value = arena_copy(arena, str_trim(str_make(value, value_len)));
	*copy->last = header;
	copy->last = &header->next;
	return MHD_YES;
}

static void
read_peer(struct http_call *call)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		call->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const void *address;

	if (info == NULL || info->client_addr == NULL)
		return;
	if (info->client_addr->sa_family == AF_INET6)
		address = &((const struct sockaddr_in6 *)(const void *)
				    info->client_addr)
				   ->sin6_addr;
	else
		address = &((const struct sockaddr_in *)(const void *)
				    info->client_addr)
				   ->sin_addr;
	inet_ntop(info->client_addr->sa_family, address, call->peer,
		sizeof(call->peer));
}

static void
refuse(struct http_call *call, int status, struct str reason)
{
	const struct http_server_options *options = &call->server->options;

	if (options->refuse)
		options->refuse(options->context, call, status, reason);
	if (atomic_load(&call->claim) == CLAIM_NONE)
		http_call_respond(call, status, "text/plain", reason);
}

static bool
is_answered(struct http_call *call)
{
	return atomic_load(&call->state) == CALL_ANSWERED;
}

/** What a request's head says about its body; `is_wrong`: no usable head. */
struct framing {
	bool is_chunked;
	bool is_expecting; /* waits for 100 Continue */
	bool is_wrong;
	uint64_t len;
};

static struct framing
read_framing(const struct http_call *call, bool is_http_1_1)
{
	struct framing framing = {0};
	struct str name;
	unsigned lens = 0, encodings = 0, hosts = 0;

	for (const struct call_header *header = call->headers; header;
		header = header->next) {
		name = header->name;
		if (str_equal_nocase(name, STR("Host"))) {
			hosts++;
		} else if (str_equal_nocase(name, STR("Content-Length"))) {
			lens++;
			if (str_to_u64(header->value, &framing.len))
				framing.is_wrong = true;
		} else if (str_equal_nocase(name, STR("Transfer-Encoding"))) {
			encodings++;
			framing.is_chunked = true;
			if (!str_equal_nocase(header->value, STR("chunked")))
				framing.is_wrong = true;
		} else if (str_equal_nocase(name, STR("Expect"))) {
			framing.is_expecting = true;
		}
	}
	/* Two lengths are how requests get smuggled (RFC 9112 §6.3). */
	if (lens + encodings > 1)
		framing.is_wrong = true;
	/* MHD would check this too, but 0.9.75 then sends its head twice. */
	if (hosts > 1 || (hosts == 0 && is_http_1_1))
		framing.is_wrong = true;
	return framing;
}

static enum MHD_Result
queue_answer(struct http_call *call)
{
	if (call->response == NULL)
		return MHD_NO;
	call->is_queued = true;
	return MHD_queue_response(
		call->connection, (unsigned)call->status, call->response);
}

/** Answers now and closes, although a body may be on its way. */
static enum MHD_Result
cut_short(struct http_call *call)
{
	linger(call);
	return queue_answer(call);
}

static enum MHD_Result
on_head(struct http_call *call, const char *method, const char *version)
{
	const struct http_server_options *options = &call->server->options;
	struct header_copy copy = {call, &call->headers};
	struct framing framing;

	call->is_head_read = true;
	call->method = arena_copy(&call->arena, str_of(method));
	MHD_get_connection_values_n(
		call->connection, MHD_HEADER_KIND, copy_header, &copy);
	read_peer(call);
	framing = read_framing(call, strcmp(version, "HTTP/1.0") > 0);
	if (framing.is_wrong || str_find_char(call->path, ' ') != SIZE_MAX ||
		str_find_char(call->query, ' ') != SIZE_MAX) {
		refuse(call, 400,
			STR("The request's head is not valid: one "
			    "Host, one length, no blank in the "
			    "path.\n"));
		return cut_short(call);
	}
	if (options->admit)
		options->admit(options->context, call);
	if (is_answered(call)) {
		if (framing.is_chunked || framing.len > DISCARD_SMALL ||
			(framing.is_expecting && framing.len > 0))
			return cut_short(call);
		return MHD_YES; /* on_request() sends it */
	}
	if (framing.len > call->body_max) {
		refuse(call, 413, STR("The body is too large.\n"));
		return cut_short(call);
	}
	return MHD_YES;
}

static enum MHD_Result
on_body(struct http_call *call, struct str bytes)
{
	if (!is_answered(call)) {
		if (bytes.len <= call->body_max - call->body.len) {
			buf_append(&call->body, bytes);
			return MHD_YES;
		}
		refuse(call, 413, STR("The body is too large.\n"));
	}
	call->discarded += bytes.len;
	return call->discarded <= DISCARD_MAX ? MHD_YES : MHD_NO;
}

/** The request is all there: hand it out, or send its answer. */
static enum MHD_Result
on_request(struct http_call *call)
{
	const struct http_server_options *options = &call->server->options;
	int open = CALL_OPEN;

	if (is_answered(call))
		return queue_answer(call);
	if (call->is_handed)
		return MHD_YES;
	call->is_handed = true;
	if (atomic_load(&call->server->is_stopping)) {
		http_call_abort(call);
		return queue_answer(call);
	}
	options->handle(options->context, call);
	if (is_answered(call))
		return queue_answer(call);
	MHD_suspend_connection(call->connection);
	if (!atomic_compare_exchange_strong(&call->state, &open, CALL_WAITING))
		MHD_resume_connection(call->connection);
	else if (atomic_load(&call->server->is_stopping))
		http_call_abort(call);
	return MHD_YES;
}

enum MHD_Result
http_call_on_access(void *context, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version,
	const char *body, size_t *body_len, void **slot)
{
	struct http_call *call = *slot;
	enum MHD_Result result;

	(void)context;
	(void)connection;
	(void)url;
	if (call->is_queued)
		return MHD_YES;
	if (!call->is_head_read)
		return on_head(call, method, version);
	if (*body_len == 0)
		return on_request(call);
	result = on_body(call, str_make(body, *body_len));
	*body_len = 0;
	return result;
}
