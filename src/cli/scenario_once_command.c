#include "base/clock.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/execution_print.h"
#include "cli/output.h"
#include "cli/scenario_command.h"

/* `grapnel scenario run ID --once`: the next request, step by step. */

enum {
	WAIT_DEFAULT = 300,
	WAIT_MAX = 3600,
	STEPS_AT_ONCE = 100,
	LINE_COLUMNS = 300
};

static void
print_step(struct client *client, struct json step)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);

	execution_append_step(client, step, &text);
	output_write(buf_str(&text));
}

static void
print_begin(struct client *client, struct json execution)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct str trigger = client_text(client, execution, "trigger");

	buf_append(&text, STR("execution "));
	output_append_safe(&text, client_text(client, execution, "id"), 0);
	if (trigger.len)
		buf_append(&text, STR("  "));
	output_append_safe(&text, trigger, LINE_COLUMNS);
	buf_append_char(&text, '\n');
	output_write(buf_str(&text));
}

static void
print_end(struct client *client, struct json execution)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct str error = client_text(client, execution, "error");

	buf_append_char(&text, '\n');
	output_append_safe(&text, client_text(client, execution, "state"), 0);
	buf_append(&text, STR(" after "));
	output_append_safe(
		&text, client_text(client, execution, "operations"), 0);
	buf_append(&text, STR(" operations"));
	if (error.len)
		buf_append(&text, STR(": "));
	output_append_safe(&text, error, 0);
	buf_append_char(&text, '\n');
	output_write(buf_str(&text));
}

/** Those that are new; the ordinal to go on with. */
static uint64_t
print_steps(struct client *client, struct json execution, uint64_t next)
{
	struct json_walk walk = json_walk(json_member(execution, STR("steps")));

	while (json_walk_next(&walk)) {
		int64_t ordinal = 0;

		if (!client->is_json)
			print_step(client, walk.value);
		if (json_to_integer(
			    json_member(walk.value, STR("ordinal")), &ordinal))
			next = (uint64_t)ordinal + 1;
	}
	return next;
}

/** Shows the steps as they come, until it is over. */
static int
follow(struct client *client, struct str uri, struct client_answer *ret)
{
	uint64_t next = 1;
	bool is_shown = false, has_more, is_over = false;
	int code = EXIT_DONE;

	for (;;) {
		const char *path = arena_printf(&client->arena,
			"%.*s?step=%llu&steps=%d", STR_ARG(uri),
			(unsigned long long)next, STEPS_AT_ONCE)
					   .ptr;

		code = client_simple(client, "GET", path, ret);
		if (code != EXIT_DONE)
			return code;
		if (!is_shown && !client->is_json)
			print_begin(client, ret->json);
		is_shown = true;
		next = print_steps(client, ret->json, next);
		has_more = !json_is_missing(
			json_member(ret->json, STR("nextStep")));
		if (is_over && !has_more)
			return EXIT_DONE;
		/* Once more, for steps that came with the end. */
		is_over = scenario_execution_is_over(ret->json);
		if (!is_over && !has_more)
			client_pause(client, SECONDS / 5);
	}
}

static int
show_all(struct client *client, struct str uri, struct client_answer *answer)
{
	int code = follow(client, uri, answer);

	if (code != EXIT_DONE)
		return code;
	if (client->is_json)
		code = client_simple(client, "GET",
			arena_printf(
				&client->arena, "%.*s?steps=1000", STR_ARG(uri))
				.ptr,
			answer);
	if (code != EXIT_DONE)
		return code;
	if (client->is_json)
		client_print_raw(answer);
	else
		print_end(client, answer->json);
	return scenario_execution_went_well(answer->json) ? EXIT_DONE : EXIT_NO;
}

int
scenario_run_once(struct client *client, const struct args *args, struct str id)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct client_answer answer;
	const char *path;
	int64_t wait = WAIT_DEFAULT;
	int code;

	if (args_is_given(args, "timeout"))
		wait = (client->timeout + SECONDS - 1) / SECONDS;
	if (wait < 1 || wait > WAIT_MAX)
		wait = wait < 1 ? 1 : WAIT_MAX;
	/* The hub answers when it is over; it gets a little longer. */
	client->timeout = (wait + 10) * SECONDS;
	path = arena_printf(&client->arena,
		"/v1/scenarios/%.*s/run?once=true&wait=%lld", STR_ARG(id),
		(long long)wait)
		       .ptr;
	if (!client->is_json)
		output_hint("waiting for the next request");
	buf_append(&body, STR("{}"));
	code = client_send_json(client, "POST", path, &body, &answer);
	if (code != EXIT_DONE)
		return code;
	if (answer.status == 204) {
		output_error("no request came within %lld s", (long long)wait);
		return EXIT_NO;
	}
	return show_all(client, client_text(client, answer.json, "resourceUri"),
		&answer);
}
