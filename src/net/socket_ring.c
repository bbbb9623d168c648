#include "net/socket_ring.h"

#include <assert.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"

/*
 * One mapping holds both queues' heads and tails, the completions, and a table
 * of indices; another one the submissions. We alone write the submissions'
 * tail and the completions' head; the kernel writes the other two, all of it
 * within io_uring_enter().
 */
struct socket_ring {
	int fd;
	char *queues;
	size_t queues_size;
	struct io_uring_sqe *submissions;
	size_t submissions_size;
	const struct io_uring_cqe *completions;
	unsigned *submission_head, *submission_tail;
	unsigned *completion_head, *completion_tail;
	unsigned submission_mask, completion_mask;
};

/* ---- life ---- */

static int
set_up(struct io_uring_params *params)
{
	/* All but the first only spare the kernel work that calls which never
	   wait do not need; a kernel without them has no need of us. */
	*params = (struct io_uring_params){.flags = IORING_SETUP_SUBMIT_ALL |
						    IORING_SETUP_COOP_TASKRUN |
						    IORING_SETUP_SINGLE_ISSUER |
						    IORING_SETUP_DEFER_TASKRUN};
	return (int)syscall(__NR_io_uring_setup, SOCKET_RING_MAX, params);
}

static void *
map(int fd, size_t size, off_t what)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, fd, what);

	return at == MAP_FAILED ? NULL : at;
}

static unsigned *
number_at(const struct socket_ring *ring, uint32_t offset)
{
	return (unsigned *)(void *)(ring->queues + offset);
}

static size_t
larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static bool
map_all(struct socket_ring *ring, const struct io_uring_params *params)
{
	const struct io_sqring_offsets *sq = &params->sq_off;
	const struct io_cqring_offsets *cq = &params->cq_off;
	unsigned *indices;

	/* A kernel of before 5.4; also, there must be room for all. */
	if (!(params->features & IORING_FEAT_SINGLE_MMAP) ||
		params->sq_entries < SOCKET_RING_MAX ||
		params->cq_entries < SOCKET_RING_MAX)
		return false;
	ring->queues_size = larger(
		sq->array + params->sq_entries * sizeof(unsigned),
		cq->cqes + params->cq_entries * sizeof(struct io_uring_cqe));
	ring->submissions_size =
		params->sq_entries * sizeof(struct io_uring_sqe);
	ring->queues = map(ring->fd, ring->queues_size, IORING_OFF_SQ_RING);
	ring->submissions =
		map(ring->fd, ring->submissions_size, IORING_OFF_SQES);
	if (ring->queues == NULL || ring->submissions == NULL)
		return false;
	ring->completions = (void *)(ring->queues + cq->cqes);
	ring->submission_head = number_at(ring, sq->head);
	ring->submission_tail = number_at(ring, sq->tail);
	ring->completion_head = number_at(ring, cq->head);
	ring->completion_tail = number_at(ring, cq->tail);
	ring->submission_mask = *number_at(ring, sq->ring_mask);
	ring->completion_mask = *number_at(ring, cq->ring_mask);
	indices = number_at(ring, sq->array);
	for (unsigned i = 0; i < params->sq_entries; i++)
		indices[i] = i;
	return true;
}

struct socket_ring *
socket_ring_open(void)
{
	struct io_uring_params params;
	int fd = set_up(&params); /* close-on-exec by itself */
	struct socket_ring *ring;

	if (fd < 0)
		return NULL;
	ring = MEM_NEW(struct socket_ring);
	ring->fd = fd;
	if (map_all(ring, &params))
		return ring;
	socket_ring_close(ring);
	return NULL;
}

void
socket_ring_close(struct socket_ring *ring)
{
	if (ring == NULL)
		return;
	if (ring->queues)
		munmap(ring->queues, ring->queues_size);
	if (ring->submissions)
		munmap(ring->submissions, ring->submissions_size);
	close(ring->fd);
	mem_free(ring);
}

/* ---- calls ---- */

static void
submit(struct io_uring_sqe *entry, struct socket_call *call, size_t place)
{
	/* Told not to block, a call is done or refused at once, and never
	   kept by the kernel until its socket is ready. */
	*entry = (struct io_uring_sqe){
		.fd = call->fd, .msg_flags = MSG_DONTWAIT, .user_data = place};
	if (call->is_send) {
		call->message = (struct msghdr){.msg_iov = call->pieces,
			.msg_iovlen = call->piece_count};
		entry->opcode = IORING_OP_SENDMSG;
		entry->addr = (uintptr_t)&call->message;
		entry->len = 1;
		entry->msg_flags |= MSG_NOSIGNAL;
	} else {
		entry->opcode = IORING_OP_RECV;
		entry->addr = (uintptr_t)call->pieces[0].iov_base;
		entry->len = (uint32_t)call->pieces[0].iov_len;
	}
}

/** Returns how many there were. */
static size_t
take_results(struct socket_ring *ring, struct socket_call *calls)
{
	unsigned head = *ring->completion_head;
	unsigned tail =
		__atomic_load_n(ring->completion_tail, __ATOMIC_ACQUIRE);
	size_t count = tail - head;

	for (; head != tail; head++) {
		const struct io_uring_cqe *completion =
			&ring->completions[head & ring->completion_mask];

		calls[completion->user_data].result = completion->res;
	}
	__atomic_store_n(ring->completion_head, head, __ATOMIC_RELEASE);
	return count;
}

bool
socket_ring_run(
	struct socket_ring *ring, struct socket_call *calls, size_t count)
{
	unsigned tail = *ring->submission_tail;
	size_t done = 0;

	assert(count <= SOCKET_RING_MAX);
	for (size_t i = 0; i < count; i++) {
		calls[i].result = -EAGAIN;
		submit(&ring->submissions[tail++ & ring->submission_mask],
			&calls[i], i);
	}
	__atomic_store_n(ring->submission_tail, tail, __ATOMIC_RELEASE);
	while (done < count) {
		unsigned head = __atomic_load_n(
			ring->submission_head, __ATOMIC_ACQUIRE);
		long submitted =
			syscall(__NR_io_uring_enter, ring->fd, tail - head,
				count - done, IORING_ENTER_GETEVENTS, NULL, 0);

		if (submitted < 0 ? errno != EINTR
				  : submitted == 0 && head != tail)
			break; /* it has no memory, most likely */
		done += take_results(ring, calls);
	}
	return done == count;
}
