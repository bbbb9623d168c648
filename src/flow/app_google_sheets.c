#include <stdlib.h>

#include "flow/apps.h"
#include "flow/google_token.h"
#include "flow/service.h"
#include "flow/sheet_row.h"

/* Google Sheets, API v4. */
enum { ROWS_MAX = 5000 };

#define PLACE \
	{.name = "mode", .type = "text"}, \
	{ \
		.name = "spreadsheetId", .type = "text", .is_required = true \
	}

static const struct module_field row_fields[] = {PLACE,
	{.name = "sheetId", .type = "text"},
	{.name = "rowNumber", .type = "uinteger"}, {.name = "values"},
	{.name = "rows"}, {.name = "tableFirstRow", .type = "text"},
	{.name = "valueInputOption", .type = "text"},
	{.name = "insertDataOption", .type = "text"}, {.name = NULL}};
static const struct module_field search_fields[] = {PLACE,
	{.name = "sheetId", .type = "text"}, {.name = "filter"},
	{.name = "includesHeaders", .type = "boolean"},
	{.name = "tableFirstRow", .type = "text"},
	{.name = "sortOrder", .type = "text"},
	{.name = "orderBy", .type = "text"},
	{.name = "limit", .type = "uinteger"},
	{.name = "valueRenderOption", .type = "text"},
	{.name = "dateTimeRenderOption", .type = "text"}, {.name = NULL}};
static const struct module_field range_fields[] = {PLACE,
	{.name = "sheetId", .type = "text"}, {.name = "range", .type = "text"},
	{.name = "cell", .type = "text"}, {.name = "value"},
	{.name = "valueInputOption", .type = "text"},
	{.name = "valueRenderOption", .type = "text"}, {.name = NULL}};

/** A call of the service: the table it is about. */
struct sheet {
	const struct module_call *call;
	struct module_result *result;
	struct failure *failure;
	struct str spreadsheet;
	struct str tab;
};

static enum failure_kind
begin(struct sheet *sheet)
{
	enum failure_kind kind =
		service_need_connection(sheet->call, sheet->failure);
	size_t at;

	if (!kind)
		kind = service_need_text(sheet->call, "spreadsheetId",
			&sheet->spreadsheet, sheet->failure);
	if (!kind)
		kind = service_need_text(
			sheet->call, "sheetId", &sheet->tab, sheet->failure);
	/* In mode `select` it is a path whose last part is the id. */
	while (!kind &&
		(at = str_find_char(sheet->spreadsheet, '/')) != SIZE_MAX)
		sheet->spreadsheet = str_skip(sheet->spreadsheet, at + 1);
	return kind;
}

/** Appends "/v4/spreadsheets/ID/values/RANGE". */
static void
write_path(const struct sheet *sheet, struct str range, struct buf *path)
{
	CLEANUP(buf_release) struct buf place = {0};

	sheet_range_write(&place, sheet->tab, range);
	buf_append(path, STR("/v4/spreadsheets/"));
	buf_append(
		path, service_escape(sheet->call->arena, sheet->spreadsheet));
	buf_append(path, STR("/values/"));
	buf_append(path, service_escape(sheet->call->arena, buf_str(&place)));
}

static enum failure_kind
ask(const struct sheet *sheet, const char *method, const struct buf *path,
	struct value body, struct value *ret)
{
	struct service_request request = {.method = method,
		.path = buf_str(path),
		.body = body,
		.said = "error.message"};
	struct service_answer answer;
	struct str token;
	enum failure_kind kind =
		google_token(sheet->call, &token, sheet->failure);

	if (kind)
		return kind;
	request.authorization = service_bearer(sheet->call->arena, token);
	kind = service_send(
		sheet->call, &request, sheet->result, &answer, sheet->failure);
	if (kind && answer.response.status == 401)
		google_token_drop(sheet->call);
	*ret = answer.body;
	return kind;
}

static void
add_option(const struct sheet *sheet, struct buf *path, const char *name,
	const char *fallback)
{
	struct str value = service_text(sheet->call, name);

	if (value.len == 0)
		value = str_of(fallback);
	if (value.len)
		service_query(path, name, value);
}

/* ---- writing ---- */

