#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>

/*
 * Many sends and receives in one system call, by io_uring (Linux 6.1 or
 * later). Nothing is left under way: each call is done without blocking, or
 * says EAGAIN, before socket_ring_run() returns, so readiness is still to be
 * learnt from an epoll. Why, and what is to be known about io_uring:
 * docs/decisions/io-uring.md.
 *
 * A ring belongs to the thread that has opened it.
 */
struct socket_ring;

enum { SOCKET_RING_MAX = 64 }; /* calls at once */

struct socket_call {
	int fd;
	bool is_send;
	struct iovec pieces[2]; /* a receive: the first one only */
	size_t piece_count;
	int result;	       /* bytes, or a negated errno */
	struct msghdr message; /* the ring's own */
};

/** NULL where the kernel, its settings or a sandbox do not have it. */
struct socket_ring *socket_ring_open(void);
/** NULL is harmless. */
void socket_ring_close(struct socket_ring *ring);

/**
 * Does up to SOCKET_RING_MAX calls in their order, as send (MSG_NOSIGNAL) and
 * recv would. False: the kernel refused some of them, whose result is -EAGAIN
 * although they were not tried. The ring is of no more use then.
 */
bool socket_ring_run(
	struct socket_ring *ring, struct socket_call *calls, size_t count);
