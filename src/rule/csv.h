#pragma once
#include "base/arena.h"
#include "base/buf.h"

/*
 * Comma-separated values (RFC 4180): rows of cells, cells in quotes where they
 * hold a separator, a quote (doubled) or the end of a line. Rows end with
 * CRLF, LF or CR; that of the last one may be missing. A quote within a cell
 * that does not begin with one is a character like others.
 */
enum {
	CSV_COLUMNS_MAX = 1000,
};

struct csv_reader {
	struct str rest;
	char separator;
	size_t line; /* of the row read last, from 1 */
	size_t next; /* line that follows */
};

struct csv_row {
	const struct str *cells;
	size_t count; /* 1 at least */
};

/** A byte-order mark is skipped. `text` is borrowed. */
struct csv_reader csv_reader_make(struct str text, char separator);

/**
 * The next row; cells point into the text, or into `arena` when there were
 * doubled quotes in them. An empty line is one empty cell. ERR_NOT_FOUND
 * behind the last; ERR_INVALID and ERR_LIMIT (columns) with "line 3: …".
 */
enum err csv_read(struct csv_reader *reader, struct arena *arena,
	struct csv_row *ret, struct buf *why) MUST_USE;

/** Appends a row with its CRLF, such that csv_read() gives the same cells. */
void csv_append(
	struct buf *out, const struct str *cells, size_t count, char separator);
