#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Grace periods: one writer changes a structure in place while readers walk
 * it, and what the writer took out is released only once no reader can still
 * hold it. Readers never wait, for the writer or for each other; they may be
 * any number of threads.
 *
 *   reader:  enter … loads (acquire) … leave
 *   writer:  take it out (store, release) … retire … advance
 *
 * Writers are one at a time; the caller sees to that. A zeroed struct epoch
 * is not valid: epoch_init().
 */
struct epoch_reader {
	_Atomic uint64_t active; /* the epoch it entered in; 0: outside */
	_Atomic bool is_taken;
	struct epoch_reader *next;
	void *context; /* whoever holds the reader keeps scratch here */
};

struct epoch_item {
	uint64_t epoch;
	void (*release)(void *owner, uint64_t thing);
	void *owner;
	uint64_t thing;
};

struct epoch {
	_Atomic uint64_t now;
	_Atomic(struct epoch_reader *) readers; /* grows, never shrinks */
	struct epoch_item *items;		/* a ring, oldest at `head` */
	size_t head;
	size_t count;
	size_t cap;
	bool is_advancing;
};

void epoch_init(struct epoch *epoch);

/**
 * Releases everything that was retired. No reader is inside. `free_context`
 * (may be NULL) gets the context of every reader there ever was.
 */
void epoch_release(struct epoch *epoch, void (*free_context)(void *context));

/** A reader that nobody else uses until it leaves. Any thread. */
struct epoch_reader *epoch_enter(struct epoch *epoch);
void epoch_leave(struct epoch_reader *reader);

/** Calls `release` once all readers that are inside now have left. Writer. */
void epoch_retire(struct epoch *epoch,
	void (*release)(void *owner, uint64_t thing), void *owner,
	uint64_t thing);

/** The same for memory of mem_alloc(). NULL is harmless. */
void epoch_retire_memory(struct epoch *epoch, void *memory);

/** Releases what can be; cheap. Releasing may retire more. Writer. */
void epoch_advance(struct epoch *epoch);

/**
 * Blocks until everything retired so far is released: until the readers that
 * are inside now have left. Never from within. Writer.
 */
void epoch_wait(struct epoch *epoch);
