#include "store/attempt_pack.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/varint.h"
#include "check.h"

/* Attempts as one run of bytes: what was added is found, and nothing else. */

enum { HOOK = 77, ROWS_MAX = 200, TEXTS = 6 };

static struct arena arena;
static struct attempt_pack pack;
static struct attempt_row rows[ROWS_MAX];

static struct str
bytes_of(const struct attempt_pack *from)
{
	return str_make(from->bytes, from->len);
}

static void
check_row(const struct attempt_row *got, const struct attempt_row *expected)
{
	CHECK(got->delivery == expected->delivery);
	CHECK_INT(got->webhook, HOOK);
	CHECK_INT(got->number, 0);
	CHECK(got->is_acknowledged);
	CHECK_INT(got->started, expected->started);
	CHECK_INT(got->ended, expected->ended);
	CHECK_INT(got->status, expected->status);
	CHECK_INT(got->name_resolved, expected->name_resolved);
	CHECK_INT(got->connected, expected->connected);
	CHECK_INT(got->tls_done, expected->tls_done);
	CHECK_INT(got->first_byte, expected->first_byte);
	CHECK_STR(got->failure, expected->failure);
	CHECK_STR(got->error, expected->error);
	CHECK_STR(got->destination, expected->destination);
	CHECK_STR(got->request_head, expected->request_head);
	CHECK_STR(got->response_head, expected->response_head);
	CHECK_STR(got->response_body, expected->response_body);
}

static void
check_found(struct str bytes, const struct attempt_row *expected)
{
	struct attempt_row row;

	CHECK_OK(attempt_pack_find(
		bytes, HOOK, expected->delivery, &arena, &row));
	check_row(&row, expected);
}

static void
check_missing(struct str bytes, uint64_t delivery)
{
	struct attempt_row row = {.number = 99};

	CHECK_INT(attempt_pack_find(bytes, HOOK, delivery, &arena, &row),
		ERR_NOT_FOUND);
	CHECK_INT(row.number, 99);
}

/** A row without texts. */
static struct attempt_row
bare(uint64_t delivery)
{
	return (struct attempt_row){
		.delivery = delivery, .webhook = HOOK, .is_acknowledged = true};
}

/* ---- typical ones ---- */

/** As the delivering worker makes them: heads that differ in a few places. */
static struct attempt_row
typical(uint64_t delivery)
{
	struct attempt_row row = bare(delivery);
	unsigned char noise[32];
	char signature[2 * sizeof(noise) + 1];

	random_bytes(noise, sizeof(noise));
	for (size_t i = 0; i < sizeof(noise); i++)
		snprintf(signature + 2 * i, 3, "%02x", noise[i]);
	row.started = 1700000000 * SECONDS + (int64_t)delivery * 137;
	row.ended = row.started + 900 + (int64_t)random_below(200);
	row.status = 200;
	row.first_byte = 700 + (int64_t)random_below(200);
	row.destination = STR("https://tower.example.org/hooks/grapnel");
	row.request_head = arena_printf(&arena,
		"POST /hooks/grapnel HTTP/1.1\r\n"
		"Host: tower.example.org\r\n"
		"User-Agent: grapnel/0.3\r\n"
		"Content-Type: application/json\r\n"
		"Content-Length: 412\r\n"
		"Webhook-Id: 018bcfe5-6800-7000-8000-%012llx\r\n"
		"Webhook-Timestamp: %lld\r\n"
		"Webhook-Signature: sha256=%s\r\n\r\n",
		(unsigned long long)delivery,
		(long long)(row.started / SECONDS), signature);
	row.response_head = STR("HTTP/1.1 200 OK\r\nServer: nginx\r\n"
				"Content-Type: text/plain\r\n"
				"Content-Length: 2\r\n\r\n");
	row.response_body = STR("ok");
	CHECK(row.request_head.len > 250 && row.request_head.len < 350);
	return row;
}

/** How many fit. */
static size_t
fill_with_typical(void)
{
	size_t count = 0;

	attempt_pack_clear(&pack);
	for (; count < ROWS_MAX; count++) {
		rows[count] = typical(1000 + 2 * count);
		if (!attempt_pack_add(&pack, &rows[count]))
			break;
	}
	CHECK_INT(pack.count, count);
	return count;
}

