#pragma once
#include "base/compiler.h"

/*
 * Errors are named by what the caller can do about them. A function that can
 * fail returns one, marked MUST_USE; when a person must read the reason, it
 * also takes a last `struct buf *why`, to which one sentence is appended that
 * says what was wrong, where, and what was expected. There is no global
 * error.
 */
enum err {
	ERR_OK = 0,
	ERR_INVALID,   /* the input is wrong: change it */
	ERR_NOT_FOUND, /* no such thing */
	ERR_CONFLICT,  /* somebody was faster: look again, then retry */
	ERR_DENIED,    /* not allowed, and retrying does not help */
	ERR_LIMIT,     /* a maximum was reached: less, or later */
	ERR_BUSY,      /* cannot right now: retry soon */
	ERR_TIMEOUT,   /* the deadline passed; the outcome may be unknown */
	ERR_IO,	       /* disk, network or peer failed */
};

/** The error's short name for logs ("NOT_FOUND"). Never NULL. */
const char *err_name(enum err err);
