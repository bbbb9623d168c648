#include "rule/filter_explain.h"

#include "check.h"

/*
 * Filters put together at random, the same ones in every run.
 */

static const struct filter *
compile(const char *text, struct arena *arena)
{
	const struct filter *filter;
	struct buf why = {0};
	size_t column;

	if (filter_compile(str_of(text), arena, &filter, &column, &why))
		check_failed(
			__FILE__, __LINE__, "%s: %s", text, buf_text(&why));
	return filter;
}

static struct json
read_json(const char *text, struct arena *arena)
{
	struct json_doc *doc = ARENA_NEW(arena, struct json_doc);

	CHECK_OK(json_read(str_of(text), arena, doc, NULL));
	return json_root(doc);
}

static uint64_t random_state;

static unsigned
pick(unsigned count)
{
	random_state =
		random_state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(random_state >> 33) % count;
}

static void make_boolean(struct buf *out, int depth);

static void
make_value(struct buf *out, int depth)
{
	static const char *const leaves[] = {"a", "b/c", "new/a", "old/a",
		"type", "operation", "changed/a", "$it/'x y'", "null", "true",
		"1", "-1", "2.5", "'x'", "'it''s'", "2024-01-01", "10:20",
		"2024-01-01T00:00:00Z", "duration'PT1H'", "NaN", "-INF",
		"list/$count", "new/'@t'", "9007199254740993", "1e18"};
	static const char *const operators[] = {
		"add", "sub", "mul", "div", "divby", "mod"};
	static const char *const functions[] = {"tolower", "trim", "length",
		"year", "date", "round", "time", "totalseconds"};

	switch (depth > 0 ? pick(6) : 5) {
	case 0:
		buf_append_char(out, '(');
		make_value(out, depth - 1);
		buf_printf(out, " %s ", operators[pick(6)]);
		make_value(out, depth - 1);
		buf_append_char(out, ')');
		break;
	case 1:
		make_value(out, 0);
		buf_printf(out, " %s ", operators[pick(6)]);
		make_value(out, 0);
		break;
	case 2:
		buf_append(out, STR("- "));
		make_value(out, 0);
		break;
	case 3:
		buf_printf(out, "%s(", functions[pick(8)]);
		make_value(out, depth - 1);
		buf_append_char(out, ')');
		break;
	case 4:
		buf_append(out, STR("concat("));
		make_value(out, depth - 1);
		buf_append_char(out, ',');
		make_value(out, depth - 1);
		buf_append_char(out, ')');
		break;
	default: buf_append(out, str_of(leaves[pick(COUNT_OF(leaves))]));
	}
}

static void
make_leaf(struct buf *out, int depth)
{
	static const char *const operators[] = {
		"eq", "ne", "gt", "ge", "lt", "le"};

	switch (pick(6)) {
	case 0:
		make_value(out, 0);
		buf_append(out, STR(" in (1,'x',null,-2.5)"));
		break;
	case 1:
		make_value(out, 0);
		buf_append(out, STR(" in list"));
		break;
	case 2:
		buf_append(out, STR("contains("));
		make_value(out, depth);
		buf_append(out, STR(",'x')"));
		break;
	case 3:
		buf_printf(out, "list/%s(v%d:", pick(2) ? "any" : "all", depth);
		buf_printf(out, "v%d eq 1 or v%d/a ne ", depth, depth);
		make_value(out, depth);
		buf_append_char(out, ')');
		break;
	default:
		make_value(out, depth);
		buf_printf(out, " %s ", operators[pick(6)]);
		make_value(out, depth);
	}
}

static void
make_boolean(struct buf *out, int depth)
{
	unsigned kind = depth > 0 ? pick(5) : 4;

	if (kind == 4) {
		make_leaf(out, depth);
		return;
	}
	if (kind == 3) {
		buf_append(out, STR("not "));
		make_boolean(out, depth - 1);
		return;
	}
	buf_append(out, kind == 0 ? STR("(") : STR(""));
	make_boolean(out, depth - 1);
	buf_append(out, pick(2) ? STR(" and ") : STR(" or "));
	make_boolean(out, depth - 1);
	buf_append(out, kind == 0 ? STR(")") : STR(""));
}

static const char *const random_states[] = {"{}",
	"{\"a\":1,\"b\":{\"c\":\"x\"},\"list\":[1,\"x\",{\"a\":2}]}",
	"{\"a\":\"it's\",\"b\":{\"c\":2.5},\"list\":[],\"x y\":null}",
	"{\"a\":\"2024-01-01T00:00:00Z\",\"b\":{\"c\":\"PT1H\"},\"@t\":true}",
	"{\"a\":[1],\"b\":3,\"list\":[1.0,1],\"x y\":\"10:20:00\"}"};

/** Compiles `text`, prints it, and holds both against every state. */
static void
check_print_means_the_same(const struct buf *text, struct arena *arena)
{
	const struct filter *filter = compile(buf_text(text), arena);
	const struct filter *again;
	struct buf printed = {0};
	struct buf twice = {0};

	filter_print(filter, &printed);
	again = compile(buf_text(&printed), arena);
	filter_print(again, &twice);
	CHECK_STR(buf_str(&twice), buf_str(&printed));
	for (size_t i = 0; i < COUNT_OF(random_states); i++) {
		struct filter_event event = {
			.type = STR("x"),
			.operation = i % 2 ? STR("Updated") : STR("Deleted"),
			.new_state = read_json(random_states[i], arena),
			.old_state = read_json(random_states[0], arena),
		};

		if (filter_matches(filter, &event, arena) !=
			filter_matches(again, &event, arena))
			check_failed(__FILE__, __LINE__,
				"%s and %s differ on %s", buf_text(text),
				buf_text(&printed), random_states[i]);
	}
	buf_release(&printed);
	buf_release(&twice);
}

/** What explaining says, held against what matching says. */
static void
check_explained(const struct buf *text, struct arena *arena)
{
	const struct filter *filter = compile(buf_text(text), arena);

	for (size_t i = 0; i < COUNT_OF(random_states); i++) {
		struct filter_event event = {
			.type = STR("x"),
			.operation = i % 2 ? STR("Updated") : STR("Deleted"),
			.new_state = read_json(random_states[i], arena),
			.old_state = read_json(random_states[0], arena),
		};
		const struct filter_explanation *explanation =
			filter_explain(filter, &event, arena);

		if ((explanation->truth == FILTER_IS_TRUE) !=
			filter_matches(filter, &event, arena))
			check_failed(__FILE__, __LINE__,
				"%s is explained wrongly on %s", buf_text(text),
				random_states[i]);
	}
}

TEST(filter_random, filters_are_explained_as_they_match)
{
	struct arena arena = {0};
	struct buf text = {0};

	for (uint64_t seed = 0; seed < 5000; seed++) {
		random_state = seed;
		buf_clear(&text);
		make_boolean(&text, 4);
		check_explained(&text, &arena);
		arena_reset(&arena);
	}
	buf_release(&text);
	arena_release(&arena);
}

TEST(filter_random, filters_print_to_what_compiles_to_the_same)
{
	struct arena arena = {0};
	struct buf text = {0};

	for (uint64_t seed = 0; seed < 20000; seed++) {
		random_state = seed;
		buf_clear(&text);
		make_boolean(&text, 4);
		check_print_means_the_same(&text, &arena);
		arena_reset(&arena);
	}
	buf_release(&text);
	arena_release(&arena);
}
