#include "flow/hook_local.h"

#include "base/clock.h"
#include "base/mem.h"
#include "flow/hook_body.h"
#include "flow/hook_receive.h"

struct waiting {
	struct hook_waiter waiter;
	struct http_local_call *call;
};

/** Any thread. */
static void
answer(struct hook_waiter *waiter, const struct hook_answer *what)
{
	struct waiting *waiting = CONTAINER_OF(waiter, struct waiting, waiter);
	struct http_header headers[HOOK_ANSWER_FIELDS_MAX + 1];
	struct http_local_answer told = {.status = what->status,
		.content_type = what->content_type,
		.headers = headers,
		.body = what->body};
	int64_t seconds = (what->retry_after + SECONDS - 1) / SECONDS;
	CLEANUP(buf_release) struct buf number = buf_make(32);

	for (size_t i = 0; i < what->field_count; i++)
		headers[told.header_count++] = (struct http_header){
			what->fields[i].name, what->fields[i].value};
	buf_printf(&number, "%lld", (long long)seconds);
	if (seconds > 0)
		headers[told.header_count++] = (struct http_header){
			STR("Retry-After"), buf_str(&number)};
	http_local_answer(waiting->call, &told);
	mem_free(waiting);
}

static bool
knows(void *context, uint32_t workspace, struct uuid id)
{
	const struct hook *hook = hooks_get(context, workspace, id);

	hook_unref(hook);
	return hook != NULL;
}

/**
 * How long it has to wait for the hook's rate. Refusing it, as others are,
 * would only have it tried again, and its webhook count failures.
 */
static int64_t
delay_of(const struct hook *hook)
{
	const struct hook_options *options = &hook->options;

	if (!options->is_enabled ||
		hook_life_admit(hook->life, options->rate, options->rate_window,
			clock_monotonic()))
		return 0;
	return hook_life_pause(options->rate_window);
}

/** `hook` is NULL when it is gone. */
static void
pass_on(struct hooks *hooks, const struct hook *hook,
	const struct http_local_arrival *local)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct inbound_field *fields = arena_alloc_array(
		&arena, local->header_count + 1, sizeof(*fields));
	struct waiting *waiting = MEM_NEW(struct waiting);
	/* One that is gone has no token, which is answered as it should be. */
	struct hook_arrival arrival = {.token = hook ? hook->token : STR(""),
		.peer = STR("local"),
		.waiter = &waiting->waiter,
		.is_too_large = local->body.len > HOOK_BODY_MAX,
		.is_local = true};

	for (size_t i = 0; i < local->header_count; i++)
		fields[i] = (struct inbound_field){
			local->headers[i].name, local->headers[i].value};
	waiting->waiter.answer = answer;
	waiting->call = local->call;
	arrival.request =
		(struct inbound_request){.method = str_of(local->method),
			.headers = fields,
			.header_count = local->header_count,
			.body = local->body,
			.now = clock_now()};
	hook_receive(hooks, &arrival, &arena);
}

static int64_t
receive(void *context, const struct http_local_arrival *local)
{
	const struct hook *hook =
		hooks_get(context, local->workspace, local->hook);
	int64_t delay = hook ? delay_of(hook) : 0;

	if (delay == 0)
		pass_on(context, hook, local);
	hook_unref(hook);
	return delay;
}

void
hook_local_open(struct hooks *hooks, struct http_local *local)
{
	const struct http_local_receiver receiver = {
		.context = hooks, .knows = knows, .receive = receive};

	http_local_open(local, &receiver);
}
