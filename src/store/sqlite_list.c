#include <stdlib.h>

#include "store/sqlite_store.h"

/* Reading of many rows: into an array in the arena that doubles. */

struct array {
	struct arena *arena;
	size_t item_size;
	char *items;
	size_t count;
	size_t cap;
};

/** A zeroed place for the next item. */
static void *
array_add(struct array *array)
{
	if (array->count == array->cap) {
		size_t cap = array->cap ? array->cap * 2 : 16;
		char *items =
			arena_alloc_array(array->arena, cap, array->item_size);

		if (array->count)
			memcpy(items, array->items,
				array->count * array->item_size);
		array->items = items;
		array->cap = cap;
	}
	return array->items + array->item_size * array->count++;
}

/** `is_waiting`: a last column says whether they are behind others. */
static enum err
read_deliveries(struct sqlite_reading *reading, bool is_waiting,
	struct delivery_list *ret)
{
	struct array array = {.arena = reading->row.arena,
		.item_size = sizeof(struct delivery_row)};
	enum err err;

	while (sqlite_reading_step(reading)) {
		struct delivery_row *row = array_add(&array);

		sqlite_row_delivery(&reading->row, row);
		row->is_behind = is_waiting && sqlite_row_u64(&reading->row);
	}
	err = sqlite_reading_end(reading);
	if (err)
		return err;
	ret->rows = (struct delivery_row *)(void *)array.items;
	ret->count = array.count;
	return ERR_OK;
}

/** SQLite takes a negative limit for none. */
static void
bind_limit(struct sqlite_reading *reading, int at, size_t limit)
{
	sqlite_row_bind_u64(
		reading->row.stmt, at, limit < INT64_MAX ? limit : INT64_MAX);
}

static enum err
waiting_with_row(struct store *store, uint64_t webhook, uint64_t after,
	size_t limit, struct arena *arena, struct delivery_list *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_WAITING_FIRST, arena);

	sqlite_row_bind_u64(reading.row.stmt, 1, webhook);
	sqlite_row_bind_u64(reading.row.stmt, 2, after);
	bind_limit(&reading, 3, limit);
	return read_deliveries(&reading, true, ret);
}

/** Nothing without a row was below `low` when they began to be read. */
static bool
is_all_below(const struct delivery_list *list, size_t limit, uint64_t low)
{
	return list->count == limit && limit > 0 &&
	       list->rows[limit - 1].sequence < low;
}

enum err
store_waiting_first(struct store *store, uint64_t webhook, uint64_t after,
	size_t limit, struct arena *arena, struct delivery_list *ret)
{
	const struct delivery_ring_query query = {
		.webhook = webhook, .from = after + 1, .limit = limit};
	uint64_t low = delivery_ring_low(&store->late.ring);
	struct delivery_list late;
	enum err err;

	/* Who is far behind need not look at all that is in memory. */
	if (after < low) {
		err = waiting_with_row(
			store, webhook, after, limit, arena, ret);
		if (err || low == UINT64_MAX || is_all_below(ret, limit, low))
			return err;
	}
	late = sqlite_late_list(&store->late, &query, arena);
	err = waiting_with_row(store, webhook, after, limit, arena, ret);
	if (err == ERR_OK && late.count)
		sqlite_late_merge(&late, limit, arena, ret);
	return err;
}

enum err
store_waiting_retries(struct store *store, uint64_t webhook,
	struct retry_place after, size_t limit, struct arena *arena,
	struct delivery_list *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_WAITING_RETRIES, arena);

	sqlite_row_bind_u64(reading.row.stmt, 1, webhook);
	sqlite_row_bind_i64(reading.row.stmt, 2, after.due);
	sqlite_row_bind_u64(reading.row.stmt, 3, after.sequence);
	bind_limit(&reading, 4, limit);
	return read_deliveries(&reading, true, ret);
}

enum err
store_waiting_of_resource(struct store *store, uint64_t webhook,
	uint64_t resource, size_t limit, struct arena *arena,
	struct delivery_list *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_WAITING_OF_RESOURCE, arena);

	sqlite_row_bind_u64(reading.row.stmt, 1, webhook);
	sqlite_row_bind_u64(reading.row.stmt, 2, resource);
	bind_limit(&reading, 3, limit);
	return read_deliveries(&reading, true, ret);
}

