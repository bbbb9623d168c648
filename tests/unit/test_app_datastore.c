#include <pthread.h>
#include <stdatomic.h>

#include "flow/datastore.h"
#include "pipeline/writer.h"
#include "run_world.h"

/* The app datastore:*, on a real store. */

#define IN "{\"datastore\":\"d\"}"
#define CALL(module_, mapper_, expected_) \
	CHECK_CALL("datastore:" module_, IN, mapper_, "{}", expected_)
#define PLACE(at_, of_) "\"__IMTINDEX__\":" #at_ ",\"__IMTLENGTH__\":" #of_ "}"

static void
begin(void)
{
	run_world_begin();
	run_world_open_store();
}

static void
add(const char *key, const char *data)
{
	struct str mapper = arena_printf(
		&run_world.arena, "{\"key\":\"%s\",\"data\":%s}", key, data);

	CHECK(str_starts_with(
		run_world_call("datastore:AddRecord", IN, mapper.ptr, "{}"),
		STR("[{")));
}

TEST(app_datastore, record_is_there_for_the_next_run)
{
	begin();
	CALL("ExistRecord", "{\"key\":\"k\"}", "[{\"exist\":false}]");
	CALL("GetRecord", "{\"key\":\"k\"}", "[]");
	CALL("AddRecord", "{\"key\":\"k\",\"data\":{\"n\":1,\"t\":\"x\"}}",
		"[{\"key\":\"k\",\"data\":{\"n\":1,\"t\":\"x\"}}]");
	CALL("ExistRecord", "{\"key\":\"k\"}", "[{\"exist\":true}]");
	CALL("GetRecord", "{\"key\":\"k\"}", "[{\"n\":1,\"t\":\"x\"}]");
	CALL("GetRecord", "{\"key\":\"k\",\"returnWrapped\":true}",
		"[{\"key\":\"k\",\"data\":{\"n\":1,\"t\":\"x\"}}]");
	CHECK_CALL("datastore:CountRecord", "{\"datastore\":7}", "{}", "{}",
		"[{\"count\":0}]");
	CALL("CountRecord", "{}", "[{\"count\":1}]");
	run_world_end();
}

TEST(app_datastore, key_that_is_there_is_duplicate_data_unless_overwritten)
{
	begin();
	add("k", "{\"n\":1}");
	CALL("AddRecord", "{\"key\":\"k\",\"data\":{}}",
		"DuplicateDataError: the data store has a record with the key "
		"\"k\"");
	CALL("AddRecord",
		"{\"key\":\"k\",\"data\":{\"m\":2},\"overwrite\":true}",
		"[{\"key\":\"k\",\"data\":{\"m\":2}}]");
	CALL("CountRecord", "{}", "[{\"count\":1}]");
	run_world_end();
}

TEST(app_datastore, step_that_is_run_again_finds_its_own_record)
{
	begin();
	add("k", "{}");
	/* As after a crash between the record and the step. */
	run_world.execution.sequence--;
	add("k", "{}");
	CALL("CountRecord", "{}", "[{\"count\":1}]");
	run_world_end();
}

TEST(app_datastore, record_without_a_key_gets_one_of_its_own)
{
	struct str first, second;

	begin();
	first = run_world_call(
		"datastore:AddRecord", IN, "{\"data\":{}}", "{}");
	second = run_world_call(
		"datastore:AddRecord", IN, "{\"data\":{}}", "{}");
	CHECK_INT(
		first.len, strlen("[{\"key\":\"0123456789ab\",\"data\":{}}]"));
	CHECK(!str_equal(first, second));
	run_world_end();
}

TEST(app_datastore, update_changes_the_given_fields)
{
	begin();
	CALL("UpdateRecord", "{\"key\":\"k\",\"data\":{\"a\":1}}",
		"DataError: the data store has no record with the key \"k\"");
	CALL("UpdateRecord",
		"{\"key\":\"k\",\"data\":{\"a\":1,\"b\":2},\"insertMissing\":"
		"true}",
		"[{\"key\":\"k\",\"data\":{\"a\":1,\"b\":2}}]");
	CALL("UpdateRecord", "{\"key\":\"k\",\"data\":{\"b\":3}}",
		"[{\"key\":\"k\",\"data\":{\"a\":1,\"b\":3}}]");
	run_world_end();
}

