#include "cli/event_type_command.h"

#include "base/json_out.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/output.h"

#define EVENT_TYPES "/v1/event-types"

enum { JSON_FILE_MAX = 256 * 1024 };

static const struct option list_options[] = {
	{.name = "group",
		.placeholder = "NAME",
		.help = "Those of this API group only."},
};
const struct option_table event_type_list_table = {
	list_options, COUNT_OF(list_options)};

static const struct option show_options[] = {
	{.name = "schema",
		.help = "Print the schema alone, as it was registered."},
};
const struct option_table event_type_show_table = {
	show_options, COUNT_OF(show_options)};

/* `member`: what the option is called in the body; NULL: it is none. */
static const struct {
	const char *option;
	const char *member;
	bool is_file; /* of JSON */
} members[] = {
	{"schema", "schema", true},
	{"sample", "sample", true},
	{"validation", "validation", false},
	{"friendly-name", "friendlyName", false},
	{"description", "description", false},
	{"service-manager", "serviceManager", false},
	{"group", "apiGroup", false},
	{"kind", "kind", false},
	{"dataschema", "dataschema", false},
};

static const struct option register_options[] = {
	{.name = "schema",
		.placeholder = "FILE",
		.help = "JSON Schema that the data of its events are held "
			"against."},
	{.name = "validation",
		.placeholder = "MODE",
		.help = "What becomes of an event that is not as the schema "
			"says; refuse if it is not given.",
		.choices = "refuse warn off"},
	{.name = "sample",
		.placeholder = "FILE",
		.help = "An example of its data, JSON."},
	{.name = "friendly-name",
		.placeholder = "TEXT",
		.help = "What people call it."},
	{.name = "description",
		.placeholder = "TEXT",
		.help = "When such an event happens."},
	{.name = "service-manager",
		.placeholder = "NAME",
		.help = "Under which it is found in the catalog."},
	{.name = "group",
		.placeholder = "NAME",
		.help = "Its API group there."},
	{.name = "kind",
		.placeholder = "KIND",
		.help = "Whether its events tell of changes of a resource.",
		.choices = "event resource"},
	{.name = "dataschema",
		.placeholder = "URI",
		.help = "Put into events that come without one."},
	{.name = "deprecated",
		.help = "Its events say that they will come to an end."},
	{.name = "update",
		.help = "Change one that is there: what is given, and nothing "
			"else."},
};
const struct option_table event_type_register_table = {
	register_options, COUNT_OF(register_options)};

/* ---- looking ---- */

int
event_type_command_list(const struct args *args)
{
	static const char *const headings[] = {
		"NAME", "FRIENDLY NAME", "MANAGER", "GROUP", "VALIDATION"};
	static const char *const columns[] = {"name", "friendlyName",
		"serviceManager", "apiGroup", "validation"};
	CLEANUP(client_close) struct client client;
	struct output_table table =
		output_table_make(headings, COUNT_OF(headings));
	struct str group = str_of(args_value(args, "group"));
	struct client_answer answer;
	struct json_walk walk;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(
			&client, "GET", EVENT_TYPES "?limit=1000", &answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json) {
		client_print_raw(&answer);
		return EXIT_DONE;
	}
	walk = json_walk(json_member(answer.json, STR("items")));
	while (json_walk_next(&walk)) {
		if (group.len > 0 &&
			!json_string_equal(
				json_member(walk.value, STR("apiGroup")),
				group))
			continue;
		for (size_t i = 0; i < COUNT_OF(columns); i++)
			output_table_cell(&table,
				client_text(&client, walk.value, columns[i]));
	}
	output_table_print(&table);
	output_table_release(&table);
	return EXIT_DONE;
}

int
event_type_command_show(const struct args *args)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	CLEANUP(client_close) struct client client;
	bool is_schema = args_is_given(args, "schema");
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "GET",
			client_path(&client,
				is_schema ? EVENT_TYPES "/{}/schema"
					  : EVENT_TYPES "/{}",
				args->operands),
			&answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json || is_schema) {
		client_print_raw(&answer);
		return EXIT_DONE;
	}
	output_append_json(&text, answer.json, "");
	buf_append_char(&text, '\n');
	output_write(buf_str(&text));
	return EXIT_DONE;
}

/* ---- changing ---- */

/** A file's JSON as a member. */
static bool
write_file(struct json_out *out, const char *member, const char *path)
{
	CLEANUP(buf_release) struct buf text = buf_make(JSON_FILE_MAX);
	CLEANUP(buf_release) struct buf why = buf_make(0);
	CLEANUP(arena_release) struct arena arena = {0};
	struct json_doc doc;

	if (file_read(path, &text, &why)) {
		output_error("%s", buf_text(&why));
		return false;
	}
	if (json_read(buf_str(&text), &arena, &doc, &why)) {
		output_error("%s: %s", path, buf_text(&why));
		return false;
	}
	json_out_raw(out, member, json_raw(json_root(&doc)));
	return true;
}

static bool
write_body(const struct args *args, bool is_update, struct buf *body)
{
	struct json_out out = json_out_make(body);

	json_out_object(&out, NULL);
	if (!is_update)
		json_out_text(&out, "name", args->operands[0]);
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		const char *value = args_value(args, members[i].option);

		if (value == NULL)
			continue;
		if (!members[i].is_file)
			json_out_text(&out, members[i].member, value);
		else if (!write_file(&out, members[i].member, value))
			return false;
	}
	if (args_is_given(args, "deprecated"))
		json_out_boolean(&out, "deprecated", true);
	json_out_end(&out);
	return true;
}

int
event_type_command_register(const struct args *args)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(client_close) struct client client;
	bool is_update = args_is_given(args, "update");
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	if (!write_body(args, is_update, &body))
		return EXIT_USAGE;
	if (is_update)
		code = client_send_json(&client, "PATCH",
			client_path(&client, EVENT_TYPES "/{}", args->operands),
			&body, &answer);
	else
		code = client_send_json(
			&client, "POST", EVENT_TYPES, &body, &answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json)
		client_print_raw(&answer);
	else
		client_print_object(&client, answer.json);
	return EXIT_DONE;
}

int
event_type_command_delete(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "DELETE",
			client_path(&client, EVENT_TYPES "/{}", args->operands),
			&answer);
	if (code == EXIT_DONE && !client.is_json)
		output_hint("deleted %s", args->operands[0]);
	return code;
}
