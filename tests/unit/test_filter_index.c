#include <pthread.h>
#include <stdatomic.h>

#include "check.h"
#include "rule/filter_index.h"

static const struct filter *
compile(const char *text, struct arena *arena)
{
	CLEANUP(buf_release) struct buf why = {0};
	const struct filter *filter;
	size_t column;

	if (filter_compile(str_of(text), arena, &filter, &column, &why))
		check_failed(
			__FILE__, __LINE__, "%s: %s", text, buf_text(&why));
	return filter;
}

static void
set(struct filter_index *index, uint32_t id, const char *text)
{
	CLEANUP(arena_release) struct arena arena = {0};

	filter_index_set(index, id, compile(text, &arena));
}

static struct json
read_json(const char *text, struct arena *arena)
{
	struct json_doc *doc = ARENA_NEW(arena, struct json_doc);

	if (text == NULL)
		return (struct json){NULL, 0};
	CHECK_OK(json_read(str_of(text), arena, doc, NULL));
	return json_root(doc);
}

/** The ids as a text; how many rules were looked at. */
static const char *
match(struct filter_index *index, const char *new_state, const char *old_state,
	uint64_t *ret_candidates)
{
	static char text[256];
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct filter_event event = {
		.type = STR("t"),
		.operation = STR("Updated"),
		.new_state = read_json(new_state, &arena),
		.old_state = read_json(old_state, &arena),
	};
	struct filter_reader *reader = filter_index_enter(index);
	uint64_t before = filter_index_work_done(reader).candidates;
	size_t count;
	const uint32_t *ids =
		filter_index_match(reader, &event, &arena, &count);

	for (size_t i = 0; i < count; i++)
		buf_printf(&out, i ? " %u" : "%u", ids[i]);
	if (ret_candidates)
		*ret_candidates =
			filter_index_work_done(reader).candidates - before;
	filter_index_leave(reader);
	snprintf(text, sizeof(text), "%s", buf_text(&out));
	return text;
}

/* ---- what filters are found by ---- */

enum { MANY = 2000 };

/**
 * MANY filters from a form with the number 0 … in it, of which an event needs
 * to look at few; returns which matched.
 */
static const char *
match_family(const char *form, const char *new_state, const char *old_state)
{
	struct filter_index *index = filter_index_new();
	const char *place = strstr(form, "%d");
	uint64_t candidates;
	const char *ids;

	CHECK(place != NULL);
	for (uint32_t i = 0; i < MANY; i++) {
		char text[200];

		snprintf(text, sizeof(text), "%.*s%u%s", (int)(place - form),
			form, i, place + 2);
		set(index, i, text);
	}
	ids = match(index, new_state, old_state, &candidates);
	if (candidates > 60)
		check_failed(__FILE__, __LINE__,
			"%s: %lu filters were looked at", form,
			(unsigned long)candidates);
	CHECK_INT(filter_index_count(index).scanned, 0);
	filter_index_free(index);
	return ids;
}

TEST(filter_index, an_equal_text_is_found)
{
	CHECK_TEXT(match_family("type eq 't' and new/a eq 'v%d'",
			   "{\"a\":\"v1234\"}", NULL),
		"1234");
}

TEST(filter_index, an_equal_number_is_found_however_it_is_spelled)
{
	CHECK_TEXT(match_family("new/a eq %d", "{\"a\":12e2}", NULL), "1200");
	CHECK_TEXT(match_family("new/a eq %d.0", "{\"a\":7}", NULL), "7");
	CHECK_TEXT(match_family("new/a eq %d.5", "{\"a\":75e-1}", NULL), "7");
}

TEST(filter_index, a_text_with_escapes_is_found)
{
	CHECK_TEXT(match_family("new/a eq 'v%d'", "{\"\\u0061\":\"\\u00767\"}",
			   NULL),
		"7");
}

TEST(filter_index, each_item_of_a_list_is_found)
{
	CHECK_TEXT(match_family(
			   "new/a in ('x%d','y','z')", "{\"a\":\"x5\"}", NULL),
		"5");
}

