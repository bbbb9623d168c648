#pragma once
#include <stdbool.h>

/*
 * Messages from many threads to one. The receiver takes all that have come in
 * one go and sleeps on a file descriptor while there is none, so that it can
 * sleep on sockets as well. Messages are embedded in the sender's own struct
 * (CONTAINER_OF); a message is in one mailbox at a time. Order is kept.
 */
struct message {
	struct message *next;
	/* Of those taken, the one that comes MESSAGES_AHEAD later, to ask for
	   its memory early (fetch_ahead()); NULL: fewer came. */
	const struct message *ahead;
	int kind; /* whatever sender and receiver agree on */
};

enum { MESSAGES_AHEAD = 8 };

struct mailbox;

struct mailbox *mailbox_new(void);
/**
 * Messages still inside are the owner's to take out first. Waits for threads
 * that have gathered some and are about to wake it.
 */
void mailbox_free(struct mailbox *mailbox);

/** Any thread. Wakes the receiver if it was empty. */
void mailbox_post(struct mailbox *mailbox, struct message *message);

/**
 * Any thread. The receiver is not woken before mailbox_flush(), so that one
 * who posts many messages wakes it once.
 */
void mailbox_post_quietly(struct mailbox *mailbox, struct message *message);

/**
 * From now on this thread's posts wake nobody before mailbox_gather_end(),
 * which then wakes each receiver once: for a thread that has many messages for
 * receivers it does not know. Not nested, and short: receivers wait for it.
 */
void mailbox_gather_begin(void);
void mailbox_gather_end(void);

/** Whether this thread is between the two. */
bool mailbox_is_gathering(void);

/**
 * While this thread gathers: calls `end` at the end of it, before receivers
 * are woken, so that what it posts then is part of it. False: it does not
 * gather, or too much is to be called; `end` will not be.
 */
bool mailbox_gather_last(void (*end)(void *context), void *context);

/** Any thread: wakes the receiver if messages may be waiting. */
void mailbox_flush(struct mailbox *mailbox);

/** The receiver: all messages, oldest first, linked by `next`; or NULL. */
struct message *mailbox_take_all(struct mailbox *mailbox);

/**
 * Readable whenever messages may be waiting, and quiet again after
 * mailbox_take_all, but for a sender who was interrupted: it may signal what
 * has been taken already. An epoll watches it edge-triggered (EPOLLET), or
 * the receiver would turn in a circle until that sender goes on.
 */
int mailbox_fd(const struct mailbox *mailbox);

/** The receiver: wait up to `timeout` microseconds (<0: for ever). */
bool mailbox_wait(struct mailbox *mailbox, long timeout);

/** Any thread: make the receiver's wait return although nothing was posted. */
void mailbox_wake(struct mailbox *mailbox);
