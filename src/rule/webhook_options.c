#include "rule/webhook_options.h"

#include "base/clock.h"
#include "rule/duration.h"
#include "rule/webhook_options_auth.h"
#include "rule/webhook_options_care.h"
#include "rule/webhook_options_way.h"

static const int64_t timeout_max = 120 * SECONDS;
static const int64_t window_max = 7 * 24 * HOURS;

void
webhook_issues_add(struct webhook_issues *issues, const char *field,
	const char *format, ...)
{
	CLEANUP(buf_release) struct buf text = buf_make(1024);
	va_list args;

	if (issues->count == WEBHOOK_ISSUES_MAX)
		return;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	issues->rows[issues->count].field =
		arena_copy(issues->arena, str_of(field));
	issues->rows[issues->count++].sentence =
		arena_copy(issues->arena, buf_str(&text));
}

/* ---- names for values ---- */

static const char *const payloads[] = {
	[PAYLOAD_RESOURCE] = "resource",
	[PAYLOAD_CLOUDEVENT] = "cloudevent",
	[PAYLOAD_CLOUDEVENT_BINARY] = "cloudevent-binary",
	[PAYLOAD_CLOUDEVENT_PLAIN] = "cloudevent-plain",
};

static const char *const handshakes[] = {
	[HANDSHAKE_COM] = "com",
	[HANDSHAKE_CLOUDEVENTS] = "cloudevents",
	[HANDSHAKE_NONE] = "none",
	[HANDSHAKE_GREENLAKE] = "greenlake",
};

static const char *const signings[] = {
	[SIGNATURE_V1] = "v1",
	[SIGNATURE_V1A] = "v1a",
	[SIGNATURE_GREENLAKE] = "greenlake",
};

static const char *const failures[] = {
	[FAILURES_STANDARD] = "standard",
	[FAILURES_GREENLAKE] = "greenlake",
};

static const char *const orderings[] = {
	[ORDERING_NONE] = "none",
	[ORDERING_RESOURCE] = "resource",
};

/** The value's index among the names; 0 for null, and when it is none. */
static unsigned
read_name(const char *field, struct json value, const char *const *names,
	size_t count, struct webhook_issues *issues)
{
	CLEANUP(buf_release) struct buf list = buf_make(256);

	if (json_kind(value) == JSON_NULL)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (json_string_equal(value, str_of(names[i])))
			return (unsigned)i;
		buf_printf(&list, "%s\"%s\"", i ? ", " : "", names[i]);
	}
	webhook_issues_add(issues, field, "expected one of %s, found %.*s",
		buf_text(&list), STR_ARG(str_head(json_raw(value), 64)));
	return 0;
}

/* ---- the members ---- */

static void
read_payload(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	options->payload = (enum webhook_payload)read_name(
		"payload", value, payloads, COUNT_OF(payloads), issues);
}

static void
write_payload(const struct webhook_options *options, struct json_out *out)
{
	json_out_text(out, "payload", payloads[options->payload]);
}

static void
read_handshake(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	options->handshake = (enum webhook_handshake)read_name(
		"handshake", value, handshakes, COUNT_OF(handshakes), issues);
}

static void
write_handshake(const struct webhook_options *options, struct json_out *out)
{
	json_out_text(out, "handshake", handshakes[options->handshake]);
}

static void
read_signing(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	options->signing = (enum signature_scheme)read_name(
		"signing", value, signings, COUNT_OF(signings), issues);
}

static void
write_signing(const struct webhook_options *options, struct json_out *out)
{
	json_out_text(out, "signing", signings[options->signing]);
}

static void
read_failures(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	options->failures = (enum failure_rules)read_name(
		"failures", value, failures, COUNT_OF(failures), issues);
}

static void
write_failures(const struct webhook_options *options, struct json_out *out)
{
	json_out_text(out, "failures", failures[options->failures]);
}

static void
read_batching(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	enum json_kind kind = json_kind(value);

	if (kind != JSON_TRUE && kind != JSON_FALSE && kind != JSON_NULL)
		webhook_issues_add(issues, "batching",
			"expected true or false, found %.*s",
			STR_ARG(str_head(json_raw(value), 64)));
	options->is_batching = kind == JSON_TRUE;
}

static void
write_batching(const struct webhook_options *options, struct json_out *out)
{
	json_out_boolean(out, "batching", options->is_batching);
}

int64_t
webhook_options_read_time(const char *field, struct json value, int64_t max,
	struct webhook_issues *issues)
{
	CLEANUP(buf_release) struct buf most = buf_make(64);
	int64_t time = 0;

