#pragma once
#include <stddef.h>

/*
 * The only way to the heap outside base/. Out of memory aborts: whatever
 * matters is on disk, and a process that limps on would break promises.
 */

/** Zeroed memory of `size` bytes; never NULL. Release with mem_free(). */
void *mem_alloc(size_t size);

/** Zeroed memory of `count` elements; a product that overflows aborts. */
void *mem_alloc_array(size_t count, size_t size);

/** Resize; new bytes are undefined. `ptr` may be NULL. Never NULL. */
void *mem_resize(void *ptr, size_t size);

/** NULL is harmless. */
void mem_free(void *ptr);

/**
 * Gives memory back to the system if at least `bytes` are free. Other threads
 * may wait for it for some milliseconds.
 */
void mem_trim(size_t bytes);

/*
 * Whether a sanitizer is to see each piece of memory freed: then nothing is
 * kept for the next time. With the one for addresses an arena also tells it
 * which of its bytes are nobody's.
 */
#if defined(__has_feature)
#define MEM_HAS_ASAN __has_feature(address_sanitizer)
#define MEM_HAS_SANITIZER (MEM_HAS_ASAN || __has_feature(thread_sanitizer))
#else
#ifdef __SANITIZE_ADDRESS__
#define MEM_HAS_ASAN 1
#else
#define MEM_HAS_ASAN 0
#endif
#ifdef __SANITIZE_THREAD__
#define MEM_HAS_SANITIZER 1
#else
#define MEM_HAS_SANITIZER MEM_HAS_ASAN
#endif
#endif

/** A zeroed struct on the heap: struct hub *hub = MEM_NEW(struct hub); */
#define MEM_NEW(type) ((type *)mem_alloc(sizeof(type)))