static struct value
body_of(const struct sheet *sheet, struct value rows)
{
	struct value_builder body = value_builder_make(sheet->call->arena);

	value_builder_set(
		&body, STR("majorDimension"), value_text(STR("ROWS")));
	value_builder_set(&body, STR("values"), rows);
	return value_builder_collection(&body);
}

static enum failure_kind
find_headers(const struct sheet *sheet, struct value *ret)
{
	CLEANUP(buf_release) struct buf path = {0};
	int64_t row = sheet_row_of(service_text(sheet->call, "tableFirstRow"));
	struct value answer;
	enum failure_kind kind;
	struct str range;

	if (row == 0)
		row = 1;
	range = arena_printf(sheet->call->arena, "%lld:%lld", (long long)row,
		(long long)row);
	write_path(sheet, range, &path);
	kind = ask(sheet, "GET", &path, value_empty(), &answer);
	*ret = value_item(value_member(answer, STR("values")), 1);
	return kind;
}

/** `values`, or `rows`, as an array of rows of cells. */
static enum failure_kind
make_rows(const struct sheet *sheet, bool is_many, struct value *ret)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct value_builder rows = value_builder_make(sheet->call->arena);
	struct value headers = value_empty(), given, all;
	enum failure_kind kind = service_json(sheet->call,
		is_many ? "rows" : "values", &given, sheet->failure);

	all = is_many ? value_to_array(given, sheet->call->arena)
		      : value_array(&given, 1);
	for (size_t i = 0; !kind && i < all.as.array.count; i++) {
		struct value cells;

		if (value_is_empty(headers) &&
			sheet_needs_headers(all.as.array.items[i]))
			kind = find_headers(sheet, &headers);
		if (!kind && sheet_cells(all.as.array.items[i], headers,
				     sheet->call->arena, &cells, &why))
			kind = failure_set(sheet->failure, sheet->call->arena,
				FAILURE_DATA, "%s", buf_text(&why));
		if (!kind)
			value_builder_add(&rows, cells);
	}
	*ret = value_builder_array(&rows);
	return kind;
}

static enum failure_kind
finish(const struct sheet *sheet, struct value updates, int64_t row)
{
	struct value_builder bundle = value_builder_make(sheet->call->arena);
	struct value range = value_member(updates, STR("updatedRange"));

	for (size_t i = 0; updates.kind == VALUE_COLLECTION &&
			   i < updates.as.collection.count;
		i++)
		value_builder_set(&bundle, updates.as.collection.members[i].key,
			updates.as.collection.members[i].value);
	value_builder_set(
		&bundle, STR("spreadsheetId"), value_text(sheet->spreadsheet));
	if (row == 0 && range.kind == VALUE_TEXT)
		row = sheet_row_of(range.as.text);
	if (row)
		value_builder_set(
			&bundle, STR("rowNumber"), value_number((double)row));
	module_result_one(
		sheet->call, sheet->result, value_builder_collection(&bundle));
	return FAILURE_NONE;
}

static enum failure_kind
add_rows(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct sheet sheet = {call, result, failure, {0}, {0}};
	bool is_many = str_equal(
		str_of(call->kind->name), STR("google-sheets:addMultipleRows"));
	struct value rows, answer;
	struct str table = service_text(call, "tableFirstRow");
	enum failure_kind kind = begin(&sheet);

	if (!kind)
		kind = make_rows(&sheet, is_many, &rows);
	if (kind)
		return kind;
	write_path(&sheet, table.len ? table : STR("A1"), &path);
	buf_append(&path, STR(":append"));
	add_option(&sheet, &path, "valueInputOption", "USER_ENTERED");
	add_option(&sheet, &path, "insertDataOption", "INSERT_ROWS");
	kind = ask(&sheet, "POST", &path, body_of(&sheet, rows), &answer);
	if (kind)
		return kind;
	return finish(&sheet, value_member(answer, STR("updates")), 0);
}