TEST(attempt_pack, of_typical_attempts_there_are_a_dozen_in_one)
{
	size_t count;

	random_test_seed(1);
	count = fill_with_typical();
	CHECK(count >= 12);
	for (size_t i = 0; i < count; i++)
		check_found(bytes_of(&pack), &rows[i]);
	arena_release(&arena);
}

TEST(attempt_pack, a_changed_byte_costs_a_word)
{
	char a[64] = {0}, b[64] = {0};
	size_t before;

	b[8] = 1;
	rows[0] = bare(1);
	rows[1] = bare(2);
	rows[0].error = str_make(a, sizeof(a));
	rows[1].error = str_make(b, sizeof(b));
	attempt_pack_clear(&pack);
	CHECK(attempt_pack_add(&pack, &rows[0]));
	before = pack.len;
	CHECK(attempt_pack_add(&pack, &rows[1]));
	/* 8 numbers, 6 lengths; 8 alike, 8 others, which are; 48 and 0. */
	CHECK_INT(pack.len - before, 8 + 6 + 2 + 8 + 2);
}

TEST(attempt_pack, only_what_is_in_it_is_found)
{
	size_t count;

	random_test_seed(3);
	count = fill_with_typical();
	for (size_t i = 0; i < count; i++)
		check_missing(bytes_of(&pack), rows[i].delivery + 1);
	check_missing(bytes_of(&pack), rows[0].delivery - 1);
	check_missing(bytes_of(&pack), 0);
	check_missing(bytes_of(&pack), UINT64_MAX);
	/* The one that had no room. */
	check_missing(bytes_of(&pack), rows[count].delivery);
	arena_release(&arena);
}

TEST(attempt_pack, empty_one_has_nothing)
{
	attempt_pack_clear(&pack);
	CHECK_INT(pack.len, 0);
	CHECK_INT(pack.count, 0);
	check_missing(bytes_of(&pack), 0);
	check_missing(str_make(NULL, 0), 1);
	arena_release(&arena);
}

TEST(attempt_pack, full_one_refuses_and_stays_what_it_was)
{
	struct attempt_pack before;
	struct attempt_row large = bare(2000000);
	char *body = arena_alloc(&arena, ATTEMPT_PACK_MAX);
	size_t count;

	random_test_seed(5);
	count = fill_with_typical();
	random_bytes(body, ATTEMPT_PACK_MAX);
	large.response_body = str_make(body, ATTEMPT_PACK_MAX);
	before = pack;
	CHECK(!attempt_pack_add(&pack, &large));
	CHECK(!attempt_pack_add(&pack, &rows[count]));
	CHECK_INT(pack.len, before.len);
	CHECK(pack.len <= ATTEMPT_PACK_MAX);
	CHECK_INT(pack.count, before.count);
	CHECK(pack.last == before.last);
	CHECK_STR(bytes_of(&pack), bytes_of(&before));
	for (size_t i = 0; i < count; i++)
		check_found(bytes_of(&pack), &rows[i]);
	arena_release(&arena);
}

TEST(attempt_pack, one_that_is_too_large_is_refused_by_an_empty_one)
{
	struct attempt_row large = bare(1), small = bare(2);
	char *body = arena_alloc(&arena, 1 << 20);

	for (size_t i = 0; i < TEXTS; i++) {
		attempt_pack_clear(&pack);
		large = bare(1);
		*(&large.failure + i) = str_make(body, 1 << 20);
		CHECK(!attempt_pack_add(&pack, &large));
		CHECK_INT(pack.len, 0);
		CHECK_INT(pack.count, 0);
		CHECK(attempt_pack_add(&pack, &small));
		check_found(bytes_of(&pack), &small);
	}
	arena_release(&arena);
}

TEST(attempt_pack, extreme_numbers_come_back)
{
	static const int64_t ends[] = {
		INT64_MIN, INT64_MAX, 0, -1, 1, INT64_MIN + 1, INT64_MAX - 1};
	size_t count = 0;

	attempt_pack_clear(&pack);
	for (size_t i = 0; i < 18; i++) {
		struct attempt_row *row = &rows[i];

		*row = bare(i < 17 ? i : UINT64_MAX);
		row->started = ends[i % 7];
		row->ended = ends[(i + i / 7 + 1) % 7];
		row->status = i % 2 ? INT32_MAX : INT32_MIN;
		row->name_resolved = ends[(i + 2) % 7];
		row->connected = ends[(i + 3) % 7];
		row->tls_done = ends[(i + 4) % 7];
		row->first_byte = ends[(i + 5) % 7];
		count += attempt_pack_add(&pack, row);
	}
	CHECK_INT(count, 18);
	for (size_t i = 0; i < count; i++)
		check_found(bytes_of(&pack), &rows[i]);
	check_missing(bytes_of(&pack), 17);
	arena_release(&arena);
}

