#include "rule/filter.h"

#include <stdlib.h>

#include "base/clock.h"
#include "rule/filter_ast.h"
#include "rule/filter_index.h"

/*
 * A filter, and behind a NUL byte the event it is held against. Whatever
 * compiles is printed, compiles to the same again, and answers the same, also
 * through the index.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct filter_event
make_event(struct json root)
{
	struct str operations[] = {
		STR("Updated"), STR("Deleted"), STR("Created"), STR("")};

	return (struct filter_event){
		.type = STR("compute-ops/server"),
		.operation = operations[json_count(root) % 4],
		.new_state = json_member(root, STR("new")),
		.old_state = json_member(root, STR("old")),
		.attributes = root,
	};
}

static void
check_index(const struct filter *filter, const struct filter_event *event,
	bool result, struct arena *arena)
{
	struct filter_index *index;
	struct filter_reader *reader;
	size_t count;

	/* Nested, they may use up the evaluator's budget. */
	if (filter->lambda_count > 2)
		return;
	index = filter_index_new();
	filter_index_set(index, 0, filter);
	reader = filter_index_enter(index);
	filter_index_match(reader, event, arena, &count);
	filter_index_leave(reader);
	filter_index_free(index);
	if ((count == 1) != result)
		abort();
}

static void
check(const struct filter *filter, const struct filter_event *event,
	struct arena *arena)
{
	CLEANUP(buf_release) struct buf first = {0};
	CLEANUP(buf_release) struct buf second = {0};
	bool result = filter_matches(filter, event, arena);
	const struct filter *again;
	size_t column;
	enum err err;

	filter_print(filter, &first);
	err = filter_compile(buf_str(&first), arena, &again, &column, NULL);
	if (err == ERR_LIMIT && first.len > FILTER_TEXT_MAX)
		return;
	if (err)
		abort();
	filter_print(again, &second);
	if (!str_equal(buf_str(&first), buf_str(&second)) ||
		filter_matches(again, event, arena) != result)
		abort();
	check_index(filter, event, result, arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = str_make((const char *)data, size);
	struct str text = str_split(&input, '\0');
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = {0};
	struct json_doc doc;
	const struct filter *filter;
	struct filter_event event = {0};
	size_t column = 0;

	clock_test_set(INT64_C(1700000000000000), 0);
	if (!json_read(input, &arena, &doc, NULL))
		event = make_event(json_root(&doc));
	if (filter_compile(text, &arena, &filter, &column, &why)) {
		if (column < 1 || column > text.len + 1 || why.len == 0)
			abort();
		return 0;
	}
	check(filter, &event, &arena);
	return 0;
}
