#include "flow/csv_format.h"

#include "flow/field.h"
#include "rule/csv.h"

static const struct {
	const char *name;
	char separator;
} names[] = {
	{"", ','},
	{"comma", ','},
	{"semicolon", ';'},
	{"tab", '\t'},
	{"\\t", '\t'},
	{"pipe", '|'},
	{"space", ' '},
};

char
csv_format_separator(struct value fields, struct arena *arena)
{
	struct str name = field_text(fields, "delimiter", arena);

	if (str_equal(name, STR("other")))
		name = field_text(fields, "otherDelimiter", arena);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (str_equal(name, str_of(names[i].name)))
			return names[i].separator;
	}
	if (name.len != 1 || name.ptr[0] == '"' || name.ptr[0] == '\r' ||
		name.ptr[0] == '\n' || (name.ptr[0] & 0x80))
		return '\0';
	return name.ptr[0];
}

struct table {
	struct arena arena;
	struct buf *out;
	char separator;
};

static enum err
append_cells(struct table *table, const struct value *values, size_t count,
	struct buf *why)
{
	struct str *cells =
		arena_alloc_array(&table->arena, count + 1, sizeof(*cells));

	if (count > CSV_COLUMNS_MAX) {
		buf_printf(why, "a row has over %d columns", CSV_COLUMNS_MAX);
		return ERR_LIMIT;
	}
	for (size_t i = 0; i < count; i++) {
		if (!value_to_text(values[i], &table->arena, &cells[i]))
			continue;
		buf_printf(why, "column %zu: a %s has no text", i + 1,
			value_kind_name(values[i]));
		return ERR_INVALID;
	}
	csv_append(table->out, cells, count, table->separator);
	return ERR_OK;
}

/** A row's values: by the names of `header`, or its own in their order. */
static enum err
append_row(struct table *table, struct value row, struct value header,
	struct buf *why)
{
	struct value_builder values = value_builder_make(&table->arena);
	struct value all;

	if (row.kind != VALUE_COLLECTION) {
		value_builder_add(&values, row);
	} else if (header.kind == VALUE_COLLECTION) {
		for (size_t i = 0; i < header.as.collection.count; i++)
			value_builder_add(&values,
				value_member(row,
					header.as.collection.members[i].key));
	} else {
		for (size_t i = 0; i < row.as.collection.count; i++)
			value_builder_add(
				&values, row.as.collection.members[i].value);
	}
	all = value_builder_array(&values);
	return append_cells(table, all.as.array.items, all.as.array.count, why);
}

static enum err
append_header(struct table *table, struct value header, struct buf *why)
{
	struct value_builder names_of = value_builder_make(&table->arena);
	struct value all;

	for (size_t i = 0; i < header.as.collection.count; i++)
		value_builder_add(&names_of,
			value_text(header.as.collection.members[i].key));
	all = value_builder_array(&names_of);
	return append_cells(table, all.as.array.items, all.as.array.count, why);
}

enum err
csv_format_write(struct value rows, char separator, bool has_header,
	struct buf *out, struct buf *why)
{
	struct table table = {.out = out, .separator = separator};
	struct value header = value_empty();
	enum err err = ERR_OK;

	if (has_header && rows.as.array.count &&
		rows.as.array.items[0].kind == VALUE_COLLECTION) {
		header = rows.as.array.items[0];
		err = append_header(&table, header, why);
	}
	for (size_t i = 0; i < rows.as.array.count && !err; i++) {
		err = append_row(&table, rows.as.array.items[i], header, why);
		arena_reset(&table.arena);
	}
	arena_release(&table.arena);
	if (!err && buf_is_overflown(out)) {
		buf_append(why, STR("the table is too long"));
		err = ERR_LIMIT;
	}
	return err;
}
