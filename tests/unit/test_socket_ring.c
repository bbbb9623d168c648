#include "net/socket_ring.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "refused_calls.h"

/* Where this machine has no io_uring there is nothing to be tested here. */

enum { PAIRS = SOCKET_RING_MAX / 2 };

static struct socket_ring *ring;
static int pairs[PAIRS][2];

static bool
begin(void)
{
	ring = socket_ring_open();
	for (size_t i = 0; ring && i < PAIRS; i++)
		CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			      pairs[i]) == 0);
	return ring;
}

static void
end(void)
{
	for (size_t i = 0; i < PAIRS; i++) {
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
	socket_ring_close(ring);
}

static struct socket_call
call_of(int fd, bool is_send, void *bytes, size_t len)
{
	return (struct socket_call){.fd = fd,
		.is_send = is_send,
		.pieces[0] = {bytes, len},
		.piece_count = 1};
}

TEST(socket_ring, calls_are_done_in_their_order_each_with_its_result)
{
	struct socket_call calls[SOCKET_RING_MAX];
	char in[PAIRS][16];

	if (!begin())
		return;
	/* So often that the queues go round several times. */
	for (char round = 'a'; round <= 'z'; round++) {
		char head[2] = {'<', round}, body[2] = {'|', '>'};

		for (size_t i = 0; i < PAIRS; i++) {
			calls[i] = call_of(pairs[i][0], true, head, 2);
			calls[i].pieces[1] = (struct iovec){body, 2};
			calls[i].piece_count = i % 2 ? 2 : 1;
			calls[PAIRS + i] = call_of(
				pairs[i][1], false, in[i], sizeof(in[i]));
		}
		CHECK(socket_ring_run(ring, calls, SOCKET_RING_MAX));
		for (size_t i = 0; i < PAIRS; i++) {
			int len = i % 2 ? 4 : 2;

			CHECK_INT(calls[i].result, len);
			CHECK_INT(calls[PAIRS + i].result, len);
			CHECK_INT(in[i][0], '<');
			CHECK_INT(in[i][1], round);
			CHECK(i % 2 == 0 || in[i][3] == '>');
		}
	}
	end();
}

TEST(socket_ring, a_call_that_would_wait_is_over_at_once)
{
	char in[8];
	struct socket_call call;

	if (!begin())
		return;
	call = call_of(pairs[0][1], false, in, sizeof(in));
	CHECK(socket_ring_run(ring, &call, 1));
	CHECK_INT(call.result, -EAGAIN);
	/* Nobody waits in there who could take the byte. */
	CHECK_INT(write(pairs[0][0], "x", 1), 1);
	CHECK_INT(read(pairs[0][1], in, sizeof(in)), 1);
	CHECK(socket_ring_run(ring, &call, 1));
	CHECK_INT(call.result, -EAGAIN);
	end();
}

TEST(socket_ring, what_the_peer_has_no_room_for_is_told)
{
	static char large[4 * 1024 * 1024];
	struct socket_call call;

	if (!begin())
		return;
	call = call_of(pairs[0][0], true, large, sizeof(large));
	CHECK(socket_ring_run(ring, &call, 1));
	CHECK(call.result > 0 && (size_t)call.result < sizeof(large));
	CHECK(socket_ring_run(ring, &call, 1));
	CHECK_INT(call.result, -EAGAIN);
	end();
}

TEST(socket_ring, one_that_fails_does_not_stop_those_behind_it)
{
	char byte = 'x', in;
	struct socket_call calls[4];

	if (!begin())
		return;
	close(pairs[0][1]);
	calls[0] = call_of(pairs[0][0], true, &byte, 1);
	calls[1] = call_of(pairs[0][0], false, &in, 1);
	calls[2] = call_of(-1, true, &byte, 1);
	calls[3] = call_of(pairs[1][0], true, &byte, 1);
	CHECK(socket_ring_run(ring, calls, COUNT_OF(calls)));
	CHECK_INT(calls[0].result, -EPIPE); /* and no signal */
	CHECK_INT(calls[1].result, 0);
	CHECK_INT(calls[2].result, -EBADF);
	CHECK_INT(calls[3].result, 1);
	pairs[0][1] = -1;
	end();
}

TEST(socket_ring, there_is_none_where_it_is_forbidden)
{
	if (refuse_call(SYS_io_uring_setup))
		CHECK(socket_ring_open() == NULL);
}

TEST(socket_ring, forbidden_later_it_says_so_and_has_done_nothing)
{
	char byte = 'x';
	struct socket_call call;

	if (!begin())
		return;
	call = call_of(pairs[0][0], true, &byte, 1);
	CHECK(socket_ring_run(ring, &call, 1));
	if (refuse_call(SYS_io_uring_enter)) {
		CHECK(!socket_ring_run(ring, &call, 1));
		CHECK_INT(call.result, -EAGAIN);
	}
	end();
}
