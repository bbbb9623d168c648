#include "check.h"
#include "store/resource_map.h"

enum { COUNT = 2000 };

static struct arena arena;
static struct resource_list dirty;

static struct str
key_of(unsigned number)
{
	CLEANUP(buf_release) struct buf id = {0};

	buf_printf(&id, "r%04u", number);
	return resource_map_key(
		1, STR("compute-ops/server"), buf_str(&id), &arena);
}

/** As a commit leaves it. */
static void
set(struct resource_map *map, unsigned number, uint64_t last, bool is_dirty)
{
	const struct resource_value value = {.last = last};
	struct resource_entry *entry = resource_map_find(map, key_of(number));

	if (entry == NULL)
		entry = resource_map_add(
			map, key_of(number), (struct resource_value){0});
	resource_map_set(map, entry, value, is_dirty);
	resource_map_show(map);
}

static uint64_t
shown(struct resource_map *map, unsigned number)
{
	struct resource_value value;
	bool is_here = resource_map_get(map, key_of(number), &value);

	CHECK_INT(is_here, value.last != 0);
	return value.last;
}

TEST(resource_map, a_key_tells_what_it_was_made_of)
{
	struct str key = resource_map_key(7, STR("a/b"), STR("c d"), &arena);
	struct resource_name name = resource_map_name(key);

	CHECK_INT(name.workspace, 7);
	CHECK_STR(name.type, STR("a/b"));
	CHECK_STR(name.id, STR("c d"));
	/* Where type and id meet is part of it. */
	CHECK(!str_equal(
		key, resource_map_key(7, STR("a/bc"), STR(" d"), &arena)));
	name = resource_map_name(resource_map_key(1, STR(""), STR(""), &arena));
	CHECK_INT(name.type.len + name.id.len, 0);
	arena_release(&arena);
}

TEST(resource_map, what_is_not_shown_yet_nobody_gets)
{
	struct resource_map map;
	struct resource_entry *entry;

	resource_map_init(&map);
	entry = resource_map_add(
		&map, key_of(1), (struct resource_value){.last = 5});
	CHECK_INT(shown(&map, 1), 0);
	resource_map_set(&map, entry, (struct resource_value){.last = 6}, true);
	CHECK_INT(shown(&map, 1), 0);
	CHECK_INT(map.dirty_count, 1);
	resource_map_show(&map);
	CHECK_INT(shown(&map, 1), 6);
	resource_map_set(
		&map, entry, (struct resource_value){.last = 7}, false);
	CHECK_INT(shown(&map, 1), 6);
	CHECK_INT(map.dirty_count, 0);
	resource_map_undo(&map, 0);
	CHECK_INT(map.dirty_count, 1);
	CHECK_INT(entry->now.last, 6);
	CHECK_INT(shown(&map, 1), 6);
	resource_map_release(&map);
	arena_release(&arena);
}

TEST(resource_map, undoing_goes_back_to_a_place_and_takes_new_ones_away)
{
	struct resource_map map;
	struct resource_entry *entry;
	size_t place;

	resource_map_init(&map);
	set(&map, 1, 1, true);
	entry = resource_map_find(&map, key_of(1));
	resource_map_set(&map, entry, (struct resource_value){.last = 2}, true);
	place = map.undo_count;
	resource_map_set(&map, entry, (struct resource_value){.last = 3}, true);
	resource_map_add(&map, key_of(2), (struct resource_value){.last = 9});
	resource_map_undo(&map, place);
	CHECK_INT(entry->now.last, 2);
	CHECK(resource_map_find(&map, key_of(2)) == NULL);
	resource_map_undo(&map, 0);
	CHECK_INT(entry->now.last, 1);
	CHECK_INT(map.map.count, 1);
	resource_map_release(&map);
	arena_release(&arena);
}

TEST(resource_map, to_expect_keys_changes_nothing_whatever_becomes_of_them)
{
	struct resource_map map;

	resource_map_init(&map);
	/* None is there, then they come and the map grows, then they go. */
	for (unsigned i = 0; i < 2 * RESOURCE_MAP_AHEAD; i++)
		resource_map_expect(&map, key_of(i));
	for (unsigned i = 0; i < COUNT; i++) {
		resource_map_expect(&map, key_of(i + RESOURCE_MAP_AHEAD));
		CHECK(resource_map_find(&map, key_of(i)) == NULL);
		resource_map_add(&map, key_of(i), (struct resource_value){0});
		resource_map_expect(&map, key_of(i));
	}
	resource_map_undo(&map, 0);
	for (unsigned i = 0; i < COUNT; i++) {
		resource_map_expect(&map, key_of(i));
		CHECK(resource_map_find(&map, key_of(i)) == NULL);
	}
	set(&map, 7, 1, false);
	CHECK_INT(shown(&map, 7), 1);
	resource_map_release(&map);
	arena_release(&arena);
}

TEST(resource_map, dirty_ones_are_gathered_in_the_order_of_their_ids)
{
	struct resource_map map;
	unsigned last = 0;

	resource_map_init(&map);
	for (unsigned i = 0; i < COUNT; i++)
		set(&map, i * 7919 % COUNT, 1, i % 3 == 0);
	for (int again = 0; again < 2; again++) {
		resource_map_gather(&map, false, &dirty);
		CHECK_INT(dirty.count, (COUNT + 2) / 3);
		for (size_t i = 1; i < dirty.count; i++) {
			struct str a = dirty.entries[i - 1]->key;
			struct str b = dirty.entries[i]->key;

			CHECK(a.len == b.len &&
				memcmp(a.ptr, b.ptr, a.len) < 0);
		}
		/* Some come between those that are sorted. */
		for (; last < 50; last++)
			set(&map, COUNT + last, 1, false);
	}
	resource_list_release(&dirty);
	resource_map_release(&map);
	arena_release(&arena);
}

TEST(resource_map, idle_ones_are_dropped_unless_they_are_used_again)
{
	struct resource_map map;

	resource_map_init(&map);
	for (unsigned i = 0; i < COUNT; i++)
		set(&map, i, 1, i == 0);
	resource_map_find(&map, key_of(1))->is_used = true;
	resource_map_gather(&map, true, &dirty);
	resource_map_drop(&map, 5);
	CHECK_INT(map.map.count, COUNT - 5);
	/* They wait to be dropped, from the last to the first. */
	set(&map, 2, 2, true);
	resource_map_find(&map, key_of(3))->is_used = true;
	resource_map_drop(&map, COUNT);
	CHECK_INT(map.map.count, 4);
	for (unsigned i = 0; i < 4; i++)
		CHECK_INT(shown(&map, i), i == 2 ? 2 : 1);
	/* And all that stayed are still looked after. */
	resource_map_gather(&map, true, &dirty);
	CHECK_INT(dirty.count, 2);
	resource_map_drop(&map, COUNT);
	CHECK_INT(map.map.count, 3); /* 3 was used, 0 and 2 are dirty */
	/* A round that comes sooner than they are dropped. */
	for (unsigned i = 10; i < 20; i++)
		set(&map, i, 1, false);
	resource_map_gather(&map, true, &dirty);
	set(&map, 15, 2, true);
	resource_map_gather(&map, false, &dirty);
	CHECK_INT(dirty.count, 3);
	CHECK_INT(resource_map_kept(&map), 3); /* 0, 2 and 15 */
	resource_map_drop(&map, COUNT);
	CHECK_INT(map.map.count, 3);
	resource_list_release(&dirty);
	resource_map_release(&map);
	arena_release(&arena);
}
