#include "store/attempt_pack.h"

#include "base/varint.h"

/* Texts are compared in words of so many bytes. */
enum { WORD = 8 };

static const size_t texts[] = {
	offsetof(struct attempt_row, failure),
	offsetof(struct attempt_row, error),
	offsetof(struct attempt_row, destination),
	offsetof(struct attempt_row, request_head),
	offsetof(struct attempt_row, response_head),
	offsetof(struct attempt_row, response_body),
};

static const size_t timings[] = {
	offsetof(struct attempt_row, name_resolved),
	offsetof(struct attempt_row, connected),
	offsetof(struct attempt_row, tls_done),
	offsetof(struct attempt_row, first_byte),
};

/** What the first one of a pack is told by. */
static const struct attempt_row nothing;

/* Times may be anything, and what is read from a disk is: both wrap around. */

static int64_t
sum(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t
difference(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

static struct str *
text_of(const struct attempt_row *row, size_t number)
{
	return (struct str *)(uintptr_t)((const char *)row + texts[number]);
}

static int64_t *
timing_of(const struct attempt_row *row, size_t number)
{
	return (int64_t *)(uintptr_t)((const char *)row + timings[number]);
}

/* ---- writing ---- */

struct output {
	char *at;
	const char *end;
	bool is_full; /* nothing is written any more */
};

static void
put_number(struct output *out, uint64_t number)
{
	if (out->end - out->at < VARINT_MAX)
		out->is_full = true;
	else
		out->at = varint_put(out->at, number);
}

static void
put_bytes(struct output *out, const char *bytes, size_t len)
{
	if ((size_t)(out->end - out->at) < len) {
		out->is_full = true;
		return;
	}
	memcpy(out->at, bytes, len);
	out->at += len;
}

static uint64_t
word_at(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/** Where the two, alike up to `at`, begin to differ; `end` if they do not. */
static size_t
skip_same(const char *a, const char *b, size_t at, size_t end)
{
	while (at + WORD <= end && word_at(a + at) == word_at(b + at))
		at += WORD;
	while (at < end && a[at] == b[at])
		at++;
	return at;
}

/** Where a word of both begins that is the same, or `end`. */
static size_t
skip_different(const char *a, const char *b, size_t at, size_t end)
{
	while (at + WORD <= end && word_at(a + at) != word_at(b + at))
		at += WORD;
	return at + WORD <= end ? at : end;
}

static void
put_text(struct output *out, struct str text, struct str former)
{
	size_t both = text.len < former.len ? text.len : former.len;
	size_t at = 0;

	put_number(out, text.len);
	while (at < text.len && !out->is_full) {
		size_t same = skip_same(text.ptr, former.ptr, at, both);
		size_t end = skip_different(text.ptr, former.ptr, same, both);

		if (end == both)
			end = text.len;
		put_number(out, same - at);
		put_number(out, end - same);
		put_bytes(out, text.ptr + same, end - same);
		at = end;
	}
}

bool
attempt_pack_add(struct attempt_pack *pack, const struct attempt_row *row)
{
	const struct attempt_row *former = pack->last ? pack->last : &nothing;
	struct output out = {.at = pack->bytes + pack->len,
		.end = pack->bytes + ATTEMPT_PACK_MAX};

	put_number(&out, row->delivery - former->delivery);
	put_number(
		&out, varint_fold(difference(row->started, former->started)));
	put_number(&out, varint_fold(difference(row->ended, row->started)));
	put_number(&out, varint_fold(row->status));
	for (size_t i = 0; i < COUNT_OF(timings); i++)
		put_number(&out, varint_fold(*timing_of(row, i)));
	for (size_t i = 0; i < COUNT_OF(texts) && !out.is_full; i++)
		put_text(&out, *text_of(row, i), *text_of(former, i));
	if (out.is_full)
		return false;
	pack->len = (size_t)(out.at - pack->bytes);
	pack->count++;
	pack->last = row;
	return true;
}

/* ---- reading ---- */

static bool
take_folded(struct str *rest, int64_t *ret)
{
	uint64_t folded;

	if (!varint_take(rest, &folded))
		return false;
	*ret = varint_unfold(folded);
	return true;
}

/** Fills `out`, of `len` bytes. */
static bool
take_runs(struct str *rest, struct str former, char *out, size_t len)
{
	size_t at = 0;

	while (at < len) {
		uint64_t same, others;

		if (!varint_take(rest, &same) || !varint_take(rest, &others) ||
			(same == 0 && others == 0))
			return false;
		if (same > len - at || others > len - at - same ||
			others > rest->len ||
			(same && (at > former.len || same > former.len - at)))
			return false;
		if (same)
			memcpy(out + at, former.ptr + at, same);
		at += same;
		if (others)
			memcpy(out + at, rest->ptr, others);
		at += others;
		*rest = str_skip(*rest, others);
	}
	return true;
}

/** `text` is the one before, and becomes this one. */
static bool
take_text(struct str *rest, struct arena *arena, struct str *text)
{
	struct str former = *text;
	uint64_t len;
	char *out;

	/* It cannot be longer than all it may be made of. */
	if (!varint_take(rest, &len) || len > former.len + rest->len)
		return false;
	*text = str_make(NULL, 0);
	if (len == 0)
		return true;
	out = arena_alloc_raw(arena, len);
	*text = str_make(out, len);
	return take_runs(rest, former, out, len);
}

/** `row` is the one before, and becomes this one. */
static bool
take_row(struct str *rest, struct arena *arena, struct attempt_row *row)
{
	uint64_t behind;
	int64_t later, took, status;

	if (!varint_take(rest, &behind) || !take_folded(rest, &later) ||
		!take_folded(rest, &took) || !take_folded(rest, &status))
		return false;
	row->delivery += behind;
	row->started = sum(row->started, later);
	row->ended = sum(row->started, took);
	row->status = (int)status;
	for (size_t i = 0; i < COUNT_OF(timings); i++) {
		if (!take_folded(rest, timing_of(row, i)))
			return false;
	}
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (!take_text(rest, arena, text_of(row, i)))
			return false;
	}
	return true;
}

enum err
attempt_pack_find(struct str bytes, uint64_t webhook, uint64_t delivery,
	struct arena *arena, struct attempt_row *ret)
{
	struct attempt_row row = {.webhook = webhook, .is_acknowledged = true};

	if (bytes.len > ATTEMPT_PACK_MAX)
		return ERR_INVALID;
	while (bytes.len) {
		if (!take_row(&bytes, arena, &row))
			return ERR_INVALID;
		if (row.delivery == delivery) {
			*ret = row;
			return ERR_OK;
		}
	}
	return ERR_NOT_FOUND;
}
