#include "base/random.h"
#include "store/explain.h"
#include "store_double.h"

/*
 * Random outcomes of random webhooks' deliveries against a plain model: in
 * whatever rows attempts lie, each is read as it was written.
 */

enum { MANY = 2500, TRIES = 4, HOOKS = 5, UNITS_MAX = 600 };

/* What a test knows of a delivery, by its sequence. */
static struct known {
	struct delivery_row row;
	struct attempt_row attempts[TRIES];
} known[MANY + 1];

static struct store *store;
static const char *directory;
static struct arena arena; /* until the test's end */
static struct arena scratch;
static uint64_t last_event, last_delivery;

/* The units of a commit. */
static struct delivery_row outcomes[UNITS_MAX];
static struct store_change changes[UNITS_MAX][2];
static struct store_unit units[UNITS_MAX];
static struct store_unit *list[UNITS_MAX];

static void
begin(uint64_t seed)
{
	random_test_seed(seed);
	memset(known, 0, sizeof(known));
	last_event = last_delivery = 0;
	directory = check_temp_dir();
	store = test_store_open(directory);
}

static void
end(void)
{
	CHECK_INT(test_count(directory, "SELECT integrity_check = 'ok'"
					" FROM pragma_integrity_check"),
		1);
	store_close(store);
	arena_release(&arena);
	arena_release(&scratch);
}

/* ---- what happens ---- */

/** An event with some deliveries, which may be late (sqlite_late.h). */
static void
publish(void)
{
	uint64_t count = 1 + random_below(6);
	struct event_row event = test_event(++last_event, &scratch);
	struct store_change all[7] = {ADD_EVENT(&event)};
	bool is_in_row = random_below(3) > 0;

	if (count > MANY - last_delivery)
		count = MANY - last_delivery;
	event.matched = (uint32_t)count;
	event.first_delivery = is_in_row ? last_delivery + 1 : 0;
	for (uint64_t i = 1; i <= count; i++) {
		struct delivery_row *row = &known[++last_delivery].row;

		*row = test_delivery(last_delivery, last_event,
			1 + random_below(random_below(2) ? 2 : HOOKS));
		row->created = row->updated = row->due = event.accepted;
		row->is_in_row = is_in_row;
		all[i] = (struct store_change)ADD_DELIVERY(row);
	}
	CHECK_OK(test_commit(store, all, count + 1));
}

static struct str
noise_of(size_t len)
{
	char *bytes = arena_alloc(&arena, len);

	random_bytes(bytes, len);
	return str_make(bytes, len);
}

static void
give_texts(struct attempt_row *row)
{
	row->destination = arena_printf(&arena, "https://example.org/hook/%llu",
		(unsigned long long)row->webhook);
	row->request_head = arena_printf(&arena,
		"POST /hook HTTP/1.1\r\nUser-Agent: grapnel\r\nId: %020llu\r\n"
		"Timestamp: %lld\r\nSignature: v1,%016llx%016llx\r\n",
		(unsigned long long)row->delivery,
		(long long)(row->started / SECONDS),
		(unsigned long long)random_below(UINT64_MAX),
		(unsigned long long)random_below(UINT64_MAX));
	row->response_body = STR("ok");
	switch (random_below(30)) {
	case 0: row->response_body = noise_of(2500); break;
	case 1:
		row->response_head = arena_printf(&arena,
			"HTTP/1.1 200 OK\r\nX: %02100llu\r\n",
			(unsigned long long)random_below(UINT64_MAX));
		break;
	case 2: row->response_body = noise_of(random_below(60)); break;
	case 3: row->response_body = STR("\0\xff\0"); break;
	case 4: row->response_body = STR(""); break;
	case 5: row->error = STR("a warning \xc3\xa9"); break;
	default: break;
	}
}

/** A delivery's next attempt and what follows, as unit number `at`. */
static void
try(uint64_t sequence, size_t at)
{
	struct known *delivery = &known[sequence];
	struct delivery_row *row = &outcomes[at];
	uint32_t number = delivery->row.attempts;
	struct attempt_row *attempt = &delivery->attempts[number];
	bool is_good = random_below(10) > 0;

	*attempt = test_attempt(sequence, number, delivery->row.webhook,
		TEST_NOW + (int64_t)(sequence * 64 + number) * 1000);
	give_texts(attempt);
	if (!is_good) {
		attempt->is_acknowledged = false;
		attempt->status = 503;
		attempt->failure = STR("status");
		attempt->error = STR("it answered 503");
	}
	delivery->row.attempts++;
	delivery->row.updated = attempt->ended;
	delivery->row.state = DELIVERY_DELIVERED;
	if (!is_good)
		delivery->row.state =
			number + 1 == TRIES ? DELIVERY_DEAD : DELIVERY_WAITING;
	*row = delivery->row;
	changes[at][0] = (struct store_change)SET_DELIVERY(row);
	changes[at][1] = (struct store_change)ADD_ATTEMPT(attempt);
	units[at] = (struct store_unit){.changes = changes[at], .count = 2};
	list[at] = &units[at];
}

/** Outcomes of waiting ones from `from` on, some of them left out. */
static void
conclude(uint64_t from, size_t count, bool is_in_order)
{
	size_t made = 0;

	for (uint64_t i = from; i <= last_delivery && made < count; i++) {
		if (known[i].row.state != DELIVERY_WAITING ||
			(!is_in_order && random_below(8) == 0))
			continue;
		try(i, made++);
	}
	for (size_t i = made; !is_in_order && i > 1; i--) {
		size_t at = (size_t)random_below(i);
		struct store_unit *one = list[i - 1];

		list[i - 1] = list[at];
		list[at] = one;
	}
	CHECK_OK(store_commit(store, list, made, NULL));
	for (size_t i = 0; i < made; i++)
		CHECK_INT(units[i].result, ERR_OK);
}

