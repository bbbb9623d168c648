#include "rule/filter_function.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* What one search may use. A pattern that reaches it costs STEPS_OF_LIMIT of
   the evaluation's budget, so that it cannot do so many times. */
enum {
	MATCH_LIMIT = 20000,
	HEAP_LIMIT_KIB = 512,
	PATTERN_MAX = 4096,
	STEPS_OF_MATCH = 64,
	STEPS_OF_LIMIT = 100 * 1000,
};

static void *
allocate(size_t size, void *arena)
{
	return arena_alloc_raw(arena, size);
}

static void
release(void *bytes, void *arena)
{
	(void)bytes;
	(void)arena;
}

enum err
filter_pattern_compile(struct str source, struct arena *arena, const void **ret,
	struct buf *why)
{
	pcre2_general_context *general =
		pcre2_general_context_create(allocate, release, arena);
	pcre2_compile_context *context = pcre2_compile_context_create(general);
	unsigned char message[160];
	size_t offset;
	int error;

	pcre2_set_max_pattern_length(context, PATTERN_MAX);
	*ret = pcre2_compile((PCRE2_SPTR)(source.len ? source.ptr : ""),
		source.len, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error,
		&offset, context);
	if (*ret != NULL)
		return ERR_OK;
	pcre2_get_error_message(error, message, sizeof(message));
	buf_printf(why, "%s, at its character %zu", (const char *)message,
		offset + 1);
	return ERR_INVALID;
}

static void
prepare(struct filter_run *run)
{
	pcre2_general_context *general;

	if (run->match_data != NULL)
		return;
	general = pcre2_general_context_create(allocate, release, run->scratch);
	run->match_context = pcre2_match_context_create(general);
	run->match_data = pcre2_match_data_create(1, general);
	pcre2_set_match_limit(run->match_context, MATCH_LIMIT);
	pcre2_set_heap_limit(run->match_context, HEAP_LIMIT_KIB);
}

struct filter_value
filter_pattern_match(
	struct filter_run *run, const void *pattern, struct str text)
{
	int count;

	if (!filter_run_step(run, STEPS_OF_MATCH + text.len / 64))
		return filter_value_null();
	prepare(run);
	count = pcre2_match(pattern, (PCRE2_SPTR)(text.len ? text.ptr : ""),
		text.len, 0, 0, run->match_data, run->match_context);
	if (count == PCRE2_ERROR_NOMATCH)
		return filter_value_boolean(false);
	if (count >= 0)
		return filter_value_boolean(true);
	filter_run_step(run, STEPS_OF_LIMIT);
	return filter_value_null();
}
