#include "rule/webhook_options.h"

#include "base/clock.h"
#include "check.h"
#include "rule/duration.h"
#include "rule/rate.h"

struct reading {
	struct arena arena;
	struct json_doc doc;
	struct webhook_options options;
	struct buf issues; /* "field\n" each */
	struct buf written;
};

static void
reading_release(struct reading *reading)
{
	buf_release(&reading->issues);
	buf_release(&reading->written);
	arena_release(&reading->arena);
}

/** Reads the body over the options that are there, and writes them. */
static void
read_over(struct reading *reading, const char *body)
{
	struct webhook_issues issues = {.arena = &reading->arena};
	struct json_out out = json_out_make(&reading->written);

	CHECK_OK(json_read(str_of(body), &reading->arena, &reading->doc, NULL));
	webhook_options_read(
		json_root(&reading->doc), &reading->options, &issues);
	buf_clear(&reading->issues);
	for (size_t i = 0; i < issues.count; i++) {
		CHECK(issues.rows[i].sentence.len > 0);
		buf_printf(&reading->issues, "%.*s\n",
			STR_ARG(issues.rows[i].field));
	}
	reading->options =
		webhook_options_copy(&reading->options, &reading->arena);
	buf_clear(&reading->written);
	json_out_object(&out, NULL);
	webhook_options_write(&reading->options, &out);
	json_out_end(&out);
}

#define DEFAULTS \
	"{\"payload\":\"resource\",\"batching\":false," \
	"\"handshake\":\"com\",\"signing\":\"v1\"," \
	"\"failures\":\"standard\",\"retry\":null,\"timeout\":null," \
	"\"concurrency\":null,\"rate\":null,\"ordering\":\"none\"," \
	"\"orderingLimit\":null,\"probe\":null,\"notify\":null,\"auth\":{\"type\":\"none\"}," \
	"\"firstByteTimeout\":null,\"tls\":null,\"proxy\":null," \
	"\"allowLists\":null}"

