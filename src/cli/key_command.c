#include "cli/key_command.h"

#include "base/clock.h"
#include "base/json_out.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"
#include "rule/duration.h"

static const struct option key_create_options[] = {
	{.name = "role",
		.placeholder = "ROLE",
		.help = "What it may do: read (viewer), also publish "
			"(publisher), or everything (admin).",
		.choices = "viewer publisher admin"},
	{.name = "name",
		.placeholder = "TEXT",
		.help = "Whose it is, for the list."},
	{.name = "expires",
		.placeholder = "TIME",
		.help = "Until when it may be used: a time "
			"(2030-03-01T12:00:00Z) or from now on (90d); for ever "
			"when not given."},
};
const struct option_table key_create_table = {
	key_create_options, COUNT_OF(key_create_options)};

/** A length of time counts from now; what else it is, the hub reads. */
static void
write_expires(struct json_out *out, const char *text)
{
	int64_t length;

	if (text == NULL)
		return;
	if (duration_read(str_of(text), 36500 * 24 * HOURS, &length) == ERR_OK)
		json_out_time(out, "expiresAt", clock_now() + length);
	else
		json_out_text(out, "expiresAt", text);
}

int
key_command_create(const struct args *args)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct json_out out = json_out_make(&body);
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	if (args_value(args, "role") == NULL) {
		output_error("--role is missing; expected one of: %s",
			key_create_options[0].choices);
		return EXIT_USAGE;
	}
	json_out_object(&out, NULL);
	json_out_text(&out, "role", args_value(args, "role"));
	if (args_value(args, "name") != NULL)
		json_out_text(&out, "name", args_value(args, "name"));
	write_expires(&out, args_value(args, "expires"));
	json_out_end(&out);
	code = client_send_json(&client, "POST", "/v1/keys", &body, &answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json) {
		client_print_raw(&answer);
		return EXIT_DONE;
	}
	client_print_object(&client, answer.json);
	output_hint("keep the token: it is not shown again");
	return EXIT_DONE;
}

int
key_command_list(const struct args *args)
{
	static const char *const headings[] = {
		"ID", "ROLE", "NAME", "CREATED", "EXPIRES"};
	static const char *const members[] = {
		"id", "role", "name", "createdAt", "expiresAt"};
	CLEANUP(client_close) struct client client;
	struct output_table table =
		output_table_make(headings, COUNT_OF(headings));
	struct client_answer answer;
	struct json_walk walk;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "GET", "/v1/keys", &answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json) {
		client_print_raw(&answer);
		return EXIT_DONE;
	}
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

int
key_command_revoke(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	const char *id = args->operands[0];
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "DELETE",
			client_path(&client, "/v1/keys/{}", &id), &answer);
	if (code == EXIT_DONE && !client.is_json)
		output_hint("revoked %s", id);
	return code;
}
