#include "rule/csv.h"

struct csv_reader
csv_reader_make(struct str text, char separator)
{
	if (str_starts_with(text, STR("\xEF\xBB\xBF")))
		text = str_skip(text, 3);
	return (struct csv_reader){
		.rest = text, .separator = separator, .line = 0, .next = 1};
}

/** How many bytes end a line here; 0: none do. */
static size_t
line_end(struct str text)
{
	if (str_starts_with(text, STR("\r\n")))
		return 2;
	return text.len && (text.ptr[0] == '\r' || text.ptr[0] == '\n');
}

static void
count_lines(struct csv_reader *reader, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '\n' ||
			(c == '\r' && line_end(str_skip(text, i)) == 1))
			reader->next++;
	}
}

static struct str
halve_quotes(struct str raw, struct arena *arena)
{
	char *out = arena_alloc_raw(arena, raw.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < raw.len; i++) {
		out[len++] = raw.ptr[i];
		i += raw.ptr[i] == '"';
	}
	return str_make(out, len);
}

/** A cell that begins with a quote; `at` goes behind the closing one. */
static enum err
read_quoted(struct csv_reader *reader, struct arena *arena, struct str *ret,
	struct buf *why)
{
	struct str text = reader->rest;
	bool is_doubled = false;
	size_t at = 1;

	for (; at < text.len; at++) {
		if (text.ptr[at] != '"')
			continue;
		if (at + 1 == text.len || text.ptr[at + 1] != '"')
			break;
		is_doubled = true;
		at++;
	}
	if (at >= text.len) {
		buf_printf(
			why, "line %zu: the quote is not closed", reader->next);
		return ERR_INVALID;
	}
	*ret = str_make(text.ptr + 1, at - 1);
	count_lines(reader, *ret);
	if (is_doubled)
		*ret = halve_quotes(*ret, arena);
	reader->rest = str_skip(text, at + 1);
	if (reader->rest.len == 0 || reader->rest.ptr[0] == reader->separator ||
		line_end(reader->rest))
		return ERR_OK;
	buf_printf(why,
		"line %zu: expected the end of the cell after its closing "
		"quote",
		reader->next);
	return ERR_INVALID;
}

static void
read_plain(struct csv_reader *reader, struct str *ret)
{
	size_t at = 0;

	while (at < reader->rest.len &&
		reader->rest.ptr[at] != reader->separator &&
		!line_end(str_skip(reader->rest, at)))
		at++;
	*ret = str_head(reader->rest, at);
	reader->rest = str_skip(reader->rest, at);
}

/** One cell and the separator behind it; *ret_is_last: no more in the row. */
static enum err
read_cell(struct csv_reader *reader, struct arena *arena, struct str *ret,
	bool *ret_is_last, struct buf *why)
{
	if (reader->rest.len && reader->rest.ptr[0] == '"') {
		enum err err = read_quoted(reader, arena, ret, why);

		if (err)
			return err;
	} else {
		read_plain(reader, ret);
	}
	*ret_is_last =
		!reader->rest.len || reader->rest.ptr[0] != reader->separator;
	if (!*ret_is_last)
		reader->rest = str_skip(reader->rest, 1);
	return ERR_OK;
}

enum err
csv_read(struct csv_reader *reader, struct arena *arena, struct csv_row *ret,
	struct buf *why)
{
	struct str cells[CSV_COLUMNS_MAX];
	struct str *kept;
	size_t count = 0, end;
	bool is_last = false;

	if (reader->rest.len == 0)
		return ERR_NOT_FOUND;
	reader->line = reader->next;
	while (!is_last) {
		enum err err;

		if (count == CSV_COLUMNS_MAX) {
			buf_printf(why, "line %zu: over %d columns",
				reader->line, CSV_COLUMNS_MAX);
			return ERR_LIMIT;
		}
		err = read_cell(reader, arena, &cells[count], &is_last, why);
		if (err)
			return err;
		count++;
	}
	end = line_end(reader->rest);
	reader->next += end > 0;
	reader->rest = str_skip(reader->rest, end);
	kept = arena_alloc_array(arena, count, sizeof(*kept));
	memcpy(kept, cells, count * sizeof(*kept));
	*ret = (struct csv_row){.cells = kept, .count = count};
	return ERR_OK;
}

/* ---- writing ---- */

static bool
needs_quotes(struct str cell, char separator)
{
	for (size_t i = 0; i < cell.len; i++) {
		char c = cell.ptr[i];

		if (c == separator || c == '"' || c == '\r' || c == '\n')
			return true;
	}
	/* Else a reader would take it for a byte-order mark. */
	return str_starts_with(cell, STR("\xEF\xBB\xBF"));
}

static void
append_cell(struct buf *out, struct str cell, char separator)
{
	if (!needs_quotes(cell, separator)) {
		buf_append(out, cell);
		return;
	}
	buf_append_char(out, '"');
	for (size_t i = 0; i < cell.len; i++) {
		if (cell.ptr[i] == '"')
			buf_append_char(out, '"');
		buf_append_char(out, cell.ptr[i]);
	}
	buf_append_char(out, '"');
}

void
csv_append(
	struct buf *out, const struct str *cells, size_t count, char separator)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_append_char(out, separator);
		append_cell(out, cells[i], separator);
	}
	buf_append(out, STR("\r\n"));
}
