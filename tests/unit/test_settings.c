#include "cli/settings.h"

#include <unistd.h>

#include "check.h"
#include "cli/config_file.h"
#include "cli/setting_value.h"
#include "cli/settings_text.h"
#include "rule/retry.h"

/* Settings with all defaults; the process ends with the test. */
static struct settings *
fresh(void)
{
	static struct settings settings;

	settings_init(&settings);
	return &settings;
}

static enum err
set(struct settings *settings, const char *name, const char *value,
	enum setting_source source)
{
	struct buf why = buf_make(0);
	struct str text = str_of(value);
	struct setting_origin origin = {source, "here"};
	enum err err = settings_set(
		settings, settings_find(str_of(name)), origin, &text, 1, &why);

	buf_release(&why);
	return err;
}

static void
check_refused(const char *name, const char *value, const char *sentence)
{
	struct settings *settings = fresh();
	struct buf why = buf_make(0);
	struct str text = str_of(value);
	struct setting_origin origin = {SETTING_FROM_FLAG, "--x"};

	CHECK_INT(settings_set(settings, settings_find(str_of(name)), origin,
			  &text, 1, &why),
		ERR_INVALID);
	CHECK_TEXT(buf_text(&why), sentence);
	buf_release(&why);
	settings_release(settings);
}

TEST(settings, defaults_are_those_of_the_table)
{
	struct settings *settings = fresh();

	CHECK_TEXT(settings->listen, "127.0.0.1:8080");
	CHECK_TEXT(settings->data, "./data");
	CHECK_INT(settings->body_max, 1 << 20);
	CHECK_INT(settings->bulk_body_max, 32 << 20);
	CHECK_INT(settings->webhooks_max, 25);
	CHECK_INT(settings->enables_window, 900000000);
	CHECK_INT(settings->log_level, 2);
	CHECK(!settings->allow_http);
	CHECK(settings->tls_key == NULL);
	CHECK_INT(settings->allow_private.count, 0);
	settings_release(settings);
}

static void
check_schedule(const char *setting, const struct retry_policy *policy)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);

	retry_policy_append(&text, policy);
	CHECK_TEXT(setting, buf_text(&text));
}

TEST(settings, schedules_are_those_of_the_rules)
{
	struct settings *settings = fresh();

	check_schedule(settings->retry_schedule, &retry_default_policy);
	CHECK_INT(retry_greenlake_policy.count, 20);
	CHECK_TEXT(settings->greenlake_retry_schedule,
		"5s,15s,30s,1m,2m,3m,5m,8m,12m,17m,23m,30m,38m,46m,54m,62m,"
		"70m,78m,86m,94m");
	settings_release(settings);
}

TEST(settings, every_row_has_a_sentence_and_says_its_default)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		const struct setting *row = &settings_table[i];

		CHECK(row->doc[strlen(row->doc) - 1] == '.');
		CHECK(row->fallback != NULL || row->derived != NULL);
		CHECK(row->kind == SETTING_BOOLEAN || row->placeholder);
		CHECK(settings_find(str_of(row->name)) == row);
	}
}

TEST(settings, stronger_source_wins_in_any_order)
{
	struct settings *settings = fresh();

	CHECK_OK(set(settings, "window", "50", SETTING_FROM_ENVIRONMENT));
	CHECK_OK(set(settings, "window", "60", SETTING_FROM_FILE));
	CHECK_INT(settings->window, 50);
	CHECK_OK(set(settings, "window", "70", SETTING_FROM_FLAG));
	CHECK_INT(settings->window, 70);
	CHECK_OK(set(settings, "window", "80", SETTING_FROM_ENVIRONMENT));
	CHECK_INT(settings->window, 70);
	settings_release(settings);
}

