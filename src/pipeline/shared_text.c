#include "pipeline/shared_text.h"

#include <stdatomic.h>

#include "base/mem.h"

enum { BLOCK_STEP = 128 /* blocks are multiples of this */ };

struct shared_text {
	_Atomic unsigned refs;
	size_t size; /* of the block */
	size_t len;
	char bytes[];
};

struct shared_text *
shared_text_new(size_t len)
{
	size_t size = sizeof(struct shared_text) + len;
	struct shared_text *text;

	size = (size + BLOCK_STEP - 1) / BLOCK_STEP * BLOCK_STEP;
	text = mem_resize(NULL, size);
	atomic_init(&text->refs, 1);
	text->size = size;
	text->len = len;
	return text;
}

char *
shared_text_bytes(struct shared_text *text)
{
	return text->bytes;
}

struct str
shared_text_str(const struct shared_text *text)
{
	return str_make(text->bytes, text->len);
}

size_t
shared_text_size(const struct shared_text *text)
{
	return text->size;
}

struct shared_text *
shared_text_ref(struct shared_text *text)
{
	if (text)
		atomic_fetch_add_explicit(&text->refs, 1, memory_order_relaxed);
	return text;
}

bool
shared_text_leave(struct shared_text *text)
{
	return atomic_fetch_sub_explicit(
		       &text->refs, 1, memory_order_acq_rel) == 1;
}

bool
shared_text_again(struct shared_text *text, size_t len)
{
	size_t size = sizeof(*text) + len;

	if (text->size < size || text->size > size + size / 4 + BLOCK_STEP)
		return false;
	atomic_init(&text->refs, 1);
	text->len = len;
	return true;
}

void
shared_text_free(struct shared_text *text)
{
	mem_free(text);
}

void
shared_text_unref(struct shared_text *text)
{
	if (text && shared_text_leave(text))
		mem_free(text);
}
