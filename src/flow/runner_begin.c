#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"
#include "flow/runner_private.h"

/* What starts an execution: stored, then queued; and who waits for it. */

enum { ITEMS_MAX = 20000 /* in memory, of all scenarios */ };

/* ---- answers ---- */

void
runner_answer(struct runner *runner, uint64_t sequence,
	const struct run_response *response)
{
	struct runner_waiter **at, *waiter;

	pthread_mutex_lock(&runner->lock);
	at = &runner->waiters;
	while (*at && (*at)->sequence != sequence)
		at = &(*at)->next;
	waiter = *at;
	if (waiter)
		*at = waiter->next;
	pthread_mutex_unlock(&runner->lock);
	if (!waiter)
		return;
	waiter->reply->respond(waiter->reply, response);
	mem_free(waiter);
}

void
runner_answer_usual(struct runner *runner, uint64_t sequence, bool has_failed)
{
	struct http_header type = {STR("Content-Type"), STR("text/plain")};
	struct run_response response = {.status = has_failed ? 500 : 200,
		.body = has_failed ? STR("Scenario failed to complete.")
				   : STR("Accepted"),
		.headers = &type,
		.header_count = 1};

	runner_answer(runner, sequence, &response);
}

/* ---- beginning ---- */

static void
remove_waiter(struct runner *runner, uint64_t sequence)
{
	struct runner_waiter **at, *waiter;

	pthread_mutex_lock(&runner->lock);
	at = &runner->waiters;
	while (*at && (*at)->sequence != sequence)
		at = &(*at)->next;
	waiter = *at;
	if (waiter)
		*at = waiter->next;
	pthread_mutex_unlock(&runner->lock);
	mem_free(waiter);
}

/** An execution on its way to the disk. */
struct begun {
	struct writer_item item;
	struct store_change changes[1 + RUNNER_ALSO_MAX];
	struct flow_change flow;
	struct runner *runner;
	struct uuid scenario;
	bool is_by_hand, is_expected, is_awaited;
	const char *cause;
	void *context;
	void (*stored)(void *context, enum err err, uint64_t execution);
	char id[UUID_TEXT_SIZE];
	char trigger[];
};

/** Under the lock. */
static void
count_queued(struct runner *runner, struct runner_lane *lane, bool is_by_hand,
	int change)
{
	runner_lane_count(
		runner, lane, (struct runner_difference){.queued = change});
	if (is_by_hand)
		lane->queued_by_hand += (uint64_t)change;
}

static struct runner_item *
make_item(const struct begun *begun)
{
	const struct execution_row *row = &begun->flow.execution;
	struct runner_item *item =
		runner_item_new(row->sequence, row->trigger.len);

	item->is_new = true;
	item->is_awaited = begun->is_awaited;
	item->scenario_version = row->scenario_version;
	item->origin = row->origin;
	item->created = row->created;
	item->is_confidential = row->is_confidential;
	item->cause = begun->cause;
	if (row->trigger.len)
		memcpy(item->trigger, row->trigger.ptr, row->trigger.len);
	return item;
}

/** Under the lock: into memory, if everything before it is there. */
static void
note_stored(struct runner *runner, struct runner_lane *lane,
	const struct begun *begun)
{
	uint64_t sequence = begun->flow.execution.sequence;
	bool has_room = runner->items < ITEMS_MAX &&
			runner->bytes < runner->options.bytes_max;
	struct runner_item *item;

	if (begun->is_by_hand) {
		item = has_room ? make_item(begun)
				: runner_item_new(sequence, 0);
		item->is_by_hand = true;
		runner_put(runner, lane, item);
		return;
	}
	if (lane->has_more || lane->is_loading || !has_room) {
		lane->has_more = true;
		runner_wake(runner);
		return;
	}
	lane->highest = sequence;
	runner_put(runner, lane, make_item(begun));
}

static void
on_stored(struct writer_item *item)
{
	struct begun *begun = CONTAINER_OF(item, struct begun, item);
	struct runner *runner = begun->runner;
	const struct execution_row *row = &begun->flow.execution;
	enum err err = item->unit.result;
	struct runner_lane *lane;

	if (err)
		remove_waiter(runner, row->sequence);
	if (begun->stored)
		begun->stored(begun->context, err, row->sequence);
	pthread_mutex_lock(&runner->lock);
	runner->storing--;
	lane = runner_lane_find(runner, &begun->scenario);
	if (err)
		count_queued(runner, lane, begun->is_by_hand, -1);
	else
		note_stored(runner, lane, begun);
	if (err && begun->is_expected)
		runner_once_give_back(lane);
	pthread_mutex_unlock(&runner->lock);
	mem_free(begun);
}