TEST(settings, environment_sets_every_kind)
{
	static const char *const variables[][2] = {
		{"GRAPNEL_LISTEN", "[::1]:0"},
		{"GRAPNEL_BODY_MAX", "64KiB"},
		{"GRAPNEL_STOP_TIMEOUT", "250ms"},
		{"GRAPNEL_ALLOW_HTTP", "yes"},
		{"GRAPNEL_LOG_LEVEL", "debug"},
		{"GRAPNEL_ALLOW_PRIVATE", "10.0.0.0/8, 127.0.0.1"},
		{"GRAPNEL_WORKERS", "3"},
		{"GRAPNEL_DATA", ""},
	};
	struct settings *settings = fresh();
	struct buf why = buf_make(0);

	for (size_t i = 0; i < COUNT_OF(variables); i++)
		setenv(variables[i][0], variables[i][1], 1);
	CHECK_OK(settings_from_environment(settings, environ, &why));
	CHECK_INT(why.len, 0);
	CHECK_TEXT(settings->listen, "[::1]:0");
	CHECK_INT(settings->body_max, 65536);
	CHECK_INT(settings->stop_timeout, 250000);
	CHECK(settings->allow_http);
	CHECK_INT(settings->log_level, 3);
	CHECK_INT(settings->allow_private.count, 2);
	CHECK_TEXT(settings->allow_private.items[1], "127.0.0.1");
	CHECK_INT(settings->workers, 3);
	CHECK_TEXT(settings->data, "./data"); /* an empty one is none */
	buf_release(&why);
	settings_release(settings);
}

TEST(settings, refusals_say_place_value_and_what_was_expected)
{
	check_refused("workers", "many",
		"--x: \"many\" is not a whole number; expected one from 0 to "
		"256");
	check_refused("workers", "257",
		"--x: 257 is out of range; expected 0 to 256");
	check_refused(
		"workers", "-1", "--x: -1 is out of range; expected 0 to 256");
	check_refused("body-max", "10MB",
		"--x: \"10MB\" is not a size; expected a whole number with B, "
		"KiB, MiB or GiB, for example 1MiB");
	check_refused("body-max", "99999999999GiB",
		"--x: 99999999999GiB is out of range; expected 1KiB to 1GiB");
	check_refused("stop-timeout", "10",
		"--x: \"10\" is not a duration; expected a whole number with "
		"ms, s, m, h or d, for example 10s");
	check_refused("stop-timeout", "11m",
		"--x: 11m is out of range; expected 0 to 10m");
	check_refused("allow-http", "maybe",
		"--x: \"maybe\" is not a yes or no; expected true or false");
	check_refused("log-level", "loud",
		"--x: \"loud\" is not known; expected one of: error warning "
		"info debug");
	check_refused(
		"data", "", "--x: is empty; give it a value or leave it out");
}

TEST(settings, addresses_to_listen_on_are_numeric_with_a_port)
{
	static const char *const good[] = {
		"127.0.0.1:8080", "0.0.0.0:1", "[::]:65535", "[::1]:0"};
	static const char *const bad[] = {"localhost:80", "127.0.0.1", ":8080",
		"127.0.0.1:65536", "::1:80", "[127.0.0.1]:80",
		"127.0.0.1:", "127.0.0.1:8 0", "[::1:80", "[]:1"};
	struct buf why = buf_make(0);

	for (size_t i = 0; i < COUNT_OF(good); i++)
		CHECK_OK(settings_check_listen(str_of(good[i]), &why));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		CHECK_INT(settings_check_listen(str_of(bad[i]), &why),
			ERR_INVALID);
	CHECK(settings_listen_is_loopback(STR("127.8.9.1:80")));
	CHECK(settings_listen_is_loopback(STR("[::1]:80")));
	CHECK(!settings_listen_is_loopback(STR("0.0.0.0:80")));
	CHECK(!settings_listen_is_loopback(STR("[::]:80")));
	buf_release(&why);
}

TEST(settings, rows_with_checks_refuse_what_is_no_such_thing)
{
	struct settings *settings = fresh();
	const enum setting_source flag = SETTING_FROM_FLAG;

	CHECK_INT(set(settings, "allow-private", "banana", flag), ERR_INVALID);
	CHECK_INT(set(settings, "retry-schedule", "bad", flag), ERR_INVALID);
	CHECK_INT(set(settings, "user-agent", "a\nb", flag), ERR_INVALID);
	CHECK_INT(set(settings, "source", "a b", flag), ERR_INVALID);
	CHECK_INT(set(settings, "admin-token", "short", flag), ERR_INVALID);
	CHECK_INT(
		set(settings, "admin-token", "white space", flag), ERR_INVALID);
	CHECK_OK(set(settings, "admin-token", "abcdefgh", flag));
	CHECK_OK(set(settings, "source", "https://hub.example/x", flag));
	settings_release(settings);
}

