#include "net/local_engine.h"

#include <sys/epoll.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http_client_header.h"
#include "net/http_local_private.h"

#define DEFAULT_TIMEOUT (30 * SECONDS)

enum { DEFAULT_HEADERS = 4 };

struct local_engine {
	struct http_local *place;
	struct http_sockets *sockets;
	struct http_watcher watcher; /* of the box */
	struct local_box *box;
	struct str user_agent;
	struct http_local_call *running;
	struct http_local_call *waiting; /* for the place to open; a queue */
	struct http_local_call **waiting_end;
	struct heap timers;
	struct heap again; /* those that were not taken */
	size_t count;
	bool is_closing;
};

/* ---- the beginning of one ---- */

static void
fail(struct http_local_call *call, enum http_failure failure,
	const char *sentence)
{
	call->failure = failure;
	buf_append(&call->why, str_of(sentence));
	local_call_post(call);
}

static bool
has_header(const struct http_request *request, struct str name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		if (str_equal_nocase(request->headers[i].name, name))
			return true;
	}
	return false;
}

/** What a peer would be sent: the client's own headers before the others. */
static void
copy_headers(const struct local_engine *engine,
	const struct http_request *request, struct arena *arena,
	struct http_local_arrival *arrival)
{
	const struct http_header own[] = {
		{STR("Host"), STR("localhost")},
		{STR("User-Agent"), engine->user_agent},
		{STR("Accept"), STR("*/*")},
	};
	struct http_header *headers = arena_alloc_array(arena,
		request->header_count + DEFAULT_HEADERS, sizeof(*headers));
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(own); i++) {
		if (!has_header(request, own[i].name))
			headers[count++] = own[i];
	}
	for (size_t i = 0; i < request->header_count; i++)
		headers[count++] =
			(struct http_header){request->headers[i].name,
				str_trim(request->headers[i].value)};
	if (http_request_has_body(request))
		headers[count++] = (struct http_header){STR("Content-Length"),
			arena_printf(arena, "%zu", request->body.len)};
	arrival->headers = headers;
	arrival->header_count = count;
}

/** How long it may wait to arrive, and then for its answer. */
static int64_t
limit_of(const struct http_request *request)
{
	int64_t limit =
		request->timeout > 0 ? request->timeout : DEFAULT_TIMEOUT;
	int64_t first_byte = request->first_byte_timeout;

	return first_byte > 0 && first_byte < limit ? first_byte : limit;
}

static void
set_timer(struct local_engine *engine, struct http_local_call *call)
{
	heap_remove(&engine->timers, &call->timer);
	call->timer.key = clock_monotonic() + limit_of(&call->request);
	heap_add(&engine->timers, &call->timer);
}

static void
hand_over(struct local_engine *engine, struct http_local_call *call,
	const struct http_local_receiver *receiver)
{
	const struct http_request *request = &call->request;
	CLEANUP(arena_release) struct arena arena = {0};
	struct http_local_arrival arrival = {.workspace = request->workspace,
		.method = request->method,
		.body = request->body,
		.call = call};
	int64_t delay;

	if (http_request_check(request, &call->why)) {
		fail(call, HTTP_OUR_FAULT, "");
		return;
	}
	if (http_local_read(request->url, &arrival.hook, &call->why)) {
		fail(call, HTTP_BAD_URL, "");
		return;
	}
	copy_headers(engine, request, &arena, &arrival);
	delay = receiver->receive(receiver->context, &arrival);
	/* What has been stored must not be given up for having waited. */
	if (delay == 0 && call->has_waited)
		set_timer(engine, call);
	if (delay == 0)
		return;
	call->is_waiting = call->has_waited = true;
	call->again.key = clock_monotonic() + delay;
	heap_add(&engine->again, &call->again);
}

