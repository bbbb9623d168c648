#include "cli/replay_command.h"

#include "base/json_out.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct option webhook_replay_options[] = {
	{.name = "which",
		.placeholder = "WHICH",
		.help = "failed: what was given up; skipped: what it missed "
			"while it was not sending; all: every event that its "
			"filter is true for now.",
		.choices = "failed skipped all"},
	{.name = "from",
		.placeholder = "TIME",
		.help = "Of events accepted from this time on, like "
			"2026-03-01T12:00:00Z."},
	{.name = "to", .placeholder = "TIME", .help = "Before this time."},
	{.name = "filter",
		.placeholder = "FILTER",
		.help = "Of those only events that this is true for."},
	{.name = "rate",
		.placeholder = "N",
		.help = "So many a minute at most."},
	{.name = "preview", .help = "Only say how many there are."},
};
const struct option_table webhook_replay_table = {
	webhook_replay_options, COUNT_OF(webhook_replay_options)};

static int
write_request(const struct args *args, struct buf *body)
{
	static const char *const texts[] = {"which", "from", "to", "filter"};
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct json_out out = json_out_make(body);
	int64_t rate;

	json_out_object(&out, NULL);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const char *value = args_value(args, texts[i]);

		if (value)
			json_out_text(&out, texts[i], value);
	}
	if (args_value(args, "rate")) {
		if (args_integer(args, "rate", 1, 60000, &rate, &why)) {
			output_error("%s", buf_text(&why));
			return EXIT_USAGE;
		}
		json_out_integer(&out, "rate", rate);
	}
	if (args_is_given(args, "preview"))
		json_out_boolean(&out, "preview", true);
	json_out_end(&out);
	return EXIT_DONE;
}

static void
print(struct client *client, const struct client_answer *answer)
{
	if (client->is_json)
		client_print_raw(answer);
	else
		client_print_object(client, answer->json);
}

int
webhook_command_replay(const struct args *args)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	if (args_value(args, "which") == NULL) {
		output_error("--which is missing");
		return EXIT_USAGE;
	}
	code = write_request(args, &body);
	if (code == EXIT_DONE)
		code = client_send_json(&client, "POST",
			client_path(&client, "/v1/webhooks/{}/replay",
				args->operands),
			&body, &answer);
	if (code == EXIT_DONE)
		print(&client, &answer);
	return code;
}

static int
call_one(const struct args *args, const char *method, const char *pattern)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, method,
			client_path(&client, pattern, args->operands), &answer);
	if (code == EXIT_DONE)
		print(&client, &answer);
	return code;
}

int
replay_command_show(const struct args *args)
{
	return call_one(args, "GET", "/v1/replays/{}");
}

int
replay_command_cancel(const struct args *args)
{
	return call_one(args, "POST", "/v1/replays/{}/cancel");
}

int
replay_command_list(const struct args *args)
{
	static const char *const headings[] = {"ID", "CREATED", "STATE",
		"WHICH", "WEBHOOK", "DONE", "LEFT", "GONE"};
	static const char *const members[] = {"id", "createdAt", "state",
		"which", "webhookId", "done", "left", "gone"};
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	struct output_table table;
	struct json_walk walk;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "GET", "/v1/replays", &answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json) {
		client_print_raw(&answer);
		return EXIT_DONE;
	}
	table = output_table_make(headings, COUNT_OF(headings));
	walk = json_walk(json_member(answer.json, STR("items")));
	while (json_walk_next(&walk)) {
		for (size_t i = 0; i < COUNT_OF(members); i++)
			output_table_cell(&table,
				client_text(&client, walk.value, members[i]));
	}
	output_table_print(&table);
	output_table_release(&table);
	return EXIT_DONE;
}