TEST(settings, plain_http_beyond_loopback_must_be_asked_for)
{
	struct settings *settings = fresh();
	struct buf why = buf_make(0);

	CHECK_OK(set(settings, "listen", "0.0.0.0:80", SETTING_FROM_FLAG));
	CHECK_INT(settings_finish(settings, &why), ERR_INVALID);
	CHECK(str_find(buf_str(&why), STR("insecure-listen")) != SIZE_MAX);
	CHECK_OK(set(settings, "insecure-listen", "true", SETTING_FROM_FLAG));
	CHECK_OK(settings_finish(settings, &why));
	buf_release(&why);
	settings_release(settings);
}

TEST(settings, certificate_and_key_go_together)
{
	struct settings *settings = fresh();
	struct buf why = buf_make(0);

	CHECK_OK(set(settings, "tls-key", "k.pem", SETTING_FROM_FILE));
	CHECK_INT(settings_finish(settings, &why), ERR_INVALID);
	CHECK_TEXT(buf_text(&why),
		"tls-key (here) is set without tls-certificate; expected both, "
		"or neither for plain HTTP");
	buf_release(&why);
	settings_release(settings);
}

TEST(settings, small_limits_must_not_pass_their_large_ones)
{
	struct settings *settings = fresh();
	struct buf why = buf_make(0);

	CHECK_OK(set(settings, "window", "8", SETTING_FROM_FLAG));
	CHECK_INT(settings_finish(settings, &why), ERR_INVALID);
	CHECK_TEXT(buf_text(&why),
		"concurrency (default) is more than window (here); expected "
		"at most as much");
	buf_release(&why);
	settings_release(settings);
}

TEST(settings, key_file_follows_the_data_folder)
{
	struct settings *settings = fresh();
	struct buf why = buf_make(0);

	CHECK_OK(set(settings, "data", "/srv/g", SETTING_FROM_FLAG));
	CHECK_OK(settings_finish(settings, &why));
	CHECK_TEXT(settings->key_file, "/srv/g/grapnel.key");
	buf_release(&why);
	settings_release(settings);
}

TEST(settings, what_is_printed_reads_back_as_the_same_and_masks_secrets)
{
	struct settings *settings = fresh();
	static struct settings again;
	struct buf text = buf_make(0), second = buf_make(0);
	struct buf why = buf_make(0);

	CHECK_OK(set(settings, "admin-token", "top-secret-1",
		SETTING_FROM_ENVIRONMENT));
	CHECK_OK(set(settings, "data", "a \"b\": # c", SETTING_FROM_FLAG));
	CHECK_OK(set(settings, "body-max", "3KiB", SETTING_FROM_FLAG));
	CHECK_OK(settings_finish(settings, &why));
	settings_text_effective(settings, &text);
	CHECK(str_find(buf_str(&text), STR("top-secret")) == SIZE_MAX);
	CHECK(str_find(buf_str(&text), STR("admin-token: ****")) != SIZE_MAX);
	settings_init(&again);
	CHECK_OK(config_file_apply(&again, "x", buf_str(&text), &why));
	CHECK_TEXT(again.data, "a \"b\": # c");
	CHECK_INT(again.body_max, 3072);
	CHECK_INT(again.stop_timeout, settings->stop_timeout);
	settings_text_effective(&again, &second);
	buf_release(&text);
	buf_release(&second);
	buf_release(&why);
	settings_release(&again);
	settings_release(settings);
}

TEST(settings, values_print_in_their_largest_exact_unit)
{
	static const struct {
		int64_t value;
		const char *size, *time;
	} rows[] = {
		{0, "0", "0"},
		{1536, "1536B", "1536us"},
		{65536, "64KiB", "65536us"},
		{1 << 20, "1MiB", "1048576us"},
		{3600000000, "3515625KiB", "1h"},
		{90000000, "90000000B", "90s"},
	};
	struct buf out = buf_make(0);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		buf_clear(&out);
		setting_value_print_size(&out, rows[i].value);
		CHECK_TEXT(buf_text(&out), rows[i].size);
		buf_clear(&out);
		setting_value_print_duration(&out, rows[i].value);
		CHECK_TEXT(buf_text(&out), rows[i].time);
	}
	buf_release(&out);
}
