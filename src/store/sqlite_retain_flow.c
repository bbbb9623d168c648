#include "store/sqlite_retain_flow.h"

#include <stdio.h>

#include "base/clock.h"
#include "store/explain.h"
#include "store/sqlite_row.h"
#include "store/sqlite_store.h"

enum {
	LOOKS_A_STEP = 2000,
	/* Rows of executions and steps that a step may remove. */
	ROWS_A_STEP = 512,
	/* Steps at once; outputs may be large, so the time counts, too. */
	STEPS_AT_ONCE = 16,
};
#define TIME_A_STEP (10 * MILLISECONDS)

/* ---- finding ---- */

static enum err
find_old(struct store *store, struct retain_place *place,
	struct retain_step *step, bool *ret_is_done)
{
	int64_t before = step->limits.executions_before;
	struct sqlite_reading reading;
	size_t looked = 0;

	*ret_is_done = true;
	if (before == INT64_MIN)
		return ERR_OK;
	reading = sqlite_reading_begin(store, SQL_RETAIN_EXECUTIONS, NULL);
	sqlite_row_bind_u64(reading.row.stmt, 1, place->execution);
	while (step->execution_count < RETAIN_EXECUTIONS_MAX &&
		looked < LOOKS_A_STEP) {
		uint64_t sequence;
		int64_t created, changed;

		if (!sqlite_reading_step(&reading))
			return sqlite_reading_end(&reading);
		sequence = sqlite_row_u64(&reading.row);
		created = sqlite_row_i64(&reading.row);
		changed = sqlite_row_i64(&reading.row);
		if (created >= before && created - before > EXPLAIN_CLOCK_SLACK)
			return sqlite_reading_end(&reading);
		place->execution = sequence;
		if (changed < before && sqlite_row_i64(&reading.row))
			step->executions[step->execution_count++] = sequence;
		looked++;
	}
	*ret_is_done = false;
	return sqlite_reading_end(&reading);
}

/** The scenario behind the place's; an empty name: there is none. */
static enum err
next_scenario(struct store *store, struct retain_place *place)
{
	struct arena arena = {0};
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_RETAIN_SCENARIO, &arena);
	struct str name = STR("");
	enum err err;

	sqlite_row_bind_text(reading.row.stmt, 1, str_of(place->scenario));
	if (sqlite_reading_step(&reading))
		name = sqlite_row_str(&reading.row);
	snprintf(place->scenario, sizeof(place->scenario), "%.*s",
		STR_ARG(name));
	place->scenario_execution = 0;
	err = sqlite_reading_end(&reading);
	arena_release(&arena);
	return err;
}

/** The newest execution of the place's scenario that is one too many, or 0. */
static enum err
find_beyond(struct store *store, const struct retain_place *place, uint64_t max,
	uint64_t *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_RETAIN_BEYOND, NULL);

	*ret = 0;
	sqlite_row_bind_text(reading.row.stmt, 1, str_of(place->scenario));
	sqlite_row_bind_u64(reading.row.stmt, 2, max);
	if (sqlite_reading_step(&reading))
		*ret = sqlite_row_u64(&reading.row);
	return sqlite_reading_end(&reading);
}

/** Those of one scenario; `*ret_is_done`: all were looked at. */
static enum err
list_beyond(struct store *store, struct retain_place *place, uint64_t end,
	struct retain_step *step, bool *ret_is_done)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_RETAIN_EXECUTIONS_OF, NULL);
	size_t looked = 0;

	*ret_is_done = true;
	sqlite_row_bind_text(reading.row.stmt, 1, str_of(place->scenario));
	sqlite_row_bind_u64(reading.row.stmt, 2, place->scenario_execution);
	sqlite_row_bind_u64(reading.row.stmt, 3, end);
	while (step->execution_count < RETAIN_EXECUTIONS_MAX &&
		looked++ < LOOKS_A_STEP) {
		if (!sqlite_reading_step(&reading))
			return sqlite_reading_end(&reading);
		place->scenario_execution = sqlite_row_u64(&reading.row);
		if (sqlite_row_i64(&reading.row))
			step->executions[step->execution_count++] =
				place->scenario_execution;
	}
	*ret_is_done = false;
	return sqlite_reading_end(&reading);
}

