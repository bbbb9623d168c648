#include "base/mailbox.h"

#include <assert.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/mem.h"

/*
 * Messages are pushed onto a stack, which the receiver takes whole and turns
 * over. Who finds it empty wakes the receiver; others rely on that.
 */
struct mailbox {
	struct message *_Atomic newest;
	atomic_bool is_signalled; /* the eventfd has been written, lately */
	atomic_uint gatherers;	  /* threads that are going to signal */
	int fd;
};

enum { GATHERED_MAX = 64 };

/*
 * The last messages that this thread has posted. Until it is taken a message
 * leads to the one that its thread posted so long before, to which the receiver
 * most likely comes so much later: along `next` alone it would wait for the
 * memory of each, since others have written it. It may be gone by then; nothing
 * but its place is used.
 */
static _Thread_local struct {
	const struct message *messages[MESSAGES_AHEAD];
	size_t at;
} posted;

/* What this thread has posted to since mailbox_gather_begin(). */
static _Thread_local struct {
	bool is_on;
	size_t count;
	struct mailbox *mailboxes[GATHERED_MAX];
	size_t last_count;
	struct {
		void (*end)(void *context);
		void *context;
	} lasts[GATHERED_MAX];
} gathered;

struct mailbox *
mailbox_new(void)
{
	struct mailbox *mailbox = MEM_NEW(struct mailbox);

	mailbox->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mailbox->fd < 0)
		abort();
	return mailbox;
}

void
mailbox_free(struct mailbox *mailbox)
{
	if (mailbox == NULL)
		return;
	while (atomic_load(&mailbox->gatherers))
		sched_yield();
	close(mailbox->fd);
	mem_free(mailbox);
}

/** In this order: at worst the receiver looks in vain. */
static void
signal_receiver(struct mailbox *mailbox)
{
	uint64_t one = 1;

	/* A full counter (EAGAIN) is readable already, which is all we want. */
	if (write(mailbox->fd, &one, sizeof(one)) < 0)
		return;
	atomic_store(&mailbox->is_signalled, true);
}

/** Returns whether there was none before. */
static bool
push(struct mailbox *mailbox, struct message *message)
{
	struct message *below = atomic_load(&mailbox->newest);
	const struct message **former =
		&posted.messages[posted.at++ % MESSAGES_AHEAD];

	message->ahead = *former;
	*former = message;
	do
		message->next = below;
	while (!atomic_compare_exchange_weak(
		&mailbox->newest, &below, message));
	return below == NULL;
}

/** To be signalled later; false: there is no room to remember it. */
static bool
gather(struct mailbox *mailbox)
{
	for (size_t i = 0; i < gathered.count; i++)
		if (gathered.mailboxes[i] == mailbox)
			return true;
	if (gathered.count == GATHERED_MAX)
		return false;
	atomic_fetch_add(&mailbox->gatherers, 1);
	gathered.mailboxes[gathered.count++] = mailbox;
	return true;
}

void
mailbox_post(struct mailbox *mailbox, struct message *message)
{
	/* Before the push: what was posted may end the mailbox. */
	bool is_later = gathered.is_on && gather(mailbox);

	if (push(mailbox, message) && !is_later)
		signal_receiver(mailbox);
}

void
mailbox_gather_begin(void)
{
	assert(!gathered.is_on);
	gathered.is_on = true;
}

bool
mailbox_is_gathering(void)
{
	return gathered.is_on;
}

bool
mailbox_gather_last(void (*end)(void *context), void *context)
{
	if (!gathered.is_on || gathered.last_count == GATHERED_MAX)
		return false;
	gathered.lasts[gathered.last_count].end = end;
	gathered.lasts[gathered.last_count++].context = context;
	return true;
}

void
mailbox_gather_end(void)
{
	for (size_t i = 0; i < gathered.last_count; i++)
		gathered.lasts[i].end(gathered.lasts[i].context);
	gathered.last_count = 0;
	gathered.is_on = false;
	for (size_t i = 0; i < gathered.count; i++) {
		struct mailbox *mailbox = gathered.mailboxes[i];

		mailbox_flush(mailbox);
		atomic_fetch_sub(&mailbox->gatherers, 1);
	}
	gathered.count = 0;
}

void
mailbox_post_quietly(struct mailbox *mailbox, struct message *message)
{
	push(mailbox, message);
}

void
mailbox_flush(struct mailbox *mailbox)
{
	if (atomic_load(&mailbox->newest))
		signal_receiver(mailbox);
}

void
mailbox_wake(struct mailbox *mailbox)
{
	signal_receiver(mailbox);
}

struct message *
mailbox_take_all(struct mailbox *mailbox)
{
	struct message *message, *first = NULL;
	const struct message *later[MESSAGES_AHEAD] = {NULL};
	uint64_t count;

	/* Empty the eventfd before the list: a post in between signals anew. */
	if (atomic_exchange(&mailbox->is_signalled, false) &&
		read(mailbox->fd, &count, sizeof(count)) < 0)
		count = 0;
	if (atomic_load(&mailbox->newest) == NULL)
		return NULL;
	message = atomic_exchange(&mailbox->newest, NULL);
	for (size_t i = 0; message; i++) {
		struct message *below = message->next;

		/* With the line behind: its sender's struct goes on there. */
		fetch_ahead(message->ahead, 2 * (size_t)CACHE_LINE);
		message->ahead = later[i % MESSAGES_AHEAD];
		later[i % MESSAGES_AHEAD] = message;
		message->next = first;
		first = message;
		message = below;
	}
	return first;
}

int
mailbox_fd(const struct mailbox *mailbox)
{
	return mailbox->fd;
}

bool
mailbox_wait(struct mailbox *mailbox, long timeout)
{
	struct pollfd pollfd = {.fd = mailbox->fd, .events = POLLIN};
	struct timespec ts = {timeout / 1000000, timeout % 1000000 * 1000};
	uint64_t count;

	if (ppoll(&pollfd, 1, timeout < 0 ? NULL : &ts, NULL) <= 0)
		return false;
	/* A late signal of what was taken before: take_all would leave it. */
	if (atomic_load(&mailbox->newest) == NULL &&
		read(mailbox->fd, &count, sizeof(count)) < 0)
		count = 0;
	return true;
}
