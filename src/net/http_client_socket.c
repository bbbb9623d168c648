#include "net/http_client_socket.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/congestion.h"

enum { EVENTS_AT_ONCE = 256 };

static struct http_watch *
watch_of(struct http_sockets *sockets, int fd)
{
	size_t index = (size_t)fd;
	size_t count = sockets->watch_count;

	if (index >= count) {
		while (index >= count)
			count = count ? count * 2 : 64;
		sockets->watches = mem_resize(
			sockets->watches, count * sizeof(*sockets->watches));
		memset(sockets->watches + sockets->watch_count, 0,
			(count - sockets->watch_count) *
				sizeof(*sockets->watches));
		sockets->watch_count = count;
	}
	return &sockets->watches[index];
}

static void
touch(struct http_sockets *sockets, struct http_watch *watch, int fd)
{
	if (watch->is_touched)
		return;
	watch->is_touched = true;
	if (sockets->touched_count == sockets->touched_cap) {
		size_t cap = sockets->touched_cap;

		cap = cap ? cap * 2 : 64;
		sockets->touched = mem_resize(
			sockets->touched, cap * sizeof(*sockets->touched));
		sockets->touched_cap = cap;
	}
	sockets->touched[sockets->touched_count++] = fd;
}

static void
control(struct http_sockets *sockets, int fd, int operation, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	if (epoll_ctl(sockets->epoll, operation, fd, &event) == 0)
		return;
	/* Only the kernel's own limits are left as a cause: the request this
	   socket belongs to ends by its timeout. */
	if (operation != EPOLL_CTL_DEL)
		log_error("http_client.epoll", "fd=%d error=\"%s\"", fd,
			strerror(errno));
}

static void
bring_up_to_date(struct http_sockets *sockets, struct http_watch *watch, int fd)
{
	int operation = EPOLL_CTL_MOD;

	if (watch->wanted == watch->registered)
		return;
	/* Gone idle: as an open connection says nothing, it may stay. */
	if (watch->wanted == 0 && watch->registered == EPOLLIN &&
		watch->is_ours)
		return;
	if (watch->wanted == 0)
		operation = EPOLL_CTL_DEL;
	else if (watch->registered == 0)
		operation = EPOLL_CTL_ADD;
	control(sockets, fd, operation, watch->wanted);
	watch->registered = watch->wanted;
}

static void
bring_all_up_to_date(struct http_sockets *sockets)
{
	for (size_t i = 0; i < sockets->touched_count; i++) {
		int fd = sockets->touched[i];
		struct http_watch *watch = watch_of(sockets, fd);

		watch->is_touched = false;
		if (watch->watcher == NULL)
			bring_up_to_date(sockets, watch, fd);
	}
	sockets->touched_count = 0;
}

/** CURLMOPT_SOCKETFUNCTION. */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socketp)
{
	static const uint32_t events[] = {
		[CURL_POLL_NONE] = 0,
		[CURL_POLL_IN] = EPOLLIN,
		[CURL_POLL_OUT] = EPOLLOUT,
		[CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT,
		[CURL_POLL_REMOVE] = 0,
	};
	struct http_sockets *sockets = context;
	struct http_watch *watch = watch_of(sockets, fd);

	(void)easy;
	(void)socketp;
	watch->wanted = events[what];
	/* The resolver's descriptors are closed behind our back, so they must
	   go at once, before their number is somebody else's. */
	if (!watch->is_ours && what == CURL_POLL_REMOVE)
		bring_up_to_date(sockets, watch, fd);
	else
		touch(sockets, watch, fd);
	return 0;
}

/** CURLMOPT_TIMERFUNCTION. */
static int
on_timer(CURLM *multi, long milliseconds, void *context)
{
	struct http_sockets *sockets = context;

	(void)multi;
	if (milliseconds < 0)
		sockets->due = INT64_MAX;
	else if (milliseconds == 0)
		sockets->due = 0;
	else
		sockets->due = clock_monotonic() + milliseconds * MILLISECONDS;
	return 0;
}

void
http_sockets_open(struct http_sockets *sockets, CURLM *multi)
{
	*sockets = (struct http_sockets){
		.multi = multi,
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.extra_fd = -1,
		.always_fd = -1,
		.due = INT64_MAX,
	};
	if (sockets->epoll < 0) {
		log_error("http_client.epoll", "error=\"%s\"", strerror(errno));
		abort();
	}
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, sockets);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, sockets);
}

void
http_sockets_close(struct http_sockets *sockets)
{
	close(sockets->epoll);
	mem_free(sockets->watches);
	mem_free(sockets->touched);
	*sockets = (struct http_sockets){
		.epoll = -1, .extra_fd = -1, .always_fd = -1};
}

int
http_sockets_connect(
	struct http_sockets *sockets, const struct curl_sockaddr *address)
{
	int fd = socket(address->family,
		address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		address->protocol);

	if (fd >= 0) {
		struct http_watch *watch = watch_of(sockets, fd);

		/* Whatever had this number before is gone from the epoll. */
		watch->wanted = 0;
		watch->registered = 0;
		watch->is_ours = true;
		congestion_spare_loopback(fd, &address->addr);
	}
	return fd;
}

