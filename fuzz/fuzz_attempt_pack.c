#include <stdlib.h>

#include "base/varint.h"
#include "store/attempt_pack.h"

/*
 * Bytes as those of a pack, and as numbers one behind another. Whatever they
 * are, it takes little memory; a row that is found can be put into a pack, and
 * comes out of it as it was.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HOOK = 7, DELIVERIES = 16, MEMORY_MAX = 1 << 20 };

static void
check(bool claim)
{
	if (!claim)
		abort();
}

static void
check_texts(const struct attempt_row *a, const struct attempt_row *b)
{
	check(str_equal(a->failure, b->failure));
	check(str_equal(a->error, b->error));
	check(str_equal(a->destination, b->destination));
	check(str_equal(a->request_head, b->request_head));
	check(str_equal(a->response_head, b->response_head));
	check(str_equal(a->response_body, b->response_body));
}

static void
check_rows(const struct attempt_row *a, const struct attempt_row *b)
{
	check(a->delivery == b->delivery && a->webhook == b->webhook);
	check(a->number == 0 && b->number == 0);
	check(a->is_acknowledged && b->is_acknowledged);
	check(a->started == b->started && a->ended == b->ended);
	check(a->status == b->status);
	check(a->name_resolved == b->name_resolved);
	check(a->connected == b->connected && a->tls_done == b->tls_done);
	check(a->first_byte == b->first_byte);
	check_texts(a, b);
}

/** The two in a pack of their own, the second told by the first. */
static void
pack_again(const struct attempt_row *first, const struct attempt_row *second)
{
	CLEANUP(arena_release) struct arena arena = {0};
	const struct attempt_row *rows[] = {first, second};
	struct attempt_pack pack;
	struct attempt_row row;

	attempt_pack_clear(&pack);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct str bytes;

		if (!attempt_pack_add(&pack, rows[i]))
			return;
		bytes = str_make(pack.bytes, pack.len);
		check(pack.len <= ATTEMPT_PACK_MAX && pack.count == i + 1);
		check(attempt_pack_find(bytes, HOOK, rows[i]->delivery, &arena,
			      &row) == ERR_OK);
		check_rows(&row, rows[i]);
	}
}

/** What is taken can be put, in as few bytes or fewer. */
static void
take_numbers(struct str text)
{
	struct str before = text;
	char bytes[VARINT_MAX];
	uint64_t number, again;

	while (varint_take(&text, &number)) {
		struct str put = str_make(
			bytes, (size_t)(varint_put(bytes, number) - bytes));

		check(text.ptr + text.len == before.ptr + before.len);
		check(put.len <= before.len - text.len);
		check(varint_take(&put, &again) && again == number);
		check(varint_fold(varint_unfold(number)) == number);
		before = text;
	}
	check(text.ptr == before.ptr && text.len == before.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = str_make((const char *)data, size);
	CLEANUP(arena_release) struct arena arena = {0};
	struct attempt_row former = {0}, row;
	bool has_former = false;

	take_numbers(bytes);
	for (uint64_t delivery = 0; delivery < DELIVERIES; delivery++) {
		size_t before = arena.total;
		enum err err =
			attempt_pack_find(bytes, HOOK, delivery, &arena, &row);

		check(arena.total - before <= MEMORY_MAX);
		check(err == ERR_OK || err == ERR_NOT_FOUND ||
			err == ERR_INVALID);
		if (err)
			continue;
		check(row.delivery == delivery);
		if (has_former)
			pack_again(&former, &row);
		former = row;
		has_former = true;
	}
	return 0;
}
