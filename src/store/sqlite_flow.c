#include "store/sqlite_flow.h"

#include <assert.h>

#include "store/sqlite_row.h"
#include "store/sqlite_store.h"

/* ---- changing ---- */

static enum sqlite_sql
add_execution(struct sqlite_db *db, const struct execution_row *row)
{
	sqlite3_stmt *stmt = db->statements[SQL_EXECUTION_ADD];

	sqlite_row_bind_u64(stmt, 1, row->sequence);
	sqlite_row_bind_u64(stmt, 2, row->workspace);
	sqlite_row_bind_u64(stmt, 3, row->state);
	sqlite_row_bind_i64(stmt, 4, row->due);
	sqlite_row_bind_u64(stmt, 5, row->scenario_version);
	sqlite_row_bind_i64(stmt, 6, row->created);
	sqlite_row_bind_i64(stmt, 7, row->started);
	sqlite_row_bind_i64(stmt, 8, row->ended);
	sqlite_row_bind_u64(stmt, 9, row->attempts);
	sqlite_row_bind_u64(stmt, 10, row->operations);
	sqlite_row_bind_u64(stmt, 11, row->failed_step);
	sqlite_row_bind_u64(stmt, 12, row->retries);
	sqlite_row_bind_i64(stmt, 13, row->interval);
	sqlite_row_bind_u64(stmt, 14, row->origin);
	sqlite_row_bind_text(stmt, 15, row->scenario);
	sqlite_row_bind_text(stmt, 16, row->cause);
	sqlite_row_bind_text(stmt, 17, row->error);
	sqlite_row_bind_text(stmt, 18, row->trigger);
	sqlite_row_bind_u64(stmt, 19, row->is_confidential);
	return SQL_EXECUTION_ADD;
}

static enum sqlite_sql
set_execution(struct sqlite_db *db, const struct flow_change *change)
{
	const struct execution_row *row = &change->execution;
	sqlite3_stmt *stmt = db->statements[SQL_EXECUTION_SET];

	sqlite_row_bind_u64(stmt, 1, row->sequence);
	sqlite_row_bind_u64(stmt, 2, row->state);
	sqlite_row_bind_i64(stmt, 3, row->due);
	sqlite_row_bind_u64(stmt, 4, row->scenario_version);
	sqlite_row_bind_i64(stmt, 5, row->started);
	sqlite_row_bind_i64(stmt, 6, row->ended);
	sqlite_row_bind_u64(stmt, 7, row->attempts);
	sqlite_row_bind_u64(stmt, 8, row->operations);
	sqlite_row_bind_u64(stmt, 9, row->failed_step);
	sqlite_row_bind_text(stmt, 10, row->error);
	sqlite_row_bind_u64(stmt, 11, change->expected);
	return SQL_EXECUTION_SET;
}

static enum sqlite_sql
set_step(struct sqlite_db *db, const struct step_row *row)
{
	sqlite3_stmt *stmt = db->statements[SQL_STEP_SET];

	sqlite_row_bind_u64(stmt, 1, row->execution);
	sqlite_row_bind_u64(stmt, 2, row->ordinal);
	sqlite_row_bind_u64(stmt, 3, row->module);
	sqlite_row_bind_i64(stmt, 4, row->started);
	sqlite_row_bind_i64(stmt, 5, row->ended);
	sqlite_row_bind_text(stmt, 6, row->failure);
	sqlite_row_bind_text(stmt, 7, row->message);
	sqlite_row_bind_text(stmt, 8, row->input);
	sqlite_row_bind_text(stmt, 9, row->trace);
	sqlite_row_bind_text(stmt, 10, row->output);
	return SQL_STEP_SET;
}

/** The same for the copies of the steps. */
static enum err
copy_steps(
	struct sqlite_db *db, const struct flow_change *change, struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[SQL_STEPS_COPY];

	sqlite_row_bind_u64(stmt, 1, change->execution.sequence);
	sqlite_row_bind_u64(stmt, 2, change->from);
	sqlite_row_bind_u64(stmt, 3, change->execution.failed_step);
	return sqlite_db_step(db, SQL_STEPS_COPY, NULL, why);
}

/** The steps at once, the row itself by the statement that is returned. */
static enum err
remove_execution(struct sqlite_db *db, uint64_t sequence, struct buf *why)
{
	sqlite_row_bind_u64(db->statements[SQL_EXECUTION_REMOVE], 1, sequence);
	sqlite_row_bind_u64(db->statements[SQL_STEPS_REMOVE], 1, sequence);
	return sqlite_db_step(db, SQL_STEPS_REMOVE, NULL, why);
}

/** The same for what went through it. */
static enum err
strip_steps(struct sqlite_db *db, uint64_t sequence, struct buf *why)
{
	sqlite_row_bind_u64(db->statements[SQL_EXECUTION_STRIP], 1, sequence);
	sqlite_row_bind_u64(db->statements[SQL_STEPS_STRIP], 1, sequence);
	return sqlite_db_step(db, SQL_STEPS_STRIP, NULL, why);
}

