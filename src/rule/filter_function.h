#pragma once
#include "rule/filter_value.h"

/*
 * The functions of the language: a table of one row each, looked up by name
 * when a filter is compiled and by index when it runs.
 *
 * No function fails: an argument that is null or of a kind the function does
 * not take gives null.
 */
enum {
	FILTER_STEPS_MAX = 4 * 1000 * 1000,
	FILTER_TEXT_BYTES_MAX = 16 * 1024 * 1024,
	FILTER_FUNCTION_ARGS_MAX = 3,
};

/**
 * What one evaluation may use and has found out so far. Work is counted in
 * steps and in bytes of text made, so that no filter can stall on any event.
 */
struct filter_run {
	struct arena *scratch;
	int64_t now; /* read once, at the first now(); 0: not yet */
	uint32_t steps_left;
	size_t text_left;
	/* PCRE2's working memory, made at the first search */
	void *match_context;
	void *match_data;
};

struct filter_run filter_run_make(struct arena *scratch);

/** Takes from the budget; false when it is used up, from then on for ever. */
bool filter_run_step(struct filter_run *run, size_t steps);
bool filter_run_text(struct filter_run *run, size_t bytes);

struct filter_function {
	const char *name;
	const char *signature; /* for error messages and docs */
	uint8_t args_min;
	uint8_t args_max;
	struct filter_value (*apply)(struct filter_run *run,
		const struct filter_value *args, size_t count);
	/* Of one argument, and gives a text or a number: an index can find
	   filters by what it gives. */
	bool is_keyed;
};

/** The row of a name in any case, or NULL. */
const struct filter_function *filter_function_find(struct str name);

size_t filter_function_index(const struct filter_function *function);
const struct filter_function *filter_function_at(size_t index);
bool filter_function_is_pattern(const struct filter_function *function);

/**
 * Compiles a regular expression (PCRE2, UTF) into `arena`. ERR_INVALID with
 * what is wrong with it in `why`.
 */
enum err filter_pattern_compile(struct str source, struct arena *arena,
	const void **ret, struct buf *why) MUST_USE;

/** Whether it is found in the text; null when a match limit was reached. */
struct filter_value filter_pattern_match(
	struct filter_run *run, const void *pattern, struct str text);

/** `add sub mul div divby mod`, by enum filter_operator. */
struct filter_value filter_arithmetic(struct filter_run *run, int op,
	struct filter_value a, struct filter_value b);

/** Unary minus. */
struct filter_value filter_negate(struct filter_value value);

/** A timestamp from microseconds since 1970; null outside years 1 to 9999. */
struct filter_value filter_timestamp(struct filter_run *run, int64_t micros);

/** Microseconds since 1970, fractions beyond cut; false outside 64 bits. */
bool filter_timestamp_micros(struct timestamp instant, int64_t *ret);
