#include "pipeline/writer.h"

#include <sched.h>

#include "fault_vfs.h"
#include "pipeline/pressure.h"
#include "pipeline_world.h"

/* Items whose ends are noted in their order. */
struct noted {
	struct writer_item item;
	struct store_change change;
	struct arena arena;
	struct event_row event;
	int number;
};

static int order[64];
static atomic_int ended;

static void
note_end(struct writer_item *item)
{
	struct noted *noted = CONTAINER_OF(item, struct noted, item);
	int at = atomic_load(&ended);

	order[at] = noted->number;
	atomic_store(&ended, at + 1);
}

static void
make(struct noted *noted, int number)
{
	*noted = (struct noted){.number = number};
	noted->event = test_event((uint64_t)number + 1, &noted->arena);
	noted->change = (struct store_change)ADD_EVENT(&noted->event);
	noted->item.unit.changes = &noted->change;
	noted->item.unit.count = 1;
	noted->item.done = note_end;
}

struct setting {
	const char *directory;
	struct store *store;
	struct writer *writer;
};

static struct setting
set_up_with(struct writer_options options)
{
	struct setting setting = {.directory = check_temp_dir()};

	fault_install();
	setting.store = options.store = test_store_open(setting.directory);
	setting.writer = writer_start(&options);
	return setting;
}

static struct setting
set_up(size_t queue_max, size_t batch_max)
{
	return set_up_with((struct writer_options){
		.queue_max = queue_max, .batch_max = batch_max});
}

static void
tear_down(struct setting *setting, struct noted *noted, size_t count)
{
	writer_stop(setting->writer);
	store_close(setting->store);
	for (size_t i = 0; i < count; i++)
		arena_release(&noted[i].arena);
}

static uint64_t
count_times(const struct writer_stats *stats)
{
	uint64_t count = 0;

	for (int i = 0; i <= HISTOGRAM_BOUNDS; i++)
		count += stats->commit_times.counts[i];
	return count;
}

TEST(writer, what_waits_is_one_transaction_told_in_order)
{
	struct setting setting = set_up(0, 0);
	struct noted noted[20];
	struct writer_stats before, after;
	struct gate gate;

	gate_close(&gate, setting.writer);
	writer_stats(setting.writer, &before);
	for (int i = 0; i < 20; i++) {
		make(&noted[i], i);
		CHECK_OK(writer_submit(setting.writer, &noted[i].item, false));
	}
	gate_open(&gate);
	AWAIT(atomic_load(&ended) == 20);
	writer_stats(setting.writer, &after);
	CHECK_INT(after.commits - before.commits, 1);
	CHECK_INT(after.units - before.units, 20);
	CHECK_INT(count_times(&after), after.commits);
	CHECK(after.commit_times.sum > 0);
	for (int i = 0; i < 20; i++) {
		CHECK_INT(order[i], i);
		CHECK_INT(noted[i].item.unit.result, ERR_OK);
	}
	tear_down(&setting, noted, 20);
}

TEST(writer, a_batch_has_its_limit)
{
	struct setting setting = set_up(0, 3);
	struct noted noted[10];
	struct writer_stats before, after;
	struct gate gate;

	gate_close(&gate, setting.writer);
	writer_stats(setting.writer, &before);
	for (int i = 0; i < 10; i++) {
		make(&noted[i], i);
		CHECK_OK(writer_submit(setting.writer, &noted[i].item, false));
	}
	gate_open(&gate);
	AWAIT(atomic_load(&ended) == 10);
	writer_stats(setting.writer, &after);
	CHECK_INT(after.commits - before.commits, 4);
	for (int i = 0; i < 10; i++)
		CHECK_INT(order[i], i);
	tear_down(&setting, noted, 10);
}

TEST(writer, a_full_queue_refuses_but_not_what_is_urgent)
{
	struct setting setting = set_up(2, 0);
	struct noted noted[4];
	struct gate gate;

	gate_close(&gate, setting.writer);
	for (int i = 0; i < 4; i++)
		make(&noted[i], i);
	CHECK_OK(writer_submit(setting.writer, &noted[0].item, false));
	CHECK_OK(writer_submit(setting.writer, &noted[1].item, false));
	CHECK_INT(writer_submit(setting.writer, &noted[2].item, false),
		ERR_LIMIT);
	CHECK_INT(
		writer_commit(setting.writer, &noted[2].change, 1), ERR_LIMIT);
	CHECK_OK(writer_submit(setting.writer, &noted[3].item, true));
	gate_open(&gate);
	AWAIT(atomic_load(&ended) == 3);
	CHECK_OK(writer_submit(setting.writer, &noted[2].item, false));
	AWAIT(atomic_load(&ended) == 4);
	tear_down(&setting, noted, 4);
}

static char large[100000];

