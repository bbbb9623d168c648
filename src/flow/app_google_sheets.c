#include "flow/apps.h"
#include "flow/sheet.h"

/* Google Sheets, API v4. */
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
	sheet_path(sheet, range, &path);
	kind = sheet_ask(sheet, "GET", &path, value_empty(), &answer);
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
	enum failure_kind kind = sheet_begin(&sheet);

	if (!kind)
		kind = make_rows(&sheet, is_many, &rows);
	if (kind)
		return kind;
	sheet_path(&sheet, table.len ? table : STR("A1"), &path);
	buf_append(&path, STR(":append"));
	sheet_option(&sheet, &path, "valueInputOption", "USER_ENTERED");
	sheet_option(&sheet, &path, "insertDataOption", "INSERT_ROWS");
	kind = sheet_ask(&sheet, "POST", &path, body_of(&sheet, rows), &answer);
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
	enum failure_kind kind = sheet_begin(&sheet);

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
	sheet_path(&sheet, buf_str(&range), &path);
	sheet_option(&sheet, &path, "valueInputOption", "USER_ENTERED");
	kind = sheet_ask(&sheet, "PUT", &path, body_of(&sheet, rows), &answer);
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
	enum failure_kind kind = sheet_begin(&sheet);

	if (!kind)
		kind = service_need_text(call, "cell", &place, failure);
	if (kind)
		return kind;
	if (value_is_empty(cell))
		cell = value_text(STR(""));
	row = value_array(&cell, 1);
	sheet_path(&sheet, place, &path);
	sheet_option(&sheet, &path, "valueInputOption", "USER_ENTERED");
	kind = sheet_ask(&sheet, "PUT", &path,
		body_of(&sheet, value_array(&row, 1)), &answer);
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
	enum failure_kind kind = sheet_begin(&sheet);

	if (!kind)
		kind = service_need_text(call, "range", &place, failure);
	if (kind)
		return kind;
	sheet_path(&sheet, place, &path);
	buf_append(&path, STR(":clear"));
	kind = sheet_ask(&sheet, "POST", &path, value_builder_collection(&none),
		&answer);
	return kind ? kind : finish(&sheet, answer, 0);
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
	ROW("filterRows", search_fields, sheet_filter_rows),
	ROW("getSheetContent", range_fields, sheet_get_content),
	ROW("getCell", range_fields, sheet_get_cell),
	{.name = NULL},
};
