#pragma once
#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"

/*
 * What commands say: results on standard output, sentences on standard error.
 * Colour only on a terminal, and never when NO_COLOR is set or TERM is dumb.
 * Texts that come from elsewhere go through output_append_safe, so that no
 * peer can move the cursor or forge a line. One thread, unless said.
 */
FILE *output_out(void);
FILE *output_err(void);

/** Both streams from now on (tests only); NULL gives back the real ones. */
void output_test_streams(FILE *out, FILE *err);

/** "grapnel: " and the sentence, in red on a terminal, on standard error. */
void output_error(const char *format, ...) PRINTF_LIKE(1, 2);
/** What to do about it, on standard error. */
void output_hint(const char *format, ...) PRINTF_LIKE(1, 2);

enum output_colour {
	OUTPUT_PLAIN,
	OUTPUT_RED,
	OUTPUT_GREEN,
	OUTPUT_YELLOW,
	OUTPUT_DIM,
	OUTPUT_BOLD,
};

bool output_is_coloured(FILE *stream);
/** The sequence that starts a colour on the stream, or "". */
const char *output_colour(FILE *stream, enum output_colour colour);
/** The sequence that ends it, or "". */
const char *output_reset(FILE *stream);

/** Columns of the terminal on standard output; 0 when it is none. */
size_t output_width(void);

/** Columns that a UTF-8 text takes: wide characters two, marks none. */
size_t output_columns(struct str text);

/**
 * Appends `text` with control characters as '?', cut to `columns` (0: not)
 * with an ellipsis at the end when something was cut.
 */
void output_append_safe(struct buf *out, struct str text, size_t columns);

/** Appends a JSON value indented by two blanks, each line after `margin`. */
void output_append_json(struct buf *out, struct json value, const char *margin);

/*
 * A table: a heading and rows of cells, aligned. On a terminal that is too
 * narrow the widest columns are cut; elsewhere nothing is.
 *
 *   struct output_table table = output_table_make(headings, 3);
 *   output_table_cell(&table, text); …three times a row…
 *   output_table_print(&table); output_table_release(&table);
 */
enum { OUTPUT_TABLE_COLUMNS_MAX = 12 };

struct output_table {
	struct arena arena;
	const char *const *headings;
	size_t columns;
	struct str *cells;
	size_t count, cap;
};

struct output_table output_table_make(
	const char *const *headings, size_t columns);
void output_table_cell(struct output_table *table, struct str text);
/** Appends it for a width of `width` columns (0: any). */
void output_table_append(
	const struct output_table *table, size_t width, struct buf *out);
void output_table_print(const struct output_table *table);
void output_table_release(struct output_table *table);

/** Writes all of it to standard output. */
void output_write(struct str text);