TEST(app_datastore, records_are_removed_one_by_one_or_all)
{
	begin();
	add("a", "{}");
	add("b", "{}");
	add("c", "{}");
	CALL("DeleteRecord", "{\"key\":\"b\"}",
		"[{\"key\":\"b\",\"deleted\":true}]");
	CALL("DeleteRecord", "{\"key\":\"b\"}",
		"[{\"key\":\"b\",\"deleted\":false}]");
	CALL("CountRecord", "{}", "[{\"count\":2}]");
	CALL("DeleteAllRecords", "{}", "[{\"deleted\":2}]");
	CALL("CountRecord", "{}", "[{\"count\":0}]");
	CALL("SearchRecord", "{}", "[]");
	run_world_end();
}

TEST(app_datastore, search_filters_sorts_and_stops_at_its_limit)
{
	begin();
	add("a", "{\"n\":10,\"t\":\"x\"}");
	add("b", "{\"n\":9,\"t\":\"y\"}");
	add("c", "{\"n\":11,\"t\":\"x\"}");
	CALL("SearchRecord",
		"{\"filter\":[[{\"a\":\"t\",\"o\":\"text:equal\",\"b\":\"x\"},"
		"{\"a\":\"n\",\"o\":\"number:greater\",\"b\":5}]],\"sort\":"
		"[{\"key\":\"n\",\"order\":-1}]}",
		"[{\"key\":\"c\",\"data\":{\"n\":11,\"t\":\"x\"}," PLACE(1,
			2) ",{\"key\":\"a\",\"data\":{\"n\":10,\"t\":\"x\"}," PLACE(2,
			2) "]");
	CALL("SearchRecord",
		"{\"filter\":[[{\"a\":\"key\",\"o\":\"text:equal\",\"b\":"
		"\"b\"}],[{\"a\":\"n\",\"o\":\"number:equal\",\"b\":10}]],"
		"\"sort\":[{\"key\":\"n\",\"order\":1}],\"limit\":1}",
		"[{\"key\":\"b\",\"data\":{\"n\":9,\"t\":\"y\"}," PLACE(
			1, 1) "]");
	CHECK_CALL("datastore:SearchRecord",
		"{\"datastore\":\"d\",\"limit\":2}", "{}", "{}",
		"[{\"key\":\"a\",\"data\":{\"n\":10,\"t\":\"x\"}," PLACE(1,
			2) ",{\"key\":\"b\",\"data\":{\"n\":9,\"t\":\"y\"}," PLACE(2,
			2) "]");
	CALL("SearchRecord",
		"{\"filter\":[[{\"a\":\"n\",\"o\":\"like\",\"b\":1}]]}",
		"DataError: filter: there is no operator like");
	CHECK_CALL("datastore:SearchRecord",
		"{\"datastore\":\"e\",\"continueWhenNoRes\":true}", "{}", "{}",
		"[{}]");
	run_world_end();
}

TEST(app_datastore, limits_and_bad_input_are_told)
{
	struct buf text = {0};

	begin();
	buf_append(&text, STR("{\"key\":\"k\",\"data\":{\"t\":\""));
	for (int i = 0; i < DATASTORE_RECORD_MAX; i++)
		buf_append_char(&text, 'x');
	buf_append(&text, STR("\"}}"));
	CHECK_CALL("datastore:AddRecord", IN,
		"{\"key\":\"k\",\"data\":\"{{1.data}}\"}", buf_text(&text),
		"DataError: data: the record is over 256 KiB");
	buf_release(&text);
	CALL("AddRecord", "{\"key\":\"a\\nb\",\"data\":{}}",
		"DataError: key: expected at most 255 bytes without control "
		"characters");
	CALL("AddRecord", "{\"key\":\"k\",\"data\":\"text\"}",
		"BundleValidationError: data: expected a collection, found a "
		"value of type text");
	CHECK_CALL("datastore:CountRecord", "{\"datastore\":\"a/b\"}", "{}",
		"{}",
		"InvalidConfigurationError: parameters.datastore: expected an "
		"id of 1 to 255 bytes without a slash");
	run_world_end();
}

TEST(app_datastore, without_a_store_there_are_none)
{
	run_world_begin();
	CALL("CountRecord", "{}",
		"InvalidConfigurationError: there are no data stores here");
	run_world_end();
}

enum { WRITERS = 4, RECORDS = 10 };

static void *
write_records(void *context)
{
	struct datastore datastore = {
		.host = &run_world.host, .workspace = 1, .id = STR("d")};
	int writer = (int)(size_t)context;

	for (int i = 0; i < RECORDS; i++) {
		char key[32];
		struct datastore_record record = {
			.key = {key, 0}, .data = value_collection(NULL, 0)};
		CLEANUP(arena_release) struct arena arena = {0};
		CLEANUP(buf_release) struct buf why = {0};

		record.key.len =
			(size_t)snprintf(key, sizeof(key), "%d-%d", writer, i);
		while (datastore_write(&datastore, &record, NULL, &arena,
			       &why) == ERR_CONFLICT)
			;
	}
	return NULL;
}

