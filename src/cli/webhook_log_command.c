#include "cli/webhook_log_command.h"

#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct option webhook_log_options[] = {
	{.name = "limit",
		.placeholder = "N",
		.help = "At most so many, 50 when not given."},
	{.name = "cursor",
		.placeholder = "CURSOR",
		.help = "Go on where a list ended."},
};
const struct option_table webhook_log_table = {
	webhook_log_options, COUNT_OF(webhook_log_options)};

/** "ENABLED/ACTIVE", or nothing. */
static struct str
situation(struct client *client, struct json entry, const char *member)
{
	struct json at = json_member(entry, str_of(member));

	if (json_kind(at) != JSON_OBJECT)
		return STR("");
	return arena_printf(&client->arena, "%.*s/%.*s",
		STR_ARG(client_text(client, at, "state")),
		STR_ARG(client_text(client, at, "status")));
}

/** "key gk_1", "health". */
static struct str
cause(struct client *client, struct json entry)
{
	struct json by = json_member(entry, STR("by"));
	struct str id = client_text(client, by, "id");

	return arena_printf(&client->arena, "%.*s%s%.*s",
		STR_ARG(client_text(client, by, "kind")), id.len ? " " : "",
		STR_ARG(id));
}

static struct str
without_prefix(struct str type)
{
	struct str prefix = STR("grapnel.webhook.");

	return str_starts_with(type, prefix) ? str_skip(type, prefix.len)
					     : type;
}

static void
print_entries(struct client *client, struct json items)
{
	static const char *const headings[] = {
		"AT", "WHAT", "FROM", "TO", "BY", "REASON", "DETAIL"};
	struct output_table table =
		output_table_make(headings, COUNT_OF(headings));
	struct json_walk walk = json_walk(items);

	while (json_walk_next(&walk)) {
		struct json entry = walk.value;

		output_table_cell(&table, client_text(client, entry, "at"));
		output_table_cell(&table,
			without_prefix(client_text(client, entry, "type")));
		output_table_cell(&table, situation(client, entry, "from"));
		output_table_cell(&table, situation(client, entry, "to"));
		output_table_cell(&table, cause(client, entry));
		output_table_cell(&table, client_text(client, entry, "reason"));
		output_table_cell(&table, client_text(client, entry, "detail"));
	}
	output_table_print(&table);
	output_table_release(&table);
}

int
webhook_command_log(const struct args *args)
{
	CLEANUP(buf_release) struct buf path = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	struct str next;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	buf_append(&path, str_of(client_path(&client, "/v1/webhooks/{}/log",
				  args->operands)));
	client_append_query(&path, "limit", args_value(args, "limit"));
	client_append_query(&path, "cursor", args_value(args, "cursor"));
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