static enum err
mark_schedule(
	struct sqlite_db *db, const struct flow_change *change, struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[SQL_SCHEDULE_MARK];

	sqlite_row_bind_text(stmt, 1, change->execution.scenario);
	sqlite_row_bind_i64(stmt, 2, change->execution.created);
	return sqlite_db_step(db, SQL_SCHEDULE_MARK, NULL, why);
}

bool
sqlite_flow_can_conflict(const struct flow_change *change)
{
	return change->what == FLOW_EXECUTION_SET ||
	       change->what == FLOW_EXECUTION_REMOVE;
}

enum err
sqlite_flow_apply(
	struct sqlite_db *db, const struct flow_change *change, struct buf *why)
{
	enum sqlite_sql sql = SQL_EXECUTION_REMOVE;
	int64_t changed;
	enum err err = ERR_OK;

	switch (change->what) {
	case FLOW_EXECUTION_ADD:
		sql = add_execution(db, &change->execution);
		break;
	case FLOW_EXECUTION_SET: sql = set_execution(db, change); break;
	case FLOW_STEP_SET: sql = set_step(db, &change->step); break;
	case FLOW_EXECUTION_FORK:
		err = copy_steps(db, change, why);
		sql = add_execution(db, &change->execution);
		break;
	case FLOW_EXECUTION_STRIP:
		err = strip_steps(db, change->execution.sequence, why);
		sql = SQL_EXECUTION_STRIP;
		break;
	case FLOW_SCHEDULE_MARK: return mark_schedule(db, change, why);
	case FLOW_SCHEDULE_FORGET:
		sqlite_row_bind_text(db->statements[SQL_SCHEDULE_FORGET], 1,
			change->execution.scenario);
		return sqlite_db_step(db, SQL_SCHEDULE_FORGET, NULL, why);
	case FLOW_EXECUTION_REMOVE:
		err = remove_execution(db, change->execution.sequence, why);
		break;
	}
	if (err == ERR_OK)
		err = sqlite_db_step(db, sql, &changed, why);
	if (err)
		return err;
	return changed == 0 ? ERR_CONFLICT : ERR_OK;
}

/* ---- reading ---- */

static void
read_execution(struct sqlite_row *row, struct execution_row *ret)
{
	ret->sequence = sqlite_row_u64(row);
	ret->workspace = (uint32_t)sqlite_row_u64(row);
	ret->state = (enum execution_state)sqlite_row_u64(row);
	ret->due = sqlite_row_i64(row);
	ret->scenario_version = sqlite_row_u64(row);
	ret->created = sqlite_row_i64(row);
	ret->started = sqlite_row_i64(row);
	ret->ended = sqlite_row_i64(row);
	ret->attempts = (uint32_t)sqlite_row_u64(row);
	ret->operations = (uint32_t)sqlite_row_u64(row);
	ret->failed_step = (uint32_t)sqlite_row_u64(row);
	ret->retries = (uint32_t)sqlite_row_u64(row);
	ret->interval = sqlite_row_i64(row);
	ret->origin = sqlite_row_u64(row);
	ret->scenario = sqlite_row_str(row);
	ret->cause = sqlite_row_str(row);
	ret->error = sqlite_row_str(row);
	ret->trigger = sqlite_row_str(row);
	ret->is_confidential = sqlite_row_u64(row) != 0;
}

static void
read_step(struct sqlite_row *row, struct step_row *ret)
{
	ret->execution = sqlite_row_u64(row);
	ret->ordinal = (uint32_t)sqlite_row_u64(row);
	ret->module = (uint32_t)sqlite_row_u64(row);
	ret->started = sqlite_row_i64(row);
	ret->ended = sqlite_row_i64(row);
	ret->failure = sqlite_row_str(row);
	ret->message = sqlite_row_str(row);
	ret->input = sqlite_row_str(row);
	ret->trace = sqlite_row_str(row);
	ret->output = sqlite_row_str(row);
}

static enum err
read_executions(struct sqlite_reading *reading, size_t limit,
	struct execution_list *ret)
{
	struct execution_list list = {0};
	enum err err;

	list.rows = arena_alloc_array(
		reading->row.arena, limit, sizeof(*list.rows));
	while (list.count < limit && sqlite_reading_step(reading))
		read_execution(&reading->row, &list.rows[list.count++]);
	err = sqlite_reading_end(reading);
	if (err == ERR_OK)
		*ret = list;
	return err;
}

enum err
store_execution(struct store *store, uint64_t sequence, struct arena *arena,
	struct execution_row *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_EXECUTION, arena);
	bool is_there;

	sqlite_row_bind_u64(reading.row.stmt, 1, sequence);
	is_there = sqlite_reading_step(&reading);
	if (is_there)
		read_execution(&reading.row, ret);
	return sqlite_reading_end_single(&reading, is_there);
}

enum err
store_executions(struct store *store, const struct execution_query *query,
	struct arena *arena, struct execution_list *ret)
{
	struct sqlite_reading reading = sqlite_reading_begin(store,
		query->scenario.len ? SQL_EXECUTIONS_OF : SQL_EXECUTIONS,
		arena);
	sqlite3_stmt *stmt = reading.row.stmt;

