#include "flow/apps.h"
#include "flow/field.h"
#include "flow/sql.h"

/* A statement to a database, which the connection names. */

static const struct module_field fields[] = {
	{.name = "query", .type = "text", .is_required = true},
	{.name = "parameters"}, {.name = "limit", .type = "uinteger"},
	{.name = NULL}};

static const struct engine {
	const char *name;
	enum failure_kind (*run)(struct sql_work *work);
} engines[] = {
	{"sqlite", sql_sqlite_run},
	{"postgresql", sql_postgres_run},
};

bool
sql_must_stop(const struct sql_work *work)
{
	return clock_monotonic() > work->end ||
	       outgoing_is_interrupted(work->call->outgoing);
}

enum failure_kind
sql_stopped(const struct sql_work *work)
{
	if (outgoing_is_interrupted(work->call->outgoing))
		return failure_set(work->failure, work->call->arena,
			FAILURE_INTERRUPTED, "the process is stopping");
	return failure_set(work->failure, work->call->arena,
		FAILURE_MODULE_TIMEOUT,
		"the statement took too long and was given up");
}

enum failure_kind
sql_add_row(struct sql_work *work, struct value row)
{
	value_builder_add(&work->rows, row);
	work->values += row.as.collection.count + 1;
	if (work->values > SQL_VALUES_MAX)
		return failure_set(work->failure, work->call->arena,
			FAILURE_MAX_FILE_SIZE, "the rows have over %d values",
			SQL_VALUES_MAX);
	if (work->bytes <= SQL_BYTES_MAX)
		return FAILURE_NONE;
	return failure_set(work->failure, work->call->arena,
		FAILURE_MAX_FILE_SIZE, "the rows are over %d MiB",
		SQL_BYTES_MAX >> 20);
}

static enum failure_kind
read_input(struct sql_work *work)
{
	const struct module_call *call = work->call;
	int64_t limit = SQL_ROWS_DEFAULT;
	enum failure_kind kind =
		service_need_text(call, "query", &work->query, work->failure);

	if (!kind)
		kind = service_json(
			call, "parameters", &work->parameters, work->failure);
	if (!kind && work->must_read)
		kind = service_integer(
			call, "limit", SQL_ROWS_DEFAULT, &limit, work->failure);
	if (limit == 0 || limit > SQL_ROWS_MAX)
		limit = SQL_ROWS_MAX;
	/* To its end, or what RETURNING has would not be done. */
	work->limit = work->must_read ? limit : INT64_MAX;
	work->query = arena_copy(call->arena, work->query);
	return kind;
}

static enum failure_kind
run_engine(struct sql_work *work)
{
	struct str name = service_secret(work->call, "engine");

	for (size_t i = 0; i < COUNT_OF(engines); i++) {
		if (str_equal(name, str_of(engines[i].name)))
			return engines[i].run(work);
	}
	return failure_set(work->failure, work->call->arena,
		FAILURE_CONFIGURATION, "engine: there is no \"%.*s\"",
		STR_ARG(str_head(name, 50)));
}

static void
give(struct sql_work *work, struct module_result *result)
{
	struct value_builder bundle = value_builder_make(work->call->arena);

	if (work->must_read) {
		service_results(result, &work->rows);
		return;
	}
	value_builder_set(&bundle, STR("changes"), value_number(work->changes));
	if (work->has_last_id)
		value_builder_set(&bundle, STR("lastInsertId"),
			value_number(work->last_id));
	value_builder_set(
		&bundle, STR("rows"), value_builder_array(&work->rows));
	module_result_one(
		work->call, result, value_builder_collection(&bundle));
}

static enum failure_kind
run_sql(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct sql_work work = {.call = call,
		.failure = failure,
		.must_read =
			str_equal(str_of(call->kind->name), STR("sql:Query")),
		.rows = value_builder_make(call->arena),
		.end = clock_monotonic() + call->timeout};
	enum failure_kind kind = service_need_connection(call, failure);

	if (kind)
		return kind;
	work.may_write =
		str_equal(service_secret(call, "access"), STR("write"));
	kind = read_input(&work);
	if (!kind)
		kind = run_engine(&work);
	if (!kind)
		give(&work, result);
	return kind;
}

#define ROW(name_) \
	{ \
		.name = (name_), .nature = MODULE_EFFECT, .connection = "sql", \
		.mapper = fields, .run = run_sql \
	}

const struct module_kind app_sql[] = {
	ROW("sql:Query"),
	ROW("sql:Execute"),
	{.name = NULL},
};
