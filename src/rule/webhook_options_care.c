#include "rule/webhook_options_care.h"

#include "base/clock.h"

static const int64_t probe_max = 24 * HOURS;

static void
read_probe_members(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	struct json_walk walk = json_walk(value);

	while (json_walk_next(&walk)) {
		if (json_string_equal(walk.key, STR("after")))
			options->probe_after = webhook_options_read_time(
				"probe.after", walk.value, probe_max, issues);
		else if (json_string_equal(walk.key, STR("max")))
			options->probe_max = webhook_options_read_time(
				"probe.max", walk.value, probe_max, issues);
		else
			webhook_issues_add(issues, "probe",
				"there is no member %.*s in it",
				STR_ARG(str_head(json_raw(walk.key), 64)));
	}
}

void
webhook_probe_read(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	size_t before = issues->count;

	if (json_kind(value) == JSON_NULL) {
		options->probe_after = options->probe_max = 0;
		return;
	}
	if (json_kind(value) != JSON_OBJECT ||
		json_count(value) > WEBHOOK_OPTION_MEMBERS_MAX) {
		webhook_issues_add(issues, "probe",
			"expected an object with after and max");
		return;
	}
	if (options->probe_max == 0)
		options->probe_max = probe_max;
	read_probe_members(value, options, issues);
	if (issues->count > before)
		return;
	if (options->probe_after == 0)
		webhook_issues_add(issues, "probe.after", "is mandatory");
	else if (options->probe_max < options->probe_after)
		webhook_issues_add(
			issues, "probe.max", "is shorter than probe.after");
}

void
webhook_probe_write(const struct webhook_options *options, struct json_out *out)
{
	if (options->probe_after == 0) {
		json_out_null(out, "probe");
		return;
	}
	json_out_object(out, "probe");
	webhook_options_write_time(out, "after", options->probe_after);
	webhook_options_write_time(out, "max", options->probe_max);
	json_out_end(out);
}

void
webhook_notify_read(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	struct str text = json_string(value, issues->arena);
	struct uuid id;

	if (json_kind(value) == JSON_NULL)
		options->notify = STR("");
	else if (json_kind(value) == JSON_STRING &&
		 uuid_parse(text, &id) == ERR_OK)
		options->notify = text;
	else
		webhook_issues_add(issues, "notify",
			"expected the id of another webhook, found %.*s",
			STR_ARG(str_head(json_raw(value), 64)));
}

void
webhook_notify_write(
	const struct webhook_options *options, struct json_out *out)
{
	if (options->notify.len > 0)
		json_out_string(out, "notify", options->notify);
	else
		json_out_null(out, "notify");
}
