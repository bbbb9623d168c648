/*
 * Loaded before the C library (LD_PRELOAD) into a hub that knows nothing of
 * it; makes the machine fail below it.
 *
 *   GRAPNEL_SHIM_DIE=POINT:N   the process kills itself (SIGKILL) when it
 *                              passes POINT of points.def for the N-th time
 *   GRAPNEL_SHIM_DISK=FILE     FILE's first bytes say how the database's disk
 *                              behaves from now on, and may change any time:
 *                                "ok"        as it is
 *                                "write N"   writes fail with errno N
 *                                "short N"   half is written, then errno N
 *                                "sync N"    syncs fail with errno N
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define POINT(name_) name_,
enum point {
#include "points.def"
	POINT_COUNT,
};
#undef POINT
#define POINT(name_) [name_] = #name_,
static const char *const point_names[] = {
#include "points.def"
};

enum { FD_MAX = 65536, CONTROL_SIZE = 64 };

/** What an open file is to us; OTHER until it is looked at. */
enum kind { UNKNOWN, OTHER, LOG, DATABASE, INCOMING, OUTGOING };
static _Atomic unsigned char kinds[FD_MAX];

static enum point deadly = POINT_COUNT;
static atomic_int passes_left;
static const volatile char *control;

static void *
next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/** The C library's own function of the same name. */
#define NEXT(name_) ((__typeof__(&name_))(uintptr_t)next(#name_))

static void
read_deadly(const char *text)
{
	const char *colon = strchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : strlen(text);

	for (int i = 0; i < POINT_COUNT; i++) {
		if (strlen(point_names[i]) == length &&
			memcmp(point_names[i], text, length) == 0)
			deadly = (enum point)i;
	}
	if (deadly == POINT_COUNT) {
		fprintf(stderr, "GRAPNEL_SHIM_DIE: no point \"%s\"\n", text);
		_exit(70);
	}
	passes_left = colon ? (int)strtol(colon + 1, NULL, 10) : 1;
}

__attribute__((constructor)) static void
start(void)
{
	const char *die = getenv("GRAPNEL_SHIM_DIE");
	const char *disk = getenv("GRAPNEL_SHIM_DISK");
	int fd;

	if (die)
		read_deadly(die);
	if (!disk)
		return;
	fd = open(disk, O_RDONLY | O_CLOEXEC);
	control = mmap(NULL, CONTROL_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (fd < 0 || control == MAP_FAILED) {
		fprintf(stderr, "GRAPNEL_SHIM_DISK: %s: %m\n", disk);
		_exit(70);
	}
	close(fd);
}

static void
pass(enum point point)
{
	if (point == deadly && atomic_fetch_sub(&passes_left, 1) == 1)
		kill(getpid(), SIGKILL);
}

static void
set_kind(int fd, enum kind kind)
{
	if (fd >= 0 && fd < FD_MAX)
		kinds[fd] = (unsigned char)kind;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), part = strlen(end);

	return length >= part && strcmp(text + length - part, end) == 0;
}

static enum kind
look_up(int fd)
{
	char link[64], path[4096];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return OTHER;
	path[length] = '\0';
	if (ends_with(path, "/grapnel.db-wal"))
		return LOG;
	return ends_with(path, "/grapnel.db") ? DATABASE : OTHER;
}

static enum kind
kind_of(int fd)
{
	if (fd < 0 || fd >= FD_MAX)
		return OTHER;
	if (kinds[fd] == UNKNOWN)
		set_kind(fd, look_up(fd));
	return kinds[fd];
}

/** Whether the disk is told to fail this way; sets errno then. */
static bool
disk_fails(const char *how)
{
	char text[CONTROL_SIZE];
	size_t length = strlen(how);

	if (!control)
		return false;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = control[i];
	text[sizeof(text) - 1] = '\0';
	if (strncmp(text, how, length) != 0 || text[length] != ' ')
		return false;
	errno = (int)strtol(text + length, NULL, 10);
	return true;
}

/* ---- the disk ---- */

typedef ssize_t write_function(int, const void *, size_t, off_t);

