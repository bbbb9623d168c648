#include "base/clock.h"
#include "store/explain.h"
#include "store/sqlite_store.h"

/* ---- a time as a place in the order of sequences ---- */

struct range {
	uint64_t first; /* sequences from here … */
	uint64_t end;	/* … to below here */
};

/** Rows by their sequence and time. */
struct times {
	struct sqlite_reading reading;
	struct delivery_ring *late; /* NULL: they are no deliveries */
};

/** The first row from `sequence` on; false at the end or on an error. */
static bool
look_at(struct times *times, uint64_t sequence, uint64_t *ret_sequence,
	int64_t *ret_time)
{
	struct sqlite_reading *reading = &times->reading;
	struct delivery_row late;
	bool is_late = times->late &&
		       delivery_ring_first(times->late, sequence, &late);
	bool is_there;

	sqlite3_reset(reading->row.stmt);
	sqlite_row_bind_u64(reading->row.stmt, 1, sequence);
	is_there = sqlite_reading_step(reading);
	if (is_there) {
		*ret_sequence = sqlite_row_u64(&reading->row);
		*ret_time = sqlite_row_i64(&reading->row);
	}
	if (is_late && (!is_there || late.sequence < *ret_sequence)) {
		*ret_sequence = late.sequence;
		*ret_time = late.created;
	}
	return is_there || is_late;
}

/** The lowest sequence of `time` or later; `end` when there is none. */
static uint64_t
find_time(struct times *times, int64_t time, uint64_t end)
{
	uint64_t low = 1, high = end;

	while (low < high && times->reading.err == ERR_OK) {
		uint64_t middle = low + (high - low) / 2;
		uint64_t found;
		int64_t found_time;

		if (!look_at(times, middle, &found, &found_time) ||
			found >= high || found_time >= time)
			high = middle;
		else
			low = found + 1;
	}
	return low;
}

/** `at` gives the first row from a sequence on, with its time. */
static enum err
find_range(struct store *store, enum sqlite_sql at, int64_t from, int64_t to,
	uint64_t before, struct range *ret)
{
	struct times times = {
		.late = at == SQL_DELIVERY_AT ? &store->late.ring : NULL};
	uint64_t end = before ? before : INT64_MAX;

	*ret = (struct range){0, end};
	if (from <= EXPLAIN_CLOCK_SLACK && to == 0)
		return ERR_OK;
	times.reading = sqlite_reading_begin(store, at, NULL);
	if (from > EXPLAIN_CLOCK_SLACK)
		ret->first = find_time(&times, from - EXPLAIN_CLOCK_SLACK, end);
	if (to)
		ret->end = find_time(&times, to + EXPLAIN_CLOCK_SLACK, end);
	return sqlite_reading_end(&times.reading);
}

enum err
sqlite_explain_range(struct store *store, enum sqlite_sql at, int64_t from,
	int64_t to, uint64_t *ret_first, uint64_t *ret_end)
{
	struct range range;
	enum err err = find_range(store, at, from, to, 0, &range);

	*ret_first = range.first;
	*ret_end = range.end;
	return err;
}

static bool
is_within(int64_t time, int64_t from, int64_t to)
{
	return time >= from && (to == 0 || time < to);
}

/* ---- deliveries ---- */

/** Which sequences may answer, newest first. */
struct walk {
	uint64_t *sequences;
	size_t count;
	size_t look; /* how many were asked for */
	/* Those that had no row yet, newest first. */
	struct delivery_list late;
};

/** Before the tables are read: those that may answer without a row. */
static void
walk_late(struct store *store, const struct delivery_query *query,
	struct range range, struct arena *arena, struct walk *walk)
{
	const struct delivery_ring_query late = {.webhook = query->webhook,
		.event = query->event,
		.from = range.first,
		.end = range.end,
		.limit = walk->look,
		.is_newest_first = true};

	walk->late = (struct delivery_list){0};
	if (!query->has_state || query->state == DELIVERY_WAITING)
		walk->late = sqlite_late_list(&store->late, &late, arena);
}