TEST(filter_index, a_start_and_an_end_are_found)
{
	CHECK_TEXT(match_family("startswith(new/a,'v%d-')",
			   "{\"a\":\"v31-and more\"}", NULL),
		"31");
	CHECK_TEXT(match_family("endswith(new/a,'-%d.example.net')",
			   "{\"a\":\"more-31.example.net\"}", NULL),
		"31");
}

TEST(filter_index, starts_and_ends_of_any_length_are_found)
{
	enum { LENGTHS = 700 };
	struct filter_index *index = filter_index_new();
	CLEANUP(buf_release) struct buf state = {0};
	char text[LENGTHS + 50];
	uint64_t count = 0;
	const char *ids;

	/* Two of each length, of which one differs in a byte at the end. */
	for (uint32_t len = 1; len <= LENGTHS; len++) {
		snprintf(text, sizeof(text), "startswith(new/a,'%0*d%s')",
			(int)len, 7, "");
		set(index, len, text);
		snprintf(text, sizeof(text), "endswith(new/b,'x%0*d')",
			(int)len, 7);
		set(index, LENGTHS + len, text);
	}
	for (uint32_t len = 1; len <= LENGTHS; len += 33) {
		buf_clear(&state);
		buf_printf(&state, "{\"a\":\"%0*d and\",\"b\":\"x%0*d\"}",
			(int)len, 7, (int)len, 7);
		ids = match(index, buf_text(&state), NULL, &count);
		snprintf(text, sizeof(text), "%u %u", len, LENGTHS + len);
		CHECK_TEXT(ids, text);
	}
	filter_index_free(index);
}

TEST(filter_index, starts_that_differ_late_are_told_apart)
{
	char form[150], state[150];

	snprintf(form, sizeof(form), "startswith(new/a,'%0101d-%%d-')", 7);
	snprintf(state, sizeof(state), "{\"a\":\"%0101d-31-\"}", 7);
	CHECK_TEXT(match_family(form, state, NULL), "31");
	snprintf(form, sizeof(form), "contains(new/a,'%0101d-%%d-')", 7);
	CHECK_TEXT(match_family(form, state, NULL), "31");
}

TEST(filter_index, a_part_is_found_at_any_place)
{
	CHECK_TEXT(match_family("contains(new/a,'<%d>')",
			   "{\"a\":\"<9> <10> and <1999>\"}", NULL),
		"9 10 1999");
	CHECK_TEXT(match_family("contains(new/a,'always the same %d.')",
			   "{\"a\":\"it is always the same 77.\"}", NULL),
		"77");
}

TEST(filter_index, an_element_is_found)
{
	CHECK_TEXT(match_family("new/a/any(f: f/n eq 'BIOS' and f/v eq '%d')",
			   "{\"a\":[{\"n\":\"x\",\"v\":\"1\"},"
			   "{\"v\":\"17\",\"n\":\"BIOS\"},"
			   "{\"n\":\"BIOS\"}]}",
			   NULL),
		"17");
	CHECK_TEXT(match_family("new/a/any(f: f eq %d)", "{\"a\":[5,\"6\",7]}",
			   NULL),
		"5 7");
}

TEST(filter_index, a_member_of_an_array_is_found)
{
	CHECK_TEXT(match_family(
			   "'v%d' in new/a", "{\"a\":[\"v5\",6,\"v7\"]}", NULL),
		"5 7");
	CHECK_TEXT(
		match_family("%d in a and new/b ne 1", "{\"a\":[5,[6]]}", NULL),
		"5");
}

TEST(filter_index, what_changed_is_found)
{
	CHECK_TEXT(match_family("changed/a%d",
			   "{\"a1\":1,\"a2\":1.0,\"a3\":{\"x\":1,\"y\":2}}",
			   "{\"a1\":2,\"a2\":1,\"a3\":{\"y\":2,\"x\":1}}"),
		"1");
}