/* ---- random ones ---- */

static struct str
noise_of(size_t len)
{
	static const char bytes[] = "\0\xff\x80\x7f"
				    "ab";
	char *out = arena_alloc(&arena, len ? len : 1);
	bool is_few = random_below(2);

	random_bytes(out, len);
	for (size_t i = 0; is_few && i < len; i++)
		out[i] = bytes[random_below(6)];
	return str_make(out, len);
}

/** The text with some of its bytes changed, cut off or added. */
static struct str
altered(struct str text)
{
	size_t len = random_below(2) ? text.len
				     : (size_t)random_below(text.len + 20);
	struct str out = noise_of(len);

	if (text.len && len)
		memcpy((char *)(uintptr_t)out.ptr, text.ptr,
			len < text.len ? len : text.len);
	for (uint64_t n = random_below(4); len && n > 0; n--) {
		size_t at = (size_t)random_below(len);
		size_t count = 1 + (size_t)random_below(12);

		for (; count > 0 && at < len; count--, at++)
			((char *)(uintptr_t)out.ptr)[at] ^=
				(char)(1 + random_below(255));
	}
	return out;
}

static struct str
next_text(struct str former)
{
	switch (random_below(6)) {
	case 0: return str_make(NULL, 0);
	case 1: return noise_of((size_t)random_below(90));
	case 2: return noise_of((size_t)random_below(17));
	case 3: return altered(former);
	case 4: return arena_copy(&arena, former);
	default: return former;
	}
}

static int64_t
next_number(int64_t former)
{
	uint64_t bits;

	switch (random_below(4)) {
	case 0: return former;
	case 1: return 0;
	case 2: return (int64_t)random_below(100000) - 50000;
	default:
		random_bytes(&bits, sizeof(bits));
		return (int64_t)(bits >> random_below(64));
	}
}

static struct attempt_row
next_row(const struct attempt_row *former)
{
	struct attempt_row row = bare(former->delivery + 1 + random_below(50));
	struct str *texts = &row.failure;

	row.started = next_number(former->started);
	row.ended = next_number(former->ended);
	row.status = (int)next_number(former->status);
	row.name_resolved = next_number(former->name_resolved);
	row.connected = next_number(former->connected);
	row.tls_done = next_number(former->tls_done);
	row.first_byte = next_number(former->first_byte);
	for (size_t i = 0; i < TEXTS; i++)
		texts[i] = next_text((&former->failure)[i]);
	return row;
}

static void
run_random(void)
{
	struct attempt_row former = bare(random_below(1000));
	size_t count = 0;

	attempt_pack_clear(&pack);
	while (count < ROWS_MAX) {
		rows[count] = next_row(&former);
		if (!attempt_pack_add(&pack, &rows[count]))
			break;
		former = rows[count++];
	}
	CHECK_INT(pack.count, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t after = i + 1 < count ? rows[i + 1].delivery : 0;

		check_found(bytes_of(&pack), &rows[i]);
		if (after != rows[i].delivery + 1)
			check_missing(bytes_of(&pack), rows[i].delivery + 1);
	}
}

TEST(attempt_pack, random_rows_are_found_field_by_field)
{
	for (uint64_t seed = 1; seed <= 3000; seed++) {
		random_test_seed(seed);
		run_random();
		arena_reset(&arena);
	}
	arena_release(&arena);
}