static int
by_sequence(const void *a, const void *b)
{
	const struct delivery_row *left = a, *right = b;

	if (left->sequence != right->sequence)
		return left->sequence < right->sequence ? -1 : 1;
	return 0;
}

static int
by_webhook(const void *a, const void *b)
{
	const struct delivery_row *left = a, *right = b;

	if (left->webhook != right->webhook)
		return left->webhook < right->webhook ? -1 : 1;
	return by_sequence(a, b);
}

enum err
store_deliveries_of_event(struct store *store, uint64_t event,
	struct arena *arena, struct delivery_list *ret)
{
	const struct delivery_ring_query query = {
		.event = event, .limit = SQLITE_LATE_EACH};
	struct delivery_list late =
		sqlite_late_list(&store->late, &query, arena);
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_DELIVERIES_OF_EVENT, arena);
	enum err err;

	sqlite_row_bind_u64(reading.row.stmt, 1, event);
	err = read_deliveries(&reading, false, ret);
	if (err || late.count == 0)
		return err;
	if (ret->count)
		qsort(ret->rows, ret->count, sizeof(*ret->rows), by_sequence);
	sqlite_late_merge(&late, SIZE_MAX, arena, ret);
	qsort(ret->rows, ret->count, sizeof(*ret->rows), by_webhook);
	return ERR_OK;
}

enum err
store_waiting_webhooks(struct store *store, struct arena *arena, uint64_t **ret,
	size_t *ret_count)
{
	struct array array = {.arena = arena, .item_size = sizeof(uint64_t)};
	uint64_t *late = NULL;
	size_t late_count =
		delivery_ring_webhooks(&store->late.ring, arena, &late);
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_WAITING_WEBHOOKS, arena);
	size_t at = 0;
	enum err err;

	while (sqlite_reading_step(&reading)) {
		uint64_t number = sqlite_row_u64(&reading.row);

		while (at < late_count && late[at] < number)
			*(uint64_t *)array_add(&array) = late[at++];
		at += at < late_count && late[at] == number;
		*(uint64_t *)array_add(&array) = number;
	}
	while (at < late_count)
		*(uint64_t *)array_add(&array) = late[at++];
	err = sqlite_reading_end(&reading);
	if (err)
		return err;
	*ret = (uint64_t *)(void *)array.items;
	*ret_count = array.count;
	return ERR_OK;
}

/*
 * Rows are told after the connection went back, so that `each` may read the
 * store in turn and take its time.
 */
enum err
store_each_webhook(struct store *store, struct arena *arena,
	bool (*each)(void *context, const struct webhook_row *row),
	void *context)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_WEBHOOKS, arena);
	struct array array = {
		.arena = arena, .item_size = sizeof(struct webhook_row)};
	const struct webhook_row *rows;
	enum err err;

	while (sqlite_reading_step(&reading))
		sqlite_row_webhook(&reading.row, array_add(&array));
	/* All there are, which nobody reads again: let their pages go. */
	sqlite3_reset(reading.row.stmt);
	sqlite3_db_release_memory(reading.db->handle);
	err = sqlite_reading_end(&reading);
	rows = (const struct webhook_row *)(void *)array.items;
	for (size_t i = 0; err == ERR_OK && i < array.count; i++) {
		if (!each(context, &rows[i]))
			break;
	}
	return err;
}

enum err
store_each_key(struct store *store, struct arena *arena,
	bool (*each)(void *context, const struct key_row *row), void *context)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_KEYS, arena);
	struct array array = {
		.arena = arena, .item_size = sizeof(struct key_row)};
	const struct key_row *rows;
	enum err err;

	while (sqlite_reading_step(&reading))
		sqlite_row_key(&reading.row, array_add(&array));
	err = sqlite_reading_end(&reading);
	rows = (const struct key_row *)(void *)array.items;
	for (size_t i = 0; err == ERR_OK && i < array.count; i++) {
		if (!each(context, &rows[i]))
			break;
	}
	return err;
}

