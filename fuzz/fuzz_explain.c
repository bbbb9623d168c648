#include <stdlib.h>

#include "base/clock.h"
#include "fuzz.h"
#include "rule/filter_event.h"
#include "rule/filter_explain.h"

/*
 * A filter, and behind a NUL byte an event. An explanation says what matching
 * says, gives a reason for it, and is JSON of a bounded size.
 */
enum { OUTPUT_MAX = 8 * 1024 * 1024 };

/** A connective that decides does so through one of its parts. */
static void
check_node(const struct filter_explain_node *node)
{
	bool is_explained = node->first == NULL || node->is_cut;

	if (node->text.len == 0 ||
		node->value_count > FILTER_EXPLAIN_VALUES_MAX)
		abort();
	for (const struct filter_explain_node *child = node->first; child;
		child = child->next) {
		is_explained = is_explained || child->is_deciding;
		if (child->is_deciding && !node->is_deciding)
			abort();
		check_node(child);
	}
	if (node->is_deciding && !is_explained)
		abort();
}

static void
check(const struct filter *filter, const struct filter_event *event,
	struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0};
	const struct filter_explanation *explanation =
		filter_explain(filter, event, arena);
	struct json_out out = json_out_make(&text);
	struct json_doc doc;

	if ((explanation->truth == FILTER_IS_TRUE) !=
		filter_matches(filter, event, arena))
		abort();
	if (!explanation->is_spent)
		check_node(explanation->root);
	json_out_object(&out, NULL);
	filter_explain_write(explanation, &out);
	json_out_end(&out);
	if (text.len > OUTPUT_MAX ||
		json_read(buf_str(&text), arena, &doc, NULL))
		abort();
	buf_clear(&text);
	filter_explain_print(explanation, &text);
	if (text.len > OUTPUT_MAX || !str_is_utf8(buf_str(&text)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = str_make((const char *)data, size);
	struct str text = str_split(&input, '\0');
	CLEANUP(arena_release) struct arena arena = {0};
	struct json_doc doc;
	const struct filter *filter;
	struct filter_event event = {0};
	size_t column = 0;

	clock_test_set(INT64_C(1700000000000000), 0);
	if (json_read(input, &arena, &doc, NULL) == ERR_OK)
		event = filter_event_read(json_root(&doc), &arena);
	if (filter_compile(text, &arena, &filter, &column, NULL) == ERR_OK)
		check(filter, &event, &arena);
	return 0;
}