/* What is copied is at the place of a text that may be shorter or longer. */
TEST(attempt_pack, every_length_and_place_of_a_change_comes_back)
{
	char a[40], b[40];

	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = (char)('A' + i);
	for (size_t from = 0; from < sizeof(a); from++) {
		for (size_t len = 0; len <= sizeof(a) - from; len++) {
			memcpy(b, a, sizeof(a));
			memset(b + from, 0, len);
			attempt_pack_clear(&pack);
			for (size_t i = 0; i < 4; i++)
				rows[i] = bare(i);
			rows[0].error = str_make(a, from + len);
			rows[1].error = str_make(b, sizeof(b));
			rows[2].error = str_make(a, sizeof(a) - len);
			rows[3].error = str_make(b, from + len);
			for (size_t i = 0; i < 4; i++)
				CHECK(attempt_pack_add(&pack, &rows[i]));
			for (size_t i = 0; i < 4; i++)
				check_found(bytes_of(&pack), &rows[i]);
			arena_reset(&arena);
		}
	}
	arena_release(&arena);
}

/* ---- what is damaged ---- */

/** Whatever comes of it, it takes no more than a pack can be worth. */
static void
look_into(struct str bytes, uint64_t delivery)
{
	struct arena own = {0};
	struct attempt_row row = {0};
	enum err err = attempt_pack_find(bytes, HOOK, delivery, &own, &row);

	CHECK(err == ERR_OK || err == ERR_NOT_FOUND || err == ERR_INVALID);
	CHECK(own.total <= 1 << 20);
	if (err == ERR_OK) {
		CHECK(row.delivery == delivery);
		CHECK_INT(row.webhook, HOOK);
		CHECK(row.response_body.len <= 2 * ATTEMPT_PACK_MAX);
	}
	arena_release(&own);
}

/** A copy that ends where it ends, so that the sanitizer sees it passed. */
static struct str
exact(struct str bytes, size_t len)
{
	char *copy = mem_resize(NULL, len ? len : 1);

	if (len)
		memcpy(copy, bytes.ptr, len);
	return str_make(copy, len);
}

TEST(attempt_pack, every_truncation_is_told_or_ends_between_two)
{
	size_t count, ends = 0;

	random_test_seed(6);
	count = fill_with_typical();
	for (size_t len = 0; len < pack.len; len++) {
		struct str cut = exact(bytes_of(&pack), len);
		struct attempt_row row;
		enum err err = attempt_pack_find(
			cut, HOOK, rows[count - 1].delivery, &arena, &row);

		CHECK(err == ERR_INVALID || err == ERR_NOT_FOUND);
		ends += err == ERR_NOT_FOUND;
		look_into(cut, rows[0].delivery);
		mem_free((char *)(uintptr_t)cut.ptr);
	}
	CHECK_INT(ends, count);
	arena_release(&arena);
}

TEST(attempt_pack, every_changed_byte_gives_an_error_or_some_row)
{
	static const unsigned char changes[] = {
		0x01, 0x02, 0x10, 0x40, 0x7f, 0x80, 0xff};
	size_t count;

	random_test_seed(7);
	count = fill_with_typical();
	for (size_t at = 0; at < pack.len; at++) {
		for (size_t i = 0; i < COUNT_OF(changes); i++) {
			struct str changed = exact(bytes_of(&pack), pack.len);

			((char *)(uintptr_t)changed.ptr)[at] ^=
				(char)changes[i];
			look_into(changed, rows[0].delivery);
			look_into(changed, rows[count - 1].delivery);
			look_into(changed, UINT64_MAX);
			mem_free((char *)(uintptr_t)changed.ptr);
		}
	}
	arena_release(&arena);
}

/* A text of one row that all the others have as well takes it once for each. */
TEST(attempt_pack, more_than_a_pack_may_be_is_none)
{
	size_t large = 50000, at;
	char *bytes = mem_resize(NULL, 2 * large);
	struct str all;

	memset(bytes, 0, 2 * large);
	/* The first one: thirteen numbers and texts, and a long body. */
	at = 13;
	at = (size_t)(varint_put(bytes + at, large) - bytes);
	at++; /* nothing is the same */
	at = (size_t)(varint_put(bytes + at, large) - bytes) + large;
	while (at + 40 < 2 * large) {
		bytes[at] = 1;
		at += 13;
		at = (size_t)(varint_put(bytes + at, large) - bytes);
		at = (size_t)(varint_put(bytes + at, large) - bytes) + 1;
	}
	all = str_make(bytes, at);
	look_into(all, UINT64_MAX);
	CHECK_INT(attempt_pack_find(all, HOOK, UINT64_MAX, &arena, &rows[0]),
		ERR_INVALID);
	mem_free(bytes);
	arena_release(&arena);
}