/** Hands it over, or has it wait until that can be done. */
static void
begin(struct local_engine *engine, struct http_local_call *call)
{
	enum local_state state;
	const struct http_local_receiver *receiver =
		http_local_receiver(engine->place, &state);

	if (receiver) {
		hand_over(engine, call, receiver);
	} else if (state == LOCAL_CLOSED) {
		fail(call, HTTP_ABORTED, "the hooks are stopping");
	} else {
		call->is_waiting = call->has_waited = true;
		*engine->waiting_end = call;
		engine->waiting_end = &call->next_waiting;
	}
}

static void
link_running(struct local_engine *engine, struct http_local_call *call)
{
	call->next = engine->running;
	call->at = &engine->running;
	if (call->next)
		call->next->at = &call->next;
	engine->running = call;
	engine->count++;
}

void
local_engine_send(
	struct local_engine *engine, const struct http_request *request)
{
	struct http_local_call *call = MEM_NEW(struct http_local_call);

	call->request = *request;
	call->box = engine->box;
	atomic_fetch_add(&engine->box->refs, 1);
	atomic_init(&call->refs, 2);
	call->started = clock_monotonic();
	set_timer(engine, call);
	link_running(engine, call);
	if (engine->is_closing)
		fail(call, HTTP_ABORTED, "the client is stopping");
	else if (request->workspace == 0)
		fail(call, HTTP_NOT_ALLOWED,
			"only a webhook's own requests go to a hook");
	else
		begin(engine, call);
}

size_t
local_engine_running(const struct local_engine *engine)
{
	return engine ? engine->count : 0;
}

/* ---- its end ---- */

static int64_t
elapsed(const struct http_local_call *call, int64_t until)
{
	return until > call->started ? until - call->started : 1;
}

/** Tells it; gives the engine's reference up. */
static void
end(struct local_engine *engine, struct http_local_call *call,
	const struct http_result *result)
{
	heap_remove(&engine->timers, &call->timer);
	if (call->again.place) {
		heap_remove(&engine->again, &call->again);
		local_call_post(call); /* nobody else will */
	}
	*call->at = call->next;
	if (call->next)
		call->next->at = call->at;
	call->is_over = true;
	engine->count--;
	call->request.done(call->request.context, result);
	local_call_unref(call);
}

/** Without what its answerer may be writing. */
static void
give_up(struct local_engine *engine, struct http_local_call *call,
	enum http_failure failure, struct str sentence)
{
	struct http_result result = {.failure = failure,
		.error = sentence,
		.timings.total = elapsed(call, clock_monotonic()),
		.is_reused_connection = true};

	end(engine, call, &result);
}

static void
time_is_over(struct local_engine *engine, struct http_local_call *call)
{
	CLEANUP(buf_release) struct buf why = buf_make(0);

	buf_printf(&why, "timed out after %lld ms, waiting for %s",
		(long long)(limit_of(&call->request) / MILLISECONDS),
		call->is_waiting ? "the hook to take it" : "the hook");
	give_up(engine, call,
		call->is_waiting ? HTTP_OUR_FAULT : HTTP_TIMED_OUT,
		buf_str(&why));
}

static void
tell(struct local_engine *engine, struct http_local_call *call)
{
	int64_t took = elapsed(call, call->answered);
	struct http_result result = {.failure = call->failure,
		.head = buf_str(&call->head),
		.body = buf_str(&call->body),
		.body_was_cut = call->body_was_cut,
		.timings.total = took,
		.is_reused_connection = true};

	if (call->failure == HTTP_NO_FAILURE) {
		result.status = call->status;
		result.timings.first_byte = took;
	} else {
		result.error = buf_str(&call->why);
	}
	end(engine, call, &result);
}

/* ---- turns ---- */

int64_t
local_engine_due(const struct local_engine *engine)
{
	struct heap_node *first = engine ? heap_first(&engine->timers) : NULL;
	struct heap_node *again = engine ? heap_first(&engine->again) : NULL;
	int64_t due = first ? first->key : INT64_MAX;

	return again && again->key < due ? again->key : due;
}

