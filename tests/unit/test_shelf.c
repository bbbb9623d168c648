#include "pipeline/shelf.h"

#include "check.h"

static struct payload *
make(uint64_t event)
{
	struct payload_facts facts = {.event = event, .body = STR("{\"a\":1}")};

	return payload_new(&facts);
}

static void
put(struct shelf *shelf, uint64_t event, int64_t now)
{
	struct payload *payload = make(event);

	shelf_put(shelf, payload, now);
	payload_unref(payload);
}

static bool
takes(struct shelf *shelf, uint64_t event)
{
	struct payload *payload = shelf_take(shelf, event);
	bool is_it = payload && payload->event == event;

	payload_unref(payload);
	return is_it;
}

TEST(shelf, gives_a_payload_once_for_each_delivery_it_was_put_for)
{
	CLEANUP(shelf_release) struct shelf shelf = {.bytes_max = 4096};

	put(&shelf, 1, 0);
	put(&shelf, 2, 0);
	put(&shelf, 1, 0);
	CHECK(takes(&shelf, 1));
	CHECK(takes(&shelf, 1));
	CHECK(!takes(&shelf, 1));
	CHECK(takes(&shelf, 2));
	CHECK_INT(shelf.bytes, 0);
	CHECK(!takes(&shelf, 3));
}

TEST(shelf, full_takes_no_more_and_keeps_what_was_first)
{
	CLEANUP(shelf_release) struct shelf shelf = {0};
	struct payload *payload = make(1);

	shelf.bytes_max = payload_size(payload) + 100;
	payload_unref(payload);
	put(&shelf, 1, 0);
	put(&shelf, 2, 0);
	CHECK(!takes(&shelf, 2));
	CHECK(takes(&shelf, 1));
}

TEST(shelf, drops_what_nobody_asked_for_in_time)
{
	CLEANUP(shelf_release) struct shelf shelf = {.bytes_max = 4096};
	size_t memory = payload_memory();

	put(&shelf, 1, 0);
	put(&shelf, 2, 1);
	shelf_expire(&shelf, SHELF_TIME);
	CHECK(!takes(&shelf, 1));
	CHECK(takes(&shelf, 2));
	put(&shelf, 3, 1);
	shelf_put(&shelf, NULL, SHELF_TIME + 1);
	CHECK(!takes(&shelf, 3));
	CHECK_INT(payload_memory(), memory);
}

TEST(shelf, zeroed_holds_nothing)
{
	CLEANUP(shelf_release) struct shelf shelf = {0};

	put(&shelf, 1, 0);
	CHECK(!takes(&shelf, 1));
}
