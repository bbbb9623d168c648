#include "base/buf.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"

struct buf
buf_make(size_t max)
{
	return (struct buf){.max = max};
}

void
buf_release(struct buf *buf)
{
	if (buf == NULL)
		return;
	mem_free(buf->ptr);
	*buf = (struct buf){.max = buf->max};
}

void
buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->overflown = false;
	if (buf->ptr)
		buf->ptr[0] = '\0';
}

char *
buf_reserve(struct buf *buf, size_t count)
{
	size_t need;

	if (buf->overflown || count >= SIZE_MAX / 2 - buf->len ||
		(buf->max && buf->len + count > buf->max)) {
		buf->overflown = true;
		return NULL;
	}
	need = buf->len + count + 1;
	if (need > buf->cap) {
		size_t cap = buf->cap ? buf->cap * 2 : 64;

		buf->cap = cap > need ? cap : need;
		buf->ptr = mem_resize(buf->ptr, buf->cap);
	}
	buf->ptr[buf->len + count] = '\0';
	return buf->ptr + buf->len;
}

void
buf_filled(struct buf *buf, size_t count)
{
	assert(buf->cap - buf->len > count);
	buf->len += count;
	buf->ptr[buf->len] = '\0';
}

enum err
buf_append(struct buf *buf, struct str bytes)
{
	char *at = buf_reserve(buf, bytes.len);

	if (at == NULL)
		return ERR_LIMIT;
	if (bytes.len)
		memcpy(at, bytes.ptr, bytes.len);
	buf->len += bytes.len;
	return ERR_OK;
}

enum err
buf_append_char(struct buf *buf, char c)
{
	return buf_append(buf, str_make(&c, 1));
}

enum err
buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	char small[256];
	va_list again;
	int len;
	char *at;

	va_copy(again, args);
	len = vsnprintf(small, sizeof(small), format, args);
	assert(len >= 0);
	at = buf_reserve(buf, (size_t)len);
	if (at && (size_t)len < sizeof(small))
		memcpy(at, small, (size_t)len);
	else if (at)
		vsnprintf(at, (size_t)len + 1, format, again);
	va_end(again);
	if (at == NULL)
		return ERR_LIMIT;
	buf->len += (size_t)len;
	return ERR_OK;
}

enum err
buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	enum err err;

	va_start(args, format);
	err = buf_vprintf(buf, format, args);
	va_end(args);
	return err;
}

void
buf_truncate(struct buf *buf, size_t len)
{
	if (len >= buf->len)
		return;
	buf->len = len;
	buf->ptr[len] = '\0';
}

const char *
buf_text(const struct buf *buf)
{
	return buf->ptr ? buf->ptr : "";
}
