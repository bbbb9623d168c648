/* Google Sheets: what is read and searched. */
#include <stdlib.h>

#include "flow/sheet.h"

enum { ROWS_MAX = 5000 };

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

enum failure_kind
sheet_filter_rows(const struct module_call *call, struct module_result *result,
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
	enum failure_kind kind = sheet_begin(&sheet);

	if (!kind)
		kind = service_integer(
			call, "limit", ROWS_MAX, &limit, failure);
	if (kind)
		return kind;
	sheet_path(&sheet, STR(""), &path);
	sheet_option(&sheet, &path, "valueRenderOption", NULL);
	sheet_option(&sheet, &path, "dateTimeRenderOption", NULL);
	kind = sheet_ask(&sheet, "GET", &path, value_empty(), &answer);
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

enum failure_kind
sheet_get_content(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct value_builder bundles = value_builder_make(call->arena);
	struct sheet sheet = {call, result, failure, {0}, {0}};
	struct str range = service_text(call, "range");
	int64_t first = sheet_row_of(range);
	struct value answer, rows;
	enum failure_kind kind = sheet_begin(&sheet);

	if (kind)
		return kind;
	sheet_path(&sheet, range, &path);
	sheet_option(&sheet, &path, "valueRenderOption", NULL);
	kind = sheet_ask(&sheet, "GET", &path, value_empty(), &answer);
	rows = value_to_array(value_member(answer, STR("values")), call->arena);
	for (size_t i = 0; !kind && i < rows.as.array.count; i++)
		value_builder_add(
			&bundles, row_bundle(&sheet, rows.as.array.items[i],
					  (first ? first : 1) + (int64_t)i));
	service_results(result, &bundles);
	return kind;
}

enum failure_kind
sheet_get_cell(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct value_builder bundle = value_builder_make(call->arena);
	struct sheet sheet = {call, result, failure, {0}, {0}};
	struct value answer;
	struct str place;
	enum failure_kind kind = sheet_begin(&sheet);

	if (!kind)
		kind = service_need_text(call, "cell", &place, failure);
	if (kind)
		return kind;
	sheet_path(&sheet, place, &path);
	sheet_option(&sheet, &path, "valueRenderOption", NULL);
	kind = sheet_ask(&sheet, "GET", &path, value_empty(), &answer);
	value_builder_set(&bundle, STR("value"),
		value_item(
			value_item(value_member(answer, STR("values")), 1), 1));
	if (!kind)
		module_result_one(
			call, result, value_builder_collection(&bundle));
	return kind;
}