/** One scenario a step, so that a step's reading is bounded. */
static enum err
find_too_many(struct store *store, struct retain_place *place,
	struct retain_step *step, bool *ret_is_done)
{
	uint64_t end = 0;
	bool is_over = true;
	enum err err = ERR_OK;

	*ret_is_done = true;
	if (step->limits.executions_max == 0)
		return ERR_OK;
	if (place->scenario_execution == 0)
		err = next_scenario(store, place);
	if (err || place->scenario[0] == '\0')
		return err;
	*ret_is_done = false;
	err = find_beyond(store, place, step->limits.executions_max, &end);
	if (!err && end)
		err = list_beyond(store, place, end, step, &is_over);
	if (is_over)
		place->scenario_execution = 0;
	return err;
}

enum err
sqlite_retain_flow_find(struct store *store, struct retain_place *place,
	struct retain_step *ret, bool *ret_is_done)
{
	enum err err;

	ret->execution_count = 0;
	err = find_old(store, place, ret, ret_is_done);
	/* First by age, then, when that is done, by number. */
	if (err || !*ret_is_done || ret->execution_count > 0) {
		*ret_is_done = false;
		return err;
	}
	return find_too_many(store, place, ret, ret_is_done);
}

/* ---- removing ---- */

struct removal {
	struct sqlite_db *db;
	struct buf *why;
	int64_t end; /* clock_monotonic() */
	int64_t rows_left;
};

static bool
is_exhausted(const struct removal *removal)
{
	return removal->rows_left <= 0 || clock_monotonic() >= removal->end;
}

static enum err
may_go(struct removal *removal, uint64_t sequence, bool *ret)
{
	sqlite3_stmt *stmt =
		removal->db->statements[SQL_RETAIN_EXECUTION_CHECK];
	enum err err = ERR_OK;
	int code;

	sqlite_row_bind_u64(stmt, 1, sequence);
	code = sqlite3_step(stmt);
	*ret = code == SQLITE_ROW && sqlite3_column_int64(stmt, 0) != 0;
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		err = sqlite_db_error(removal->db, code, removal->why);
	sqlite3_reset(stmt);
	return err;
}

/** `*ret_is_gone`: with all its steps. */
static enum err
remove_execution(struct removal *removal, uint64_t sequence, bool *ret_is_gone)
{
	sqlite3_stmt *stmt = removal->db->statements[SQL_RETAIN_STEPS];
	int64_t changed = STEPS_AT_ONCE;
	enum err err = ERR_OK;

	*ret_is_gone = false;
	while (!err && changed == STEPS_AT_ONCE) {
		if (is_exhausted(removal))
			return ERR_OK;
		sqlite_row_bind_u64(stmt, 1, sequence);
		sqlite_row_bind_u64(stmt, 2, STEPS_AT_ONCE);
		err = sqlite_db_step(
			removal->db, SQL_RETAIN_STEPS, &changed, removal->why);
		removal->rows_left -= changed;
	}
	if (err)
		return err;
	*ret_is_gone = true;
	removal->rows_left--;
	sqlite_row_bind_u64(
		removal->db->statements[SQL_EXECUTION_REMOVE], 1, sequence);
	return sqlite_db_step(
		removal->db, SQL_EXECUTION_REMOVE, NULL, removal->why);
}

enum err
sqlite_retain_flow_remove(
	struct sqlite_db *db, struct retain_step *step, struct buf *why)
{
	struct removal removal = {.db = db,
		.why = why,
		.end = clock_monotonic() + TIME_A_STEP,
		.rows_left = ROWS_A_STEP};

	for (size_t i = 0; i < step->execution_count; i++) {
		bool is_to_go, is_gone = true;
		enum err err = may_go(&removal, step->executions[i], &is_to_go);

		if (!err && is_to_go)
			err = remove_execution(
				&removal, step->executions[i], &is_gone);
		if (err)
			return err;
		if (!is_gone) {
			step->is_unfinished = true;
			return ERR_OK;
		}
		step->removed_executions += is_to_go;
	}
	return ERR_OK;
}
