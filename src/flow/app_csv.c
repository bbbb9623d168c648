#include "flow/apps.h"
#include "flow/csv_format.h"
#include "flow/field.h"
#include "rule/csv.h"

/* Tables as texts. */

enum { ROWS_MAX = 100 * 1000, TEXT_MAX = 16 << 20 };

static const struct module_field feeder[] = {
	{.name = "feeder", .is_required = true},
	{.name = "includeHeaders", .type = "boolean"}, {.name = "delimiter"},
	{.name = "otherDelimiter"}, {.name = NULL}};
static const struct module_field parse_mapper[] = {
	{.name = "csv", .type = "text", .is_required = true},
	{.name = "containsHeaders", .type = "boolean"},
	{.name = "columns", .type = "uinteger"},
	{.name = "delimiter", .type = "text"},
	{.name = "otherDelimiter", .type = "text"}, {.name = NULL}};
static const struct module_field create_mapper[] = {
	{.name = "rows", .type = "array", .is_required = true},
	{.name = "includeHeaders", .type = "boolean"},
	{.name = "delimiter", .type = "text"},
	{.name = "otherDelimiter", .type = "text"}, {.name = NULL}};

static enum failure_kind
refuse_separator(const struct module_call *call, struct failure *failure)
{
	return failure_set(failure, call->arena, FAILURE_DATA,
		"delimiter: expected comma, semicolon, tab, pipe, space or "
		"one character other than a quote");
}

/* ---- reading ---- */

struct parsing {
	const struct module_call *call;
	struct csv_reader reader;
	struct csv_row header; /* count 0: columns are col1, col2, … */
	size_t columns;	       /* 0: any number */
	struct value_builder bundles;
};

static struct str
column_name(const struct parsing *parsing, size_t column)
{
	if (column < parsing->header.count && parsing->header.cells[column].len)
		return parsing->header.cells[column];
	return arena_printf(parsing->call->arena, "col%zu", column + 1);
}

static struct value
row_bundle(const struct parsing *parsing, struct csv_row row)
{
	struct value_builder bundle = value_builder_make(parsing->call->arena);
	size_t count = row.count > parsing->header.count
			       ? row.count
			       : parsing->header.count;

	for (size_t i = 0; i < count; i++)
		value_builder_set(&bundle, column_name(parsing, i),
			i < row.count ? value_from_text(row.cells[i],
						parsing->call->arena)
				      : value_empty());
	return value_builder_collection(&bundle);
}

static enum failure_kind
take_row(struct parsing *parsing, struct csv_row row, struct failure *failure)
{
	struct arena *arena = parsing->call->arena;

	if (row.count == 1 && row.cells[0].len == 0)
		return FAILURE_NONE; /* an empty line */
	if (parsing->columns && row.count != parsing->columns)
		return failure_set(failure, arena, FAILURE_DATA,
			"csv: line %zu: it has %zu columns, not %zu",
			parsing->reader.line, row.count, parsing->columns);
	if (parsing->bundles.count == ROWS_MAX)
		return failure_set(failure, arena, FAILURE_MAX_RESULTS,
			"csv: it has over %d rows", ROWS_MAX);
	value_builder_add(&parsing->bundles, row_bundle(parsing, row));
	return FAILURE_NONE;
}

static enum failure_kind
parse_rows(struct parsing *parsing, struct failure *failure)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct arena *arena = parsing->call->arena;
	enum failure_kind kind = FAILURE_NONE;
	struct csv_row row;
	enum err err = ERR_OK;

	if (field_flag(parsing->call->input, "containsHeaders", false))
		err = csv_read(&parsing->reader, arena, &parsing->header, &why);
	while (!err && !kind) {
		err = csv_read(&parsing->reader, arena, &row, &why);
		if (!err)
			kind = take_row(parsing, row, failure);
	}
	if (kind || err == ERR_NOT_FOUND)
		return kind;
	return failure_set(
		failure, arena, FAILURE_DATA, "csv: %s", buf_text(&why));
}

static enum failure_kind
run_parse(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	char separator = csv_format_separator(call->input, call->arena);
	struct parsing parsing = {.call = call,
		.reader = csv_reader_make(
			field_text(call->input, "csv", call->arena), separator),
		.columns = (size_t)field_number(call->input, "columns", 0),
		.bundles = value_builder_make(call->arena)};
	enum failure_kind kind;
	struct value all;

	if (!separator)
		return refuse_separator(call, failure);
	kind = parse_rows(&parsing, failure);
	all = value_builder_array(&parsing.bundles);
	*result = (struct module_result){.bundles = all.as.array.items,
		.count = all.as.array.count,
		.is_many = true};
	return kind;
}

/* ---- writing ---- */

static enum failure_kind
run_create(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf text = buf_make(TEXT_MAX);
	CLEANUP(buf_release) struct buf why = {0};
	char separator = csv_format_separator(call->input, call->arena);
	enum err err;

	if (!separator)
		return refuse_separator(call, failure);
	err = csv_format_write(field_list(call->input, "rows", call->arena),
		separator, field_flag(call->input, "includeHeaders", true),
		&text, &why);
	if (err)
		return failure_set(failure, call->arena,
			err == ERR_LIMIT ? FAILURE_DATA_SIZE_LIMIT
					 : FAILURE_DATA,
			"rows: %s", buf_text(&why));
	module_result_one(call, result,
		field_one(call->arena, "csv",
			value_text(arena_copy(call->arena, buf_str(&text)))));
	return FAILURE_NONE;
}

const struct module_kind app_csv[] = {
	{.name = "csv:ParseCSV",
		.nature = MODULE_PURE,
		.mapper = parse_mapper,
		.run = run_parse},
	{.name = "csv:CreateCSV",
		.nature = MODULE_CONTROL,
		.parameters = feeder,
		.is_aggregator = true},
	{.name = "csv:TransformToCSV",
		.nature = MODULE_PURE,
		.mapper = create_mapper,
		.run = run_create},
	{.name = NULL},
};
