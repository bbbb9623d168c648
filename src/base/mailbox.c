#include "base/mailbox.h"

#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

struct mailbox {
	pthread_mutex_t lock;
	struct message *first;
	struct message **last; /* where the next one is linked */
	int fd;
	bool is_signalled; /* the eventfd has been written since last taken */
};

struct mailbox *
mailbox_new(void)
{
	struct mailbox *mailbox = MEM_NEW(struct mailbox);

	pthread_mutex_init(&mailbox->lock, NULL);
	mailbox->last = &mailbox->first;
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
	close(mailbox->fd);
	pthread_mutex_destroy(&mailbox->lock);
	mem_free(mailbox);
}

static void
signal_receiver(const struct mailbox *mailbox)
{
	uint64_t one = 1;

	/* A full counter (EAGAIN) is readable already, which is all we want. */
	if (write(mailbox->fd, &one, sizeof(one)) < 0)
		return;
}

void
mailbox_post(struct mailbox *mailbox, struct message *message)
{
	bool must_signal;

	message->next = NULL;
	pthread_mutex_lock(&mailbox->lock);
	*mailbox->last = message;
	mailbox->last = &message->next;
	must_signal = !mailbox->is_signalled;
	mailbox->is_signalled = true;
	pthread_mutex_unlock(&mailbox->lock);
	if (must_signal)
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
	struct message *first;
	uint64_t count;

	/* Empty the eventfd before the list: a post in between signals anew. */
	if (read(mailbox->fd, &count, sizeof(count)) < 0)
		count = 0;
	pthread_mutex_lock(&mailbox->lock);
	first = mailbox->first;
	mailbox->first = NULL;
	mailbox->last = &mailbox->first;
	mailbox->is_signalled = false;
	pthread_mutex_unlock(&mailbox->lock);
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

	return ppoll(&pollfd, 1, timeout < 0 ? NULL : &ts, NULL) > 0;
}
