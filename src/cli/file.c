#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024 };

static enum err
explain(const char *path, struct buf *why)
{
	int error = errno;

	buf_printf(why, "%s: cannot be read: %s", path, strerror(error));
	switch (error) {
	case ENOENT: return ERR_NOT_FOUND;
	case EACCES: return ERR_DENIED;
	case EISDIR: return ERR_INVALID;
	default: return ERR_IO;
	}
}

static enum err
read_all(int fd, const char *path, struct buf *out, struct buf *why)
{
	for (;;) {
		size_t room = CHUNK;
		ssize_t got;
		char one;
		char *at = &one;

		if (out->max != 0 && out->max - out->len < room)
			room = out->max - out->len;
		if (room > 0)
			at = buf_reserve(out, room);
		if (at == NULL)
			return ERR_LIMIT;
		/* At the maximum one byte more tells whether that was all. */
		got = read(fd, at, room > 0 ? room : 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return explain(path, why);
		if (room > 0)
			buf_filled(out, (size_t)got);
		if (got == 0)
			return ERR_OK;
		if (room == 0) {
			buf_printf(why, "%s: is longer than %zu bytes", path,
				out->max);
			return ERR_LIMIT;
		}
	}
}

enum err
file_read(const char *path, struct buf *out, struct buf *why)
{
	bool is_input = strcmp(path, "-") == 0;
	int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	enum err err;

	if (fd < 0)
		return explain(path, why);
	err = read_all(fd, is_input ? "standard input" : path, out, why);
	if (!is_input)
		close(fd);
	return err;
}
