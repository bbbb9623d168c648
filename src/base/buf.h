#pragma once
#include <stdarg.h>

#include "base/str.h"

/*
 * A growing run of bytes with a maximum given at birth. Once an append would
 * pass the maximum it changes nothing and the buffer remembers it: all later
 * appends fail too, so a writer may append freely and look once at the end
 * (buf_is_overflown). The bytes are always followed by a NUL that does not
 * count in `len`.
 *
 * A zeroed struct buf is a valid empty buffer without a maximum.
 */
struct buf {
	char *ptr;
	size_t len;
	size_t cap;
	size_t max; /* 0: none */
	bool overflown;
};

/** An empty buffer that never holds more than `max` bytes (0: no maximum). */
struct buf buf_make(size_t max);
void buf_release(struct buf *buf);

/** Empty it, keep the memory, forget an overflow. */
void buf_clear(struct buf *buf);

/** ERR_LIMIT when the maximum would be passed; then nothing was changed. */
enum err buf_append(struct buf *buf, struct str bytes);
enum err buf_append_char(struct buf *buf, char c);
enum err buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
enum err buf_vprintf(struct buf *buf, const char *format, va_list args)
	PRINTF_LIKE(2, 0);

/**
 * Room for `count` more bytes, to be filled by the caller, who then says so
 * with buf_filled(), or adds all `count` to `len`. NULL when the maximum would
 * be passed.
 */
char *buf_reserve(struct buf *buf, size_t count);

/** `count` of the bytes reserved were filled, which may be fewer. */
void buf_filled(struct buf *buf, size_t count);

/** Drop all but the first `len` bytes. */
void buf_truncate(struct buf *buf, size_t len);

static inline bool
buf_is_overflown(const struct buf *buf)
{
	return buf->overflown;
}

/** Its bytes; valid until it is changed. */
static inline struct str
buf_str(const struct buf *buf)
{
	return (struct str){buf->ptr, buf->len};
}

/** Its bytes as a NUL-terminated text; valid until it is changed. */
const char *buf_text(const struct buf *buf);
