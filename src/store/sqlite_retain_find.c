#include "store/retain.h"

#include "base/clock.h"
#include "base/json.h"
#include "store/explain.h"
#include "store/sqlite_resources.h"
#include "store/sqlite_retain_flow.h"
#include "store/sqlite_row.h"
#include "store/sqlite_store.h"

/* Rows looked at for a step. */
enum { LOOKS_A_STEP = 2000 };

/** What a look at one event found. */
struct look {
	uint64_t sequence;
	uint64_t previous;
	bool is_old;
	bool may_be_named; /* as the `previous` of the next one */
	bool is_deleted;
	bool is_last;
	bool is_waited_for;
	bool has_deliveries;
};

/** The id of the resource that a body {"operation","new","old"} is about. */
static struct str
resource_id(struct str body, struct arena *arena)
{
	struct json_doc doc;
	struct json state;

	if (json_read(body, arena, &doc, NULL))
		return STR("");
	state = json_member(json_root(&doc), STR("new"));
	if (json_kind(state) != JSON_OBJECT)
		state = json_member(json_root(&doc), STR("old"));
	return json_string(json_member(state, STR("id")), arena);
}

/**
 * Whether a change that came without a subject is its resource's last state:
 * the body says which resource that is. In doubt it is.
 */
static bool
is_last_by_body(struct sqlite_reading *reading, uint64_t sequence)
{
	sqlite3_stmt *stmt = reading->db->statements[SQL_RETAIN_RESOURCE];
	struct arena arena = {0};
	struct sqlite_row row = reading->row;
	struct str id;
	bool is_last = true;

	row.arena = &arena;
	id = resource_id(sqlite_row_str(&row), &arena);
	sqlite_row_bind_u64(stmt, 1, sequence);
	sqlite_row_bind_text(stmt, 2, id);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		is_last = sqlite3_column_int64(stmt, 0) != 0;
	sqlite3_reset(stmt);
	arena_release(&arena);
	return is_last;
}

/** False at the end, and where events begin that are not old. */
static bool
look_at_event(struct sqlite_reading *reading, const struct retain_limits *limit,
	struct look *look)
{
	struct sqlite_row *row = &reading->row;
	int64_t accepted;
	bool has_no_subject;

	if (!sqlite_reading_step(reading))
		return false;
	look->sequence = sqlite_row_u64(row);
	accepted = sqlite_row_i64(row);
	look->previous = sqlite_row_u64(row);
	look->may_be_named = sqlite_row_i64(row) != 0;
	look->is_deleted = sqlite_row_i64(row) != 0;
	look->is_last = sqlite_row_i64(row) != 0;
	look->is_waited_for = sqlite_row_i64(row) != 0;
	look->has_deliveries = sqlite_row_i64(row) != 0;
	has_no_subject = sqlite_row_i64(row) != 0;
	if (has_no_subject)
		look->is_last = is_last_by_body(reading, look->sequence);
	look->is_old = accepted < limit->events_before;
	/* Old ones may stand behind, had the clock been set back a little. */
	return look->is_old ||
	       accepted - limit->events_before < EXPLAIN_CLOCK_SLACK;
}

static void
judge(struct retain_step *step, const struct look *look)
{
	bool sends_previous =
		look->is_deleted && look->is_last && look->has_deliveries;

	if (!look->is_old || look->is_waited_for)
		return;
	if (look->previous && !sends_previous)
		step->events[step->event_count++] =
			(struct retain_event){look->previous, look->sequence};
	if (!look->may_be_named && !look->is_last)
		step->events[step->event_count++] =
			(struct retain_event){look->sequence, 0};
}

static enum err
find_events(struct store *store, struct retain_place *place,
	struct retain_step *step, bool *ret_is_done)
{
	struct sqlite_reading reading;
	uint64_t complete;
	size_t looked = 0;

	*ret_is_done = true;
	if (step->limits.events_before == INT64_MIN)
		return ERR_OK;
	/* Before it is read: of later ones the tables do not say which are
	   the last of their resources, and what waits. */
	complete = sqlite_resources_complete(store->resources);
	if (complete > sqlite_late_complete(&store->late))
		complete = sqlite_late_complete(&store->late);
	reading = sqlite_reading_begin(store, SQL_RETAIN_EVENTS, NULL);
	sqlite_row_bind_u64(reading.row.stmt, 1, place->event);
	/* An event may bring itself and the one before it. */
	while (step->event_count + 2 <= RETAIN_EVENTS_MAX &&
		looked < LOOKS_A_STEP) {
		struct look look;

		if (!look_at_event(&reading, &step->limits, &look))
			return sqlite_reading_end(&reading);
		if (look.sequence > complete) {
			/* Once a pass, or it would follow a publisher. */
			if (place->behind == 0)
				place->behind = look.sequence;
			step->is_behind = place->behind == look.sequence;
			*ret_is_done = !step->is_behind;
			return sqlite_reading_end(&reading);
		}
		place->event = look.sequence;
		judge(step, &look);
		looked++;
	}
	*ret_is_done = false;
	return sqlite_reading_end(&reading);
}

static enum err
find_deliveries(struct store *store, struct retain_place *place,
	struct retain_step *step, bool *ret_is_done)
{
	int64_t before = step->limits.deliveries_before;
	struct sqlite_reading reading;
	size_t looked = 0;

	*ret_is_done = true;
	if (before == INT64_MIN)
		return ERR_OK;
	reading = sqlite_reading_begin(store, SQL_RETAIN_DELIVERIES, NULL);
	sqlite_row_bind_u64(reading.row.stmt, 1, place->delivery);
	while (step->delivery_count < RETAIN_DELIVERIES_MAX &&
		looked < LOOKS_A_STEP) {
		uint64_t sequence;
		int64_t created, updated;
		bool has_ended;

		if (!sqlite_reading_step(&reading))
			return sqlite_reading_end(&reading);
		sequence = sqlite_row_u64(&reading.row);
		created = sqlite_row_i64(&reading.row);
		updated = sqlite_row_i64(&reading.row);
		has_ended = sqlite_row_i64(&reading.row) != 0;
		if (created >= before && created - before > EXPLAIN_CLOCK_SLACK)
			return sqlite_reading_end(&reading);
		place->delivery = sequence;
		if (has_ended && updated < before)
			step->deliveries[step->delivery_count++] = sequence;
		looked++;
	}
	*ret_is_done = false;
	return sqlite_reading_end(&reading);
}

enum err
store_retain_find(struct store *store, const struct retain_limits *limits,
	struct retain_place *place, struct retain_step *ret)
{
	bool are_events_done, are_deliveries_done, are_executions_done;
	enum err err;

	ret->limits = *limits;
	ret->event_count = 0;
	ret->delivery_count = 0;
	ret->is_behind = false;
	err = find_deliveries(store, place, ret, &are_deliveries_done);
	if (err == ERR_OK)
		err = find_events(store, place, ret, &are_events_done);
	if (err == ERR_OK)
		err = sqlite_retain_flow_find(
			store, place, ret, &are_executions_done);
	if (err == ERR_OK)
		place->is_done = are_events_done && are_deliveries_done &&
				 are_executions_done;
	return err;
}
