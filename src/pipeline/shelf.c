#include "pipeline/shelf.h"

#include "base/mem.h"

struct shelved {
	struct numbers_node by_event;
	struct shelved *older, *newer;
	struct payload *payload;
	unsigned wanted; /* deliveries */
	int64_t until;
};

static struct shelved *
find(const struct shelf *shelf, uint64_t event)
{
	struct numbers_node *node = numbers_get(&shelf->by_event, event);

	return node ? CONTAINER_OF(node, struct shelved, by_event) : NULL;
}

static size_t
size_of(const struct payload *payload)
{
	return sizeof(struct shelved) + payload_size(payload);
}

static void
drop(struct shelf *shelf, struct shelved *shelved)
{
	numbers_remove(&shelf->by_event, &shelved->by_event);
	*(shelved->older ? &shelved->older->newer : &shelf->oldest) =
		shelved->newer;
	*(shelved->newer ? &shelved->newer->older : &shelf->newest) =
		shelved->older;
	shelf->bytes -= size_of(shelved->payload);
	payload_unref(shelved->payload);
	mem_free(shelved);
}

void
shelf_release(struct shelf *shelf)
{
	while (shelf->oldest)
		drop(shelf, shelf->oldest);
	numbers_release(&shelf->by_event);
}

void
shelf_put(struct shelf *shelf, struct payload *payload, int64_t now)
{
	struct shelved *shelved;

	shelf_expire(shelf, now);
	if (payload == NULL)
		return;
	shelved = find(shelf, payload->event);
	if (shelved) {
		shelved->wanted++;
		return;
	}
	if (shelf->bytes + size_of(payload) > shelf->bytes_max)
		return;
	shelved = MEM_NEW(struct shelved);
	shelved->by_event.number = payload->event;
	shelved->payload = payload_ref(payload);
	shelved->wanted = 1;
	shelved->until = now + SHELF_TIME;
	shelved->older = shelf->newest;
	*(shelf->newest ? &shelf->newest->newer : &shelf->oldest) = shelved;
	shelf->newest = shelved;
	shelf->bytes += size_of(payload);
	numbers_add(&shelf->by_event, &shelved->by_event);
}

struct payload *
shelf_take(struct shelf *shelf, uint64_t event)
{
	struct shelved *shelved = find(shelf, event);
	struct payload *payload;

	if (shelved == NULL)
		return NULL;
	payload = payload_ref(shelved->payload);
	if (--shelved->wanted == 0)
		drop(shelf, shelved);
	return payload;
}

void
shelf_expire(struct shelf *shelf, int64_t now)
{
	while (shelf->oldest && shelf->oldest->until <= now)
		drop(shelf, shelf->oldest);
}
