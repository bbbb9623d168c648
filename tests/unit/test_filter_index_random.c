#include "base/mem.h"
#include "check.h"
#include "rule/filter_index.h"

/*
 * The index against the tree evaluator: random filters, put in, replaced and
 * taken out in random order, times random events. GRAPNEL_TEST_PAIRS=N sets
 * how many pairs of filter and event are looked at.
 */
enum { IDS = 250, EVENTS = 40, ROUNDS = 4 };

static uint64_t random_state;

static unsigned
pick(unsigned count)
{
	random_state =
		random_state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(random_state >> 33) % count;
}

#define PICK(array) (array)[pick(COUNT_OF(array))]

/* ---- filters ---- */

static const char *const paths[] = {"a", "b/c", "new/a", "new/b/c", "new/d",
	"old/a", "old/b/c", "old/d", "changed/a", "changed/b", "changed/b/c",
	"type", "operation", "new/list", "subject", "a/x", "new/b", "$it/'q r'",
	"new/'q r'", "$data/a", "$data/b/c", "$data/subject"};

static const char *const literals[] = {"'x'", "'y'", "'it''s'", "''", "1",
	"1.0", "2.5", "-1", "9007199254740993", "9007199254740992.5", "true",
	"False", "null", "NaN", "'Updated'", "'t/one'", "'Größe'",
	"2024-01-01T00:00:00Z", "2024-01-01", "'2024-01-01T00:00:00Z'", "10:20",
	"duration'PT1H'", "01234567-89ab-cdef-0123-456789abcdef"};

static const char *const needles[] = {"'x'", "'xy'", "'xyz'", "''",
	"'longer than a window'", "'than a window'", "'window'", "'er than'",
	"'longer than a window, and more of it'", "null", "'Grö'"};

static const char *const comparisons[] = {
	"eq", "eq", "eq", "ne", "gt", "ge", "lt", "le"};

static void
make_element(struct buf *out)
{
	static const char *const collections[] = {
		"new/list", "old/list", "list", "new/a", "a", "$data/list"};
	static const char *const parts[] = {"f/k eq 'x'", "f/k eq 1",
		"f/v eq 'y'", "f/v eq 2.5", "f eq 'x'", "f eq 1",
		"f/k/z eq true", "f/k eq null", "f/v ne 'x'", "f/v gt 1",
		"f/'q r' eq 'x'"};
	unsigned count = 1 + pick(3);

	buf_printf(out, "%s/%s(f:", PICK(collections), pick(5) ? "any" : "all");
	for (unsigned i = 0; i < count; i++)
		buf_printf(out, "%s%s",
			i == 0	  ? ""
			: pick(6) ? " and "
				  : " or ",
			PICK(parts));
	buf_append_char(out, ')');
}

static void
make_other(struct buf *out)
{
	static const char *const forms[] = {"tolower(%s) eq 'x'",
		"%s add 1 gt 2", "length(%s) eq 1", "new/list/$count eq 2",
		"toupper(trim(%s)) in ('X','Y','')", "length(%s) gt 1",
		"length(tolower(%s)) ne 3", "contains(tolower(%s),'xy')",
		"not startswith(toupper(%s),'X')", "round(%s) eq 2",
		"floor(%s) le 2.5", "ceiling(%s) eq null", "year(%s) ge 2024",
		"date(%s) eq '2024-01-01'", "%s gt 0 and %s lt 2", "'x' in %s",
		"%s eq old/a", "contains(concat(%s,'y'),'xy')",
		"matchesPattern(%s,'^x')", "year(%s) eq 2024", "new/list/any()",
		"%s in new/list", "contains('xyz',%s)", "true", "1 eq 1"};
	const char *form = PICK(forms);
	const char *path = PICK(paths);
	const char *place;

	while ((place = strstr(form, "%s"))) {
		buf_append(out, str_make(form, (size_t)(place - form)));
		buf_append(out, str_of(path));
		form = place + 2;
	}
	buf_append(out, str_of(form));
}

