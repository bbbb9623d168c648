#include "rule/date.h"

#include <pthread.h>
#include <stdatomic.h>

#include "check.h"

#include "base/random.h"
#include "base/zone.h"
#include "rule/date_format.h"
#include "template_world.h"

static int64_t
random_date(void)
{
	return DATE_MIN +
	       (int64_t)random_below((uint64_t)(DATE_MAX - DATE_MIN));
}

static const char *const zones[] = {"UTC", "Europe/Prague", "America/St_Johns",
	"Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"};

TEST(date, fields_and_instants_are_each_others_inverse)
{
	random_test_seed(3);
	for (int i = 0; i < 20000; i++) {
		int64_t date = random_date(), back;
		struct date_fields fields = date_split(date, NULL);

		CHECK(date_join(&fields, NULL, &back));
		CHECK_INT(back, date);
	}
}

TEST(date, what_was_formatted_with_its_offset_is_parsed_to_the_same)
{
	static const char *const formats[] = {"YYYY-MM-DDTHH:mm:ss.SSSZ",
		"dddd, MMMM Do YYYY, h:mm:ss.SSS a ZZ", "DDDD YYYY k:m:s.SSS Z",
		"GGGG-[W]WW-E HH.mm.ss.SSS ZZ", "x"};

	random_test_seed(4);
	for (int i = 0; i < 6000; i++) {
		const char *format = formats[i % (int)COUNT_OF(formats)];
		const struct zone *zone =
			zone_find(str_of(zones[random_below(COUNT_OF(zones))]));
		CLEANUP(buf_release) struct buf text = {0};
		/* Offsets of old local times have seconds. */
		int64_t date = (int64_t)random_below(INT64_C(4000000000000));
		int64_t back;

		date_format(&text, date, zone, str_of(format));
		if (!date_parse(
			    buf_str(&text), str_of(format), zone, 0, &back) ||
			back != date)
			check_failed(__FILE__, __LINE__, "%s by %s",
				buf_text(&text), format);
	}
}

TEST(date, formatting_takes_any_bytes_for_a_format)
{
	random_test_seed(5);
	for (int i = 0; i < 2000; i++) {
		CLEANUP(buf_release) struct buf out = buf_make(10000);
		char format[24];
		int64_t back;

		random_bytes(format, sizeof(format));
		for (size_t j = 0; j < sizeof(format); j += 2)
			format[j] = "YMDdhHsSwWgGQZXxEakm[]T"[random_below(23)];
		date_format(&out, random_date(), NULL,
			str_make(format, sizeof(format)));
		(void)!date_parse(buf_str(&out),
			str_make(format, sizeof(format)), NULL, 0, &back);
	}
}

TEST(date, what_was_split_is_joined_to_the_same)
{
	struct template_world world;

	random_test_seed(6);
	template_world_init(&world);
	for (int i = 0; i < 500; i++) {
		char text[12];
		struct str before, after, expression;
		size_t len = random_below(sizeof(text));

		for (size_t j = 0; j < len; j++)
			text[j] = "ab,;"[random_below(4)];
		before = arena_printf(
			&world.arena, "{{\"%.*s\"}}", (int)len, text);
		expression = arena_printf(&world.arena,
			"{{join(split(\"%.*s\"; \",\"); \",\")}}", (int)len,
			text);
		before = template_world_run(&world, before);
		after = template_world_run(&world, expression);
		CHECK_STR(after, before);
	}
	template_world_release(&world);
}

TEST(date, sorting_keeps_the_order_of_what_is_equal)
{
	CLEANUP(buf_release) struct buf json = {0};
	struct template_world world;
	struct value sorted;
	struct str text;

	random_test_seed(7);
	template_world_init(&world);
	buf_append(&json, STR("{\"1\":{\"l\":["));
	for (int i = 0; i < 1000; i++)
		buf_printf(&json, "%s{\"k\":%d,\"i\":%d}", i ? "," : "",
			(int)random_below(10), i);
	buf_append(&json, STR("]}}"));
	template_world_bind(&world, buf_str(&json));
	for (int way = 1; way >= -1; way -= 2) {
		text = template_world_run(&world,
			way > 0 ? STR("{{sort(1.l; \"asc\"; \"k\")}}")
				: STR("{{sort(1.l; \"desc\"; \"k\")}}"));
		sorted = template_world_json(&world, text);
		CHECK_INT(sorted.as.array.count, 1000);
		for (size_t i = 1; i < 1000; i++) {
			struct value a = sorted.as.array.items[i - 1];
			struct value b = sorted.as.array.items[i];
			double ka = value_member(a, STR("k")).as.number;
			double kb = value_member(b, STR("k")).as.number;

			CHECK(way > 0 ? ka <= kb : ka >= kb);
			CHECK(ka != kb ||
				value_member(a, STR("i")).as.number <
					value_member(b, STR("i")).as.number);
		}
	}
	template_world_release(&world);
}

static atomic_int wrong;

static void *
look_up(void *context)
{
	(void)context;
	for (int i = 0; i < 200; i++) {
		for (size_t j = 1; j < COUNT_OF(zones); j++) {
			const struct zone *zone = zone_find(str_of(zones[j]));

			if (zone == NULL || zone_find(str_of(zones[j])) != zone)
				atomic_fetch_add(&wrong, 1);
		}
	}
	return NULL;
}

TEST(date, zones_are_found_by_many_threads_at_once)
{
	pthread_t threads[4];

	for (size_t i = 0; i < COUNT_OF(threads); i++)
		CHECK_INT(pthread_create(&threads[i], NULL, look_up, NULL), 0);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(atomic_load(&wrong), 0);
}
