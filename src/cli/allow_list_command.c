#include "cli/allow_list_command.h"

#include "base/json_out.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

#define ALL "/v1/allow-lists"

#define OPTION_NETWORK \
	{ \
		.name = "network", .placeholder = "NETWORK", \
		.help = "A network (10.0.0.0/8, ::1/128) or an address.", \
		.is_repeatable = true \
	}
#define OPTION_HOST \
	{ \
		.name = "host", .placeholder = "NAME", \
		.help = "A host's name, or .name for all names below it.", \
		.is_repeatable = true \
	}
#define OPTION_DESCRIPTION \
	{ \
		.name = "description", .placeholder = "TEXT", \
		.help = "What it is for." \
	}
#define OPTION_DEFAULT \
	{ \
		.name = "default", \
		.help = "Webhooks that name no allow-list may use it.", \
		.is_boolean = true \
	}

static const struct option create_options[] = {
	OPTION_NETWORK, OPTION_HOST, OPTION_DESCRIPTION, OPTION_DEFAULT};
const struct option_table allow_list_create_table = {
	create_options, COUNT_OF(create_options)};

static const struct option patch_options[] = {
	OPTION_NETWORK, OPTION_HOST, OPTION_DESCRIPTION, OPTION_DEFAULT};
const struct option_table allow_list_patch_table = {
	patch_options, COUNT_OF(patch_options)};

static void
write_entries(const struct args *args, const char *option, const char *member,
	struct json_out *out)
{
	const char *entry;
	size_t at = 0;

	if (!args_is_given(args, option))
		return;
	json_out_array(out, member);
	while ((entry = args_next(args, option, &at)) != NULL) {
		if (*entry != '\0')
			json_out_text(out, NULL, entry);
	}
	json_out_end(out);
}

static void
write_body(const struct args *args, const char *name, struct buf *body)
{
	struct json_out out = json_out_make(body);
	const char *description = args_value(args, "description");

	json_out_object(&out, NULL);
	if (name)
		json_out_text(&out, "name", name);
	if (description)
		json_out_text(&out, "description", description);
	write_entries(args, "network", "networks", &out);
	write_entries(args, "host", "hosts", &out);
	if (args_is_given(args, "default"))
		json_out_boolean(
			&out, "default", args_is_true(args, "default"));
	json_out_end(&out);
}

static int
send_and_print(struct client *client, const char *method, const char *path,
	const struct buf *body)
{
	struct client_answer answer;
	int code = client_send_json(client, method, path, body, &answer);

	if (code != EXIT_DONE)
		return code;
	if (client->is_json)
		client_print_raw(&answer);
	else
		client_print_object(client, answer.json);
	return EXIT_DONE;
}

int
allow_list_command_create(const struct args *args)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(client_close) struct client client;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	write_body(args, args->operands[0], &body);
	return send_and_print(&client, "POST", ALL, &body);
}

int
allow_list_command_patch(const struct args *args)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(client_close) struct client client;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	write_body(args, NULL, &body);
	if (body.len == 2) {
		output_error("nothing to change; give --network, --host, "
			     "--description or --default");
		return EXIT_USAGE;
	}
	return send_and_print(&client, "PATCH",
		client_path(&client, ALL "/{}", args->operands), &body);
}

int
allow_list_command_list(const struct args *args)
{
	static const char *const headings[] = {
		"NAME", "DEFAULT", "NETWORKS", "HOSTS", "DESCRIPTION"};
	static const char *const members[] = {
		"name", "default", "networks", "hosts", "description"};
	CLEANUP(client_close) struct client client;
	struct output_table table =
		output_table_make(headings, COUNT_OF(headings));
	struct client_answer answer;
	struct json_walk walk;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "GET", ALL, &answer);
	if (code == EXIT_DONE && client.is_json)
		client_print_raw(&answer);
	if (code != EXIT_DONE || client.is_json) {
		output_table_release(&table);
		return code;
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
allow_list_command_delete(const struct args *args)
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
