#include "cli/data_store_command.h"

#include "base/json_out.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/output.h"

#define ALL "/v1/data-stores"
#define ONE ALL "/{}"
#define RECORDS ONE "/records"
#define RECORD RECORDS "/{}"

enum { FILE_MAX = 1 << 20 };

static const struct option create_options[] = {
	{.name = "name",
		.placeholder = "NAME",
		.help = "What people call it; its id if it is not given."},
	{.name = "description",
		.placeholder = "TEXT",
		.help = "What it is for."},
	{.name = "structure",
		.placeholder = "FILE",
		.help = "The fields of its records: a JSON array of {name, "
			"type, required, default, spec} (- is standard "
			"input)."},
	{.name = "strict",
		.placeholder = "BOOLEAN",
		.help = "true: refuse what the structure does not name."},
	{.name = "max-records",
		.placeholder = "COUNT",
		.help = "At most so many records (10000)."},
	{.name = "max-bytes",
		.placeholder = "BYTES",
		.help = "At most so much of all records (67108864)."},
	{.name = "update",
		.help = "Change the one with this id: what is given, and "
			"nothing else."},
};
const struct option_table data_store_create_table = {
	create_options, COUNT_OF(create_options)};

static const struct option records_options[] = {
	{.name = "limit",
		.placeholder = "COUNT",
		.help = "At most so many (100; 1000)."},
	{.name = "after",
		.placeholder = "KEY",
		.help = "Those behind this key."},
	{.name = "filter",
		.placeholder = "JSON",
		.help = "Those that pass: [[{\"a\": field, \"o\": operator, "
			"\"b\": value}]], as scenarios filter."},
	{.name = "sort",
		.placeholder = "FIELD",
		.help = "With --filter: in order of this field (- before it: "
			"backwards); given again, the next one.",
		.is_repeatable = true},
};
const struct option_table data_store_records_table = {
	records_options, COUNT_OF(records_options)};

static const struct option put_options[] = {
	{.name = "merge", .help = "Lay the members over those that are there."},
};
const struct option_table data_store_put_table = {
	put_options, COUNT_OF(put_options)};

static const struct option delete_options[] = {
	{.name = "all", .help = "All records; the data store stays."},
};
const struct option_table data_store_delete_table = {
	delete_options, COUNT_OF(delete_options)};

static int
print(struct client *client, const struct client_answer *answer)
{
	if (client->is_json)
		client_print_raw(answer);
	else
		client_print_object(client, answer->json);
	return EXIT_DONE;
}

/** Asks, and shows the object that is answered. */
static int
show(const struct args *args, const char *pattern)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "GET",
			client_path(&client, pattern, args->operands), &answer);
	return code == EXIT_DONE ? print(&client, &answer) : code;
}

static int
remove_it(const struct args *args, const char *pattern, const char *what)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "DELETE",
			client_path(&client, pattern, args->operands), &answer);
	if (code == EXIT_DONE && !client.is_json)
		output_hint("deleted %s", what);
	return code;
}

/* ---- data stores ---- */

int
data_store_command_list(const struct args *args)
{
	static const char *const columns[] = {
		"id", "name", "records", "bytes", "updatedAt"};
	static const char *const headings[] = {
		"ID", "NAME", "RECORDS", "BYTES", "CHANGED"};
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

/** What stands in JSON as it is given: numbers, true, false. */
static bool
write_plain(const struct args *args, const char *option, const char *member,
	struct json_out *out)
{
	const char *given = args_value(args, option);
	CLEANUP(arena_release) struct arena arena = {0};
	struct json_doc doc;

	if (!given)
		return true;
	if (json_read(str_of(given), &arena, &doc, NULL)) {
		output_error("--%s %s: expected a number, true or false",
			option, given);
		return false;
	}
	json_out_raw(out, member, str_of(given));
	return true;
}

static bool
write_structure(const struct args *args, struct json_out *out)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf text = buf_make(FILE_MAX);
	CLEANUP(buf_release) struct buf why = {0};
	const char *path = args_value(args, "structure");
	struct json_doc doc;

	if (!path)
		return true;
	if (file_read(path, &text, &why)) {
		output_error("%s", buf_text(&why));
		return false;
	}
	if (json_read(buf_str(&text), &arena, &doc, &why)) {
		output_error("%s: %s", path, buf_text(&why));
		return false;
	}
	json_out_raw(out, "structure", str_trim(buf_str(&text)));
	return true;
}

static bool
write_settings(const struct args *args, bool is_update, struct buf *body)
{
	const char *name = args_value(args, "name");
	const char *description = args_value(args, "description");
	struct json_out out = json_out_make(body);

	json_out_object(&out, NULL);
	if (!is_update)
		json_out_text(&out, "id", args->operands[0]);
	if (name)
		json_out_text(&out, "name", name);
	if (description)
		json_out_text(&out, "description", description);
	if (!write_structure(args, &out) ||
		!write_plain(args, "strict", "strict", &out) ||
		!write_plain(args, "max-records", "maxRecords", &out) ||
		!write_plain(args, "max-bytes", "maxBytes", &out))
		return false;
	json_out_end(&out);
	return true;
}