static enum failure_kind
update_row(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	CLEANUP(buf_release) struct buf range = {0};
	struct sheet sheet = {call, result, failure, {0}, {0}};
	struct value rows, answer;
	size_t width;
	int64_t row = 0;
	enum failure_kind kind = begin(&sheet);

	if (!kind)
		kind = service_integer(call, "rowNumber", 0, &row, failure);
	if (!kind && row == 0)
		kind = failure_set(failure, call->arena, FAILURE_DATA,
			"rowNumber: expected a row's number, from 1");
	if (!kind)
		kind = make_rows(&sheet, false, &rows);
	if (kind)
		return kind;
	width = rows.as.array.items[0].as.array.count;
	buf_printf(&range, "A%lld:", (long long)row);
	sheet_column_write(&range, width ? width - 1 : 0);
	buf_printf(&range, "%lld", (long long)row);
	write_path(&sheet, buf_str(&range), &path);
	add_option(&sheet, &path, "valueInputOption", "USER_ENTERED");
	kind = ask(&sheet, "PUT", &path, body_of(&sheet, rows), &answer);
	return kind ? kind : finish(&sheet, answer, row);
}

static enum failure_kind
update_cell(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct sheet sheet = {call, result, failure, {0}, {0}};
	struct value cell = value_member(call->input, STR("value"));
	struct value row, answer;
	struct str place;
	enum failure_kind kind = begin(&sheet);

	if (!kind)
		kind = service_need_text(call, "cell", &place, failure);
	if (kind)
		return kind;
	if (value_is_empty(cell))
		cell = value_text(STR(""));
	row = value_array(&cell, 1);
	write_path(&sheet, place, &path);
	add_option(&sheet, &path, "valueInputOption", "USER_ENTERED");
	kind = ask(&sheet, "PUT", &path, body_of(&sheet, value_array(&row, 1)),
		&answer);
	return kind ? kind : finish(&sheet, answer, 0);
}

static enum failure_kind
clear_range(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct sheet sheet = {call, result, failure, {0}, {0}};
	struct value_builder none = value_builder_make(call->arena);
	struct value answer;
	struct str place;
	enum failure_kind kind = begin(&sheet);

	if (!kind)
		kind = service_need_text(call, "range", &place, failure);
	if (kind)
		return kind;
	write_path(&sheet, place, &path);
	buf_append(&path, STR(":clear"));
	kind = ask(&sheet, "POST", &path, value_builder_collection(&none),
		&answer);
	return kind ? kind : finish(&sheet, answer, 0);
}

/* ---- reading ---- */

static struct value
row_bundle(const struct sheet *sheet, struct value row, int64_t number)
{
	struct arena *arena = sheet->call->arena;
	struct value_builder bundle = value_builder_make(arena);

	for (size_t i = 0; row.kind == VALUE_ARRAY && i < row.as.array.count;
		i++)
		value_builder_set(&bundle, arena_printf(arena, "%zu", i),
			row.as.array.items[i]);
	value_builder_set(
		&bundle, STR("__ROW_NUMBER__"), value_number((double)number));
	value_builder_set(&bundle, STR("__SPREADSHEET_ID__"),
		value_text(sheet->spreadsheet));
	value_builder_set(&bundle, STR("__SHEET__"), value_text(sheet->tab));
	return value_builder_collection(&bundle);
}

struct found {
	struct value row;
	struct value by; /* the cell to sort by */
	int64_t number;
};

static int
compare(const void *a, const void *b)
{
	const struct found *left = a, *right = b;
	int order = value_order(left->by, right->by, NULL);

	if (order == 2)
		order = value_is_empty(right->by) - value_is_empty(left->by);
	if (order)
		return order;
	return (left->number > right->number) - (left->number < right->number);
}

static void
sort(const struct module_call *call, struct found *found, size_t count)
{
	bool is_descending =
		str_equal(service_text(call, "sortOrder"), STR("desc"));
	size_t column;

	if (!sheet_column_read(service_text(call, "orderBy"), &column))
		return;
	for (size_t i = 0; i < count; i++)
		found[i].by = value_item(found[i].row, (double)column + 1);
	qsort(found, count, sizeof(*found), compare);
	for (size_t i = 0; is_descending && i < count / 2; i++) {
		struct found kept = found[i];

		found[i] = found[count - 1 - i];
		found[count - 1 - i] = kept;
	}
}

static enum failure_kind
choose(const struct sheet *sheet, struct value rows, int64_t first,
	struct found *found, size_t *count)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct value filter;
	enum failure_kind kind =
		service_json(sheet->call, "filter", &filter, sheet->failure);

	*count = 0;
	for (size_t i = 0; !kind && i < rows.as.array.count; i++) {
		bool fits;

		if ((int64_t)i + 1 < first)
			continue;
		if (sheet_row_fits(rows.as.array.items[i], filter,
			    sheet->call->scope->zone, &fits, &why))
			kind = failure_set(sheet->failure, sheet->call->arena,
				FAILURE_DATA, "%s", buf_text(&why));
		else if (fits)
			found[(*count)++] =
				(struct found){.row = rows.as.array.items[i],
					.number = (int64_t)i + 1};
	}
	return kind;
}