TEST(app_datastore, writers_at_once_lose_nothing_and_count_right)
{
	pthread_t threads[WRITERS];

	begin();
	for (size_t i = 0; i < WRITERS; i++)
		CHECK_INT(pthread_create(
				  &threads[i], NULL, write_records, (void *)i),
			0);
	for (size_t i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	CALL("CountRecord", "{}", "[{\"count\":40}]");
	CHECK(str_find(run_world_call("datastore:SearchRecord", IN,
			       "{\"limit\":1000}", "{}"),
		      STR("\"__IMTLENGTH__\":40")) != SIZE_MAX);
	run_world_end();
}

/* ---- many ---- */

enum { MANY = 250, MANY_IN_STEPS = 3 };

static uint64_t
units_so_far(void)
{
	struct writer_stats stats;

	writer_stats(run_world.host.writer, &stats);
	return stats.units;
}

static struct datastore
fill(const char *id)
{
	struct datastore datastore = {
		.host = &run_world.host, .workspace = 1, .id = str_of(id)};
	CLEANUP(buf_release) struct buf why = {0};

	for (int i = 0; i < MANY; i++) {
		struct datastore_record record = {
			.key = arena_printf(&run_world.arena, "k%d", i),
			.data = value_collection(NULL, 0)};

		CHECK_OK(datastore_write(
			&datastore, &record, NULL, &run_world.arena, &why));
	}
	return datastore;
}

TEST(app_datastore, many_are_cleared_in_steps_and_counted)
{
	struct datastore datastore;
	struct datastore_own own;
	uint64_t before;
	size_t count;

	begin();
	fill("other");
	datastore = fill("d");
	before = units_so_far();
	CHECK_OK(datastore_clear(&datastore, &count));
	CHECK_INT(count, MANY);
	CHECK_INT(units_so_far() - before, MANY_IN_STEPS);
	CHECK_OK(datastore_load(&datastore, &run_world.arena, &own));
	CHECK_INT(own.records, 0);
	CHECK_INT(own.bytes, 0);
	CALL("SearchRecord", "{}", "[]");
	CHECK_CALL("datastore:CountRecord", "{\"datastore\":\"other\"}", "{}",
		"{}", "[{\"count\":250}]");
	CHECK_OK(datastore_clear(&datastore, &count));
	CHECK_INT(count, 0);
	run_world_end();
}

TEST(app_datastore, many_are_dropped_in_steps)
{
	struct datastore datastore;
	struct datastore_own own;
	uint64_t before;

	begin();
	datastore = fill("d");
	before = units_so_far();
	CHECK_OK(datastore_drop(&datastore));
	CHECK_INT(units_so_far() - before, MANY_IN_STEPS);
	CHECK_INT(datastore_load(&datastore, &run_world.arena, &own),
		ERR_NOT_FOUND);
	CALL("SearchRecord", "{}", "[]");
	CHECK_INT(datastore_drop(&datastore), ERR_CONFLICT);
	run_world_end();
}

static void *
clear_now(void *context)
{
	CHECK_OK(datastore_clear(context, &(size_t){0}));
	return NULL;
}

/* Whoever writes meanwhile is told the truth, and the counts stay right. */
TEST(app_datastore, clearing_beside_writers_counts_right)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct datastore datastore;
	struct datastore_own own;
	struct str found, wanted;
	pthread_t threads[2];

	begin();
	datastore = fill("d");
	CHECK_INT(
		pthread_create(&threads[0], NULL, write_records, (void *)1), 0);
	CHECK_INT(pthread_create(&threads[1], NULL, clear_now, &datastore), 0);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	CHECK_OK(datastore_load(&datastore, &arena, &own));
	CHECK(own.records <= RECORDS);
	found = run_world_call(
		"datastore:SearchRecord", IN, "{\"limit\":1000}", "{}");
	wanted = arena_printf(&arena, "\"__IMTLENGTH__\":%zu", own.records);
	CHECK(own.records == 0 || str_find(found, wanted) != SIZE_MAX);
	run_world_end();
}

/* ---- beside those who never cease ---- */

enum { BUSY = 32, ROUNDS = 6 };

static atomic_bool is_over;

