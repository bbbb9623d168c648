#include "cli/explain_command.h"

#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

#define OPTIONS_PAGE \
	{.name = "from", \
		.placeholder = "TIME", \
		.help = "From this time on, like 2026-03-01T12:00:00Z."}, \
		{.name = "to", \
			.placeholder = "TIME", \
			.help = "Before this time."}, \
		{.name = "limit", \
			.placeholder = "N", \
			.help = "At most so many, 50 when not given."}, \
	{ \
		.name = "cursor", .placeholder = "CURSOR", \
		.help = "Go on where a list ended." \
	}

static const struct option event_list_options[] = {
	{.name = "type", .placeholder = "TYPE", .help = "Only of this type."},
	{.name = "subject",
		.placeholder = "SUBJECT",
		.help = "Only about this; a resource's events have its id."},
	OPTIONS_PAGE,
};
const struct option_table event_list_table = {
	event_list_options, COUNT_OF(event_list_options)};

static const struct option delivery_list_options[] = {
	{.name = "webhook", .placeholder = "ID", .help = "Only to this one."},
	{.name = "event", .placeholder = "ID", .help = "Only of this one."},
	{.name = "state",
		.placeholder = "STATE",
		.help = "Only those that are WAITING, DELIVERED, DEAD or "
			"SKIPPED."},
	{.name = "type",
		.placeholder = "TYPE",
		.help = "Only of events of this type."},
	{.name = "text",
		.placeholder = "TEXT",
		.help = "Only those with this in the event's id, source or "
			"subject, or in the reason."},
	OPTIONS_PAGE,
};
const struct option_table delivery_list_table = {
	delivery_list_options, COUNT_OF(delivery_list_options)};

/* A column: a member, or one of the member "event" when `is_of_event`. */
struct column {
	const char *heading;
	const char *member;
	bool is_of_event;
};

static const struct column event_columns[] = {
	{"ID", "id", false},
	{"ACCEPTED", "acceptedAt", false},
	{"TYPE", "type", false},
	{"OPERATION", "operation", false},
	{"SUBJECT", "subject", false},
	{"MATCHED", "matched", false},
};

static const struct column delivery_columns[] = {
	{"ID", "id", false},
	{"CREATED", "createdAt", false},
	{"STATE", "state", false},
	{"ATTEMPTS", "attempts", false},
	{"WEBHOOK", "webhookName", false},
	{"TYPE", "type", true},
	{"SUBJECT", "subject", true},
	{"REASON", "reason", false},
};

static void
print_table(struct client *client, const struct column *columns, size_t count,
	struct json items)
{
	const char *headings[OUTPUT_TABLE_COLUMNS_MAX];
	struct json_walk walk = json_walk(items);
	struct output_table table;

	for (size_t i = 0; i < count; i++)
		headings[i] = columns[i].heading;
	table = output_table_make(headings, count);
	while (json_walk_next(&walk)) {
		struct json event = json_member(walk.value, STR("event"));

		for (size_t i = 0; i < count; i++)
			output_table_cell(&table,
				client_text(client,
					columns[i].is_of_event ? event
							       : walk.value,
					columns[i].member));
	}
	output_table_print(&table);
	output_table_release(&table);
}

/** A list with the parameters that the options of `table` are. */
static int
list(const struct args *args, const char *where,
	const struct option_table *table, const struct column *columns,
	size_t count)
{
	CLEANUP(buf_release) struct buf path = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	struct str next;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	buf_append(&path, str_of(where));
	for (size_t i = 0; i < table->count; i++) {
		const char *name = table->rows[i].name;

		client_append_query(&path, name, args_value(args, name));
	}
	code = client_simple(&client, "GET", buf_text(&path), &answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json) {
		client_print_raw(&answer);
		return EXIT_DONE;
	}
	print_table(&client, columns, count,
		json_member(answer.json, STR("items")));
	next = client_text(&client, answer.json, "next");
	if (next.len > 0)
		output_hint("there is more: add --cursor %.*s", STR_ARG(next));
	return EXIT_DONE;
}

int
explain_command_events(const struct args *args)
{
	return list(args, "/v1/events", &event_list_table, event_columns,
		COUNT_OF(event_columns));
}

int
explain_command_deliveries(const struct args *args)
{
	return list(args, "/v1/deliveries", &delivery_list_table,
		delivery_columns, COUNT_OF(delivery_columns));
}

static int
show(struct client *client, const char *path)
{
	struct client_answer answer;
	int code = client_simple(client, "GET", path, &answer);

	if (code != EXIT_DONE)
		return code;
	if (client->is_json)
		client_print_raw(&answer);
	else
		client_print_object(client, answer.json);
	return EXIT_DONE;
}

static int
show_operand(const struct args *args, const char *pattern)
{
	CLEANUP(client_close) struct client client;
	int code = client_open(&client, args);

	return code == EXIT_DONE ? show(&client, client_path(&client, pattern,
							 args->operands))
				 : code;
}

int
explain_command_event(const struct args *args)
{
	return show_operand(args, "/v1/events/{}");
}

int
explain_command_delivery(const struct args *args)
{
	return show_operand(args, "/v1/deliveries/{}");
}

int
explain_command_match(const struct args *args)
{
	return show_operand(args, args->operand_count > 1
					  ? "/v1/events/{}/explain?webhook={}"
					  : "/v1/events/{}/explain");
}
