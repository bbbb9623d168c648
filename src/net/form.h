#pragma once
#include "base/arena.h"

/*
 * application/x-www-form-urlencoded, as in queries and in forms: names and
 * values with percent-escapes, '+' for a space, separated by '&'.
 */

/**
 * The decoded value of a parameter; what is decoded is in `arena`.
 * ERR_NOT_FOUND when absent, ERR_INVALID when it cannot be decoded or is
 * given twice.
 */
enum err form_value(struct str form, struct str name, struct arena *arena,
	struct str *ret) MUST_USE;
