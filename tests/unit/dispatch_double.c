#include "dispatch_double.h"

#include <stdlib.h>

#include "base/mem.h"
#include "check.h"

struct fake_row fake_disk[FAKE_ROWS_MAX + 1];
size_t fake_disk_count;
struct delivery *fake_in_flight[FAKE_IN_FLIGHT_MAX];
size_t fake_in_flight_count;

struct webhook *
fake_webhook(uint64_t number, enum webhook_status status)
{
	struct webhook *webhook = MEM_NEW(struct webhook);

	atomic_init(&webhook->refs, 1);
	webhook->number = number;
	webhook->health.status = status;
	webhook->health.state =
		status == WEBHOOK_OFF ? WEBHOOK_DISABLED : WEBHOOK_ENABLED;
	return webhook;
}

struct dispatch *
fake_dispatch(size_t window, unsigned concurrency)
{
	struct dispatch_options options = {.window = window,
		.concurrency = concurrency,
		.concurrency_total = 100,
		.unsettled_max = 100};

	return dispatch_new(&options);
}

void
fake_status(
	struct dispatch *dispatch, uint64_t number, enum webhook_status status)
{
	struct webhook *webhook = fake_webhook(number, status);

	dispatch_set_webhook(dispatch, webhook, true, false);
	webhook_unref(webhook);
}

enum dispatch_answer
fake_answer(struct dispatch *dispatch, uint64_t sequence, uint64_t webhook,
	uint32_t attempts, int64_t due)
{
	struct delivery_row row = {.sequence = sequence,
		.webhook = webhook,
		.attempts = attempts,
		.due = due};

	return dispatch_offer(dispatch, &row, NULL);
}

void
fake_offer(struct dispatch *dispatch, uint64_t sequence, uint64_t webhook,
	uint32_t attempts, int64_t due)
{
	CHECK_INT(fake_answer(dispatch, sequence, webhook, attempts, due),
		DISPATCH_QUEUED);
}

/** The sequence of what is given out next, or 0; it stays in flight. */
uint64_t
fake_take(struct dispatch *dispatch, int64_t now)
{
	struct delivery *delivery = dispatch_take(dispatch, now);

	if (delivery == NULL)
		return 0;
	fake_in_flight[fake_in_flight_count++] = delivery;
	return delivery->sequence;
}

/** The one taken first comes to its fake_end. */
void
fake_finish_first(struct dispatch *dispatch)
{
	struct delivery *delivery = fake_in_flight[0];

	fake_in_flight_count--;
	memmove(fake_in_flight, fake_in_flight + 1,
		fake_in_flight_count * sizeof(*fake_in_flight));
	dispatch_attempted(dispatch, delivery);
	dispatch_settle(dispatch, delivery, false);
}

void
fake_end(struct dispatch *dispatch)
{
	while (fake_in_flight_count > 0)
		fake_finish_first(dispatch);
	dispatch_free(dispatch);
}

void
fake_offer_retry(struct dispatch *dispatch, uint64_t sequence, int64_t written,
	int64_t due)
{
	struct fake_row *row = &fake_disk[sequence];

	row->row = (struct delivery_row){.sequence = sequence,
		.webhook = 1,
		.attempts = 1,
		.updated = written,
		.due = due};
	if (fake_disk_count < sequence)
		fake_disk_count = sequence;
	dispatch_offer(dispatch, &row->row, NULL);
}

static bool
is_asked_for(const struct dispatch_refill *want, const struct delivery_row *row)
{
	if (row->webhook != want->webhook || row->state != DELIVERY_WAITING)
		return false;
	if (want->resource)
		return row->resource == want->resource;
	if ((row->attempts > 0) != want->is_retry)
		return false;
	if (!want->is_retry)
		return row->sequence > want->after;
	return row->due > want->place.due ||
	       (row->due == want->place.due &&
		       row->sequence > want->place.sequence);
}

static bool
is_behind(const struct delivery_row *row)
{
	for (size_t i = 1; i < row->sequence; i++) {
		const struct delivery_row *other = &fake_disk[i].row;

		if (other->resource == row->resource && row->resource &&
			other->webhook == row->webhook &&
			other->state == DELIVERY_WAITING)
			return true;
	}
	return false;
}

static bool is_by_due;

static int
compare_rows(const void *a_, const void *b_)
{
	const struct delivery_row *a = a_, *b = b_;

	if (is_by_due && a->due != b->due)
		return a->due < b->due ? -1 : 1;
	return a->sequence < b->sequence ? -1 : 1;
}

/** As the store would answer. */
void
fake_read_rows(const struct dispatch_refill *want, struct delivery_list *ret)
{
	static struct delivery_row rows[FAKE_ROWS_MAX];

	*ret = (struct delivery_list){.rows = rows};
	for (size_t i = 1; i <= fake_disk_count; i++) {
		if (is_asked_for(want, &fake_disk[i].row))
			rows[ret->count++] = fake_disk[i].row;
	}
	is_by_due = want->is_retry;
	qsort(rows, ret->count, sizeof(*rows), compare_rows);
	if (ret->count > want->limit)
		ret->count = want->limit;
	for (size_t i = 0; i < ret->count; i++)
		rows[i].is_behind = is_behind(&rows[i]);
}

void
fake_read_back(struct dispatch *dispatch)
{
	struct delivery_list list;
	struct dispatch_refill want;

	if (!dispatch_wants_refill(dispatch, &want))
		return;
	fake_read_rows(&want, &list);
	dispatch_refill(dispatch, &want, &list);
}