static void
make_leaf(struct buf *out)
{
	static const char *const functions[] = {
		"contains", "contains", "startswith", "endswith"};

	switch (pick(12)) {
	case 0:
		buf_printf(out, "%s in (%s,%s,%s)", PICK(paths), PICK(literals),
			PICK(literals), PICK(literals));
		break;
	case 1:
	case 2:
		buf_printf(out, "%s(%s,%s)", PICK(functions), PICK(paths),
			PICK(needles));
		break;
	case 3: make_element(out); break;
	case 4: make_other(out); break;
	case 5: buf_append(out, str_of(PICK(paths))); break;
	case 6:
		buf_printf(out, "%s %s %s", PICK(literals), PICK(comparisons),
			PICK(paths));
		break;
	default:
		buf_printf(out, "%s %s %s", PICK(paths), PICK(comparisons),
			PICK(literals));
	}
}

static void
make_filter(struct buf *out, int depth)
{
	unsigned kind = depth > 0 ? pick(6) : 5;

	if (kind == 5) {
		make_leaf(out);
		return;
	}
	buf_append(out, kind == 0 ? STR("not (") : STR("("));
	make_filter(out, depth - 1);
	buf_append(out, kind < 4 ? STR(" and ") : STR(" or "));
	make_filter(out, depth - 1);
	buf_append_char(out, ')');
}

static const struct filter *
random_filter(struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf why = {0};
	const struct filter *filter;
	size_t column;

	make_filter(&text, 3);
	if (filter_compile(buf_str(&text), arena, &filter, &column, &why))
		check_failed(__FILE__, __LINE__, "%s: %s", buf_text(&text),
			buf_text(&why));
	return filter;
}

/* ---- events ---- */

static void
make_scalar(struct buf *out)
{
	static const char *const scalars[] = {"\"x\"", "\"y\"", "\"xyz\"",
		"\"\\u0078\"", "\"it's\"", "\"\"", "1", "1.0", "10e-1", "2.50",
		"-1", "9007199254740993", "9007199254740992", "1e19", "true",
		"false", "null", "\"2024-01-01T01:00:00+01:00\"",
		"\"2024-01-01\"", "\"10:20:00\"", "\"PT60M\"",
		"\"Gr\\u00f6\\u00DFe\"", "\"Größe\"",
		"\"01234567-89AB-CDEF-0123-456789ABCDEF\"",
		"\"longer than a window\"",
		"\"a longer than a window, and more of it\""};

	buf_append(out, str_of(PICK(scalars)));
}

static void make_value(struct buf *out, int depth);

static void
make_object(struct buf *out, int depth)
{
	static const char *const keys[] = {"a", "b", "c", "d", "list", "x",
		"subject", "k", "v", "z", "q r", "\\u0061", "other"};
	unsigned count = pick(7);

	buf_append_char(out, '{');
	for (unsigned i = 0; i < count; i++) {
		/* One in some names comes twice. */
		buf_printf(out, "%s\"%s\":", i ? "," : "", PICK(keys));
		make_value(out, depth - 1);
	}
	buf_append_char(out, '}');
}

static void
make_value(struct buf *out, int depth)
{
	unsigned count = pick(4);

	switch (depth > 0 ? pick(5) : 4) {
	case 0:
	case 1: make_object(out, depth); break;
	case 2:
		buf_append_char(out, '[');
		for (unsigned i = 0; i < count; i++) {
			buf_append(out, i ? STR(",") : STR(""));
			make_value(out, depth - 1);
		}
		buf_append_char(out, ']');
		break;
	default: make_scalar(out);
	}
}

static struct json
random_json(struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct json_doc *doc = ARENA_NEW(arena, struct json_doc);

	if (pick(10) == 0)
		return (struct json){NULL, 0};
	if (pick(10) == 0)
		make_value(&text, 3);
	else
		make_object(&text, 3);
	CHECK_OK(
		json_read(arena_copy(arena, buf_str(&text)), arena, doc, NULL));
	return json_root(doc);
}

