/* Many publishers of a few resources. */
#include <pthread.h>

#include "pipeline_world.h"

enum { PUBLISHERS = 8, EACH = 60, RESOURCES = 3 };

struct publisher {
	struct world *world;
	pthread_t thread;
	int number;
	int refused;
	int unchanged;
};

static void *
publish_many(void *context)
{
	struct publisher *publisher = context;

	for (int i = 0; i < EACH; i++) {
		struct published published;
		char id[16], body[64];

		snprintf(id, sizeof(id), "r%d", i % RESOURCES);
		snprintf(body, sizeof(body), "{\"p\":%d,\"i\":%d}",
			publisher->number, i);
		if (i % 17 == 16)
			world_delete(publisher->world, &published, id);
		else
			world_put(publisher->world, &published, id, body);
		world_await(&published);
		publisher->refused += published.outcome == PUBLISH_REFUSED &&
				      published.err != ERR_NOT_FOUND;
		publisher->unchanged += published.outcome == PUBLISH_UNCHANGED;
	}
	return NULL;
}

/** Walks back through `previous`; the number of events in the chain. */
static int
walk_chain(struct world *world, const char *id)
{
	struct arena arena = {0};
	struct event_row event = world_last(world, id, &arena);
	int count = 1;

	while (event.operation != OPERATION_CREATED) {
		struct event_row previous;

		CHECK(event.previous != 0 && event.previous < event.sequence);
		CHECK_OK(store_event(
			world->store, event.previous, &arena, &previous));
		CHECK_STR(previous.subject, str_of(id));
		CHECK(previous.operation != OPERATION_DELETED);
		event = previous;
		count++;
	}
	arena_release(&arena);
	return count;
}

static void
check_chains(struct world *world, struct publisher *publishers)
{
	for (int i = 0; i < PUBLISHERS; i++) {
		CHECK_INT(publishers[i].refused, 0);
		CHECK_INT(publishers[i].unchanged, 0);
	}
	for (int i = 0; i < RESOURCES; i++) {
		char id[16];

		snprintf(id, sizeof(id), "r%d", i);
		CHECK(walk_chain(world, id) > 0);
	}
	/* No event has two successors, and none but a Created has none. */
	CHECK_INT(test_count(world->directory,
			  "SELECT count(*) FROM (SELECT previous FROM events "
			  "WHERE previous > 0 GROUP BY previous "
			  "HAVING count(*) > 1)"),
		0);
}

static void
run_publishers(struct world *world)
{
	struct publisher publishers[PUBLISHERS];

	for (int i = 0; i < PUBLISHERS; i++) {
		publishers[i] = (struct publisher){.world = world, .number = i};
		CHECK_INT(pthread_create(&publishers[i].thread, NULL,
				  publish_many, &publishers[i]),
			0);
	}
	for (int i = 0; i < PUBLISHERS; i++)
		pthread_join(publishers[i].thread, NULL);
	check_chains(world, publishers);
}

TEST(ingest, the_chain_of_a_resource_has_no_gap_with_many_publishers)
{
	struct world world;

	world_open(&world, 0, 0);
	run_publishers(&world);
	world_close(&world);
}

TEST(ingest, the_chain_has_no_gap_with_a_tiny_cache_either)
{
	struct world world;

	world_open(&world, 1, 0);
	run_publishers(&world);
	world_close(&world);
}
