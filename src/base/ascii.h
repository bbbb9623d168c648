#pragma once
#include <stdbool.h>

/*
 * Classes of bytes, the same in every locale and for every kind of `char`.
 * Bytes above 0x7F are in none of them. What <ctype.h> offers follows the
 * locale and must not be given a negative char.
 */

static inline bool
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
ascii_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
ascii_is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7F;
}

/** The value of a hex digit of either case, or -1. */
static inline int
ascii_hex_value(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static inline char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}