TEST(writer, a_queue_that_is_full_by_bytes_refuses_but_not_what_is_urgent)
{
	struct setting setting = set_up_with((struct writer_options){
		.bytes_max = 3 * sizeof(large) + sizeof(large) / 2});
	struct writer_stats stats;
	struct noted noted[7];
	struct gate gate;

	memset(large, 'x', sizeof(large));
	gate_close(&gate, setting.writer);
	for (int i = 0; i < 7; i++) {
		make(&noted[i], i);
		noted[i].event.body = str_make(large, sizeof(large));
		CHECK_INT(writer_submit(setting.writer, &noted[i].item, i == 5),
			i < 3 || i == 5 ? ERR_OK : ERR_LIMIT);
	}
	writer_stats(setting.writer, &stats);
	CHECK(stats.queued_bytes > 4 * sizeof(large));
	gate_open(&gate);
	AWAIT(atomic_load(&ended) == 4);
	writer_stats(setting.writer, &stats);
	CHECK_INT(stats.queued_bytes, 0);
	/* Room again; and what is larger than all of it goes alone. */
	noted[6].event.body = str_make(large, sizeof(large));
	CHECK_OK(writer_submit(setting.writer, &noted[6].item, false));
	AWAIT(atomic_load(&ended) == 5);
	tear_down(&setting, noted, 7);
}

TEST(writer, one_larger_than_the_queue_is_taken_when_nothing_waits)
{
	struct setting setting =
		set_up_with((struct writer_options){.bytes_max = 1000});
	struct noted noted;

	memset(large, 'x', sizeof(large));
	make(&noted, 0);
	noted.event.body = str_make(large, sizeof(large));
	CHECK_OK(writer_submit(setting.writer, &noted.item, false));
	AWAIT(atomic_load(&ended) == 1);
	tear_down(&setting, &noted, 1);
}

TEST(writer, a_failing_commit_refuses_its_units_and_the_next_is_healthy)
{
	struct setting setting = set_up(0, 0);
	struct noted noted[2];
	struct writer_stats stats;
	struct event_row event;

	make(&noted[0], 0);
	make(&noted[1], 1);
	fault_arm(FAULT_NO_SPACE, 0, true);
	CHECK_INT(
		writer_commit(setting.writer, &noted[0].change, 1), ERR_LIMIT);
	writer_stats(setting.writer, &stats);
	CHECK(!stats.is_healthy);
	CHECK_INT(stats.failures, 1);
	fault_disarm();
	CHECK_OK(writer_commit(setting.writer, &noted[1].change, 1));
	writer_stats(setting.writer, &stats);
	CHECK(stats.is_healthy);
	CHECK_INT(stats.queued, 0);
	CHECK_INT(store_event(setting.store, 1, &noted[0].arena, &event),
		ERR_NOT_FOUND);
	CHECK_OK(store_event(setting.store, 2, &noted[0].arena, &event));
	tear_down(&setting, noted, 2);
}

TEST(writer, a_unit_that_breaks_a_rule_does_not_take_its_neighbours_along)
{
	struct setting setting = set_up(0, 0);
	struct noted noted[3];
	struct event_row event;
	struct gate gate;

	gate_close(&gate, setting.writer);
	for (int i = 0; i < 3; i++) {
		make(&noted[i], i);
		/* The second has the first one's key, which is a bug. */
		noted[i].event.sequence = i == 2 ? 2 : 1;
		CHECK_OK(writer_submit(setting.writer, &noted[i].item, false));
	}
	gate_open(&gate);
	AWAIT(atomic_load(&ended) == 3);
	CHECK_INT(noted[0].item.unit.result, ERR_OK);
	CHECK_INT(noted[1].item.unit.result, ERR_INVALID);
	CHECK_INT(noted[2].item.unit.result, ERR_OK);
	CHECK_OK(store_event(setting.store, 1, &noted[0].arena, &event));
	CHECK_OK(store_event(setting.store, 2, &noted[0].arena, &event));
	tear_down(&setting, noted, 3);
}

TEST(writer, a_stop_writes_what_waits)
{
	struct setting setting = set_up(0, 2);
	struct noted noted[9];

	for (int i = 0; i < 9; i++) {
		make(&noted[i], i);
		CHECK_OK(writer_submit(setting.writer, &noted[i].item, false));
	}
	tear_down(&setting, noted, 9);
	CHECK_INT(atomic_load(&ended), 9);
	CHECK_INT(test_count(setting.directory, "SELECT count(*) FROM events"),
		9);
}

/** A worker is behind, and stays so. */
static struct pressure *
press(struct pressure_gauge *gauge, int64_t hold_max)
{
	struct pressure *pressure = pressure_new(&(struct pressure_options){
		.backlog_max = 1, .hold_max = hold_max});

	pressure_gauge_init(gauge, pressure, 0);
	pressure_tell(gauge, 2, 0, SECONDS);
	CHECK(pressure_is_on(pressure));
	return pressure;
}

