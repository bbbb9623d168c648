#include "base/inflate.h"

#include <limits.h>
#include <zlib.h>

enum {
	CHUNK = 16 << 10,
	/* 15 bits of window; with 32 more, zlib tells its own frame and
	   gzip's apart. */
	ANY_FRAME = 15 + 32,
	NO_FRAME = -15,
};

bool
inflate_knows(struct str encoding)
{
	return str_equal_nocase(encoding, STR("gzip")) ||
	       str_equal_nocase(encoding, STR("x-gzip")) ||
	       str_equal_nocase(encoding, STR("deflate"));
}

/** Behind the end of one: whether another one follows, which is gone to. */
static bool
begin_next(z_stream *stream)
{
	return stream->avail_in >= 2 && stream->next_in[0] == 0x1F &&
	       stream->next_in[1] == 0x8B && inflateReset(stream) == Z_OK;
}

static enum err
run(struct buf *out, struct str compressed, int window)
{
	unsigned char chunk[CHUNK];
	z_stream stream = {
		.next_in = (unsigned char *)(uintptr_t)compressed.ptr,
		.avail_in = (uInt)compressed.len};
	enum err err = ERR_OK;
	int code = inflateInit2(&stream, window);

	if (code != Z_OK)
		return ERR_INVALID;
	while (!err && (code != Z_STREAM_END || begin_next(&stream))) {
		stream.next_out = chunk;
		stream.avail_out = CHUNK;
		code = inflate(&stream, Z_NO_FLUSH);
		if (code != Z_OK && code != Z_STREAM_END)
			err = ERR_INVALID;
		else
			err = buf_append(
				out, str_make((const char *)chunk,
					     CHUNK - stream.avail_out));
	}
	inflateEnd(&stream);
	return err;
}

enum err
inflate_append(struct buf *out, struct str compressed)
{
	size_t before = out->len;
	enum err err;

	if (compressed.len == 0)
		return ERR_OK;
	if (compressed.len > UINT_MAX)
		return ERR_LIMIT;
	err = run(out, compressed, ANY_FRAME);
	/* Some servers send what they call deflate without its frame. */
	if (err == ERR_INVALID && out->len == before)
		err = run(out, compressed, NO_FRAME);
	return err;
}
