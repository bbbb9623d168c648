#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http_server_private.h"

enum { LINGER_MAX = 64, DISCARD_STEP = 16 * 1024, STEPS_A_TURN = 16 };

static const int64_t linger_time = 2 * SECONDS;

struct lingering {
	int fd;
	int64_t deadline;
};

struct http_linger {
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows; the thread takes in here */
	struct lingering all[LINGER_MAX];
	size_t count;
	bool is_stopping;
	int wake_fd;
};

static void
wake(const struct http_linger *linger)
{
	uint64_t one = 1;

	/* A full counter is readable already. */
	if (write(linger->wake_fd, &one, sizeof(one)) < 0)
		return;
}

/** Whether there may be more to throw away later. */
static bool
discard(int fd)
{
	char bytes[DISCARD_STEP];

	for (int i = 0; i < STEPS_A_TURN; i++) {
		ssize_t count = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (count == 0)
			return false;
		if (count < 0)
			return errno == EAGAIN || errno == EINTR;
	}
	return true;
}

/** Under the lock: reads what is there, closes what has ended. */
static void
discard_all(struct http_linger *linger)
{
	int64_t now = clock_monotonic();
	size_t kept = 0;

	for (size_t i = 0; i < linger->count; i++) {
		struct lingering *one = &linger->all[i];

		if (!linger->is_stopping && now < one->deadline &&
			discard(one->fd))
			linger->all[kept++] = *one;
		else
			close(one->fd);
	}
	linger->count = kept;
}

static void *
run(void *context)
{
	struct http_linger *linger = context;
	struct pollfd fds[LINGER_MAX + 1];
	uint64_t count;
	nfds_t used;

	pthread_mutex_lock(&linger->lock);
	for (;;) {
		discard_all(linger);
		if (linger->is_stopping)
			break;
		fds[0] = (struct pollfd){
			.fd = linger->wake_fd, .events = POLLIN};
		used = 1;
		for (size_t i = 0; i < linger->count; i++)
			fds[used++] = (struct pollfd){
				.fd = linger->all[i].fd, .events = POLLIN};
		pthread_mutex_unlock(&linger->lock);
		poll(fds, used, used > 1 ? 250 : -1);
		if (read(linger->wake_fd, &count, sizeof(count)) < 0)
			count = 0;
		pthread_mutex_lock(&linger->lock);
	}
	pthread_mutex_unlock(&linger->lock);
	return NULL;
}

struct http_linger *
http_linger_start(void)
{
	struct http_linger *linger = MEM_NEW(struct http_linger);

	pthread_mutex_init(&linger->lock, NULL);
	linger->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (linger->wake_fd < 0 ||
		pthread_create(&linger->thread, NULL, run, linger)) {
		if (linger->wake_fd >= 0)
			close(linger->wake_fd);
		pthread_mutex_destroy(&linger->lock);
		mem_free(linger);
		return NULL;
	}
	return linger;
}

void
http_linger_add(struct http_linger *linger, int fd)
{
	int copy;

	pthread_mutex_lock(&linger->lock);
	copy = linger->count < LINGER_MAX ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (copy >= 0)
		linger->all[linger->count++] = (struct lingering){
			copy, clock_monotonic() + linger_time};
	pthread_mutex_unlock(&linger->lock);
	if (copy >= 0)
		wake(linger);
}

void
http_linger_stop(struct http_linger *linger)
{
	if (linger == NULL)
		return;
	pthread_mutex_lock(&linger->lock);
	linger->is_stopping = true;
	pthread_mutex_unlock(&linger->lock);
	wake(linger);
	pthread_join(linger->thread, NULL);
	pthread_mutex_destroy(&linger->lock);
	close(linger->wake_fd);
	mem_free(linger);
}
