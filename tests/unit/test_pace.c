#include "rule/pace.h"

#include "base/clock.h"
#include "check.h"

struct walk {
	struct pace pace;
	int64_t now;
};

static void
step(struct walk *walk, char what)
{
	struct pace_outcome outcome = {
		.status = what == 'e'	       ? 500
			  : what == 'u'	       ? 503
			  : what == 't'	       ? 0
			  : strchr("ob", what) ? 429
					       : 204,
		.failure = what == 't' ? HTTP_TIMED_OUT : HTTP_NO_FAILURE,
		.started = walk->now,
		.in_flight = what == 'l' ? 1 : walk->pace.limit,
	};

	walk->now += (what == 's' ? 1000 : 100) * MILLISECONDS;
	outcome.ended = walk->now;
	if (what == 'b')
		outcome.started = walk->pace.cut_at - 1;
	pace_move(&walk->pace, &outcome);
}

static void
run(struct walk *walk, struct str script)
{
	while (script.len > 0) {
		struct str word = str_split(&script, ' ');
		uint64_t count = 1;
		struct str number = str_make(word.ptr, word.len - 1);

		if (number.len > 0)
			CHECK_OK(str_to_u64(number, &count));
		while (count-- > 0)
			step(walk, word.ptr[word.len - 1]);
	}
}

TEST(pace, it_moves_as_the_cases_say)
{
	struct str rest = check_read_file(check_data_path("cases/pace.txt"));
	int cases = 0;

	while (rest.len > 0) {
		struct str line = str_trim(str_split(&rest, '\n'));
		struct walk walk = {.now = SECONDS};
		struct str all = line, cap, script;
		uint64_t number;

		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		cap = str_split(&line, '\t');
		script = str_trim(str_split(&line, '\t'));
		CHECK_OK(str_to_u64(cap, &number));
		pace_set_cap(&walk.pace, (unsigned)number);
		if (!str_equal(script, STR("-")))
			run(&walk, script);
		CHECK_OK(str_to_u64(str_trim(line), &number));
		if (walk.pace.limit != number)
			check_failed("cases/pace.txt", 0, "%.*s: got %u",
				STR_ARG(all), walk.pace.limit);
		cases++;
	}
	CHECK(cases > 20);
}

TEST(pace, another_cap_holds_at_once)
{
	struct pace pace = {0};

	pace_set_cap(&pace, 32);
	pace_set_cap(&pace, 3);
	CHECK_INT(pace.limit, 3);
	pace_set_cap(&pace, 100);
	CHECK_INT(pace.limit, 3);
	CHECK_INT(pace.threshold, 100);
}

/* An endpoint that gets slower with all that is sent at once. */
TEST(pace, what_only_queues_gets_no_more)
{
	struct pace pace = {0};
	int64_t now = SECONDS;

	pace_set_cap(&pace, 1000);
	for (int i = 0; i < 1000; i++) {
		struct pace_outcome outcome = {.status = 200,
			.started = now,
			.ended = now + pace.limit * 5 * MILLISECONDS,
			.in_flight = pace.limit};

		now = outcome.ended;
		pace_move(&pace, &outcome);
	}
	CHECK(pace.limit > 60 && pace.limit < 150);
}

TEST(pace, it_is_cut_while_it_has_fewer_than_it_began_with)
{
	struct walk walk = {.now = SECONDS};

	pace_set_cap(&walk.pace, 32);
	CHECK(!pace_is_cut(&walk.pace));
	run(&walk, STR("1o"));
	CHECK_INT(walk.pace.limit, 8);
	CHECK(pace_is_cut(&walk.pace));
	run(&walk, STR("200g"));
	CHECK(!pace_is_cut(&walk.pace));
}

TEST(pace, a_low_cap_is_no_cut)
{
	struct pace pace = {0};

	pace_set_cap(&pace, 3);
	CHECK(!pace_is_cut(&pace));
}
