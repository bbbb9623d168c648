/*
 * One resource's deliveries, one after the other.
 *
 * While a delivery of a resource is in memory, its lane has a strand for it.
 * Others of the same resource are not taken in: they are on disk, and when the
 * first has come to its end, the earliest of them is looked for there. So a
 * resource that fails holds back only its own, and takes the room of one
 * delivery.
 *
 *   (none) ─> led by a delivery ─> wanted: the next is looked for on disk
 *                ^     │                    │
 *                │     └─ nothing behind it ┴──> (none)
 *                └── found ─────────────────┘
 *
 * A delivery may only begin a strand when it is known to be the earliest that
 * waits: what is read from disk says so itself (is_behind), and if it is not,
 * the earliest is looked for; what comes fresh is, unless something of its
 * lane is on disk that was not looked at.
 */
#include "base/mem.h"
#include "pipeline/dispatch_private.h"

static struct strand *
find(const struct lane *lane, uint64_t resource)
{
	struct numbers_node *node = numbers_get(&lane->strands, resource);

	return node ? CONTAINER_OF(node, struct strand, by_resource) : NULL;
}

static void
strand_free(struct lane *lane, struct strand *strand)
{
	numbers_remove(&lane->strands, &strand->by_resource);
	mem_free(strand);
}

enum order_place
order_place(struct lane *lane, const struct delivery *delivery)
{
	struct strand *strand;

	if (delivery->resource == 0)
		return ORDER_FREE;
	strand = find(lane, delivery->resource);
	if (strand) {
		strand->has_more = true;
		return ORDER_BEHIND;
	}
	return lane->has_first_on_disk || lane->has_retries_on_disk
		       ? ORDER_UNKNOWN
		       : ORDER_FREE;
}

static void
want(struct lane *lane, struct strand *strand)
{
	if (lane->wanted == NULL)
		lane->wanted_last = &lane->wanted;
	*lane->wanted_last = strand;
	lane->wanted_last = &strand->next_wanted;
	lane->wanted_count++;
}

static struct strand *
strand_new(struct lane *lane, uint64_t resource)
{
	struct strand *strand = MEM_NEW(struct strand);

	strand->by_resource.number = resource;
	numbers_add(&lane->strands, &strand->by_resource);
	return strand;
}

bool
order_admits_row(struct lane *lane, const struct delivery_row *row)
{
	struct strand *strand;

	if (row->resource == 0)
		return true;
	strand = find(lane, row->resource);
	if (strand == NULL && !row->is_behind)
		return true;
	/* Whatever is before it: if nobody leads, that is looked for. */
	if (strand == NULL)
		want(lane, strand_new(lane, row->resource));
	else
		strand->has_more = true;
	return false;
}

void
order_begin(struct lane *lane, struct delivery *delivery, bool has_more)
{
	struct strand *strand;

	if (delivery->resource == 0)
		return;
	strand = strand_new(lane, delivery->resource);
	strand->head = delivery;
	strand->has_more = has_more;
	delivery->strand = strand;
}

void
order_pass_on(
	struct dispatch *dispatch, struct lane *lane, struct delivery *delivery)
{
	struct strand *strand = delivery->strand;

	if (strand == NULL)
		return;
	delivery->strand = NULL;
	strand->head = NULL;
	if (delivery->is_stuck && lane_is_open(lane))
		return; /* nothing of its resource goes on */
	if (strand->has_more && lane_is_open(lane)) {
		want(lane, strand);
		disk_note_hungry(dispatch, lane);
	} else {
		strand_free(lane, strand);
	}
}

void
order_leave(struct lane *lane, struct delivery *delivery)
{
	if (delivery->strand)
		strand_free(lane, delivery->strand);
	delivery->strand = NULL;
}

/* ---- the next one ---- */

uint64_t
order_wants(const struct lane *lane)
{
	return lane->wanted ? lane->wanted->by_resource.number : 0;
}

static struct strand *
take_wanted(struct lane *lane)
{
	struct strand *strand = lane->wanted;

	lane->wanted = strand->next_wanted;
	lane->wanted_count--;
	strand->next_wanted = NULL;
	return strand;
}

void
order_found(struct dispatch *dispatch, struct lane *lane,
	const struct delivery_list *rows)
{
	struct strand *strand = take_wanted(lane);
	struct delivery *delivery;

	if (rows->count == 0 ||
		dispatch_known(dispatch, rows->rows[0].sequence)) {
		strand_free(lane, strand);
		return;
	}
	delivery = delivery_new(&rows->rows[0], NULL);
	if (delivery->attempts > 0 &&
		!disk_admits_retry(
			dispatch, lane, dispatch_due(dispatch, delivery))) {
		disk_leave(dispatch, lane, delivery);
		delivery_free(delivery);
		strand_free(lane, strand);
		return;
	}
	strand->head = delivery;
	strand->has_more = rows->count > 1;
	delivery->strand = strand;
	lane_know(dispatch, lane, delivery);
	lane_enqueue(dispatch, lane, delivery);
}

void
order_drop(struct lane *lane)
{
	struct numbers_node *node = numbers_next(&lane->strands, NULL);

	while (node) {
		struct strand *strand =
			CONTAINER_OF(node, struct strand, by_resource);

		node = numbers_next(&lane->strands, node);
		if (strand->head == NULL)
			strand_free(lane, strand);
	}
	lane->wanted = NULL;
	lane->wanted_count = 0;
}