TEST(filter_index, alternatives_are_found_by_either_side)
{
	CHECK_TEXT(match_family("(new/a eq 'v%d' and new/c eq 1) or "
				"(new/a eq 'never' and new/b eq 'w')",
			   "{\"a\":\"v8\",\"c\":1}", NULL),
		"8");
}

TEST(filter_index, what_a_function_gives_is_found)
{
	CHECK_TEXT(match_family(
			   "tolower(new/a) eq 'v%d'", "{\"a\":\"V12\"}", NULL),
		"12");
	CHECK_TEXT(match_family("toupper(trim(new/a)) in ('V%d','W')",
			   "{\"a\":\" v12 \"}", NULL),
		"12");
	CHECK_TEXT(
		match_family("length(new/a) eq %d", "{\"a\":\"Größe\"}", NULL),
		"5");
	CHECK_TEXT(match_family("contains(tolower(new/a),'<%d>')",
			   "{\"a\":\"A<7>B\"}", NULL),
		"7");
}

TEST(filter_index, an_order_is_found_by_those_that_are_true)
{
	CHECK_TEXT(match_family("new/a lt %d", "{\"a\":1996.5}", NULL),
		"1997 1998 1999");
	CHECK_TEXT(match_family(
			   "new/a le %d and type eq 't'", "{\"a\":1997}", NULL),
		"1997 1998 1999");
	CHECK_TEXT(match_family("new/a gt %d", "{\"a\":2}", NULL), "0 1");
	CHECK_TEXT(match_family("new/a ge %d", "{\"a\":2.0}", NULL), "0 1 2");
	CHECK_TEXT(match_family("length(new/a) ge %d", "{\"a\":\"x\"}", NULL),
		"0 1");
	CHECK_TEXT(match_family("new/a ge %d", "{\"a\":\"2\"}", NULL), "");
	CHECK_TEXT(
		match_family("new/a gt '%d'", "{\"a\":\"10\"}", NULL), "0 1");
	CHECK_TEXT(
		match_family("new/a lt '%d'", "{\"a\":\"998\"}", NULL), "999");
	CHECK_TEXT(match_family("new/a gt 2024-01-01T00:00:00.%dZ",
			   "{\"a\":\"2024-01-01T01:00:00.1+01:00\"}", NULL),
		"0");
}

TEST(filter_index, a_crowd_is_split_by_a_second_predicate)
{
	struct filter_index *index = filter_index_new();
	uint64_t candidates;

	for (uint32_t i = 0; i < 10000; i++) {
		char text[100];

		snprintf(text, sizeof(text),
			"new/a eq 'a%u' and new/b eq 'b%u' and new/c gt %u",
			i % 5, i / 5 % 20, i);
		set(index, i, text);
	}
	CHECK_TEXT(match(index, "{\"a\":\"a1\",\"b\":\"b3\",\"c\":17}", NULL,
			   &candidates),
		"16");
	/* Of 2,000 with a1 and 500 with b3, 100 have both. */
	if (candidates > 400)
		check_failed(__FILE__, __LINE__, "%lu were looked at",
			(unsigned long)candidates);
	filter_index_free(index);
}

TEST(filter_index, what_nothing_leads_to_is_counted_and_still_matches)
{
	struct filter_index *index = filter_index_new();

	set(index, 3, "new/a ne 'x'");
	set(index, 4, "new/a eq null");
	set(index, 5, "new/b add 'x' eq null");
	set(index, 6, "false");
	set(index, 7, "true");
	CHECK_INT(filter_index_count(index).scanned, 5);
	CHECK_TEXT(match(index, "{\"b\":\"abc\"}", NULL, NULL), "3 4 5 7");
	filter_index_free(index);
}

/* ---- attributes ---- */

static unsigned made;

static struct json
make_attributes(const void *owner, struct arena *arena)
{
	made++;
	return read_json(owner, arena);
}

