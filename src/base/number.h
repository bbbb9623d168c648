#pragma once
#include "base/str.h"

/*
 * A decimal number as JSON and filters mean it: exact when its value is a
 * whole number within int64_t however it is spelled (8, 8.0, 8e0), otherwise
 * an IEEE double.
 */
struct number {
	bool is_integer;
	int64_t integer; /* when is_integer */
	double real;	 /* always set; rounded for large integers */
};

/**
 * Reads text that already has the grammar of a JSON number (RFC 8259 §6).
 * Too large becomes infinity, too small zero.
 */
struct number number_read(struct str text);

struct number number_from_integer(int64_t value);
struct number number_from_real(double value);

/** -1, 0, 1 by exact value; 2 when either is NaN. */
int number_compare(struct number a, struct number b);