	if (query->scenario.len)
		sqlite_row_bind_text(stmt, 1, query->scenario);
	sqlite_row_bind_u64(stmt, 2, query->before ? query->before : INT64_MAX);
	sqlite_row_bind_u64(stmt, 3, query->workspace);
	sqlite_row_bind_i64(
		stmt, 4, query->is_by_state ? (int64_t)query->state : -1);
	sqlite_row_bind_u64(stmt, 5, query->limit);
	return read_executions(&reading, query->limit, ret);
}

static enum sqlite_sql
sql_of_due(const struct execution_due *query)
{
	if (query->is_running)
		return SQL_EXECUTIONS_RUNNING;
	if (query->is_incomplete)
		return SQL_EXECUTIONS_INCOMPLETE;
	if (query->is_by_hand)
		return SQL_EXECUTIONS_BY_HAND;
	if (query->is_stale)
		return SQL_EXECUTIONS_STALE;
	return query->scenario.len ? SQL_EXECUTIONS_DUE_OF : SQL_EXECUTIONS_DUE;
}

enum err
store_executions_due(struct store *store, const struct execution_due *query,
	struct arena *arena, struct execution_list *ret)
{
	enum sqlite_sql sql = sql_of_due(query);
	struct sqlite_reading reading = sqlite_reading_begin(store, sql, arena);
	sqlite3_stmt *stmt = reading.row.stmt;

	if (sql == SQL_EXECUTIONS_DUE_OF)
		sqlite_row_bind_text(stmt, 1, query->scenario);
	sqlite_row_bind_u64(stmt, 2, query->after);
	if (sql != SQL_EXECUTIONS_RUNNING && sql != SQL_EXECUTIONS_BY_HAND)
		sqlite_row_bind_i64(stmt, 3, query->now);
	sqlite_row_bind_u64(stmt, 4, query->limit);
	return read_executions(&reading, query->limit, ret);
}

enum err
store_steps(struct store *store, const struct step_query *query,
	struct arena *arena, struct step_list *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_STEPS, arena);
	struct step_list list = {0};
	enum err err;

	sqlite_row_bind_u64(reading.row.stmt, 1, query->execution);
	sqlite_row_bind_u64(reading.row.stmt, 2, query->from);
	sqlite_row_bind_u64(reading.row.stmt, 3, query->limit);
	list.rows = arena_alloc_array(arena, query->limit, sizeof(*list.rows));
	while (list.count < query->limit && sqlite_reading_step(&reading))
		read_step(&reading.row, &list.rows[list.count++]);
	err = sqlite_reading_end(&reading);
	if (err == ERR_OK)
		*ret = list;
	return err;
}

static enum err
read_number(struct sqlite_reading *reading, uint64_t *ret)
{
	if (sqlite_reading_step(reading))
		*ret = sqlite_row_u64(&reading->row);
	return sqlite_reading_end(reading);
}

enum err
store_executions_queued(struct store *store, struct str scenario, uint64_t *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_EXECUTIONS_QUEUED, NULL);

	*ret = 0;
	sqlite_row_bind_text(reading.row.stmt, 1, scenario);
	return read_number(&reading, ret);
}

enum err
store_execution_highest(struct store *store, uint64_t *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_EXECUTION_HIGHEST, NULL);

	*ret = 0;
	return read_number(&reading, ret);
}

enum err
store_scenario_versions(struct store *store, const struct version_query *query,
	struct arena *arena, struct version_list *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_SCENARIO_VERSIONS, arena);
	struct version_list list = {0};
	enum err err;

	sqlite_row_bind_u64(reading.row.stmt, 1, query->workspace);
	sqlite_row_bind_text(reading.row.stmt, 2, query->scenario);
	sqlite_row_bind_text(reading.row.stmt, 3,
		arena_printf(arena, "%.*s@%020llu", STR_ARG(query->scenario),
			(unsigned long long)query->below));
	sqlite_row_bind_u64(reading.row.stmt, 4, query->is_unused);
	sqlite_row_bind_u64(reading.row.stmt, 5, query->limit);
	list.rows = arena_alloc_array(arena, query->limit, sizeof(*list.rows));
	while (list.count < query->limit && sqlite_reading_step(&reading)) {
		struct version_row *row = &list.rows[list.count++];

		row->revision = sqlite_row_u64(&reading.row);
		row->created = sqlite_row_i64(&reading.row);
	}
	err = sqlite_reading_end(&reading);
	if (err == ERR_OK)
		*ret = list;
	return err;
}

enum err
store_schedule_mark(struct store *store, struct str scenario, int64_t *ret)
{
	struct sqlite_reading reading =
		sqlite_reading_begin(store, SQL_SCHEDULE_MARKED, NULL);
	uint64_t at = 0;
	enum err err;

	sqlite_row_bind_text(reading.row.stmt, 1, scenario);
	err = read_number(&reading, &at);
	*ret = (int64_t)at;
	return err;
}
