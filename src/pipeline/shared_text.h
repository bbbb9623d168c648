#pragma once
#include "base/str.h"

/*
 * Bytes that several hold: a resource's state and the payload that sends it
 * are the same text, which is in memory once. Counted; written by who made it
 * before anybody else has it, immutable from then on. Any thread.
 */
struct shared_text;

/** Room for `len` bytes, with one reference. */
struct shared_text *shared_text_new(size_t len);

/** The bytes; to be written as long as there is one reference. */
char *shared_text_bytes(struct shared_text *text);
struct str shared_text_str(const struct shared_text *text);

/** Bytes that it takes. */
size_t shared_text_size(const struct shared_text *text);

struct shared_text *shared_text_ref(struct shared_text *text);
/** NULL is harmless. */
void shared_text_unref(struct shared_text *text);

/**
 * The same without freeing: whether it was the last reference. Then the block
 * is the caller's, for shared_text_again() or shared_text_free().
 */
bool shared_text_leave(struct shared_text *text);

/** Makes a block of `len` bytes of one that is left; false: of another size. */
bool shared_text_again(struct shared_text *text, size_t len);

/** One that is left; NULL is harmless. */
void shared_text_free(struct shared_text *text);
