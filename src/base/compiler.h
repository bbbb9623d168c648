#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * Compiler attributes used across the tree, so that a reader meets one
 * spelling. Nothing here has a run-time cost.
 */

/** The caller must look at the result. */
#define MUST_USE __attribute__((warn_unused_result))

/** printf-like: the format is argument `fmt`, its values start at `args`. */
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/** Release the variable when it leaves its scope: CLEANUP(buf_release). */
#define CLEANUP(release) __attribute__((cleanup(release)))

#define UNUSED __attribute__((unused))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/**
 * A member that keeps what one group of threads writes off the cache lines of
 * what others read or write: char apart[CACHE_LINE].
 */
enum { CACHE_LINE = 64 };

/**
 * Asks for the cache lines of `size` bytes, which are needed soon. Any pointer
 * will do, NULL too: nothing is read, and it is counted on as a number.
 */
static inline void
fetch_ahead(const void *ptr, size_t size)
{
	for (size_t i = 0; i < size; i += CACHE_LINE)
		__builtin_prefetch((const void *)((uintptr_t)ptr + i));
	/* Otherwise gcc takes it for without effect, and leaves out calls. */
	__asm__ volatile("");
}

/**
 * The same of what may be long: not more than is read before the processor
 * asks for the next by itself.
 */
static inline void
fetch_text(const void *ptr, size_t size)
{
	const size_t max = 2048;

	fetch_ahead(ptr, size < max ? size : max);
}

/** Number of elements of an array (not of a pointer). */
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/** The struct of `type` whose member `member` is at `ptr`. */
#define CONTAINER_OF(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))
