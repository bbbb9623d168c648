#include "cli/subscription_command.h"

#include "base/json_out.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

#define SUBSCRIPTIONS "/v1/subscriptions"

static const struct option create_options[] = {
	{.name = "webhook",
		.placeholder = "ID",
		.help = "The webhook that gets the events; one that has "
			"subscriptions instead of a filter."},
	{.name = "type",
		.placeholder = "TYPE",
		.help = "The event type, or all below a prefix: com.example.*"},
	{.name = "filter",
		.placeholder = "TEXT",
		.help = "A condition on the event's data, such as "
			"category eq 'users'. Without it all events of the "
			"type."},
};
const struct option_table subscription_create_table = {
	create_options, COUNT_OF(create_options)};

static const struct option list_options[] = {
	{.name = "webhook",
		.placeholder = "ID",
		.help = "Those of this webhook only."},
};
const struct option_table subscription_list_table = {
	list_options, COUNT_OF(list_options)};

static bool
has_option(const struct args *args, const char *name)
{
	if (args_value(args, name) != NULL)
		return true;
	output_error("--%s is missing", name);
	return false;
}

int
subscription_command_create(const struct args *args)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct json_out out = json_out_make(&body);
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	if (!has_option(args, "webhook") || !has_option(args, "type"))
		return EXIT_USAGE;
	json_out_object(&out, NULL);
	json_out_text(&out, "webhookId", args_value(args, "webhook"));
	json_out_text(&out, "eventType", args_value(args, "type"));
	if (args_value(args, "filter") != NULL)
		json_out_text(&out, "eventFilter", args_value(args, "filter"));
	json_out_end(&out);
	code = client_send_json(&client, "POST", SUBSCRIPTIONS, &body, &answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json) {
		client_print_raw(&answer);
		return EXIT_DONE;
	}
	client_print_object(&client, answer.json);
	if (json_kind(json_member(answer.json, STR("inCatalog"))) == JSON_FALSE)
		output_hint("the catalog has no such type; events of it match "
			    "all the same");
	return EXIT_DONE;
}

int
subscription_command_list(const struct args *args)
{
	static const char *const headings[] = {
		"ID", "WEBHOOK", "TYPE", "FILTER"};
	static const char *const members[] = {
		"id", "webhookId", "eventType", "eventFilter"};
	CLEANUP(buf_release) struct buf path = buf_make(0);
	CLEANUP(buf_release) struct buf filter = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct output_table table =
		output_table_make(headings, COUNT_OF(headings));
	struct client_answer answer;
	struct json_walk walk;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	buf_append(&path, STR(SUBSCRIPTIONS "?limit=1000"));
	if (args_value(args, "webhook") != NULL) {
		buf_printf(&filter, "webhookId eq '%s'",
			args_value(args, "webhook"));
		client_append_query(&path, "filter", buf_text(&filter));
	}
	code = client_simple(&client, "GET", buf_text(&path), &answer);
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
subscription_command_delete(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	for (size_t i = 0; i < args->operand_count; i++) {
		const char *id = args->operands[i];
		struct client_answer answer;
		int failed = client_simple(&client, "DELETE",
			client_path(&client, SUBSCRIPTIONS "/{}", &id),
			&answer);

		if (failed == EXIT_DONE && !client.is_json)
			output_hint("deleted %s", id);
		if (code == EXIT_DONE)
			code = failed;
	}
	return code;
}