int
data_store_command_create(const struct args *args)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(client_close) struct client client;
	bool is_update = args_is_given(args, "update");
	struct client_answer answer;
	const char *path = ALL;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	if (!write_settings(args, is_update, &body))
		return EXIT_USAGE;
	if (is_update)
		path = client_path(&client, ONE, args->operands);
	code = client_send_json(
		&client, is_update ? "PATCH" : "POST", path, &body, &answer);
	return code == EXIT_DONE ? print(&client, &answer) : code;
}

int
data_store_command_show(const struct args *args)
{
	return show(args, ONE);
}

int
data_store_command_drop(const struct args *args)
{
	return remove_it(args, ONE, args->operands[0]);
}

/* ---- records ---- */

/** A line a record: its key, and its data as JSON. */
static void
print_records(struct client *client, const struct client_answer *answer)
{
	static const char *const headings[] = {"KEY", "DATA"};
	CLEANUP(output_table_release)
	struct output_table table =
		output_table_make(headings, COUNT_OF(headings));
	struct str next = client_text(client, answer->json, "next");
	struct json_walk walk =
		json_walk(json_member(answer->json, STR("items")));

	while (json_walk_next(&walk)) {
		output_table_cell(
			&table, client_text(client, walk.value, "key"));
		output_table_cell(
			&table, json_raw(json_member(walk.value, STR("data"))));
	}
	output_table_print(&table);
	if (next.len)
		output_hint("there are more: --after %.*s", STR_ARG(next));
}

static bool
write_search(const struct args *args, struct buf *body)
{
	struct json_out out = json_out_make(body);
	const char *given;
	size_t at = 0;

	json_out_object(&out, NULL);
	if (!write_plain(args, "filter", "filter", &out) ||
		!write_plain(args, "limit", "limit", &out))
		return false;
	json_out_array(&out, "sort");
	while ((given = args_next(args, "sort", &at))) {
		bool is_backwards = given[0] == '-';

		json_out_object(&out, NULL);
		json_out_text(&out, "key", given + is_backwards);
		json_out_integer(&out, "order", is_backwards ? -1 : 1);
		json_out_end(&out);
	}
	json_out_end(&out);
	json_out_end(&out);
	return true;
}

static int
search(const struct args *args, struct client *client,
	struct client_answer *answer)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);

	if (!write_search(args, &body))
		return EXIT_USAGE;
	return client_send_json(client, "POST",
		client_path(client, ONE "/search", args->operands), &body,
		answer);
}

static int
list_records(const struct args *args, struct client *client,
	struct client_answer *answer)
{
	CLEANUP(buf_release) struct buf path = {0};

	buf_append(&path, str_of(client_path(client, RECORDS, args->operands)));
	client_append_query(&path, "limit", args_value(args, "limit"));
	client_append_query(&path, "after", args_value(args, "after"));
	return client_simple(client, "GET", buf_text(&path), answer);
}

int
data_store_command_records(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);
	bool is_search =
		args_is_given(args, "filter") || args_is_given(args, "sort");

	if (code == EXIT_DONE)
		code = is_search ? search(args, &client, &answer)
				 : list_records(args, &client, &answer);
	if (code == EXIT_DONE && client.is_json)
		client_print_raw(&answer);
	else if (code == EXIT_DONE)
		print_records(&client, &answer);
	return code;
}

/** The data as it is given, or from @FILE; false when it is none. */
static bool
read_data(const char *given, struct buf *data)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = {0};
	struct json_doc doc;

	if (given[0] != '@') {
		buf_append(data, str_of(given));
	} else if (file_read(given + 1, data, &why)) {
		output_error("%s", buf_text(&why));
		return false;
	}
	if (json_read(buf_str(data), &arena, &doc, &why) == ERR_OK)
		return true;
	output_error("the record's data: %s", buf_text(&why));
	return false;
}

int
data_store_command_put(const struct args *args)
{
	CLEANUP(buf_release) struct buf data = buf_make(FILE_MAX);
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	if (!read_data(args->operands[2], &data))
		return EXIT_USAGE;
	code = client_send_json(&client,
		args_is_given(args, "merge") ? "PATCH" : "PUT",
		client_path(&client, RECORD, args->operands), &data, &answer);
	return code == EXIT_DONE ? print(&client, &answer) : code;
}

int
data_store_command_get(const struct args *args)
{
	return show(args, RECORD);
}

int
data_store_command_delete(const struct args *args)
{
	bool is_all = args_is_given(args, "all");

	if (is_all != (args->operand_count == 1)) {
		output_error("give the key of a record, or --all");
		return EXIT_USAGE;
	}
	return is_all ? remove_it(args, RECORDS, "all records")
		      : remove_it(args, RECORD, args->operands[1]);
}
