#include "base/clock.h"
#include "base/json_out.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/execution_print.h"
#include "cli/file.h"
#include "cli/output.h"
#include "cli/scenario_command.h"

#define SCENARIO "/v1/scenarios/{}"
#define ALL "/v1/executions"

enum { BUNDLE_MAX = 16 << 20 };

static const struct option run_options[] = {
	{.name = "wait",
		.help = "Wait until it is over; ends with 1 when it failed."},
	{.name = "once",
		.help = "Wait for the next request to its hook (--timeout, 5 "
			"minutes if it is not given; 1 hour at most) and show "
			"each step as it comes. A scenario that is off takes "
			"this one, or the oldest that waits."},
};
const struct option_table scenario_run_table = {
	run_options, COUNT_OF(run_options)};

static const struct option history_options[] = {
	{.name = "state",
		.placeholder = "STATE",
		.help = "Those in this state only.",
		.choices = "QUEUED RUNNING SUCCESS WARNING ERROR INCOMPLETE "
			   "DROPPED"},
	{.name = "limit",
		.placeholder = "N",
		.help = "So many at most, the newest first.",
		.fallback = "50"},
};
static const struct option list_options[] = {
	{.name = "scenario",
		.placeholder = "ID",
		.help = "Those of this scenario only; its id or name."},
};
const struct option_table execution_list_table = {
	list_options, COUNT_OF(list_options)};

const struct option_table scenario_history_table = {
	history_options, COUNT_OF(history_options)};

static const struct option replay_options[] = {
	{.name = "version",
		.placeholder = "WHICH",
		.help = "The scenario as it is now, or as it was then.",
		.choices = "present then",
		.fallback = "present"},
	{.name = "wait",
		.help = "Wait until it is over; ends with 1 when it failed."},
};
const struct option_table scenario_replay_table = {
	replay_options, COUNT_OF(replay_options)};

/* ---- showing ---- */

static void
print_executions(struct client *client, struct json items)
{
	static const char *const headings[] = {"ID", "STATE", "CAUSE",
		"CREATED", "OPERATIONS", "SCENARIO", "ERROR"};
	static const char *const members[] = {"id", "state", "cause",
		"createdAt", "operations", "scenarioId", "error"};
	struct output_table table =
		output_table_make(headings, COUNT_OF(headings));
	struct json_walk walk = json_walk(items);

	while (json_walk_next(&walk)) {
		for (size_t i = 0; i < COUNT_OF(members); i++)
			output_table_cell(&table,
				client_text(client, walk.value, members[i]));
	}
	output_table_print(&table);
	output_table_release(&table);
}

static int
print_one(struct client *client, const struct client_answer *answer)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);

	if (client->is_json) {
		client_print_raw(answer);
		return EXIT_DONE;
	}
	execution_append(client, answer->json, &text);
	output_write(buf_str(&text));
	return EXIT_DONE;
}

static int
show(const struct args *args, const char *const *id)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "GET",
			client_path(&client, ALL "/{}", id), &answer);
	return code == EXIT_DONE ? print_one(&client, &answer) : code;
}

static int
list(const struct args *args, const char *scenario)
{
	CLEANUP(buf_release) struct buf path = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code == EXIT_DONE && scenario)
		code = scenario_find_id(&client, scenario, &scenario);
	if (code != EXIT_DONE)
		return code;
	buf_append(&path, STR(ALL));
	client_append_query(&path, "scenario", scenario);
	client_append_query(&path, "state", args_value(args, "state"));
	client_append_query(&path, "limit", args_value(args, "limit"));
	code = client_simple(&client, "GET", buf_text(&path), &answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json)
		client_print_raw(&answer);
	else
		print_executions(
			&client, json_member(answer.json, STR("items")));
	return EXIT_DONE;
}

int
scenario_command_history(const struct args *args)
{
	if (args->operand_count == 2)
		return show(args, args->operands + 1);
	return list(args, args->operand_count ? args->operands[0] : NULL);
}

int
execution_command_list(const struct args *args)
{
	return list(args, args_value(args, "scenario"));
}

int
execution_command_show(const struct args *args)
{
	return show(args, args->operands);
}

/* ---- running ---- */

bool
scenario_execution_went_well(struct json execution)
{
	struct json state = json_member(execution, STR("state"));

	return json_string_equal(state, STR("SUCCESS")) ||
	       json_string_equal(state, STR("WARNING"));
}

bool
scenario_execution_is_over(struct json execution)
{
	struct json state = json_member(execution, STR("state"));

	return !json_string_equal(state, STR("QUEUED")) &&
	       !json_string_equal(state, STR("RUNNING"));
}

/** Asks until it is over; the hub's own limit of a run ends it. */
static int
wait_for(struct client *client, struct client_answer *answer)
{
	const char *path = arena_copy(&client->arena,
		client_text(client, answer->json, "resourceUri"))
				   .ptr;
	int code = EXIT_DONE;

	while (code == EXIT_DONE && !scenario_execution_is_over(answer->json)) {
		client_pause(client, SECONDS / 5);
		code = client_simple(client, "GET", path, answer);
	}
	return code;
}

static int
begin(struct client *client, const struct args *args, const char *path,
	const struct buf *body)
{
	struct client_answer answer;
	int code = body ? client_send_json(client, "POST", path, body, &answer)
			: client_simple(client, "POST", path, &answer);
	bool is_waiting = args_is_given(args, "wait");

	if (code == EXIT_DONE && is_waiting)
		code = wait_for(client, &answer);
	if (code != EXIT_DONE)
		return code;
	print_one(client, &answer);
	return is_waiting && !scenario_execution_went_well(answer.json)
		       ? EXIT_NO
		       : EXIT_DONE;
}

int
scenario_command_run(const struct args *args)
{
	CLEANUP(buf_release) struct buf body = buf_make(BUNDLE_MAX);
	CLEANUP(buf_release) struct buf why = buf_make(0);
	CLEANUP(client_close) struct client client;
	const char *id;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = scenario_find_id(&client, args->operands[0], &id);
	if (code != EXIT_DONE)
		return code;
	if (args_is_given(args, "once"))
		return scenario_run_once(&client, args, str_of(id));
	if (args->operand_count < 2) {
		buf_append(&body, STR("{}"));
	} else if (file_read(args->operands[1], &body, &why)) {
		output_error("%s", buf_text(&why));
		return EXIT_USAGE;
	}
	return begin(&client, args, client_path(&client, SCENARIO "/run", &id),
		&body);
}

static int
act(const struct args *args, const char *pattern)
{
	CLEANUP(client_close) struct client client;
	int code = client_open(&client, args);

	return code == EXIT_DONE
		       ? begin(&client, args,
				 client_path(&client, pattern, args->operands),
				 NULL)
		       : code;
}

int
scenario_command_retry(const struct args *args)
{
	return act(args, ALL "/{}/retry");
}

int
scenario_command_drop(const struct args *args)
{
	return act(args, ALL "/{}/drop");
}

int
scenario_command_replay(const struct args *args)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct json_out out = json_out_make(&body);
	int code = client_open(&client, args);

	json_out_object(&out, NULL);
	json_out_text(&out, "version", args_value(args, "version"));
	json_out_end(&out);
	return code == EXIT_DONE
		       ? begin(&client, args,
				 client_path(&client, ALL "/{}/replay",
					 args->operands),
				 &body)
		       : code;
}