/** Among those that have one, each once. */
static void
merge_late(struct walk *walk, struct arena *arena)
{
	uint64_t *merged =
		arena_alloc_array(arena, walk->look, sizeof(uint64_t));
	const struct delivery_list *late = &walk->late;
	size_t count = 0, a = 0, b = 0;

	while (count < walk->look && (a < late->count || b < walk->count)) {
		uint64_t one = a < late->count ? late->rows[a].sequence : 0;
		uint64_t other = b < walk->count ? walk->sequences[b] : 0;

		merged[count++] = one > other ? one : other;
		a += one >= other;
		b += other >= one;
	}
	walk->sequences = merged;
	walk->count = count;
}

/** The narrowest index for the query; its first parameter in `*ret_key`. */
static enum sqlite_sql
choose_walk(const struct delivery_query *query, uint64_t *ret_key)
{
	bool is_ended = query->has_state && query->state >= DELIVERY_DEAD;

	*ret_key = 0;
	if (query->event) {
		*ret_key = query->event;
		return SQL_WALK_EVENT;
	}
	if (query->webhook) {
		*ret_key = query->webhook;
		return is_ended ? SQL_WALK_ENDED_OF : SQL_WALK_WEBHOOK;
	}
	if (is_ended) {
		*ret_key = query->state;
		return SQL_WALK_ENDED;
	}
	return SQL_WALK_DELIVERIES;
}

static enum err
walk_index(struct store *store, const struct delivery_query *query,
	struct range range, struct arena *arena, struct walk *walk)
{
	uint64_t key;
	enum sqlite_sql sql = choose_walk(query, &key);
	struct sqlite_reading reading = sqlite_reading_begin(store, sql, arena);
	sqlite3_stmt *stmt = reading.row.stmt;

	walk->sequences =
		arena_alloc_array(arena, walk->look, sizeof(uint64_t));
	walk->count = 0;
	sqlite_row_bind_u64(stmt, 1, key);
	sqlite_row_bind_u64(stmt, 2, range.end);
	sqlite_row_bind_u64(stmt, 3, range.first);
	sqlite_row_bind_u64(stmt, 4, walk->look);
	if (sql == SQL_WALK_ENDED_OF)
		sqlite_row_bind_u64(stmt, 5, query->state);
	while (walk->count < walk->look && sqlite_reading_step(&reading))
		walk->sequences[walk->count++] = sqlite_row_u64(&reading.row);
	if (walk->late.count)
		merge_late(walk, arena);
	return sqlite_reading_end(&reading);
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool
contains(struct str text, struct str part)
{
	for (size_t at = 0; at + part.len <= text.len; at++) {
		size_t same = 0;

		while (same < part.len &&
			lower(text.ptr[at + same]) == lower(part.ptr[same]))
			same++;
		if (same == part.len)
			return true;
	}
	return false;
}

static bool
is_wanted(const struct delivery_query *query, const struct delivery_entry *row)
{
	const struct delivery_row *delivery = &row->delivery;
	const struct event_row *event = &row->event;

	if (delivery->workspace != query->workspace ||
		(query->webhook && delivery->webhook != query->webhook) ||
		(query->has_state && delivery->state != query->state) ||
		!is_within(delivery->created, query->from, query->to))
		return false;
	if (!str_is_empty(query->type) && !str_equal(event->type, query->type))
		return false;
	return str_is_empty(query->text) || contains(event->id, query->text) ||
	       contains(event->subject, query->text) ||
	       contains(event->source, query->text) ||
	       contains(delivery->reason, query->text);
}

/** One that had no row when it was walked over, with its event's. */
static bool
read_late_entry(const struct sqlite_reading *reading, const struct walk *walk,
	uint64_t sequence, struct delivery_entry *ret)
{
	sqlite3_stmt *stmt = reading->db->statements[SQL_EVENT_HEAD];
	struct sqlite_row row = {.stmt = stmt, .arena = reading->row.arena};
	size_t at = 0;
	bool is_there;

	while (at < walk->late.count &&
		walk->late.rows[at].sequence != sequence)
		at++;
	if (at == walk->late.count)
		return false;
	ret->delivery = walk->late.rows[at];
	sqlite_row_bind_u64(stmt, 1, ret->delivery.event);
	is_there = sqlite3_step(stmt) == SQLITE_ROW;
	if (is_there)
		sqlite_row_event(&row, &ret->event);
	sqlite3_reset(stmt);
	return is_there;
}

static bool
read_entry(struct sqlite_reading *reading, const struct walk *walk,
	uint64_t sequence, struct delivery_entry *ret)
{
	sqlite3_reset(reading->row.stmt);
	sqlite_row_bind_u64(reading->row.stmt, 1, sequence);
	if (!sqlite_reading_step(reading))
		return reading->err == ERR_OK &&
		       read_late_entry(reading, walk, sequence, ret);
	sqlite_row_delivery(&reading->row, &ret->delivery);
	sqlite_row_event(&reading->row, &ret->event);
	return true;
}

/** Reads what was walked over until the page is full. */
static enum err
fill_page(struct store *store, const struct delivery_query *query,
	const struct walk *walk, struct arena *arena, struct delivery_page *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_DELIVERY_ENTRY, arena);
	size_t at = 0;