/** Whether matching made the attributes; and the filter is true with them. */
static bool
makes_attributes(const char *text, const char *state, bool has_extensions)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct filter_index *index = filter_index_new();
	struct filter_late_attributes late = {make_attributes,
		"{\"id\":\"5\",\"subject\":\"x\",\"rack\":\"7\"}",
		has_extensions};
	struct filter_event event = {
		.type = STR("t"),
		.operation = STR("Updated"),
		.new_state = read_json(state, &arena),
		.late = &late,
	};
	struct filter_reader *reader = filter_index_enter(index);
	size_t count;

	set(index, 1, text);
	made = 0;
	filter_index_match(reader, &event, &arena, &count);
	if (made)
		CHECK_INT(count, 1);
	filter_index_leave(reader);
	filter_index_free(index);
	return made;
}

TEST(filter_index, attributes_are_made_only_when_a_filter_may_see_them)
{
	const char *state = "{\"a\":1,\"id\":\"9\"}";

	CHECK(makes_attributes("subject eq 'x'", state, false));
	CHECK(makes_attributes("contains(tolower(subject),'x')", state, false));
	CHECK(makes_attributes("subject sub 1 eq null", state, false));
	CHECK(makes_attributes("id eq '5'", "{\"a\":1}", false));
	CHECK(makes_attributes("rack eq '7'", state, true));
	CHECK(!makes_attributes("rack eq '7'", state, false));
	CHECK(!makes_attributes("id eq '9'", state, false));
	CHECK(!makes_attributes("a eq 1", state, false));
	CHECK(!makes_attributes("new/subject eq 'x'", state, true));
	CHECK(!makes_attributes("new/subject add 1 eq 2", state, true));
	CHECK(!makes_attributes("type eq 't'", state, true));
}

/* ---- changes ---- */

TEST(filter_index, equal_filters_are_one_rule)
{
	struct filter_index *index = filter_index_new();

	set(index, 1, "new/a eq 1 and new/b eq 2");
	set(index, 2, "new/b eq 2.0 and new/a eq 1");
	set(index, 9, "not (new/a ne 1 or new/b ne 2)");
	CHECK_INT(filter_index_count(index).rules, 1);
	CHECK_INT(filter_index_count(index).predicates, 2);
	CHECK_TEXT(match(index, "{\"a\":1,\"b\":2}", NULL, NULL), "1 2 9");
	filter_index_remove(index, 2);
	CHECK_TEXT(match(index, "{\"a\":1,\"b\":2}", NULL, NULL), "1 9");
	filter_index_free(index);
}

TEST(filter_index, a_replaced_filter_does_not_match_any_more)
{
	struct filter_index *index = filter_index_new();

	set(index, 1, "new/a eq 1");
	set(index, 1, "new/a eq 2");
	CHECK_TEXT(match(index, "{\"a\":1}", NULL, NULL), "");
	CHECK_TEXT(match(index, "{\"a\":2}", NULL, NULL), "1");
	set(index, 1, "new/a eq 2");
	CHECK_TEXT(match(index, "{\"a\":2}", NULL, NULL), "1");
	CHECK_INT(filter_index_count(index).filters, 1);
	filter_index_free(index);
}

TEST(filter_index, removing_all_leaves_no_rule_and_no_predicate)
{
	struct filter_index *index = filter_index_new();

	for (uint32_t i = 0; i < 3000; i++) {
		char text[100];

		snprintf(text, sizeof(text),
			"new/a eq 'a%u' and contains(new/b,'%u')", i % 7, i);
		set(index, i, text);
	}
	for (uint32_t i = 0; i < 3000; i++)
		filter_index_remove(index, (i * 7) % 3000);
	filter_index_remove(index, 1000000);
	CHECK_INT(filter_index_count(index).filters, 0);
	CHECK_INT(filter_index_count(index).rules, 0);
	CHECK_INT(filter_index_count(index).predicates, 0);
	set(index, 5, "new/a eq 'x'");
	CHECK_TEXT(match(index, "{\"a\":\"x\"}", NULL, NULL), "5");
	filter_index_free(index);
}

static void
count_up(void *owner, uint64_t thing)
{
	*(uint64_t *)owner += thing;
}