TEST(webhook_options, nothing_said_is_the_defaults_and_null_too)
{
	CLEANUP(reading_release) struct reading got = {0};

	read_over(&got, "{}");
	CHECK_TEXT(buf_text(&got.written), DEFAULTS);
	read_over(&got,
		"{\"payload\":\"cloudevent\",\"batching\":true,"
		"\"handshake\":\"none\",\"failures\":\"greenlake\","
		"\"signing\":\"v1a\",\"retry\":{},\"timeout\":\"1s\","
		"\"concurrency\":1,\"rate\":1,"
		"\"ordering\":\"resource\",\"orderingLimit\":7,\"auth\":{\"type\":\"basic\","
		"\"username\":\"u\",\"password\":\"p\"}}");
	CHECK_TEXT(buf_text(&got.issues), "");
	read_over(&got, "{\"payload\":null,\"batching\":null,"
			"\"failures\":null,\"handshake\":null,\"signing\":null,"
			"\"retry\":null,\"timeout\":null,\"concurrency\":null,"
			"\"rate\":null,\"ordering\":null,"
			"\"orderingLimit\":null,\"auth\":null}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK_TEXT(buf_text(&got.written), DEFAULTS);
}

TEST(webhook_options, what_is_written_reads_the_same_but_for_secrets)
{
	CLEANUP(reading_release) struct reading got = {0}, again = {0};

	read_over(&got,
		"{\"payload\":\"cloudevent-binary\",\"handshake\":"
		"\"cloudevents\",\"signing\":\"v1a\",\"retry\":{\"schedule\":"
		"\"90s,60m,1d\",\"window\":\"7d\"},\"timeout\":\"120s\","
		"\"concurrency\":1000,\"rate\":60000,\"ordering\":"
		"\"resource\",\"orderingLimit\":100,\"auth\":{\"type\":"
		"\"oauth2\",\"tokenUrl\":\"https://t/\",\"clientId\":\"c\","
		"\"clientSecret\":\"hush\",\"scope\":\"a b\"}}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK_TEXT(buf_text(&got.written),
		"{\"payload\":\"cloudevent-binary\",\"batching\":false,"
		"\"handshake\":\"cloudevents\",\"signing\":\"v1a\","
		"\"failures\":\"standard\",\"retry\":{\"schedule\":"
		"\"90s,1h,24h\",\"window\":\"168h\"},\"timeout\":\"2m\","
		"\"concurrency\":1000,\"rate\":60000,\"ordering\":"
		"\"resource\",\"orderingLimit\":100,\"probe\":null,\"notify\":null,\"auth\":{\"type\":"
		"\"oauth2\",\"tokenUrl\":\"https://t/\",\"clientId\":\"c\","
		"\"scope\":\"a b\"},\"firstByteTimeout\":null,\"tls\":null,"
		"\"proxy\":null,\"allowLists\":null}");
	CHECK_STR(got.options.auth.secret, STR("hush"));
	read_over(&again, buf_text(&got.written));
	CHECK_TEXT(buf_text(&again.written), buf_text(&got.written));
	CHECK_TEXT(buf_text(&again.issues), "auth.clientSecret\n");
}

TEST(webhook_options, a_patch_keeps_what_it_does_not_name)
{
	CLEANUP(reading_release) struct reading got = {0};

	read_over(&got,
		"{\"rate\":5,\"retry\":{\"schedule\":\"none\"},\"auth\":"
		"{\"type\":\"basic\",\"username\":\"u\",\"password\":\"p\"}}");
	read_over(&got, "{\"retry\":{\"window\":\"1h\"},\"auth\":{\"username\":"
			"\"v\"}}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK_INT(got.options.rate, 5);
	CHECK_INT(got.options.retry->count, 0);
	CHECK_INT(got.options.retry->window, HOURS);
	CHECK_STR(got.options.auth.username, STR("v"));
	CHECK_STR(got.options.auth.secret, STR("p"));
	/* Another type starts anew: the password is no API key. */
	read_over(&got, "{\"auth\":{\"type\":\"apiKey\",\"header\":\"X\"}}");
	CHECK_TEXT(buf_text(&got.issues), "auth.value\n");
}

TEST(webhook_options, every_limit_is_told_with_its_field)
{
	static const struct {
		const char *body;
		const char *fields;
	} rows[] = {
		{"{\"payload\":1,\"handshake\":\"x\",\"signing\":\"\"}",
			"payload\nhandshake\nsigning\n"},
		{"{\"batching\":1,\"failures\":\"com\"}",
			"batching\nfailures\n"},
		{"{\"batching\":true}", "batching\n"},
		{"{\"batching\":true,\"payload\":\"cloudevent-binary\"}",
			"batching\n"},
		{"{\"retry\":[]}", "retry\n"},
		{"{\"retry\":{\"schedule\":1}}", "retry.schedule\n"},
		{"{\"retry\":{\"schedule\":\"37h\"}}", "retry.schedule\n"},
		{"{\"retry\":{\"window\":\"8d\"}}", "retry.window\n"},
		{"{\"retry\":{\"window\":\"0s\"}}", "retry.window\n"},
		{"{\"retry\":{\"more\":1}}", "retry\n"},
		{"{\"timeout\":\"121s\"}", "timeout\n"},
		{"{\"timeout\":\"0s\"}", "timeout\n"},
		{"{\"timeout\":\"\"}", "timeout\n"},
		{"{\"concurrency\":1001}", "concurrency\n"},
		{"{\"concurrency\":-1}", "concurrency\n"},
		{"{\"rate\":60001}", "rate\n"},
		{"{\"rate\":\"5\"}", "rate\n"},
		{"{\"auth\":\"none\"}", "auth\n"},
		{"{\"auth\":{\"type\":\"digest\"}}", "auth.type\n"},
		{"{\"auth\":{\"value\":\"x\"}}", "auth\n"},
		{"{\"auth\":{\"type\":\"basic\"}}",
			"auth.username\nauth.password\n"},
		{"{\"auth\":{\"type\":\"basic\",\"username\":\"a:b\","
		 "\"password\":\"p\"}}",
			"auth.username\n"},
		{"{\"auth\":{\"type\":\"apiKey\",\"header\":\"a b\","
		 "\"value\":\"v\"}}",
			"auth.header\n"},
		{"{\"auth\":{\"type\":\"apiKey\",\"header\":\"A\","
		 "\"value\":\"v\\r\\nX: y\"}}",
			"auth.value\n"},
		{"{\"auth\":{\"type\":\"apiKey\",\"header\":1,\"value\":2}}",
			"auth.header\nauth.value\n"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(reading_release) struct reading got = {0};

		read_over(&got, rows[i].body);
		CHECK_TEXT(buf_text(&got.issues), rows[i].fields);
	}
}

TEST(webhook_options, every_option_is_known_by_name)
{
	CHECK(webhook_options_has(STR("payload")));
	CHECK(webhook_options_has(STR("auth")));
	CHECK(!webhook_options_has(STR("name")));
	CHECK(!webhook_options_has(STR("")));
}

TEST(duration, reads_what_it_writes)
{
	static const char *const texts[] = {
		"0s", "1s", "59s", "90s", "1m", "90m", "1h", "36h", "168h"};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CLEANUP(buf_release) struct buf out = buf_make(0);
		int64_t time;

		CHECK_OK(duration_read(str_of(texts[i]), 168 * HOURS, &time));
		duration_append(&out, time);
		CHECK_TEXT(buf_text(&out), texts[i]);
	}
}

TEST(duration, refuses_what_is_none_or_too_long)
{
	int64_t time;

	CHECK_INT(duration_read(STR("61s"), MINUTES, &time), ERR_LIMIT);
	CHECK_INT(duration_read(STR("99999999999999999999s"), MINUTES, &time),
		ERR_INVALID);
	CHECK_INT(duration_read(STR("1"), MINUTES, &time), ERR_INVALID);
	CHECK_INT(duration_read(STR("s"), MINUTES, &time), ERR_INVALID);
	CHECK_INT(duration_read(STR("1 s"), MINUTES, &time), ERR_INVALID);
	CHECK_INT(duration_read(STR("1w"), MINUTES, &time), ERR_INVALID);
	CHECK_INT(duration_read(STR(""), MINUTES, &time), ERR_INVALID);
}

/** How many may be taken up to `until`, one as soon as it is due. */
static int
take_until(struct rate *rate, int64_t now, int64_t until)
{
	int taken = 0;

	for (;;) {
		int64_t due = rate_due(rate);

		if (due > now)
			now = due;
		if (now >= until)
			return taken;
		rate_take(rate, now);
		taken++;
	}
}

TEST(rate, a_bucket_of_one_second_and_what_time_brings)
{
	struct rate rate = {0};
	int64_t start = INT64_C(1700000000) * SECONDS;

	rate_set(&rate, 600);
	CHECK_INT(take_until(&rate, start, start + 1), 10);
	CHECK_INT(take_until(&rate, start, start + SECONDS + 1), 10);
	CHECK_INT(take_until(&rate, start, start + MINUTES + 1), 590);
	/* Idle time fills the bucket, no more than that. */
	CHECK_INT(take_until(&rate, start + HOURS, start + HOURS + 1), 10);
}

TEST(rate, slow_ones_give_one_at_a_time)
{
	struct rate rate = {0};

	rate_set(&rate, 1);
	CHECK_INT(take_until(&rate, HOURS, HOURS + 10 * MINUTES), 10);
	rate_set(&rate, 0);
	CHECK_INT(rate_due(&rate), 0);
}

TEST(rate, a_new_limit_does_not_forget_what_was_taken)
{
	struct rate rate = {0};

	rate_set(&rate, 600);
	CHECK_INT(take_until(&rate, HOURS, HOURS + 1), 10);
	rate_set(&rate, 600);
	CHECK_INT(take_until(&rate, HOURS, HOURS + 1), 0);
}

TEST(webhook_options, a_probe_has_a_time_and_a_longest_time)
{
	static const struct {
		const char *said, *issues, *written;
	} rows[] = {
		{"{\"probe\":{\"after\":\"10m\"}}", "",
			"\"probe\":{\"after\":\"10m\",\"max\":\"24h\"}"},
		{"{\"probe\":{\"after\":\"1s\",\"max\":\"5s\"}}", "",
			"\"probe\":{\"after\":\"1s\",\"max\":\"5s\"}"},
		{"{\"probe\":{\"max\":\"5s\"}}", "probe.after",
			"\"probe\":null"},
		{"{\"probe\":{\"after\":\"5m\",\"max\":\"5s\"}}", "probe.max",
			"\"probe\""},
		{"{\"probe\":7}", "probe", "\"probe\":null"},
		{"{\"probe\":{\"before\":\"5s\"}}", "probe", "\"probe\":null"},
		{"{\"notify\":\"x\"}", "notify", "\"notify\":null"},
		{"{\"notify\":\"0198e3a0-0000-4000-8000-000000000001\"}", "",
			"\"notify\":\"0198e3a0-0000-4000-8000-000000000001\""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(reading_release) struct reading got = {0};
		struct str issues;

		read_over(&got, rows[i].said);
		issues = buf_str(&got.issues);
		CHECK(str_starts_with(issues, str_of(rows[i].issues)));
		CHECK_INT(issues.len > 0, rows[i].issues[0] != '\0');
		CHECK(str_find(buf_str(&got.written),
			      str_of(rows[i].written)) != SIZE_MAX);
	}
}