	if (json_kind(value) == JSON_STRING &&
		duration_read(json_raw_string(value), max, &time) == ERR_OK &&
		time > 0)
		return time;
	duration_append(&most, max);
	webhook_issues_add(issues, field,
		"expected a text like \"10s\", a whole number with s, m, h or "
		"d from 1s to %s, found %.*s",
		buf_text(&most), STR_ARG(str_head(json_raw(value), 64)));
	return 0;
}

static void
read_timeout(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	options->timeout = json_kind(value) == JSON_NULL
				   ? 0
				   : webhook_options_read_time("timeout", value,
					     timeout_max, issues);
}

void
webhook_options_write_time(struct json_out *out, const char *key, int64_t time)
{
	CLEANUP(buf_release) struct buf text = buf_make(64);

	duration_append(&text, time);
	json_out_string(out, key, buf_str(&text));
}

static void
write_timeout(const struct webhook_options *options, struct json_out *out)
{
	if (options->timeout)
		webhook_options_write_time(out, "timeout", options->timeout);
	else
		json_out_null(out, "timeout");
}

static void
read_first_byte(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	options->first_byte_timeout =
		json_kind(value) == JSON_NULL
			? 0
			: webhook_options_read_time("firstByteTimeout", value,
				  timeout_max, issues);
}

static void
write_first_byte(const struct webhook_options *options, struct json_out *out)
{
	if (options->first_byte_timeout)
		webhook_options_write_time(
			out, "firstByteTimeout", options->first_byte_timeout);
	else
		json_out_null(out, "firstByteTimeout");
}

static unsigned
read_count(const char *field, struct json value, unsigned max,
	struct webhook_issues *issues)
{
	int64_t count;

	if (json_kind(value) == JSON_NULL)
		return 0;
	if (json_to_integer(value, &count) && count >= 1 && count <= max)
		return (unsigned)count;
	webhook_issues_add(issues, field,
		"expected a whole number from 1 to %u, found %.*s", max,
		STR_ARG(str_head(json_raw(value), 64)));
	return 0;
}

static void
write_count(struct json_out *out, const char *key, unsigned count)
{
	if (count)
		json_out_integer(out, key, count);
	else
		json_out_null(out, key);
}

static void
read_concurrency(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	options->concurrency = read_count(
		"concurrency", value, WEBHOOK_CONCURRENCY_MAX, issues);
}

static void
write_concurrency(const struct webhook_options *options, struct json_out *out)
{
	write_count(out, "concurrency", options->concurrency);
}

static void
read_rate(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	options->rate = read_count("rate", value, WEBHOOK_RATE_MAX, issues);
}

static void
write_rate(const struct webhook_options *options, struct json_out *out)
{
	write_count(out, "rate", options->rate);
}

static void
read_ordering(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	options->ordering = (enum webhook_ordering)read_name(
		"ordering", value, orderings, COUNT_OF(orderings), issues);
}

static void
write_ordering(const struct webhook_options *options, struct json_out *out)
{
	json_out_text(out, "ordering", orderings[options->ordering]);
}

static void
read_ordering_limit(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	options->ordering_limit = read_count(
		"orderingLimit", value, WEBHOOK_ORDERING_LIMIT_MAX, issues);
}

static void
write_ordering_limit(
	const struct webhook_options *options, struct json_out *out)
{
	write_count(out, "orderingLimit", options->ordering_limit);
}

static void
read_schedule(struct json value, struct retry_policy *ret,
	struct webhook_issues *issues)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct retry_policy policy = retry_default_policy;
	struct str text = json_string(value, issues->arena);

	if (json_kind(value) != JSON_NULL &&
		(json_kind(value) != JSON_STRING ||
			retry_policy_parse(text, &policy, &why))) {
		webhook_issues_add(issues, "retry.schedule", "%s",
			why.len ? buf_text(&why)
				: "expected a text like \"5s,30s,2m\", or "
				  "\"none\"");
		return;
	}
	policy.window = ret->window;
	*ret = policy;
}

static void
read_window(struct json value, struct retry_policy *ret,
	struct webhook_issues *issues)
{
	ret->window = json_kind(value) == JSON_NULL
			      ? retry_default_policy.window
			      : webhook_options_read_time("retry.window", value,
					window_max, issues);
}

