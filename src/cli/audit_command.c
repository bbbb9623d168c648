#include "cli/audit_command.h"

#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct option audit_options[] = {
	{.name = "from",
		.placeholder = "TIME",
		.help = "Changes made then or later, as "
			"2026-03-01T12:00:00Z."},
	{.name = "to", .placeholder = "TIME", .help = "Changes made before."},
	{.name = "category",
		.placeholder = "NAME",
		.help = "Of these things only: webhooks, subscriptions, "
			"event_types, keys, allow_lists, replays, "
			"and others"},
	{.name = "who",
		.placeholder = "KEY",
		.help = "By this key only: its id or its name."},
	{.name = "limit",
		.placeholder = "N",
		.help = "At most so many, 50 when not given."},
	{.name = "cursor",
		.placeholder = "CURSOR",
		.help = "Go on where a list ended."},
};
const struct option_table audit_table = {
	audit_options, COUNT_OF(audit_options)};

static void
print_entries(struct client *client, struct json items)
{
	static const char *const headings[] = {
		"AT", "CATEGORY", "ACTION", "RESOURCE", "NAME", "BY", "FROM"};
	struct output_table table =
		output_table_make(headings, COUNT_OF(headings));
	struct json_walk walk = json_walk(items);

	while (json_walk_next(&walk)) {
		struct json entry = walk.value;
		struct json who = json_member(entry, STR("who"));
		struct json resource = json_member(entry, STR("resource"));

		output_table_cell(&table, client_text(client, entry, "at"));
		output_table_cell(
			&table, client_text(client, entry, "category"));
		output_table_cell(&table, client_text(client, entry, "action"));
		output_table_cell(&table, client_text(client, resource, "id"));
		output_table_cell(
			&table, client_text(client, resource, "name"));
		output_table_cell(&table, client_text(client, who, "name"));
		output_table_cell(&table, client_text(client, who, "address"));
	}
	output_table_print(&table);
	output_table_release(&table);
}

int
audit_command_list(const struct args *args)
{
	static const char *const parameters[] = {
		"from", "to", "category", "who", "limit", "cursor"};
	CLEANUP(buf_release) struct buf path = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	struct str next;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	buf_append(&path, STR("/v1/audit-log"));
	for (size_t i = 0; i < COUNT_OF(parameters); i++)
		client_append_query(
			&path, parameters[i], args_value(args, parameters[i]));
	code = client_simple(&client, "GET", buf_text(&path), &answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json) {
		client_print_raw(&answer);
		return EXIT_DONE;
	}
	print_entries(&client, json_member(answer.json, STR("items")));
	next = client_text(&client, answer.json, "next");
	if (next.len > 0)
		output_hint("there is more: add --cursor %.*s", STR_ARG(next));
	return EXIT_DONE;
}