	ret->rows = arena_alloc_array(arena, query->limit, sizeof(*ret->rows));
	ret->count = 0;
	for (; at < walk->count && ret->count < query->limit && !reading.err;
		at++) {
		struct delivery_entry *row = &ret->rows[ret->count];

		/* Or it is gone meanwhile, or to be purged. */
		if (read_entry(&reading, walk, walk->sequences[at], row))
			ret->count += is_wanted(query, row);
	}
	ret->next = at > 0 && (at < walk->count || walk->count == walk->look)
			    ? walk->sequences[at - 1]
			    : 0;
	return sqlite_reading_end(&reading);
}

enum err
store_deliveries_page(struct store *store, const struct delivery_query *query,
	struct arena *arena, struct delivery_page *ret)
{
	bool is_picky = query->has_state || !str_is_empty(query->type) ||
			!str_is_empty(query->text);
	struct walk walk = {
		.look = is_picky ? EXPLAIN_LOOK_MAX : query->limit + 1};
	struct range range;
	enum err err = find_range(store, SQL_DELIVERY_AT, query->from,
		query->to, query->before, &range);

	if (err == ERR_OK) {
		walk_late(store, query, range, arena, &walk);
		err = walk_index(store, query, range, arena, &walk);
	}
	if (err == ERR_OK)
		err = fill_page(store, query, &walk, arena, ret);
	return err;
}

/* ---- events ---- */

/** Whether the present row is wanted, told by its first column. */
static bool
read_event(struct sqlite_reading *reading, const struct event_query *query,
	struct event_row *ret, uint64_t *ret_sequence)
{
	bool is_subject = sqlite_row_i64(&reading->row) != 0;
	uint64_t sequence = (uint64_t)sqlite3_column_int64(
		reading->row.stmt, reading->row.at);

	*ret_sequence = sequence;
	if (!is_subject)
		return false;
	sqlite_row_event(&reading->row, ret);
	return is_within(ret->accepted, query->from, query->to);
}

/** Reads rows until the page is full, or enough were looked at. */
static void
read_page(struct sqlite_reading *reading, const struct event_query *query,
	struct arena *arena, struct event_page *ret)
{
	size_t looked = 0;
	uint64_t last = 0;

	ret->rows = arena_alloc_array(arena, query->limit, sizeof(*ret->rows));
	ret->count = 0;
	ret->next = 0;
	while (sqlite_reading_step(reading)) {
		if (looked == EXPLAIN_LOOK_MAX || ret->count == query->limit) {
			ret->next = last;
			break;
		}
		looked++;
		ret->count += read_event(
			reading, query, &ret->rows[ret->count], &last);
	}
}

