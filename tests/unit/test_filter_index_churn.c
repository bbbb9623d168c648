/*
 * Filters that come and go leave nothing behind. GRAPNEL_TEST_CHURN=N sets how
 * many of each form do.
 */
#include <malloc.h>

#include "check.h"
#include "rule/filter_index.h"

enum { ALIVE = 200, WARM = 5 * 1000 };
static uint64_t churn = 30 * 1000;

/* What a sanitizer's heap holds, where there is one. */
extern size_t __sanitizer_get_current_allocated_bytes(void)
	__attribute__((weak));

static size_t
heap_bytes(void)
{
	struct mallinfo2 info;

	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

static void
set(struct filter_index *index, uint32_t id, const char *form, uint32_t number,
	struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0};
	const struct filter *filter;
	const char *place;
	size_t column;

	for (; (place = strstr(form, "%d")); form = place + 2)
		buf_printf(&text, "%.*s%u", (int)(place - form), form, number);
	buf_append(&text, str_of(form));
	CHECK_OK(filter_compile(buf_str(&text), arena, &filter, &column, NULL));
	filter_index_set(index, id, filter);
	arena_reset(arena);
}

/**
 * Replaces ALIVE filters of a form over and over, each time by ones that were
 * never there; returns by how many bytes that made the index grow.
 */
static size_t
growth(const char *form, uint32_t *ret_slots)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct filter_index *index = filter_index_new();
	size_t before = 0, after;

	for (uint32_t i = 0; i < churn; i++) {
		if (i == WARM)
			before = heap_bytes();
		if (i >= ALIVE)
			filter_index_remove(index, (i - ALIVE) % (ALIVE * 2));
		set(index, i % (ALIVE * 2), form, i, &arena);
	}
	after = heap_bytes();
	*ret_slots = filter_index_count(index).slots;
	CHECK_INT(filter_index_count(index).filters, ALIVE);
	filter_index_free(index);
	return after > before ? after - before : 0;
}

static void
check_churn(const char *form)
{
	const char *wanted = getenv("GRAPNEL_TEST_CHURN");
	uint32_t slots;
	size_t grown;

	if (wanted)
		CHECK_OK(str_to_u64(str_of(wanted), &churn));
	grown = growth(form, &slots);
	/* One byte for each filter that came and went would be as much. */
	if (grown > churn - WARM)
		check_failed(__FILE__, __LINE__, "%s: grew by %zu bytes", form,
			grown);
	if (slots > 4 * ALIVE)
		check_failed(
			__FILE__, __LINE__, "%s: %u paths left", form, slots);
}

TEST(filter_index_churn, values_that_come_and_go_leave_nothing)
{
	check_churn("type eq 't' and new/a eq 'v%d'");
	check_churn("new/a in ('x%d','y','z') and changed/b");
	check_churn("(new/a eq 'v%d' and new/c eq 1) or new/b eq 'w'");
	check_churn("startswith(new/a,'some text before %d')");
	check_churn("contains(new/a,'some text before %d')");
	check_churn("new/a/any(f: f/n eq 'BIOS' and f/v eq '%d')");
	check_churn("new/a gt %d and new/b ne 1");
	check_churn("length(new/a) sub 1 eq %d");
}

TEST(filter_index_churn, paths_that_come_and_go_leave_nothing)
{
	check_churn("new/p%d eq 1 and p%d/q ne 2");
	check_churn("changed/a/b/p%d or old/p%d/q/r eq %d");
	check_churn("new/p%d/any(f: f/q%d eq 1)");
	check_churn("new/p/any(f: f/q%d eq 1)");
	check_churn("tolower(trim(new/p%d)) eq 'x' and length(new/a) lt %d");
	check_churn("new/p%d ge 2024-01-01T00:00:00Z");
	check_churn("p%d add 1 eq 2");
}
