#include "flow/sheet_row.h"

#include "base/ascii.h"
#include "rule/condition.h"

bool
sheet_column_read(struct str text, size_t *ret)
{
	size_t column = 0;

	text = str_trim(text);
	if (text.len > 2 && text.ptr[0] == '`' && text.ptr[text.len - 1] == '`')
		text = str_make(text.ptr + 1, text.len - 2);
	if (text.len == 0 || text.len > 3)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!ascii_is_letter(c))
			return false;
		column = column * 26 + (size_t)((c | 0x20) - 'a' + 1);
	}
	*ret = column - 1;
	return true;
}

void
sheet_column_write(struct buf *out, size_t column)
{
	char letters[8];
	size_t at = sizeof(letters);

	for (column++; column > 0 && at > 0; column = (column - 1) / 26)
		letters[--at] = (char)('A' + (column - 1) % 26);
	buf_append(out, str_make(letters + at, sizeof(letters) - at));
}

int64_t
sheet_row_of(struct str range)
{
	size_t from = range.len;
	int64_t row = 0;

	while (from > 0 && range.ptr[from - 1] != '!')
		from--;
	range = str_skip(range, from);
	while (range.len && !ascii_is_digit(range.ptr[0]))
		range = str_skip(range, 1);
	while (range.len && ascii_is_digit(range.ptr[0]) && row < 100000000) {
		row = row * 10 + (range.ptr[0] - '0');
		range = str_skip(range, 1);
	}
	return row;
}

void
sheet_range_write(struct buf *out, struct str tab, struct str range)
{
	buf_append_char(out, '\'');
	for (size_t i = 0; i < tab.len; i++) {
		if (tab.ptr[i] == '\'')
			buf_append_char(out, '\'');
		buf_append_char(out, tab.ptr[i]);
	}
	buf_append_char(out, '\'');
	if (range.len)
		buf_printf(out, "!%.*s", STR_ARG(range));
}

/* ---- cells ---- */

bool
sheet_needs_headers(struct value values)
{
	uint64_t number;

	for (size_t i = 0; values.kind == VALUE_COLLECTION &&
			   i < values.as.collection.count;
		i++) {
		if (str_to_u64(values.as.collection.members[i].key, &number))
			return true;
	}
	return false;
}

static enum err
find_column(struct str name, struct value headers, size_t *ret, struct buf *why)
{
	uint64_t number;

	if (str_to_u64(name, &number) == ERR_OK) {
		*ret = (size_t)number;
		if (number < SHEET_COLUMNS_MAX)
			return ERR_OK;
	}
	for (size_t i = 0;
		headers.kind == VALUE_ARRAY && i < headers.as.array.count;
		i++) {
		struct value header = headers.as.array.items[i];

		*ret = i;
		if (header.kind == VALUE_TEXT &&
			str_equal(header.as.text, name))
			return ERR_OK;
	}
	buf_printf(why, "values: there is no column \"%.*s\"",
		STR_ARG(str_head(name, 100)));
	return ERR_INVALID;
}

static struct value
to_cell(struct value value)
{
	if (value.kind == VALUE_EMPTY && value.shade == VALUE_ERASE)
		return value_text(STR(""));
	return value;
}

static struct value
to_text_cell(struct value value, struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0};

	if (value.kind != VALUE_ARRAY && value.kind != VALUE_COLLECTION)
		return to_cell(value);
	/* Cells hold no arrays: their text, as in a text field. */
	if (value_append_text(&text, value))
		return value_empty();
	return value_text(arena_copy(arena, buf_str(&text)));
}

enum err
sheet_cells(struct value values, struct value headers, struct arena *arena,
	struct value *ret, struct buf *why)
{
	struct value *cells;
	size_t count = 0;

	if (values.kind == VALUE_ARRAY) {
		*ret = values;
		return ERR_OK;
	}
	if (values.kind != VALUE_COLLECTION) {
		buf_printf(why, "values: expected a collection, found %s",
			value_kind_name(values));
		return ERR_INVALID;
	}
	for (size_t i = 0; i < values.as.collection.count; i++) {
		size_t column;

		if (find_column(values.as.collection.members[i].key, headers,
			    &column, why))
			return ERR_INVALID;
		if (column >= count)
			count = column + 1;
	}
	cells = arena_alloc_array(arena, count + 1, sizeof(*cells));
	for (size_t i = 0; i < values.as.collection.count; i++) {
		const struct value_member *member =
			&values.as.collection.members[i];
		size_t column;

		if (find_column(member->key, headers, &column, why))
			return ERR_INVALID;
		cells[column] = to_text_cell(member->value, arena);
	}
	*ret = value_array(cells, count);
	return ERR_OK;
}

/* ---- filters ---- */

static enum err
holds(struct value row, struct value comparison, const struct zone *zone,
	bool *ret, struct buf *why)
{
	struct value a = value_member(comparison, STR("a"));
	struct value o = value_member(comparison, STR("o"));
	const struct condition_operator *op;
	size_t column;

	if (a.kind != VALUE_TEXT || !sheet_column_read(a.as.text, &column)) {
		buf_append(why, STR("expected a column's letters in a"));
		return ERR_INVALID;
	}
	op = condition_operator_find(
		o.kind == VALUE_TEXT ? o.as.text : STR("exist"), NULL);
	if (!op) {
		buf_printf(why, "there is no operator \"%.*s\"",
			STR_ARG(str_head(o.as.text, 64)));
		return ERR_INVALID;
	}
	a = row.kind == VALUE_ARRAY && column < row.as.array.count
		    ? row.as.array.items[column]
		    : value_empty();
	return condition_holds(
		op, a, value_member(comparison, STR("b")), zone, ret, why);
}

static enum err
holds_all(struct value row, struct value group, const struct zone *zone,
	bool *ret, struct buf *why)
{
	*ret = true;
	for (size_t i = 0;
		*ret && group.kind == VALUE_ARRAY && i < group.as.array.count;
		i++) {
		enum err err =
			holds(row, group.as.array.items[i], zone, ret, why);

		if (err)
			return err;
	}
	return ERR_OK;
}

enum err
sheet_row_fits(struct value row, struct value filter, const struct zone *zone,
	bool *ret, struct buf *why)
{
	size_t groups = filter.kind == VALUE_ARRAY ? filter.as.array.count : 0;

	*ret = groups == 0;
	for (size_t i = 0; !*ret && i < groups; i++) {
		struct buf said = {0};
		enum err err = holds_all(
			row, filter.as.array.items[i], zone, ret, &said);

		if (err)
			buf_printf(why, "filter[%zu]: %s", i, buf_text(&said));
		buf_release(&said);
		if (err)
			return err;
	}
	return ERR_OK;
}