int
http_sockets_closesocket(void *context, curl_socket_t fd)
{
	struct http_sockets *sockets = context;
	struct http_watch *watch = watch_of(sockets, fd);

	watch->wanted = 0;
	watch->registered = 0; /* the kernel forgets it on close */
	watch->is_ours = false;
	return close(fd);
}

void
http_sockets_watch_always(struct http_sockets *sockets, int fd)
{
	control(sockets, fd, EPOLL_CTL_ADD, EPOLLIN | EPOLLET);
	sockets->always_fd = fd;
}

void
http_sockets_watch(struct http_sockets *sockets, int fd,
	struct http_watcher *watcher, uint32_t events)
{
	struct http_watch *watch = watch_of(sockets, fd);
	bool is_new = watch->watcher != watcher;

	if (!is_new && watch->registered == events)
		return;
	*watch = (struct http_watch){.watcher = watcher, .registered = events};
	control(sockets, fd, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, events);
}

void
http_sockets_unwatch(struct http_sockets *sockets, int fd)
{
	/* The kernel forgets it on close. */
	*watch_of(sockets, fd) = (struct http_watch){0};
}

static void
act(struct http_sockets *sockets, curl_socket_t fd, int mask)
{
	int running;
	CURLMcode code =
		curl_multi_socket_action(sockets->multi, fd, mask, &running);

	if (code != CURLM_OK)
		log_error("http_client.multi", "error=\"%s\"",
			curl_multi_strerror(code));
}

bool
http_sockets_run_timer(struct http_sockets *sockets)
{
	if (sockets->due == INT64_MAX)
		return false;
	if (sockets->due != 0 && sockets->due > clock_monotonic())
		return false;
	sockets->due = INT64_MAX;
	act(sockets, CURL_SOCKET_TIMEOUT, 0);
	return true;
}

static void
watch_extra(struct http_sockets *sockets, int extra_fd)
{
	if (sockets->extra_fd == extra_fd)
		return;
	if (sockets->extra_fd >= 0)
		control(sockets, sockets->extra_fd, EPOLL_CTL_DEL, 0);
	if (extra_fd >= 0)
		control(sockets, extra_fd, EPOLL_CTL_ADD, EPOLLIN | EPOLLET);
	sockets->extra_fd = extra_fd;
}

static void
handle_event(struct http_sockets *sockets, const struct epoll_event *event)
{
	int fd = event->data.fd;
	struct http_watch *watch;
	int mask = 0;

	if (fd == sockets->extra_fd || fd == sockets->always_fd)
		return;
	watch = watch_of(sockets, fd);
	if (watch->watcher) {
		watch->watcher->ready(watch->watcher, event->events);
		return;
	}
	if (watch->wanted == 0) {
		/* An idle connection was closed by its peer: libcurl finds
		   out when it wants to use it. */
		if (watch->registered)
			control(sockets, fd, EPOLL_CTL_DEL, 0);
		watch->registered = 0;
		return;
	}
	if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		mask |= CURL_CSELECT_IN;
	if (event->events & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (event->events & EPOLLERR)
		mask |= CURL_CSELECT_ERR;
	act(sockets, fd, mask);
}

/** Up to whole milliseconds, so as not to wake before the time. */
static int
to_milliseconds(int64_t microseconds)
{
	if (microseconds <= 0)
		return 0;
	if (microseconds > INT_MAX * MILLISECONDS)
		return INT_MAX;
	return (int)((microseconds + MILLISECONDS - 1) / MILLISECONDS);
}

/** A busy loop makes one call here, and one that sleeps makes two. */
static int
look_then_sleep(struct http_sockets *sockets, struct epoll_event *events,
	int64_t timeout, int64_t *ret_slept)
{
	int count = epoll_wait(sockets->epoll, events, EVENTS_AT_ONCE, 0);
	int64_t start;

	*ret_slept = 0;
	if (count != 0 || timeout <= 0)
		return count;
	start = clock_monotonic();
	count = epoll_wait(sockets->epoll, events, EVENTS_AT_ONCE,
		to_milliseconds(timeout));
	*ret_slept = clock_monotonic() - start;
	return count;
}

bool
http_sockets_wait(struct http_sockets *sockets, int extra_fd, int64_t timeout,
	int64_t *ret_slept)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	bool timer_is_first = false;
	int count;

	if (timeout > 0 && sockets->due != INT64_MAX) {
		int64_t left = sockets->due - clock_monotonic();

		timer_is_first = left <= timeout;
		if (timer_is_first)
			timeout = left;
	}
	watch_extra(sockets, extra_fd);
	bring_all_up_to_date(sockets);
	count = look_then_sleep(sockets, events, timeout, ret_slept);
	for (int i = 0; i < count; i++)
		handle_event(sockets, &events[i]);
	/* Having slept until then is proof enough, should the clock be a
	   test's that stands still. */
	if (count == 0 && timer_is_first)
		sockets->due = 0;
	http_sockets_run_timer(sockets);
	return count > 0;
}
