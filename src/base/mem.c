#include "base/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void
out_of_memory(size_t size)
{
	fprintf(stderr, "grapnel: out of memory (%zu bytes)\n", size);
	abort();
}

void *
mem_alloc(size_t size)
{
	void *ptr = calloc(1, size ? size : 1);

	if (ptr == NULL)
		out_of_memory(size);
	return ptr;
}

void *
mem_alloc_array(size_t count, size_t size)
{
	void *ptr = calloc(count ? count : 1, size ? size : 1);

	if (ptr == NULL)
		out_of_memory(count > SIZE_MAX / (size ? size : 1)
				      ? SIZE_MAX
				      : count * size);
	return ptr;
}

void *
mem_resize(void *ptr, size_t size)
{
	ptr = realloc(ptr, size ? size : 1);
	if (ptr == NULL)
		out_of_memory(size);
	return ptr;
}

void
mem_free(void *ptr)
{
	free(ptr);
}

void
mem_trim(size_t bytes)
{
	if (mallinfo2().fordblks >= bytes)
		malloc_trim(0);
}