enum err
store_attempts_shown(struct store *store, uint64_t webhook, size_t recent,
	size_t failed, struct arena *arena, struct attempt_list *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_ATTEMPTS_SHOWN, arena);
	struct array array = {
		.arena = arena, .item_size = sizeof(struct attempt_view)};
	enum err err;

	sqlite_row_bind_u64(reading.row.stmt, 1, webhook);
	bind_limit(&reading, 2, recent);
	bind_limit(&reading, 3, failed);
	while (sqlite_reading_step(&reading))
		sqlite_row_view(&reading.row, array_add(&array));
	err = sqlite_reading_end(&reading);
	if (err)
		return err;
	ret->rows = (struct attempt_view *)(void *)array.items;
	ret->count = array.count;
	return ERR_OK;
}

enum err
store_attempt(struct store *store, uint64_t webhook, uint64_t delivery,
	uint32_t number, struct arena *arena, struct attempt_view *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_ATTEMPT, arena);
	bool is_there;

	sqlite_row_bind_u64(reading.row.stmt, 1, webhook);
	sqlite_row_bind_u64(reading.row.stmt, 2, delivery);
	sqlite_row_bind_u64(reading.row.stmt, 3, number);
	is_there = sqlite_reading_step(&reading);
	if (is_there)
		sqlite_row_view(&reading.row, ret);
	return sqlite_reading_end_single(&reading, is_there);
}

/* ---- walking over events ---- */

enum err
store_events(struct store *store, const struct event_range *range,
	struct arena *arena, struct stored_events *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_EVENTS, arena);
	struct array array = {
		.arena = arena, .item_size = sizeof(struct stored_event)};
	uint64_t next = range->from + range->count;
	size_t bytes = 0;
	enum err err;

	sqlite_row_bind_u64(reading.row.stmt, 1, range->workspace);
	sqlite_row_bind_u64(reading.row.stmt, 2, range->from);
	sqlite_row_bind_u64(reading.row.stmt, 3, next);
	while (bytes <= range->bytes_max && sqlite_reading_step(&reading)) {
		struct stored_event *row = array_add(&array);

		sqlite_row_event(&reading.row, &row->event);
		row->previous_body = sqlite_row_str(&reading.row);
		bytes += row->event.body.len + row->previous_body.len;
		if (bytes > range->bytes_max)
			next = row->event.sequence + 1;
	}
	err = sqlite_reading_end(&reading);
	if (err)
		return err;
	ret->rows = (struct stored_event *)(void *)array.items;
	ret->count = array.count;
	ret->next = next;
	return ERR_OK;
}

/** The first event from a sequence on; ERR_NOT_FOUND behind the last. */
static enum err
event_from(struct store *store, uint64_t from, uint64_t *ret_sequence,
	int64_t *ret_accepted)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_EVENT_FROM, NULL);
	bool is_there;
	enum err err;

	sqlite_row_bind_u64(reading.row.stmt, 1, from);
	is_there = sqlite_reading_step(&reading);
	if (is_there) {
		*ret_sequence = sqlite_row_u64(&reading.row);
		*ret_accepted = sqlite_row_i64(&reading.row);
	}
	err = sqlite_reading_end(&reading);
	return err == ERR_OK && !is_there ? ERR_NOT_FOUND : err;
}

enum err
store_events_since(struct store *store, int64_t accepted, uint64_t *ret)
{
	struct store_counters counters;
	uint64_t first = 1, last;
	enum err err = store_counters(store, &counters, NULL);

	if (err)
		return err;
	/* Between `first` and `last` is what may be the one; purged events
	   leave gaps, so a look may land behind where it was aimed. */
	last = counters.event + 1;
	while (first < last) {
		uint64_t middle = first + (last - first) / 2;
		uint64_t found = 0;
		int64_t time = 0;

		err = event_from(store, middle, &found, &time);
		if (err && err != ERR_NOT_FOUND)
			return err;
		if (err == ERR_OK && time < accepted)
			first = found + 1;
		else
			last = middle;
	}
	*ret = first;
	return ERR_OK;
}