/** Writes one record again and again. */
static void *
write_without_end(void *context)
{
	const struct datastore datastore = {
		.host = &run_world.host, .workspace = 1, .id = STR("d")};

	while (!atomic_load(&is_over)) {
		CLEANUP(arena_release) struct arena arena = {0};
		CLEANUP(buf_release) struct buf why = {0};
		struct datastore_record record;
		struct str key =
			arena_printf(&arena, "busy%d", (int)(intptr_t)context);

		(void)!datastore_read(&datastore, key, &arena, &record);
		record.data = value_collection(NULL, 0);
		(void)!datastore_write(&datastore, &record, NULL, &arena, &why);
	}
	return NULL;
}

static void
drop_beside_writers(void)
{
	struct datastore datastore = fill("d");
	pthread_t threads[BUSY];

	atomic_store(&is_over, false);
	for (intptr_t i = 0; i < BUSY; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, write_without_end,
				  (void *)i),
			0);
	CHECK_OK(datastore_drop(&datastore));
	atomic_store(&is_over, true);
	for (size_t i = 0; i < BUSY; i++)
		pthread_join(threads[i], NULL);
}

/* Who is first is chance: several times, so that writers once always are. */
TEST(app_datastore, what_others_write_into_all_the_time_is_dropped_all_the_same)
{
	begin();
	for (int i = 0; i < ROUNDS; i++)
		drop_beside_writers();
	run_world_end();
}

/* ---- settings ---- */

static void
set_up(const char *body)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct datastore datastore = {
		.host = &run_world.host, .workspace = 1, .id = STR("d")};
	struct datastore_own own;
	struct json_doc doc;

	(void)!datastore_load(&datastore, &run_world.arena, &own);
	CHECK_OK(json_read(str_of(body), &run_world.arena, &doc, NULL));
	if (datastore_own_read(json_root(&doc), &own, &run_world.arena, &why))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&why));
	CHECK_OK(datastore_set(&datastore, &own));
}

TEST(app_datastore, a_structure_makes_records_fit_and_refuses_what_does_not)
{
	begin();
	set_up("{\"strict\":true,\"structure\":[{\"name\":\"n\",\"type\":"
	       "\"number\",\"required\":true},{\"name\":\"t\",\"type\":"
	       "\"text\",\"default\":\"new\"},{\"name\":\"tags\",\"type\":"
	       "\"array\",\"spec\":{\"type\":\"integer\"}}]}");
	CALL("AddRecord",
		"{\"key\":\"k\",\"data\":{\"n\":\"7\",\"tags\":[\"1\"]}}",
		"[{\"key\":\"k\",\"data\":{\"n\":7,\"t\":\"new\",\"tags\":"
		"[1]}}]");
	CALL("AddRecord", "{\"key\":\"l\",\"data\":{}}",
		"DataError: data.n: must be given");
	CALL("AddRecord", "{\"key\":\"l\",\"data\":{\"n\":\"x\"}}",
		"DataError: data.n: expected a number, found a value of type "
		"text");
	CALL("UpdateRecord", "{\"key\":\"k\",\"data\":{\"other\":1}}",
		"DataError: data.other: the structure has no such field");
	CALL("UpdateRecord", "{\"key\":\"k\",\"data\":{\"tags\":[1.5]}}",
		"DataError: data.tags[1]: expected a whole number, found a "
		"value of type number");
	/* What is given is laid over what is there before it is looked at. */
	CALL("UpdateRecord", "{\"key\":\"k\",\"data\":{\"t\":\"x\"}}",
		"[{\"key\":\"k\",\"data\":{\"n\":7,\"t\":\"x\",\"tags\":"
		"[1]}}]");
	CALL("CountRecord", "{}", "[{\"count\":1}]");
	run_world_end();
}

TEST(app_datastore, a_full_one_takes_no_more_and_still_gives_and_changes)
{
	begin();
	set_up("{\"maxRecords\":2,\"maxBytes\":200}");
	add("a", "{\"n\":1}");
	add("b", "{\"n\":2}");
	CALL("AddRecord", "{\"key\":\"c\",\"data\":{}}",
		"OutOfSpaceError: the data store has 2 records and takes no "
		"more");
	CALL("DeleteRecord", "{\"key\":\"a\"}",
		"[{\"key\":\"a\",\"deleted\":true}]");
	CHECK(str_starts_with(run_world_call("datastore:AddRecord", IN,
				      "{\"key\":\"a\",\"data\":{\"t\":"
				      "\"................................"
				      "................................"
				      "................................"
				      "................................\"}}",
				      "{}"),
		STR("OutOfSpaceError: the data store has ")));
	CALL("UpdateRecord", "{\"key\":\"b\",\"data\":{\"n\":3}}",
		"[{\"key\":\"b\",\"data\":{\"n\":3}}]");
	CALL("DeleteAllRecords", "{}", "[{\"deleted\":1}]");
	add("a", "{}");
	run_world_end();
}