static enum failure_kind
filter_rows(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct value_builder bundles = value_builder_make(call->arena);
	struct sheet sheet = {call, result, failure, {0}, {0}};
	bool has_headers = value_to_boolean(
		value_member(call->input, STR("includesHeaders")));
	int64_t first = sheet_row_of(service_text(call, "tableFirstRow"));
	struct value answer = value_empty(), rows;
	struct found *found;
	size_t count = 0;
	int64_t limit = 0;
	enum failure_kind kind = begin(&sheet);

	if (!kind)
		kind = service_integer(
			call, "limit", ROWS_MAX, &limit, failure);
	if (kind)
		return kind;
	write_path(&sheet, STR(""), &path);
	add_option(&sheet, &path, "valueRenderOption", NULL);
	add_option(&sheet, &path, "dateTimeRenderOption", NULL);
	kind = ask(&sheet, "GET", &path, value_empty(), &answer);
	if (kind)
		return kind;
	rows = value_to_array(value_member(answer, STR("values")), call->arena);
	found = arena_alloc_array(
		call->arena, rows.as.array.count + 1, sizeof(*found));
	first = (first ? first : 1) + has_headers;
	kind = choose(&sheet, rows, first, found, &count);
	sort(call, found, count);
	for (size_t i = 0; i < count && (int64_t)i < limit; i++)
		value_builder_add(&bundles,
			row_bundle(&sheet, found[i].row, found[i].number));
	service_results(result, &bundles);
	return kind;
}

static enum failure_kind
get_content(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct value_builder bundles = value_builder_make(call->arena);
	struct sheet sheet = {call, result, failure, {0}, {0}};
	struct str range = service_text(call, "range");
	int64_t first = sheet_row_of(range);
	struct value answer, rows;
	enum failure_kind kind = begin(&sheet);

	if (kind)
		return kind;
	write_path(&sheet, range, &path);
	add_option(&sheet, &path, "valueRenderOption", NULL);
	kind = ask(&sheet, "GET", &path, value_empty(), &answer);
	rows = value_to_array(value_member(answer, STR("values")), call->arena);
	for (size_t i = 0; !kind && i < rows.as.array.count; i++)
		value_builder_add(
			&bundles, row_bundle(&sheet, rows.as.array.items[i],
					  (first ? first : 1) + (int64_t)i));
	service_results(result, &bundles);
	return kind;
}

static enum failure_kind
get_cell(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct value_builder bundle = value_builder_make(call->arena);
	struct sheet sheet = {call, result, failure, {0}, {0}};
	struct value answer;
	struct str place;
	enum failure_kind kind = begin(&sheet);

	if (!kind)
		kind = service_need_text(call, "cell", &place, failure);
	if (kind)
		return kind;
	write_path(&sheet, place, &path);
	add_option(&sheet, &path, "valueRenderOption", NULL);
	kind = ask(&sheet, "GET", &path, value_empty(), &answer);
	value_builder_set(&bundle, STR("value"),
		value_item(
			value_item(value_member(answer, STR("values")), 1), 1));
	if (!kind)
		module_result_one(
			call, result, value_builder_collection(&bundle));
	return kind;
}

#define ROW(name_, fields, run_) \
	{ \
		.name = "google-sheets:" name_, .nature = MODULE_EFFECT, \
		.connection = "google", .mapper = fields, .run = run_ \
	}

const struct module_kind app_google_sheets[] = {
	ROW("addRow", row_fields, add_rows),
	ROW("addMultipleRows", row_fields, add_rows),
	ROW("updateRow", row_fields, update_row),
	ROW("updateCell", range_fields, update_cell),
	ROW("clearValuesFromRange", range_fields, clear_range),
	ROW("filterRows", search_fields, filter_rows),
	ROW("getSheetContent", range_fields, get_content),
	ROW("getCell", range_fields, get_cell),
	{.name = NULL},
};
