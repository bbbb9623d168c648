#include "cli/hook_command.h"

#include "base/json_out.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/scenario_command.h"

#define ALL "/v1/hooks"

static const struct option create_options[] = {
	{.name = "scenario",
		.placeholder = "ID",
		.help = "The scenario that its requests start; its id or "
			"name."},
	{.name = "challenge",
		.placeholder = "KIND",
		.help = "A challenge to answer: com, greenlake, cloudevents, "
			"slack, static.",
		.is_repeatable = true},
	{.name = "signature",
		.placeholder = "SCHEME",
		.help = "Requests must be signed: standard, greenlake, "
			"github, stripe, slack."},
	{.name = "secret",
		.placeholder = "SECRET",
		.help = "A secret of the signature, and for GreenLake's "
			"challenge.",
		.is_repeatable = true},
	{.name = "api-key",
		.placeholder = "KEY",
		.help = "Requests must bring one of these in x-make-apikey.",
		.is_repeatable = true},
	{.name = "network",
		.placeholder = "NETWORK",
		.help = "Requests must come from one of these.",
		.is_repeatable = true},
	{.name = "trusted-proxy",
		.placeholder = "NETWORK",
		.help = "Whose X-Forwarded-For is believed.",
		.is_repeatable = true},
	{.name = "dedupe",
		.placeholder = "BY",
		.help = "Pass over what was seen before: webhook-id, "
			"cloudevent-id, body."},
};
const struct option_table hook_create_table = {
	create_options, COUNT_OF(create_options)};

static void
write_list(const struct args *args, const char *option, const char *member,
	struct json_out *out)
{
	const char *entry;
	size_t at = 0;

	if (!args_is_given(args, option))
		return;
	json_out_array(out, member);
	while ((entry = args_next(args, option, &at)) != NULL)
		json_out_text(out, NULL, entry);
	json_out_end(out);
}

static void
write_body(const struct args *args, const char *scenario, struct buf *body)
{
	struct json_out out = json_out_make(body);
	const char *scheme = args_value(args, "signature");
	const char *dedupe = args_value(args, "dedupe");

	json_out_object(&out, NULL);
	json_out_text(&out, "name", args->operands[0]);
	if (scenario)
		json_out_text(&out, "scenarioId", scenario);
	write_list(args, "challenge", "challenges", &out);
	if (scheme || args_is_given(args, "secret")) {
		json_out_object(&out, "signature");
		if (scheme)
			json_out_text(&out, "scheme", scheme);
		write_list(args, "secret", "secrets", &out);
		json_out_end(&out);
	}
	write_list(args, "api-key", "apiKeys", &out);
	write_list(args, "network", "allowedNetworks", &out);
	write_list(args, "trusted-proxy", "trustedProxies", &out);
	if (dedupe) {
		json_out_object(&out, "dedupe");
		json_out_text(&out, "by", dedupe);
		json_out_end(&out);
	}
	json_out_end(&out);
}

static int
print_object(
	struct client *client, int code, const struct client_answer *answer)
{
	if (code != EXIT_DONE)
		return code;
	if (client->is_json)
		client_print_raw(answer);
	else
		client_print_object(client, answer->json);
	return EXIT_DONE;
}

int
hook_command_create(const struct args *args)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(client_close) struct client client;
	const char *scenario = args_value(args, "scenario");
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code == EXIT_DONE && scenario)
		code = scenario_find_id(&client, scenario, &scenario);
	if (code != EXIT_DONE)
		return code;
	write_body(args, scenario, &body);
	code = client_send_json(&client, "POST", ALL, &body, &answer);
	return print_object(&client, code, &answer);
}

int
hook_command_show(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "GET",
			client_path(&client, ALL "/{}", args->operands),
			&answer);
	return print_object(&client, code, &answer);
}

/* What a list shows: a table of an answer's items. */
struct columns {
	const char *const *headings;
	const char *const *members;
	size_t count;
};

static int
print_items(
	const struct args *args, bool is_of_one, const struct columns *columns)
{
	CLEANUP(client_close) struct client client;
	struct output_table table =
		output_table_make(columns->headings, columns->count);
	struct client_answer answer;
	struct json_walk walk;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "GET",
			is_of_one ? client_path(&client, ALL "/{}/log",
					    args->operands)
				  : ALL,
			&answer);
	if (code == EXIT_DONE && client.is_json)
		client_print_raw(&answer);
	if (code != EXIT_DONE || client.is_json) {
		output_table_release(&table);
		return code;
	}
	walk = json_walk(json_member(answer.json, STR("items")));
	while (json_walk_next(&walk)) {
		for (size_t i = 0; i < columns->count; i++)
			output_table_cell(
				&table, client_text(&client, walk.value,
						columns->members[i]));
	}
	output_table_print(&table);
	output_table_release(&table);
	return EXIT_DONE;
}

int
hook_command_list(const struct args *args)
{
	static const char *const headings[] = {
		"ID", "NAME", "ENABLED", "SCENARIO", "URL"};
	static const char *const members[] = {
		"id", "name", "enabled", "scenarioId", "url"};

	return print_items(args, false,
		&(struct columns){headings, members, COUNT_OF(headings)});
}

int
hook_command_log(const struct args *args)
{
	static const char *const headings[] = {
		"AT", "OUTCOME", "STATUS", "METHOD", "ADDRESS", "REASON"};
	static const char *const members[] = {
		"at", "outcome", "status", "method", "address", "reason"};

	return print_items(args, true,
		&(struct columns){headings, members, COUNT_OF(headings)});
}

int
hook_command_delete(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "DELETE",
			client_path(&client, ALL "/{}", args->operands),
			&answer);
	if (code == EXIT_DONE && !client.is_json)
		output_hint("deleted %s", args->operands[0]);
	return code;
}
