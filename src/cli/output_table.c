#include "base/mem.h"
#include "cli/output.h"

enum { GAP = 2, NARROWEST = 8 };

struct output_table
output_table_make(const char *const *headings, size_t columns)
{
	return (struct output_table){.headings = headings, .columns = columns};
}

void
output_table_cell(struct output_table *table, struct str text)
{
	CLEANUP(buf_release) struct buf safe = buf_make(0);

	if (table->count == table->cap) {
		table->cap = table->cap ? 2 * table->cap : 64;
		table->cells = mem_resize(
			table->cells, table->cap * sizeof(*table->cells));
	}
	output_append_safe(&safe, text, 0);
	table->cells[table->count++] =
		arena_copy(&table->arena, buf_str(&safe));
}

/** Takes from the widest column until all fit, or none can give more. */
static void
squeeze(size_t *widths, size_t columns, size_t width)
{
	for (;;) {
		size_t total = GAP * (columns - 1);
		size_t widest = 0;

		for (size_t i = 0; i < columns; i++) {
			total += widths[i];
			if (widths[i] > widths[widest])
				widest = i;
		}
		if (total <= width || widths[widest] <= NARROWEST)
			return;
		widths[widest]--;
	}
}

static void
append_row(struct buf *out, const struct str *cells, const size_t *widths,
	size_t columns)
{
	size_t pad = 0;

	for (size_t i = 0; i < columns; i++) {
		size_t start;

		if (cells[i].len == 0) {
			pad += widths[i] + GAP;
			continue;
		}
		buf_printf(out, "%*s", (int)pad, "");
		start = out->len;
		output_append_safe(out, cells[i], widths[i]);
		pad = widths[i] + GAP -
		      output_columns(
			      str_make(out->ptr + start, out->len - start));
	}
	buf_append_char(out, '\n');
}

void
output_table_append(
	const struct output_table *table, size_t width, struct buf *out)
{
	size_t widths[OUTPUT_TABLE_COLUMNS_MAX];
	struct str headings[OUTPUT_TABLE_COLUMNS_MAX];

	for (size_t i = 0; i < table->columns; i++) {
		headings[i] = str_of(table->headings[i]);
		widths[i] = output_columns(headings[i]);
	}
	for (size_t i = 0; i < table->count; i++) {
		size_t columns = output_columns(table->cells[i]);
		size_t *widest = &widths[i % table->columns];

		if (columns > *widest)
			*widest = columns;
	}
	if (width != 0)
		squeeze(widths, table->columns, width);
	append_row(out, headings, widths, table->columns);
	for (size_t i = 0; i + table->columns <= table->count;
		i += table->columns)
		append_row(out, table->cells + i, widths, table->columns);
}

void
output_table_print(const struct output_table *table)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);

	output_table_append(table, output_width(), &text);
	output_write(buf_str(&text));
}

void
output_table_release(struct output_table *table)
{
	arena_release(&table->arena);
	mem_free(table->cells);
	*table = (struct output_table){0};
}