/** Those that were not taken come again by `now`. */
static void
begin_again(struct local_engine *engine, int64_t now)
{
	struct heap_node *first;

	while ((first = heap_first(&engine->again)) && first->key <= now) {
		struct http_local_call *call =
			CONTAINER_OF(first, struct http_local_call, again);

		heap_remove(&engine->again, first);
		call->is_waiting = false;
		begin(engine, call);
	}
}

/** The place has opened, or closed. */
static void
begin_waiting(struct local_engine *engine)
{
	struct http_local_call *call = engine->waiting;
	enum local_state state;

	http_local_receiver(engine->place, &state);
	if (state == LOCAL_CLOSED)
		begin_again(engine, INT64_MAX);
	if (state == LOCAL_SHUT && !engine->is_closing)
		return;
	engine->waiting = NULL;
	engine->waiting_end = &engine->waiting;
	while (call) {
		struct http_local_call *next = call->next_waiting;

		call->next_waiting = NULL;
		call->is_waiting = false;
		if (call->is_over)
			local_call_post(call);
		else if (engine->is_closing)
			fail(call, HTTP_ABORTED, "the client is stopping");
		else
			begin(engine, call);
		call = next;
	}
}

static bool
tell_answered(struct local_engine *engine)
{
	struct message *message = mailbox_take_all(engine->box->mailbox);
	bool was_any = message != NULL;

	while (message) {
		struct message *next = message->next;
		struct http_local_call *call =
			CONTAINER_OF(message, struct http_local_call, message);

		if (!call->is_over)
			tell(engine, call);
		local_call_unref(call);
		message = next;
	}
	return was_any;
}

bool
local_engine_run(struct local_engine *engine, bool is_due)
{
	struct heap_node *first;
	int64_t now;
	bool was_any;

	if (engine == NULL)
		return false;
	now = clock_monotonic();
	if (is_due && local_engine_due(engine) > now)
		now = local_engine_due(engine);
	begin_waiting(engine);
	begin_again(engine, now);
	was_any = tell_answered(engine);
	while ((first = heap_first(&engine->timers)) && first->key <= now) {
		time_is_over(engine,
			CONTAINER_OF(first, struct http_local_call, timer));
		was_any = true;
	}
	return was_any;
}

/* ---- life ---- */

/** That it woke the sleep is all that is needed of it. */
static void
ready(struct http_watcher *watcher, uint32_t events)
{
	(void)watcher;
	(void)events;
}

struct local_engine *
local_engine_new(
	const struct http_client_options *options, struct http_sockets *sockets)
{
	struct local_engine *engine;

	if (options->local == NULL)
		return NULL;
	engine = MEM_NEW(struct local_engine);
	engine->place = options->local;
	engine->sockets = sockets;
	engine->user_agent =
		str_of(options->user_agent ? options->user_agent
					   : "grapnel/" GRAPNEL_VERSION);
	engine->waiting_end = &engine->waiting;
	engine->box = MEM_NEW(struct local_box);
	engine->box->mailbox = mailbox_new();
	atomic_init(&engine->box->refs, 1);
	engine->watcher.ready = ready;
	http_sockets_watch(sockets, mailbox_fd(engine->box->mailbox),
		&engine->watcher, EPOLLIN);
	http_local_join(engine->place, engine->box);
	return engine;
}

void
local_engine_free(struct local_engine *engine)
{
	if (engine == NULL)
		return;
	engine->is_closing = true;
	while (engine->running)
		give_up(engine, engine->running, HTTP_ABORTED,
			STR("the client is stopping"));
	begin_waiting(engine);
	http_local_leave(engine->place, engine->box);
	http_sockets_unwatch(engine->sockets, mailbox_fd(engine->box->mailbox));
	local_box_unref(engine->box);
	heap_release(&engine->timers);
	heap_release(&engine->again);
	mem_free(engine);
}