static ssize_t
write_at(write_function *real, int fd, const void *bytes, size_t count,
	off_t offset)
{
	enum kind kind = kind_of(fd);
	ssize_t written;

	if (kind != LOG && kind != DATABASE)
		return real(fd, bytes, count, offset);
	if (disk_fails("write"))
		return -1;
	if (disk_fails("short")) {
		int error = errno;

		(void)!real(fd, bytes, count / 2, offset);
		errno = error;
		return -1;
	}
	pass(kind == LOG ? before_log_write : before_database_write);
	written = real(fd, bytes, count, offset);
	pass(kind == LOG ? after_log_write : after_database_write);
	return written;
}

/** Bears the name pwrite64, since offsets have 64 bits. */
ssize_t
pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
	return write_at(NEXT(pwrite64), fd, bytes, count, offset);
}

static int
sync_file(int (*real)(int), int fd)
{
	enum kind kind = kind_of(fd);
	int result;

	if (kind != LOG && kind != DATABASE)
		return real(fd);
	if (disk_fails("sync"))
		return -1;
	pass(kind == LOG ? before_log_sync : before_database_sync);
	result = real(fd);
	pass(kind == LOG ? after_log_sync : after_database_sync);
	return result;
}

int
fsync(int fd)
{
	return sync_file(NEXT(fsync), fd);
}

int
fdatasync(int fd)
{
	return sync_file(NEXT(fdatasync), fd);
}

int
close(int fd)
{
	set_kind(fd, UNKNOWN);
	return NEXT(close)(fd);
}

/* ---- the network ---- */

int
accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict length,
	int flags)
{
	int accepted = NEXT(accept4)(fd, address, length, flags);

	set_kind(accepted, INCOMING);
	return accepted;
}

int
connect(int fd, const struct sockaddr *address, socklen_t length)
{
	if (address->sa_family == AF_INET || address->sa_family == AF_INET6)
		set_kind(fd, OUTGOING);
	return NEXT(connect)(fd, address, length);
}

static void
before_sending(int fd)
{
	enum kind kind = kind_of(fd);

	if (kind == INCOMING)
		pass(before_answer);
	else if (kind == OUTGOING)
		pass(before_attempt);
}

static ssize_t
after_sending(int fd, ssize_t sent)
{
	enum kind kind = kind_of(fd);

	if (sent > 0 && kind == INCOMING)
		pass(after_answer);
	else if (sent > 0 && kind == OUTGOING)
		pass(after_attempt);
	return sent;
}

static ssize_t
after_receiving(int fd, ssize_t received)
{
	if (received > 0 && kind_of(fd) == OUTGOING)
		pass(after_outcome);
	return received;
}

ssize_t
send(int fd, const void *bytes, size_t count, int flags)
{
	before_sending(fd);
	return after_sending(fd, NEXT(send)(fd, bytes, count, flags));
}

ssize_t
sendto(int fd, const void *bytes, size_t count, int flags,
	const struct sockaddr *address, socklen_t length)
{
	before_sending(fd);
	return after_sending(
		fd, NEXT(sendto)(fd, bytes, count, flags, address, length));
}

ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
	before_sending(fd);
	return after_sending(fd, NEXT(sendmsg)(fd, message, flags));
}

ssize_t
write(int fd, const void *bytes, size_t count)
{
	before_sending(fd);
	return after_sending(fd, NEXT(write)(fd, bytes, count));
}

ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	before_sending(fd);
	return after_sending(fd, NEXT(writev)(fd, parts, count));
}

ssize_t
recv(int fd, void *bytes, size_t count, int flags)
{
	return after_receiving(fd, NEXT(recv)(fd, bytes, count, flags));
}

ssize_t __recv_chk(int fd, void *bytes, size_t count, size_t size, int flags);

ssize_t
__recv_chk(int fd, void *bytes, size_t count, size_t size, int flags)
{
	(void)size;
	return after_receiving(fd, NEXT(recv)(fd, bytes, count, flags));
}

ssize_t
read(int fd, void *bytes, size_t count)
{
	return after_receiving(fd, NEXT(read)(fd, bytes, count));
}
