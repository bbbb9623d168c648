#pragma once
/*
 * The unit tests' runner. A test is a function whose name is a claim:
 *
 *   TEST(buf, append_past_max_changes_nothing)
 *   {
 *           …
 *           CHECK(buf.len == 3);
 *           CHECK_TEXT(buf_text(&buf), "abc");
 *   }
 *
 * Every test runs in a process of its own with a time limit, so a crash or a
 * hang is one failure and nothing leaks from test to test. It runs the same
 * under ASan, UBSan and TSan (which is why it is not Criterion: see
 * docs/decisions).  `unit_tests [SUITE[/NAME]]` runs a part of them.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

struct test {
	const char *suite;
	const char *name;
	void (*run)(void);
	struct test *next;
};

void check_register(struct test *test);
_Noreturn void check_failed(const char *file, int line, const char *format, ...)
	PRINTF_LIKE(3, 4);

#define TEST(suite_, name_) \
	static void test_##suite_##_##name_(void); \
	__attribute__((constructor)) static void register_##suite_##_##name_( \
		void) \
	{ \
		static struct test test = { \
			#suite_, #name_, test_##suite_##_##name_, NULL}; \
		check_register(&test); \
	} \
	static void test_##suite_##_##name_(void)

#define CHECK(claim) \
	do { \
		if (!(claim)) \
			check_failed(__FILE__, __LINE__, "%s", #claim); \
	} while (0)

/** Two whole numbers. */
#define CHECK_INT(got, expected) \
	do { \
		long long got_ = (long long)(got); \
		long long expected_ = (long long)(expected); \
		if (got_ != expected_) \
			check_failed(__FILE__, __LINE__, \
				"%s is %lld, expected %lld", #got, got_, \
				expected_); \
	} while (0)

/** Two struct str. */
#define CHECK_STR(got, expected) \
	do { \
		struct str got_ = (got); \
		struct str expected_ = (expected); \
		if (!str_equal(got_, expected_)) \
			check_failed(__FILE__, __LINE__, \
				"%s is \"%.*s\", expected \"%.*s\"", #got, \
				STR_ARG(got_), STR_ARG(expected_)); \
	} while (0)

/** Two NUL-terminated texts. */
#define CHECK_TEXT(got, expected) CHECK_STR(str_of(got), str_of(expected))

/** An error code is ERR_OK. */
#define CHECK_OK(call) CHECK_INT((call), ERR_OK)

/** The path of a file below tests/ ("cases/health.txt"). */
const char *check_data_path(const char *name);

/** The whole file, kept until the test ends, which fails if there is none. */
struct str check_read_file(const char *path);

/** A file in check_temp_dir(), written anew; its path, kept like the above. */
char *check_write_file(const char *name, const char *text);

/** A new empty directory below $TMPDIR, removed when the test ends well. */
const char *check_temp_dir(void);