TEST(filter_index, what_is_retired_stays_until_readers_left)
{
	struct filter_index *index = filter_index_new();
	struct filter_reader *reader = filter_index_enter(index);
	uint64_t total = 0;

	filter_index_retire(index, count_up, &total, 5);
	CHECK_INT(total, 0);
	filter_index_leave(reader);
	filter_index_retire(index, count_up, &total, 7);
	CHECK_INT(total, 12);
	filter_index_free(index);
}

/* ---- changes under matching ---- */

enum { READERS = 2, CHANGES = 2000, STEADY = 50 };

struct race {
	struct filter_index *index;
	_Atomic bool is_over;
	_Atomic unsigned failures;
	_Atomic uint64_t matches;
};

/** Ids below STEADY stay; STEADY is replaced, by filters that all match. */
static void
check_race(struct race *race, const uint32_t *ids, size_t count)
{
	size_t at = 0;

	for (uint32_t id = 0; id <= STEADY; id++) {
		if (at < count && ids[at] == id)
			at++;
		else
			atomic_fetch_add(&race->failures, 1);
	}
	for (; at < count; at++) {
		if (ids[at] % 2 == 0 || (at && ids[at] == ids[at - 1]))
			atomic_fetch_add(&race->failures, 1);
	}
	atomic_fetch_add(&race->matches, 1);
}

static void *
match_on(void *argument)
{
	struct race *race = argument;
	struct arena states = {0}, arena = {0};
	struct filter_event event = {
		.type = STR("t"),
		.operation = STR("Updated"),
		.new_state = read_json("{\"a\":\"x\",\"b\":\"y\",\"c\":3,"
				       "\"d\":[{\"k\":1}]}",
			&states),
	};

	while (!atomic_load(&race->is_over)) {
		struct filter_reader *reader = filter_index_enter(race->index);
		size_t count;
		const uint32_t *ids =
			filter_index_match(reader, &event, &arena, &count);

		check_race(race, ids, count);
		filter_index_leave(reader);
		arena_reset(&arena);
	}
	arena_release(&arena);
	arena_release(&states);
	return NULL;
}

/** Odd ids match, even ones do not. */
static void
change_one(struct race *race, uint32_t i)
{
	static const char *const always[] = {"new/a eq 'x'", "new/b eq 'y'",
		"contains(new/a,'x') and new/c gt 2", "new/d/any(f: f/k eq 1)",
		"changed/c", "length(new/a) eq 1", "new/c gt 2 and new/b ne 1",
		"tolower(new/a) eq 'x'", "c lt 3.5", "1 sub c lt 0"};
	uint32_t id = STEADY + 1 + i % 400;
	char text[100];

	/* Its readers are waited for, which takes a while. */
	if (i % 50 == 0)
		set(race->index, STEADY, always[i / 50 % COUNT_OF(always)]);
	if (i % 3 == 2) {
		filter_index_remove(race->index, id);
		return;
	}
	if (i / 7 % 2)
		snprintf(text, sizeof(text), "new/a eq '%s' and new/p%u ne 'z'",
			id % 2 ? "x" : "never", i % 50);
	else
		snprintf(text, sizeof(text),
			"c lt %s and not (length(new/p%u) lt 1)",
			id % 2 ? "4" : "3", i % 50);
	set(race->index, id, text);
}

TEST(filter_index, readers_see_whole_changes_only)
{
	struct race race = {.index = filter_index_new()};
	pthread_t threads[READERS];

	for (uint32_t id = 0; id <= STEADY; id++)
		set(race.index, id, id % 2 ? "new/a eq 'x'" : "new/c eq 3.0");
	for (int i = 0; i < READERS; i++)
		CHECK_INT(
			pthread_create(&threads[i], NULL, match_on, &race), 0);
	for (uint32_t i = 0; i < CHANGES || atomic_load(&race.matches) < 300;
		i++)
		change_one(&race, i);
	atomic_store(&race.is_over, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(atomic_load(&race.failures), 0);
	filter_index_free(race.index);
}
