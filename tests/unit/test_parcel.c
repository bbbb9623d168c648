#include "pipeline/parcel.h"

#include <stdatomic.h>

#include "check.h"

static const struct delivery_row fresh = {.sequence = 7,
	.workspace = 2,
	.event = 5,
	.webhook = 3,
	.due = 100,
	.created = 100,
	.updated = 100,
	.resource = 11};

TEST(parcel, a_fresh_row_comes_out_as_it_went_in)
{
	struct payload_facts facts = {.event = 5, .body = STR("{}")};
	struct payload *payload = payload_new(&facts);
	struct parcel *parcel = parcel_new();
	struct delivery_row row = {0};

	CHECK(parcel_fits(&fresh));
	parcel_add(parcel, &fresh, payload);
	parcel_add(parcel, &fresh, NULL);
	CHECK_INT(parcel->count, 2);
	CHECK(parcel->items[0].payload == payload);
	CHECK(parcel->items[1].payload == NULL);
	parcel_row(&parcel->items[0], &row);
	CHECK_INT(row.sequence, 7);
	CHECK_INT(row.workspace, 2);
	CHECK_INT(row.event, 5);
	CHECK_INT(row.webhook, 3);
	CHECK_INT(row.due, 100);
	CHECK_INT(row.created, 100);
	CHECK_INT(row.updated, 100);
	CHECK_INT(row.resource, 11);
	CHECK_INT(row.state, DELIVERY_WAITING);
	CHECK_INT(row.attempts, 0);
	CHECK_INT(atomic_load(&payload->refs), 2);
	parcel_free(parcel);
	CHECK_INT(atomic_load(&payload->refs), 1);
	payload_unref(payload);
}

TEST(parcel, what_has_a_past_or_a_time_of_its_own_does_not_fit)
{
	struct delivery_row row = fresh;

	row.attempts = 1;
	CHECK(!parcel_fits(&row));
	row = fresh;
	row.spent = 1;
	CHECK(!parcel_fits(&row));
	row = fresh;
	row.since = 99;
	CHECK(!parcel_fits(&row));
	row = fresh;
	row.due = 101;
	CHECK(!parcel_fits(&row));
	row = fresh;
	row.updated = 101;
	CHECK(!parcel_fits(&row));
	row = fresh;
	row.state = DELIVERY_SKIPPED;
	CHECK(!parcel_fits(&row));
}