enum err
store_events_page(struct store *store, const struct event_query *query,
	struct arena *arena, struct event_page *ret)
{
	bool has_type = !str_is_empty(query->type);
	struct sqlite_reading reading;
	struct range range;
	enum err err = find_range(store, SQL_EVENT_FROM, query->from, query->to,
		query->before, &range);

	if (err)
		return err;
	reading = sqlite_reading_begin(
		store, has_type ? SQL_EVENTS_OF_TYPE : SQL_EVENTS_PAGE, arena);
	sqlite_row_bind_u64(reading.row.stmt, 1, range.end);
	sqlite_row_bind_u64(reading.row.stmt, 2, range.first);
	sqlite_row_bind_u64(reading.row.stmt, 3, query->workspace);
	sqlite_row_bind_text(reading.row.stmt, 4, query->subject);
	if (has_type)
		sqlite_row_bind_text(reading.row.stmt, 5, query->type);
	read_page(&reading, query, arena, ret);
	return sqlite_reading_end(&reading);
}

enum err
store_audit_page(struct store *store, const struct audit_query *query,
	struct arena *arena, struct event_page *ret)
{
	const struct event_query common = {
		.from = query->from, .to = query->to, .limit = query->limit};
	struct sqlite_reading reading;
	struct range range;
	enum err err = find_range(store, SQL_EVENT_FROM, query->from, query->to,
		query->before, &range);

	if (err)
		return err;
	reading = sqlite_reading_begin(store, SQL_AUDIT_PAGE, arena);
	sqlite_row_bind_u64(reading.row.stmt, 1, range.end);
	sqlite_row_bind_u64(reading.row.stmt, 2, range.first);
	sqlite_row_bind_u64(reading.row.stmt, 3, query->workspace);
	sqlite_row_bind_text(reading.row.stmt, 4, query->source);
	sqlite_row_bind_text(reading.row.stmt, 5, query->type);
	sqlite_row_bind_text(reading.row.stmt, 6, query->category);
	sqlite_row_bind_text(reading.row.stmt, 7, query->who);
	read_page(&reading, &common, arena, ret);
	return sqlite_reading_end(&reading);
}

enum err
store_webhook_log(struct store *store, const struct webhook_log_query *query,
	struct arena *arena, struct event_page *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_WEBHOOK_LOG, arena);
	sqlite3_stmt *stmt = reading.row.stmt;
	size_t count = 0;

	sqlite_row_bind_u64(stmt, 1, query->workspace);
	sqlite_row_bind_text(stmt, 2, query->webhook);
	sqlite_row_bind_u64(stmt, 3, query->before ? query->before : INT64_MAX);
	sqlite_row_bind_u64(stmt, 4, query->limit + 1);
	ret->rows = arena_alloc_array(arena, query->limit, sizeof(*ret->rows));
	while (count < query->limit && sqlite_reading_step(&reading))
		sqlite_row_event(&reading.row, &ret->rows[count++]);
	ret->count = count;
	ret->next = count == query->limit && count > 0 &&
				    sqlite_reading_step(&reading)
			    ? ret->rows[count - 1].sequence
			    : 0;
	return sqlite_reading_end(&reading);
}

/* ---- attempts ---- */

enum { ATTEMPTS_MAX = 1000 };

enum err
store_attempts_of(struct store *store, uint64_t delivery, struct arena *arena,
	struct attempt_rows *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_ATTEMPTS_OF, arena);
	struct attempt_row *rows = NULL;
	size_t count = 0, cap = 0;

	sqlite_row_bind_u64(reading.row.stmt, 1, delivery);
	while (count < ATTEMPTS_MAX && sqlite_reading_step(&reading)) {
		if (count == cap) {
			struct attempt_row *former = rows;

			cap = cap ? cap * 2 : 16;
			rows = arena_alloc_array(arena, cap, sizeof(*rows));
			if (count)
				memcpy(rows, former, count * sizeof(*rows));
		}
		sqlite_row_attempt(&reading.row, &rows[count++]);
	}
	*ret = (struct attempt_rows){rows, count};
	return sqlite_reading_end(&reading);
}