static struct begun *
make_begun(struct runner *runner, const struct runner_order *order)
{
	struct begun *begun = mem_alloc(sizeof(*begun) + order->trigger.len);
	const struct scenario *scenario = order->scenario;

	if (order->trigger.len)
		memcpy(begun->trigger, order->trigger.ptr, order->trigger.len);
	begun->runner = runner;
	begun->scenario = scenario->id;
	begun->context = order->context;
	begun->stored = order->stored;
	begun->cause = order->cause;
	begun->is_awaited = order->reply != NULL;
	begun->is_expected = order->is_expected;
	begun->is_by_hand = runner_is_by_hand(str_of(order->cause));
	begun->flow = (struct flow_change){.what = FLOW_EXECUTION_ADD,
		.execution = {.workspace = scenario->workspace,
			.scenario =
				str_of(uuid_format(scenario->id, begun->id)),
			.scenario_version = order->revision
						    ? order->revision
						    : scenario->revision,
			.cause = str_of(order->cause),
			.created = clock_now(),
			.origin = order->origin,
			.error = STR(""),
			.is_confidential =
				order->is_confidential ||
				scenario->blueprint->settings.is_confidential,
			.trigger =
				str_make(begun->trigger, order->trigger.len)}};
	begun->changes[0] =
		(struct store_change){.kind = STORE_FLOW, .flow = &begun->flow};
	assert(order->also_count <= RUNNER_ALSO_MAX);
	for (size_t i = 0; i < order->also_count; i++)
		begun->changes[1 + i] = order->also[i];
	begun->item.unit = (struct store_unit){
		.changes = begun->changes, .count = 1 + order->also_count};
	begun->item.done = on_stored;
	return begun;
}

/** Before it is stored, so that no answer comes too early. */
static void
add_waiter(struct runner *runner, uint64_t sequence, struct runner_reply *reply)
{
	struct runner_waiter *waiter;

	if (!reply)
		return;
	waiter = MEM_NEW(struct runner_waiter);
	waiter->sequence = sequence;
	waiter->reply = reply;
	waiter->deadline = clock_monotonic() + runner->options.reply_timeout;
	pthread_mutex_lock(&runner->lock);
	waiter->next = runner->waiters;
	runner->waiters = waiter;
	pthread_mutex_unlock(&runner->lock);
}

uint64_t
runner_sequence(struct runner *runner)
{
	uint64_t sequence;

	pthread_mutex_lock(&runner->ordering);
	sequence = ++runner->sequence;
	pthread_mutex_unlock(&runner->ordering);
	return sequence;
}

static enum err
reserve_place(struct runner *runner, const struct runner_order *order)
{
	struct runner_lane *lane;
	enum err err = ERR_OK;

	pthread_mutex_lock(&runner->lock);
	lane = runner_lane(runner, order->scenario);
	if (atomic_load(&runner->is_stopping))
		err = ERR_BUSY;
	else if (lane->queued >= runner->options.queue_max)
		err = ERR_LIMIT;
	if (!err)
		count_queued(runner, lane,
			runner_is_by_hand(str_of(order->cause)), 1);
	else if (order->is_expected)
		runner_once_give_back(lane);
	runner->storing += !err;
	pthread_mutex_unlock(&runner->lock);
	return err;
}

static void
give_back_place(struct runner *runner, const struct runner_order *order)
{
	struct runner_lane *lane;

	pthread_mutex_lock(&runner->lock);
	lane = runner_lane(runner, order->scenario);
	count_queued(runner, lane, runner_is_by_hand(str_of(order->cause)), -1);
	if (order->is_expected)
		runner_once_give_back(lane);
	runner->storing--;
	pthread_mutex_unlock(&runner->lock);
}

enum err
runner_begin(struct runner *runner, const struct runner_order *order)
{
	struct begun *begun;
	uint64_t sequence;
	enum err err = reserve_place(runner, order);

	if (err)
		return err;
	begun = make_begun(runner, order);
	/* Queues are in the order of sequences: they are submitted so. */
	pthread_mutex_lock(&runner->ordering);
	sequence = begun->flow.execution.sequence = ++runner->sequence;
	add_waiter(runner, sequence, order->reply);
	err = writer_submit(runner->options.writer, &begun->item, false);
	pthread_mutex_unlock(&runner->ordering);
	if (err == ERR_OK)
		return ERR_OK;
	remove_waiter(runner, sequence);
	give_back_place(runner, order);
	mem_free(begun);
	return ERR_BUSY;
}
