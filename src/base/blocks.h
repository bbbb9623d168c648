#pragma once
#include <stddef.h>

/*
 * Memory for what one thread makes and another ends, by the ten thousand a
 * second. The heap has such a piece go back to where it came from, so that
 * both threads wait for one lock and for each other's cache lines. Here a
 * thread keeps what it gives back for itself, and what it has too much of goes
 * to those that have too little, many pieces at a time. Beyond some MiB in all
 * nothing is kept, and nothing under sanitizers, which are to see each piece
 * freed. Any thread.
 */

/** `size` bytes, undefined, aligned for any type. Never NULL. */
void *blocks_take(size_t size);

/** Of that size; NULL is harmless. */
void blocks_give_back(void *block, size_t size);