static struct filter_event
random_event(struct arena *arena)
{
	static const struct str operations[] = {STR_INIT("Updated"),
		STR_INIT("Updated"), STR_INIT("Created"), STR_INIT("Deleted"),
		STR_INIT("")};
	static const struct str types[] = {
		STR_INIT("t/one"), STR_INIT("x"), STR_INIT("")};
	struct filter_event event = {.type = PICK(types),
		.operation = PICK(operations),
		.new_state = random_json(arena),
		.old_state = random_json(arena),
		.attributes = random_json(arena)};

	/* Most updates change little. */
	if (pick(3) == 0)
		event.old_state = event.new_state;
	return event;
}

/* ---- the property ---- */

static void
differ(const struct filter *filter, const struct filter_event *event,
	bool expected)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct str new_state = json_raw(event->new_state);
	struct str old_state = json_raw(event->old_state);

	filter_print(filter, &text);
	check_failed(__FILE__, __LINE__,
		"%s is %s for type '%.*s' operation '%.*s' new %.*s old %.*s "
		"attributes %.*s",
		buf_text(&text), expected ? "true" : "not true",
		STR_ARG(event->type), STR_ARG(event->operation),
		STR_ARG(new_state), STR_ARG(old_state),
		STR_ARG(json_raw(event->attributes)));
}

static void
check_event(struct filter_index *index, const struct filter *const *filters,
	const struct filter_event *event, struct arena *arena)
{
	struct filter_reader *reader = filter_index_enter(index);
	size_t count, at = 0;
	const uint32_t *ids = filter_index_match(reader, event, arena, &count);

	for (uint32_t id = 0; id < IDS; id++) {
		bool is_found = at < count && ids[at] == id;
		bool is_true = filters[id] &&
			       filter_matches(filters[id], event, arena);

		if (is_found != is_true)
			differ(filters[id], event, is_true);
		at += is_found;
	}
	CHECK_INT(at, count);
	filter_index_leave(reader);
}

static void
change(struct filter_index *index, const struct filter **filters,
	struct arena *arena)
{
	for (unsigned i = 0; i < IDS; i++) {
		uint32_t id = pick(IDS);

		if (pick(4) == 0) {
			filter_index_remove(index, id);
			filters[id] = NULL;
			continue;
		}
		filters[id] = pick(8) && filters[pick(IDS)]
				      ? filters[id]
				      : random_filter(arena);
		if (filters[id] == NULL)
			filters[id] = random_filter(arena);
		filter_index_set(index, id, filters[id]);
	}
}

static void
do_nothing(void *owner, uint64_t thing)
{
	(void)owner;
	(void)thing;
}

static void
empty(struct filter_index *index)
{
	struct filter_index_counts counts;

	for (uint32_t id = 0; id < IDS; id++)
		filter_index_remove(index, id);
	/* What the last one leaves goes in the rounds after it. */
	for (int i = 0; i < 5; i++)
		filter_index_retire(index, do_nothing, NULL, 0);
	counts = filter_index_count(index);
	CHECK_INT(counts.filters, 0);
	CHECK_INT(counts.rules, 0);
	CHECK_INT(counts.scanned, 0);
	CHECK_INT(counts.predicates, 0);
	/* Those of type, operation and none. */
	CHECK_INT(counts.slots, 3);
}

TEST(filter_index_random, the_index_says_what_the_tree_evaluator_says)
{
	const char *wanted = getenv("GRAPNEL_TEST_PAIRS");
	uint64_t pairs = 0, limit = 100000;
	struct arena kept = {0}, arena = {0};

	if (wanted)
		CHECK_OK(str_to_u64(str_of(wanted), &limit));
	for (uint64_t seed = 1; pairs < limit; seed++) {
		struct filter_index *index = filter_index_new();
		const struct filter *filters[IDS] = {NULL};

		random_state = seed;
		for (int round = 0; round < ROUNDS; round++) {
			change(index, filters, &kept);
			for (int i = 0; i < EVENTS; i++, pairs += IDS) {
				struct filter_event event =
					random_event(&arena);

				check_event(index, filters, &event, &arena);
				arena_reset(&arena);
			}
		}
		empty(index);
		filter_index_free(index);
		arena_reset(&kept);
	}
	arena_release(&kept);
	arena_release(&arena);
}
