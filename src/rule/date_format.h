#pragma once
#include "base/buf.h"

struct zone;

/*
 * Dates by a format of tokens (those of moment.js that docs/template.md
 * lists): YYYY-MM-DD HH:mm:ss. The longest token wins; what is no token stands
 * for itself, as does all between [ and ]. Names are English.
 */

/** Appends the date as local time of `zone` (NULL: UTC). */
void date_format(struct buf *out, int64_t milliseconds, const struct zone *zone,
	struct str format);

/**
 * Reads a date by a format; local time of `zone` unless it says otherwise.
 * Signs between the fields need not be those of the format, and what follows
 * the last field does not count; fields that are not there are the first of
 * their kind, or today's when they are larger than all that are there. False
 * when a field is not what its token wants or the date does not exist.
 */
bool date_parse(struct str text, struct str format, const struct zone *zone,
	int64_t now, int64_t *ret_milliseconds) MUST_USE;

/** A row of the tokens, for docs; NULL behind the last. */
const char *date_format_token(size_t index, bool *ret_is_parsed);
