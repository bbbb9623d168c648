#include "api/key_watch.h"

#include "api/keys_private.h"
#include "base/clock.h"
#include "pipeline_world.h"

#define DAYS (24 * HOURS)

static struct keys *
open_keys(struct world *world)
{
	static const struct seal_key master = {{1, 2, 3}};
	struct keys_options options = {.store = world->store,
		.writer = world->writer,
		.master = &master};
	struct buf why = {0};
	struct keys *keys;

	CHECK_OK(keys_open(&options, &keys, &why));
	return keys;
}

static void
create(struct keys *keys, int64_t expires)
{
	struct arena arena = {0};
	struct key_view view;
	struct str text;

	CHECK_OK(keys_create(keys,
		&(struct key_draft){
			WORKSPACE_DEFAULT, ROLE_PUBLISHER, STR("ci"), expires},
		&arena, &view, &text));
	arena_release(&arena);
}

TEST(key_watch, each_notice_is_given_once_also_after_a_restart)
{
	struct world world;
	struct key_watch_options options = {
		.notices = {30 * DAYS, 7 * DAYS}, .notice_count = 2};
	int64_t end = clock_now() + 100 * DAYS;

	world_open(&world, 0, 0);
	options.ingest = world.ingest;
	options.keys = open_keys(&world);
	create(options.keys, end);
	create(options.keys, 0);
	CHECK_INT(key_watch_look(&options, end - 31 * DAYS), 0);
	CHECK_INT(key_watch_look(&options, end - 30 * DAYS), 1);
	CHECK_INT(key_watch_look(&options, end - 29 * DAYS), 0);
	keys_close(options.keys);
	options.keys = open_keys(&world);
	CHECK_INT(key_watch_look(&options, end - 8 * DAYS), 0);
	CHECK_INT(key_watch_look(&options, end - 7 * DAYS), 1);
	keys_close(options.keys);
	options.keys = open_keys(&world);
	CHECK_INT(key_watch_look(&options, end - 1), 0);
	CHECK_INT(key_watch_look(&options, end), 0);
	CHECK_INT(test_count(world.directory,
			  "SELECT count(*) FROM events WHERE type = "
			  "'" KEY_WATCH_TYPE "' AND source = "
			  "'/grapnel/subscriptions'"),
		2);
	keys_close(options.keys);
	world_close(&world);
}

TEST(key_watch, a_key_within_several_notices_is_told_of_once)
{
	struct world world;
	struct key_watch_options options = {
		.notices = {7 * DAYS, 30 * DAYS}, .notice_count = 2};
	int64_t now = clock_now();

	world_open(&world, 0, 0);
	options.ingest = world.ingest;
	options.keys = open_keys(&world);
	create(options.keys, now + 2 * DAYS);
	create(options.keys, now + 1 * SECONDS);
	CHECK_INT(key_watch_look(&options, now + 1 * SECONDS), 1);
	CHECK_INT(key_watch_look(&options, now + 1 * SECONDS), 0);
	keys_close(options.keys);
	world_close(&world);
}

TEST(key_watch, notices_are_read_or_refused_with_a_sentence)
{
	static const char *const wrong[] = {"", "30d,", "x", "0s", "-1d",
		"3651d", "1d,1d,1d,1d,1d,1d,1d,1d,1d", "none,7d"};
	struct key_watch_options options;
	struct buf why = {0};

	CHECK_OK(key_notices_parse(STR("30d, 7d"), &options, &why));
	CHECK_INT(options.notice_count, 2);
	CHECK_INT(options.notices[1], 7 * DAYS);
	CHECK_OK(key_notices_parse(STR("none"), &options, &why));
	CHECK_INT(options.notice_count, 0);
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		buf_clear(&why);
		CHECK_INT(key_notices_parse(str_of(wrong[i]), &options, &why),
			ERR_INVALID);
		CHECK(why.len > 0);
	}
	buf_release(&why);
}