/* ---- what is read ---- */

static void
check_attempt(const struct attempt_row *got, const struct attempt_row *expected)
{
	CHECK_INT(got->delivery, expected->delivery);
	CHECK_INT(got->webhook, expected->webhook);
	CHECK_INT(got->number, expected->number);
	CHECK_INT(got->started, expected->started);
	CHECK_INT(got->ended, expected->ended);
	CHECK_INT(got->status, expected->status);
	CHECK_INT(got->is_acknowledged, expected->is_acknowledged);
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
check_delivery(const struct known *delivery)
{
	uint64_t sequence = delivery->row.sequence;
	uint64_t hook = delivery->row.webhook;
	struct attempt_rows rows;
	struct attempt_view view;

	CHECK_OK(store_attempts_of(store, sequence, &scratch, &rows));
	CHECK_INT(rows.count, delivery->row.attempts);
	for (uint32_t i = 0; i < rows.count; i++) {
		check_attempt(&rows.rows[i], &delivery->attempts[i]);
		CHECK_OK(store_attempt(
			store, hook, sequence, i, &scratch, &view));
		check_attempt(&view.attempt, &delivery->attempts[i]);
		CHECK_INT(view.delivery.sequence, sequence);
		CHECK_INT(view.delivery.state, delivery->row.state);
		CHECK_INT(view.event.sequence, delivery->row.event);
	}
	CHECK_INT(store_attempt(store, hook, sequence, delivery->row.attempts,
			  &scratch, &view),
		ERR_NOT_FOUND);
	CHECK_INT(store_attempt(store, hook + 1, sequence, 0, &scratch, &view),
		ERR_NOT_FOUND);
}

static int
compare(const void *a, const void *b)
{
	int64_t left = (*(const struct attempt_row *const *)a)->started;
	int64_t right = (*(const struct attempt_row *const *)b)->started;

	return left < right ? 1 : left > right ? -1 : 0;
}

static void
check_shown(uint64_t hook, size_t recent, size_t failed)
{
	static const struct attempt_row *all[MANY * TRIES];
	struct attempt_list shown;
	size_t count = 0, failures = 0, at = 0;

	for (uint64_t i = 1; i <= last_delivery; i++) {
		if (known[i].row.webhook != hook)
			continue;
		for (uint32_t n = 0; n < known[i].row.attempts; n++)
			all[count++] = &known[i].attempts[n];
	}
	if (count)
		qsort(all, count, sizeof(*all), compare);
	CHECK_OK(store_attempts_shown(
		store, hook, recent, failed, &scratch, &shown));
	for (size_t i = 0; i < count; i++) {
		bool is_failed = !all[i]->is_acknowledged;

		failures += is_failed;
		if (i >= recent && (!is_failed || failures > failed))
			continue;
		CHECK(at < shown.count);
		check_attempt(&shown.rows[at++].attempt, all[i]);
	}
	CHECK_INT(shown.count, at);
}

/** What must be in rows of its own, and that nothing is there twice. */
static void
check_rows(void)
{
	int64_t apart = 0;

	for (uint64_t i = 1; i <= last_delivery; i++) {
		const struct known *delivery = &known[i];

		for (uint32_t n = 0; n < delivery->row.attempts; n++)
			apart +=
				n > 0 || !delivery->attempts[n].is_acknowledged;
	}
	CHECK_INT(test_count(directory,
			  "SELECT count(*) FROM attempts"
			  " WHERE number > 0 OR is_acknowledged = 0"),
		apart);
	CHECK_INT(test_count(directory,
			  "SELECT count(*) FROM attempt_packs p JOIN"
			  " deliveries d ON d.sequence IN (first, last)"
			  " WHERE d.webhook <> p.webhook OR first >= last"
			  " OR first / 128 <> last / 128"
			  " OR d.state <> 1 OR d.attempts <> 1"),
		0);
	CHECK(test_count(directory, "SELECT count(*) FROM attempt_packs") > 0);
}

static void
check_model(void)
{
	for (uint64_t i = 1; i <= last_delivery; i++) {
		check_delivery(&known[i]);
		arena_reset(&scratch);
	}
	for (uint64_t hook = 1; hook <= HOOKS + 1; hook++) {
		check_shown(hook, 10, 5);
		check_shown(hook, 1, 0);
		check_shown(hook, 300, 100);
		arena_reset(&scratch);
	}
	check_rows();
}

/** Until all are published and nothing waits. */
static void
run_model(uint64_t seed, bool is_in_order)
{
	begin(seed);
	while (last_delivery < MANY) {
		size_t wanted =
			1 + (size_t)random_below(random_below(2) ? 600 : 40);
		uint64_t back =
			is_in_order ? 0 : random_below(last_delivery + 1);

		for (size_t i = 0; i < wanted && last_delivery < MANY; i += 3)
			publish();
		if (random_below(4) == 0)
			back = last_delivery;
		conclude(1 + last_delivery - (back ? back : last_delivery),
			wanted, is_in_order);
		arena_reset(&scratch);
		if (random_below(5))
			continue;
		store_close(store);
		store = test_store_open(directory);
	}
	check_model();
	for (int i = 0; i < 30; i++)
		conclude(1, UNITS_MAX, is_in_order);
	check_model();
	store_close(store);
	store = test_store_open(directory);
	check_model();
	end();
}

TEST(store_packs_model, in_order_all_are_read_as_they_were_written)
{
	run_model(1, true);
	run_model(2, true);
}

TEST(store_packs_model, in_any_order_all_are_read_as_they_were_written)
{
	run_model(3, false);
	run_model(4, false);
}
