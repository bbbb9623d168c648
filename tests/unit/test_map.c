#include "base/map.h"

#include "base/random.h"
#include "check.h"

enum { KEYS = 300 };

static char names[KEYS][48];

static struct str
key(size_t i)
{
	/* Lengths from 0 to 22, so that every way through the hash is gone. */
	if (names[i][0] == '\0' && i > 0)
		snprintf(names[i], sizeof(names[i]), "%zu%.*s", i,
			(int)(i % 20), "abcdefghijklmnopqrst");
	return str_of(names[i]);
}

static void
check_against(const struct map *map, void *const model[KEYS])
{
	size_t count = 0, walked = 0, at = 0;

	for (size_t i = 0; i < KEYS; i++) {
		CHECK(map_get(map, key(i)) == model[i]);
		count += model[i] != NULL;
	}
	while (map_next(map, &at) != NULL)
		walked++;
	CHECK_INT(map->count, count);
	CHECK_INT(walked, count);
}

TEST(map, any_operations_do_what_they_do_to_a_plain_array)
{
	void *model[KEYS] = {NULL};
	static char values[1000];
	struct map map = {0};

	random_test_seed(11);
	for (int step = 0; step < 100000; step++) {
		size_t i = random_below(KEYS);
		/* Swell and shrink in turn, so graves are made and reused. */
		bool puts = random_below(100) < (step / 5000 % 2 ? 30 : 70);
		void *value = &values[random_below(sizeof(values))];

		if (puts) {
			CHECK(map_put(&map, key(i), value) == model[i]);
			model[i] = value;
		} else {
			CHECK(map_remove(&map, key(i)) == model[i]);
			model[i] = NULL;
		}
		if (step % 1000 == 0)
			check_against(&map, model);
	}
	check_against(&map, model);
	CHECK(map.cap <= 4 * KEYS);
	map_release(&map);
	CHECK(map_get(&map, STR("1")) == NULL);
}

TEST(map, the_empty_key_is_a_key)
{
	struct map map = {0};
	int a, b;

	CHECK(map_get(&map, STR("")) == NULL);
	CHECK(map_remove(&map, STR("")) == NULL);
	CHECK(map_put(&map, str_make(NULL, 0), &a) == NULL);
	CHECK(map_put(&map, STR(""), &b) == &a);
	CHECK(map_get(&map, str_make(NULL, 0)) == &b);
	CHECK(map_remove(&map, STR("")) == &b);
	CHECK(map_get(&map, STR("")) == NULL);
	map_release(&map);
}

TEST(map, one_key_put_and_removed_for_ever_does_not_grow)
{
	struct map map = {0};
	int value;

	for (int i = 0; i < 100000; i++) {
		map_put(&map, key((size_t)i % KEYS), &value);
		map_remove(&map, key((size_t)i % KEYS));
	}
	CHECK_INT(map.count, 0);
	CHECK_INT(map.cap, 16);
	map_release(&map);
}

TEST(map, hash_spreads_keys_that_differ_in_one_bit)
{
	char bytes[40] = {0};

	for (size_t len = 1; len <= sizeof(bytes); len++) {
		uint64_t plain = map_hash(str_make(bytes, len));

		for (size_t bit = 0; bit < len * 8; bit++) {
			uint64_t changed;

			bytes[bit / 8] = (char)(1 << bit % 8);
			changed = map_hash(str_make(bytes, len));
			bytes[bit / 8] = 0;
			CHECK(__builtin_popcountll(plain ^ changed) > 4);
		}
		CHECK(plain != map_hash(str_make(bytes, len - 1)));
	}
}

TEST(map, what_is_guessed_by_a_hash_is_what_the_key_gets)
{
	struct map map = {0};
	int values[KEYS];

	CHECK(map_guess(&map, 1) == NULL);
	map_fetch(&map, 1);
	for (size_t i = 0; i < KEYS; i++)
		map_put(&map, key(i), &values[i]);
	for (size_t i = 0; i < KEYS; i++) {
		uint64_t hash = map_hash(key(i));

		map_fetch(&map, hash);
		CHECK(map_guess(&map, hash) == &values[i]);
		CHECK(map_get_hashed(&map, key(i), hash) == &values[i]);
		CHECK(map_get_hashed(&map, STR("none"), hash) == NULL);
	}
	map_release(&map);
}
