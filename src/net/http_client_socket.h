#pragma once
#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The sockets of one libcurl multi handle on one epoll, for http_client.c
 * only; one thread.
 *
 * libcurl changes its mind about a socket several times a request. Changes
 * are only noted when it tells them and carried out just before sleeping, so
 * that those which cancel each other out cost nothing; and a connection that
 * went idle keeps its registration until it is used again, closed, or wakes
 * us. So a request on a kept connection needs no epoll_ctl at all.
 */

/** A socket that is not libcurl's; embedded in what owns it. */
struct http_watcher {
	/* EPOLL… events; now and then one that is not its own, left over from
	   a descriptor that had the same number. */
	void (*ready)(struct http_watcher *watcher, uint32_t events);
};

struct http_watch {
	struct http_watcher *watcher; /* NULL: libcurl's */
	uint32_t wanted;	      /* by libcurl */
	uint32_t registered;	      /* in the kernel */
	bool is_ours;		      /* we will hear of its closing */
	bool is_touched;	      /* stands in `touched` */
};

struct http_sockets {
	CURLM *multi;
	int epoll;
	int extra_fd;  /* registered one, or -1 */
	int always_fd; /* the same, for life */
	int64_t due;   /* of libcurl's timer, clock_monotonic(); or INT64_MAX */
	struct http_watch *watches; /* by descriptor */
	size_t watch_count;
	int *touched;
	size_t touched_count;
	size_t touched_cap;
};

/** Aborts when there is no epoll to be had. Sets the multi's callbacks. */
void http_sockets_open(struct http_sockets *sockets, CURLM *multi);

/** After curl_multi_cleanup, which still closes sockets. */
void http_sockets_close(struct http_sockets *sockets);

/** A new connection's socket, close-on-exec; -1 with errno. */
int http_sockets_connect(
	struct http_sockets *sockets, const struct curl_sockaddr *address);

/** Another descriptor that ends every sleep when it is readable; once. */
void http_sockets_watch_always(struct http_sockets *sockets, int fd);

/** Watches `fd`, level-triggered, for these events from now on. */
void http_sockets_watch(struct http_sockets *sockets, int fd,
	struct http_watcher *watcher, uint32_t events);

/** Just before `fd` is closed. */
void http_sockets_unwatch(struct http_sockets *sockets, int fd);

/** CURLOPT_CLOSESOCKETFUNCTION; its data is the struct http_sockets. */
int http_sockets_closesocket(void *sockets, curl_socket_t fd);

/** Lets libcurl do what its timer is due for. True when it was. */
bool http_sockets_run_timer(struct http_sockets *sockets);

/**
 * Sleeps as http_client_wait() says, then lets libcurl and watchers handle what
 * happened. False when nothing did. `ret_slept`: microseconds; always set.
 */
bool http_sockets_wait(struct http_sockets *sockets, int extra_fd,
	int64_t timeout, int64_t *ret_slept);
