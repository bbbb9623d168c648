#include "store/sqlite_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

static void
explain_busy(int fd, const char *directory, struct buf *why)
{
	char text[32];
	ssize_t len = pread(fd, text, sizeof(text), 0);
	uint64_t pid;

	if (why == NULL)
		return;
	buf_printf(why, "%s is in use by another process", directory);
	if (len > 0 && str_to_u64(str_trim(str_make(text, (size_t)len)),
			       &pid) == ERR_OK)
		buf_printf(why, " (%llu)", (unsigned long long)pid);
	buf_append(why, STR("; stop it, or serve another folder"));
}

/** The id is for people only: failing to write it harms nothing. */
static void
write_owner(int fd)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
		return;
}

enum err
sqlite_lock_take(const char *directory, int *ret_fd, struct buf *why)
{
	CLEANUP(buf_release) struct buf path = {0};
	int fd;

	buf_printf(&path, "%s/lock", directory);
	fd = open(buf_text(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
		write_owner(fd);
		*ret_fd = fd;
		return ERR_OK;
	}
	if (fd >= 0 && errno == EWOULDBLOCK) {
		explain_busy(fd, directory, why);
		close(fd);
		return ERR_BUSY;
	}
	if (why)
		buf_printf(why, "%s: %s", buf_text(&path), strerror(errno));
	if (fd >= 0)
		close(fd);
	return ERR_IO;
}

void
sqlite_lock_release(int fd)
{
	if (fd >= 0)
		close(fd);
}
