#include "cli/connection_command.h"

#include "base/json_out.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/output.h"

#define ALL "/v1/connections"

enum { MEMBER_FILE_MAX = 64 * 1024 };

static const struct option create_options[] = {
	{.name = "type",
		.placeholder = "TYPE",
		.help = "What it connects to: slack, email, notion, google, "
			"airtable, servicenow, twilio, telegram, discord, sql, "
			"command, http, grapnel."},
	{.name = "id",
		.placeholder = "ID",
		.help = "The id by which blueprints name it; a new one if it "
			"is not given."},
	{.name = "member",
		.placeholder = "NAME=VALUE",
		.help = "A member; given again, a list's next entry. "
			"NAME=@FILE reads the value from a file (@- from "
			"standard input), which keeps secrets out of the list "
			"of processes.",
		.is_repeatable = true},
	{.name = "update",
		.help = "Change the one with this id: what is given, and "
			"nothing else."},
};
const struct option_table connection_create_table = {
	create_options, COUNT_OF(create_options)};

/** Of one NAME=VALUE; false when it is none or the file cannot be read. */
static bool
read_member(const char *given, struct str *name, struct buf *value)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct str rest = str_of(given);

	*name = str_split(&rest, '=');
	if (rest.ptr == NULL || name->len == 0) {
		output_error("--member %s: expected NAME=VALUE", given);
		return false;
	}
	if (rest.len == 0 || rest.ptr[0] != '@') {
		buf_append(value, rest);
		return true;
	}
	if (file_read(rest.ptr + 1, value, &why) == ERR_OK) {
		struct str text = str_trim(buf_str(value));
		size_t len = (size_t)(text.ptr - value->ptr) + text.len;

		buf_truncate(value, text.len ? len : 0);
		return true;
	}
	output_error("%s", buf_text(&why));
	return false;
}

/** Whether an earlier option gives the same name. */
static bool
is_repeated(const struct args *args, size_t end, struct str name)
{
	const char *given;
	size_t at = 0;

	while ((given = args_next(args, "member", &at)) && at < end) {
		struct str rest = str_of(given);

		if (str_equal(str_split(&rest, '='), name))
			return true;
	}
	return false;
}

/** All values of a name; an array when there are several, or `programs`. */
static bool
write_member(const struct args *args, struct str name, struct json_out *out)
{
	CLEANUP(buf_release) struct buf values = {0};
	struct json_out list = json_out_make(&values);
	CLEANUP(buf_release) struct buf first = {0};
	const char *given;
	size_t at = 0, count = 0;

	json_out_array(&list, NULL);
	while ((given = args_next(args, "member", &at))) {
		CLEANUP(buf_release)
		struct buf value = buf_make(MEMBER_FILE_MAX);
		struct str rest = str_of(given);

		if (!str_equal(str_split(&rest, '='), name))
			continue;
		if (!read_member(given, &rest, &value))
			return false;
		if (count++ == 0)
			buf_append(&first, buf_str(&value));
		json_out_string(&list, NULL, buf_str(&value));
	}
	json_out_end(&list);
	json_out_key(out, name);
	if (count > 1 || str_equal(name, STR("programs")))
		json_out_raw(out, NULL, buf_str(&values));
	else
		json_out_string(out, NULL, buf_str(&first));
	return true;
}

static bool
write_body(const struct args *args, struct buf *body)
{
	struct json_out out = json_out_make(body);
	bool is_update = args_is_given(args, "update");
	const char *id = args_value(args, "id");
	const char *type = args_value(args, "type");
	const char *given;
	size_t at = 0;

	json_out_object(&out, NULL);
	json_out_text(&out, "name", args->operands[0]);
	if (id && !is_update)
		json_out_text(&out, "id", id);
	if (type)
		json_out_text(&out, "type", type);
	json_out_object(&out, "members");
	while ((given = args_next(args, "member", &at))) {
		CLEANUP(buf_release) struct buf unused = {0};
		struct str rest = str_of(given);
		struct str name = str_split(&rest, '=');

		if (rest.ptr == NULL || name.len == 0)
			return read_member(given, &name, &unused);
		if (!is_repeated(args, at, name) &&
			!write_member(args, name, &out))
			return false;
	}
	json_out_end(&out);
	json_out_end(&out);
	return true;
}

static int
print(struct client *client, const struct client_answer *answer)
{
	if (client->is_json)
		client_print_raw(answer);
	else
		client_print_object(client, answer->json);
	return EXIT_DONE;
}

int
connection_command_create(const struct args *args)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(client_close) struct client client;
	bool is_update = args_is_given(args, "update");
	const char *id = args_value(args, "id");
	struct client_answer answer;
	const char *path = ALL;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	if (is_update ? !id : !args_value(args, "type")) {
		output_error(is_update ? "--update needs --id"
				       : "give the --type of the connection");
		return EXIT_USAGE;
	}
	if (!write_body(args, &body))
		return EXIT_USAGE;
	if (is_update)
		path = client_path(&client, ALL "/{}", &id);
	code = client_send_json(
		&client, is_update ? "PATCH" : "POST", path, &body, &answer);
	return code == EXIT_DONE ? print(&client, &answer) : code;
}

int
connection_command_list(const struct args *args)
{
	static const char *const columns[] = {
		"id", "name", "type", "updatedAt"};
	static const char *const headings[] = {"ID", "NAME", "TYPE", "CHANGED"};
	CLEANUP(client_close) struct client client;
	CLEANUP(output_table_release)
	struct output_table table =
		output_table_make(headings, COUNT_OF(headings));
	struct client_answer answer;
	struct json_walk walk;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(
			&client, "GET", ALL "?limit=1000", &answer);
	if (code == EXIT_DONE && client.is_json)
		client_print_raw(&answer);
	if (code != EXIT_DONE || client.is_json)
		return code;
	walk = json_walk(json_member(answer.json, STR("items")));
	while (json_walk_next(&walk)) {
		for (size_t i = 0; i < COUNT_OF(columns); i++)
			output_table_cell(&table,
				client_text(&client, walk.value, columns[i]));
	}
	output_table_print(&table);
	return EXIT_DONE;
}

int
connection_command_show(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "GET",
			client_path(&client, ALL "/{}", args->operands),
			&answer);
	return code == EXIT_DONE ? print(&client, &answer) : code;
}

int
connection_command_delete(const struct args *args)
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
