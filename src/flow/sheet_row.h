#pragma once
#include "rule/value.h"

/* Rows and columns of spreadsheets, for flow/app_google_sheets.c. Pure. */
enum { SHEET_COLUMNS_MAX = 18278 /* ZZZ */ };

/** "A" is 0, "AB" is 27; back-ticks around it do not count. False: none. */
bool sheet_column_read(struct str text, size_t *ret);

/** Appends the letters of a column. */
void sheet_column_write(struct buf *out, size_t column);

/** The number of the first row in "Sheet1!A5:C5"; 0 when there is none. */
int64_t sheet_row_of(struct str range);

/** Appends 'Tab''s name'!range, as A1 notation has it; `range` may be empty. */
void sheet_range_write(struct buf *out, struct str tab, struct str range);

/**
 * The cells of a row from {"0": …, "2": …} or, where a name is no number, by
 * `headers` (an array of texts). Cells in between and empty ones are null,
 * which leaves them as they are; the keyword `erase` makes an empty text.
 * Arrays are taken as they are. ERR_INVALID with the name in `why`.
 */
enum err sheet_cells(struct value values, struct value headers,
	struct arena *arena, struct value *ret, struct buf *why) MUST_USE;

/** Whether a row has names that are no numbers. */
bool sheet_needs_headers(struct value values);

/**
 * Whether a row passes [[{a: column, o: operator, b}, …], …]: an OR of ANDs.
 * ERR_INVALID with the place.
 */
enum err sheet_row_fits(struct value row, struct value filter,
	const struct zone *zone, bool *ret, struct buf *why) MUST_USE;