TEST(writer, commits_go_on_although_deliveries_never_catch_up)
{
	struct pressure_gauge gauge;
	struct pressure *pressure = press(&gauge, MILLISECONDS);
	struct setting setting =
		set_up_with((struct writer_options){.pressure = pressure});
	struct writer_stats stats;
	struct noted noted[5];

	for (int i = 0; i < 5; i++) {
		make(&noted[i], i);
		CHECK_OK(writer_commit(setting.writer, &noted[i].change, 1));
	}
	AWAIT((writer_stats(setting.writer, &stats), stats.holds == 5));
	AWAIT((writer_stats(setting.writer, &stats),
		stats.held_time >= 5 * MILLISECONDS));
	tear_down(&setting, noted, 5);
	pressure_gauge_release(&gauge);
	pressure_free(pressure);
}

TEST(writer, what_comes_while_it_is_held_is_one_transaction_afterwards)
{
	struct pressure_gauge gauge;
	struct pressure *pressure = press(&gauge, HOURS);
	struct setting setting =
		set_up_with((struct writer_options){.pressure = pressure});
	struct writer_stats stats;
	struct noted noted[10];

	make(&noted[0], 0);
	CHECK_OK(writer_commit(setting.writer, &noted[0].change, 1));
	AWAIT(pressure_held(pressure) == 1);
	for (int i = 1; i < 10; i++) {
		make(&noted[i], i);
		CHECK_OK(writer_submit(setting.writer, &noted[i].item, true));
	}
	writer_stats(setting.writer, &stats);
	CHECK_INT(stats.commits, 1);
	pressure_tell(&gauge, 0, 0, 2 * SECONDS);
	AWAIT(atomic_load(&ended) == 9);
	writer_stats(setting.writer, &stats);
	CHECK_INT(stats.commits, 2);
	CHECK_INT(stats.holds, 1);
	tear_down(&setting, noted, 10);
	pressure_gauge_release(&gauge);
	pressure_free(pressure);
}

static struct pressure_gauge *late_gauge;

/** On the writer's thread: from now on the worker is behind. */
static void
press_late(struct writer_item *item)
{
	pressure_tell(late_gauge, 2, 0, SECONDS);
	note_end(item);
}

TEST(writer, a_rest_goes_with_what_comes_while_it_is_held)
{
	struct pressure *pressure = pressure_new(&(struct pressure_options){
		.backlog_max = 1, .hold_max = HOURS});
	struct setting setting = set_up_with(
		(struct writer_options){.pressure = pressure, .batch_max = 4});
	struct pressure_gauge gauge;
	struct writer_stats before, after;
	struct noted noted[8];
	struct gate gate;

	pressure_gauge_init(&gauge, pressure, 0);
	late_gauge = &gauge;
	gate_close(&gate, setting.writer);
	writer_stats(setting.writer, &before);
	for (int i = 0; i < 8; i++)
		make(&noted[i], i);
	noted[0].item.done = press_late;
	for (int i = 0; i < 5; i++)
		CHECK_OK(writer_submit(setting.writer, &noted[i].item, false));
	gate_open(&gate);
	AWAIT(pressure_held(pressure) == 1);
	CHECK_INT(atomic_load(&ended), 4);
	for (int i = 5; i < 8; i++)
		CHECK_OK(writer_submit(setting.writer, &noted[i].item, false));
	pressure_tell(&gauge, 0, 0, 2 * SECONDS);
	AWAIT(atomic_load(&ended) == 8);
	writer_stats(setting.writer, &after);
	CHECK_INT(after.commits - before.commits, 2);
	for (int i = 0; i < 8; i++)
		CHECK_INT(order[i], i);
	tear_down(&setting, noted, 8);
	pressure_gauge_release(&gauge);
	pressure_free(pressure);
}

TEST(writer, a_stop_writes_what_waits_and_is_not_held)
{
	struct pressure_gauge gauge;
	struct pressure *pressure = press(&gauge, HOURS);
	struct setting setting = set_up_with(
		(struct writer_options){.pressure = pressure, .batch_max = 2});
	struct noted noted[9];

	make(&noted[0], 0);
	CHECK_OK(writer_commit(setting.writer, &noted[0].change, 1));
	AWAIT(pressure_held(pressure) == 1);
	for (int i = 1; i < 9; i++) {
		make(&noted[i], i);
		CHECK_OK(writer_submit(setting.writer, &noted[i].item, false));
	}
	tear_down(&setting, noted, 9);
	CHECK_INT(atomic_load(&ended), 8);
	pressure_gauge_release(&gauge);
	pressure_free(pressure);
}
