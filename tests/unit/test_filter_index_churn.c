/* Filters that come and go leave nothing behind. */
#include <malloc.h>

#include "check.h"
#include "rule/filter_index.h"

enum { ALIVE = 200, CHURN = 50 * 1000, WARM = 5 * 1000 };

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
	const char *place = strstr(form, "%d");
	const struct filter *filter;
	size_t column;

	buf_printf(&text, "%.*s%u%s", (int)(place - form), form, number,
		place + 2);
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

	for (uint32_t i = 0; i < CHURN; i++) {
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
	uint32_t slots;
	size_t grown = growth(form, &slots);

	/* One byte for each filter that came and went would be as much. */
	if (grown > CHURN - WARM)
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
