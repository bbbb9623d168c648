#include "rule/resource_key.h"

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
static const uint64_t basis = 0xcbf29ce484222325;
static const uint64_t prime = 0x100000001b3;

static uint64_t
add(uint64_t hash, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.ptr[i]) * prime;
	/* 0xFF is in no UTF-8 text: "a","bc" is not "ab","c". */
	return (hash ^ 0xFF) * prime;
}

static uint64_t
make(char kind, struct str scope, struct str id)
{
	uint64_t hash = add(add(add(basis, str_make(&kind, 1)), scope), id);

	return hash ? hash : 1;
}

uint64_t
resource_key(struct str type, struct str id)
{
	return make('r', type, id);
}

uint64_t
resource_key_of_event(struct str source, struct str subject)
{
	return subject.len ? make('e', source, subject) : 0;
}
