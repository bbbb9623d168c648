#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "check.h"

/** Standard error goes to a file from here on; returns its path. */
static const char *
catch_log(void)
{
	static char path[600];
	int fd;

	snprintf(path, sizeof(path), "%s/log", check_temp_dir());
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	clock_test_set(0, 5 * SECONDS);
	return path;
}

static size_t
count_lines(struct str text)
{
	size_t lines = 0;

	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	return lines;
}

TEST(log, a_line_has_time_level_kind_and_text)
{
	const char *path = catch_log();

	log_info("webhook.status", "webhook=%d to=%s", 7, "ACTIVE");
	log_error("disk", "full");
	log_debug("hidden", "x");
	log_set_level(LOG_DEBUG);
	log_debug("shown", "x");
	log_set_level(LOG_ERROR);
	log_warning("hidden", "x");
	CHECK_STR(check_read_file(path),
		STR("1970-01-01T00:00:00.000000Z info webhook.status "
		    "webhook=7 to=ACTIVE\n"
		    "1970-01-01T00:00:00.000000Z error disk full\n"
		    "1970-01-01T00:00:00.000000Z debug shown x\n"));
}

TEST(log, control_characters_cannot_forge_lines)
{
	const char *path = catch_log();

	log_info("x", "a=%s", "1\n2\r3\x1b[2J\x7f\tz\xC2\x85\xC2\x9B\xC3\xA9");
	CHECK_STR(
		check_read_file(path), STR("1970-01-01T00:00:00.000000Z info x "
					   "a=1?2?3?[2J??z????\xC3\xA9\n"));
}

TEST(log, a_quoted_text_cannot_pass_for_further_values)
{
	const char *path = catch_log();
	CLEANUP(arena_release) struct arena arena = {0};

	log_info("x", "a=%s b=%s", log_quoted(&arena, STR("1\" c=\"\\2")),
		log_quoted(&arena, STR("nul\0!")));
	log_info("x", "a=%s", log_quoted(&arena, (struct str){0}));
	CHECK_STR(check_read_file(path),
		STR("1970-01-01T00:00:00.000000Z info x "
		    "a=\"1\\\" c=\\\"\\\\2\" b=\"nul?!\"\n"
		    "1970-01-01T00:00:00.000000Z info x a=\"\"\n"));
}

TEST(log, long_lines_are_cut_but_end)
{
	const char *path = catch_log();
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct str got;

	for (int i = 0; i < 100000; i++)
		buf_append_char(&text, 'x');
	log_info("x", "%s", buf_text(&text));
	got = check_read_file(path);
	CHECK_INT(got.len, 4097);
	CHECK_INT(count_lines(got), 1);
}

TEST(log, a_burst_is_held_back_and_told_when_its_second_is_over)
{
	const char *path = catch_log();
	struct str got;

	for (int i = 0; i < LOG_BURST + 7; i++)
		log_info("burst", "i=%d", i);
	CHECK_INT(count_lines(check_read_file(path)), LOG_BURST);
	clock_test_advance(SECONDS);
	log_info("burst", "later");
	got = check_read_file(path);
	CHECK_INT(count_lines(got), LOG_BURST + 1);
	CHECK(str_ends_with(got, STR(" later held_back=7\n")));
	clock_test_advance(SECONDS);
	log_info("burst", "last");
	CHECK(str_ends_with(check_read_file(path), STR(" last\n")));
}

TEST(log, many_kinds_in_turn_are_each_held_back)
{
	static char kinds[200][8];
	const char *path = catch_log();

	for (int round = 0; round < LOG_BURST + 10; round++) {
		for (size_t i = 0; i < COUNT_OF(kinds); i++) {
			snprintf(kinds[i], sizeof(kinds[i]), "k%zu", i);
			log_info(kinds[i], "x");
		}
	}
	CHECK_INT(count_lines(check_read_file(path)),
		(int)COUNT_OF(kinds) * LOG_BURST);
}