static void
read_retry(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	struct json_walk walk = json_walk(value);
	struct retry_policy *policy;

	if (json_kind(value) == JSON_NULL) {
		options->retry = NULL;
		return;
	}
	if (json_kind(value) != JSON_OBJECT ||
		json_count(value) > WEBHOOK_OPTION_MEMBERS_MAX) {
		webhook_issues_add(issues, "retry",
			"expected an object with schedule and window");
		return;
	}
	policy = ARENA_NEW(issues->arena, struct retry_policy);
	*policy = options->retry ? *options->retry : retry_default_policy;
	options->retry = policy;
	while (json_walk_next(&walk)) {
		if (json_string_equal(walk.key, STR("schedule")))
			read_schedule(walk.value, policy, issues);
		else if (json_string_equal(walk.key, STR("window")))
			read_window(walk.value, policy, issues);
		else
			webhook_issues_add(issues, "retry",
				"there is no member %.*s in it",
				STR_ARG(str_head(json_raw(walk.key), 64)));
	}
}

static void
write_retry(const struct webhook_options *options, struct json_out *out)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);

	if (options->retry == NULL) {
		json_out_null(out, "retry");
		return;
	}
	retry_policy_append(&text, options->retry);
	json_out_object(out, "retry");
	json_out_string(out, "schedule", buf_str(&text));
	webhook_options_write_time(out, "window", options->retry->window);
	json_out_end(out);
}

static void
read_auth(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	webhook_auth_read(value, &options->auth, issues);
}

static void
write_auth(const struct webhook_options *options, struct json_out *out)
{
	webhook_auth_write(&options->auth, out);
}

static const struct option {
	const char *name;
	void (*read)(struct json value, struct webhook_options *options,
		struct webhook_issues *issues);
	void (*write)(
		const struct webhook_options *options, struct json_out *out);
} table[] = {
	{"payload", read_payload, write_payload},
	{"batching", read_batching, write_batching},
	{"handshake", read_handshake, write_handshake},
	{"signing", read_signing, write_signing},
	{"failures", read_failures, write_failures},
	{"retry", read_retry, write_retry},
	{"timeout", read_timeout, write_timeout},
	{"concurrency", read_concurrency, write_concurrency},
	{"rate", read_rate, write_rate},
	{"ordering", read_ordering, write_ordering},
	{"orderingLimit", read_ordering_limit, write_ordering_limit},
	{"probe", webhook_probe_read, webhook_probe_write},
	{"notify", webhook_notify_read, webhook_notify_write},
	{"auth", read_auth, write_auth},
	{"firstByteTimeout", read_first_byte, write_first_byte},
	{"tls", webhook_tls_read, webhook_tls_write},
	{"proxy", webhook_proxy_read, webhook_proxy_write},
	{"allowLists", webhook_allow_lists_read, webhook_allow_lists_write},
};

bool
webhook_options_has(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		if (str_equal(str_of(table[i].name), name))
			return true;
	}
	return false;
}

void
webhook_options_read(struct json body, struct webhook_options *options,
	struct webhook_issues *issues)
{
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct json value = json_member(body, str_of(table[i].name));

		if (!json_is_missing(value))
			table[i].read(value, options, issues);
	}
	if (options->is_batching && options->payload != PAYLOAD_CLOUDEVENT &&
		options->payload != PAYLOAD_CLOUDEVENT_PLAIN)
		webhook_issues_add(issues, "batching",
			"expected a payload of \"cloudevent\" or "
			"\"cloudevent-plain\" with it");
}

void
webhook_options_write(
	const struct webhook_options *options, struct json_out *out)
{
	for (size_t i = 0; i < COUNT_OF(table); i++)
		table[i].write(options, out);
}

struct webhook_options
webhook_options_copy(const struct webhook_options *options, struct arena *arena)
{
	struct webhook_options copy = *options;
	struct retry_policy *retry;

	if (options->retry) {
		retry = ARENA_NEW(arena, struct retry_policy);
		*retry = *options->retry;
		copy.retry = retry;
	}
	copy.auth = webhook_auth_copy(&options->auth, arena);
	copy.notify = arena_copy(arena, options->notify);
	webhook_way_copy(&copy, arena);
	return copy;
}

void
webhook_options_take_secrets(
	struct webhook_options *options, const struct webhook_options *from)
{
	options->auth.secret = from->auth.secret;
	options->tls.authorities = from->tls.authorities;
	options->tls.certificate = from->tls.certificate;
	options->tls.key = from->tls.key;
	options->proxy.password = from->proxy.password;
}
