#include "cli/scenario_command.h"

#include "base/json_out.h"
#include "base/uuid.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

#define ALL "/v1/scenarios"

static const struct option import_options[] = {
	{.name = "name",
		.placeholder = "TEXT",
		.help = "What it is called here, if not as in the blueprint."},
	{.name = "enable", .help = "Let it run at once."},
	{.name = "zone",
		.placeholder = "ZONE",
		.help = "Its time zone, such as Europe/Prague; UTC if it is "
			"not given."},
	{.name = "scheduling",
		.placeholder = "JSON",
		.help = "When it starts by itself, such as "
			"{\"type\":\"daily\",\"time\":\"09:00\"}."},
	{.name = "update",
		.placeholder = "ID",
		.help = "Change this scenario (its id or name) instead of "
			"making another."},
};
const struct option_table scenario_import_table = {
	import_options, COUNT_OF(import_options)};

static const struct option show_options[] = {
	{.name = "blueprint", .help = "Print the blueprint alone."},
	{.name = "revision",
		.placeholder = "N",
		.help = "As it was then; the last 50 versions are kept."},
};
const struct option_table scenario_show_table = {
	show_options, COUNT_OF(show_options)};

/* ---- looking ---- */

int
scenario_find_id(struct client *client, const char *text, const char **ret)
{
	struct client_answer answer;
	struct json_walk walk;
	struct uuid id;
	size_t found = 0;
	int code;

	*ret = text;
	if (uuid_parse(str_of(text), &id) == ERR_OK)
		return EXIT_DONE;
	code = client_simple(client, "GET", ALL, &answer);
	if (code != EXIT_DONE)
		return code;
	walk = json_walk(json_member(answer.json, STR("items")));
	while (json_walk_next(&walk)) {
		if (!str_equal(client_text(client, walk.value, "name"),
			    str_of(text)))
			continue;
		*ret = arena_copy(
			&client->arena, client_text(client, walk.value, "id"))
			       .ptr;
		found++;
	}
	if (found == 1)
		return EXIT_DONE;
	output_error(found ? "several scenarios are called \"%s\": give the id"
			   : "there is no scenario \"%s\"",
		text);
	return found ? EXIT_USAGE : EXIT_MISSING;
}

int
scenario_command_list(const struct args *args)
{
	static const char *const headings[] = {
		"ID", "NAME", "ENABLED", "RUNNABLE", "REASON"};
	static const char *const members[] = {
		"id", "name", "isEnabled", "isRunnable", "statusReason"};
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
scenario_command_show(const struct args *args)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	struct json shown;
	const char *parts[] = {args->operands[0], args_value(args, "revision")};
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = scenario_find_id(&client, parts[0], &parts[0]);
	if (code == EXIT_DONE)
		code = client_simple(&client, "GET",
			client_path(&client,
				parts[1] ? ALL "/{}/versions/{}" : ALL "/{}",
				parts),
			&answer);
	if (code != EXIT_DONE)
		return code;
	shown = answer.json;
	if (args_is_given(args, "blueprint"))
		shown = json_member(shown, STR("blueprint"));
	if (client.is_json && !args_is_given(args, "blueprint")) {
		client_print_raw(&answer);
		return EXIT_DONE;
	}
	output_append_json(&text, shown, "");
	buf_append_char(&text, '\n');
	output_write(buf_str(&text));
	return EXIT_DONE;
}

/* ---- changing ---- */

static void
write_body(const struct args *args, struct str blueprint, struct buf *body)
{
	const char *name = args_value(args, "name");
	const char *zone = args_value(args, "zone");
	const char *scheduling = args_value(args, "scheduling");
	struct json_out out = json_out_make(body);

	json_out_object(&out, NULL);
	if (name)
		json_out_text(&out, "name", name);
	if (args_is_given(args, "enable"))
		json_out_boolean(&out, "isEnabled", true);
	if (zone)
		json_out_text(&out, "zone", zone);
	/* As text: the hub says what is wrong with it. */
	if (scheduling)
		json_out_text(&out, "scheduling", scheduling);
	json_out_raw(&out, "blueprint", blueprint);
	json_out_end(&out);
}

static void
tell_problems(struct client *client, struct json scenario)
{
	struct json_walk walk =
		json_walk(json_member(scenario, STR("problems")));

	while (json_walk_next(&walk)) {
		struct str place = client_text(client, walk.value, "place");
		struct str text = client_text(client, walk.value, "text");

		output_hint("%.*s%s%.*s", STR_ARG(place), place.len ? ": " : "",
			STR_ARG(text));
	}
}

static int
send_and_tell(struct client *client, const char *method, const char *path,
	const struct buf *body)
{
	CLEANUP(buf_release) struct buf line = buf_make(0);
	struct client_answer answer;
	int code = client_send_json(client, method, path, body, &answer);

	if (code != EXIT_DONE)
		return code;
	if (client->is_json) {
		client_print_raw(&answer);
		return EXIT_DONE;
	}
	tell_problems(client, answer.json);
	output_append_safe(&line, client_text(client, answer.json, "id"), 0);
	buf_append(&line, STR("  "));
	output_append_safe(&line, client_text(client, answer.json, "name"), 0);
	buf_append(&line, json_kind(json_member(
				  answer.json, STR("isEnabled"))) == JSON_TRUE
				  ? STR("  enabled\n")
				  : STR("  disabled\n"));
	output_write(buf_str(&line));
	return EXIT_DONE;
}

int
scenario_command_import(const struct args *args)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(buf_release) struct buf why = buf_make(0);
	CLEANUP(client_close) struct client client;
	const char *id = args_value(args, "update");
	struct str blueprint;
	int code = client_open(&client, args);

	if (code == EXIT_DONE && id)
		code = scenario_find_id(&client, id, &id);
	if (code != EXIT_DONE)
		return code;
	if (!scenario_read_file(
		    args->operands[0], &client.arena, &blueprint, &why)) {
		output_error("%s", buf_text(&why));
		return EXIT_USAGE;
	}
	write_body(args, blueprint, &body);
	return send_and_tell(&client, id ? "PATCH" : "POST",
		id ? client_path(&client, ALL "/{}", &id) : ALL, &body);
}

static int
switch_to(const struct args *args, bool is_enabled)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct json_out out = json_out_make(&body);
	const char *id = args->operands[0];
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = scenario_find_id(&client, id, &id);
	if (code != EXIT_DONE)
		return code;
	json_out_object(&out, NULL);
	json_out_boolean(&out, "isEnabled", is_enabled);
	json_out_end(&out);
	return send_and_tell(
		&client, "PATCH", client_path(&client, ALL "/{}", &id), &body);
}

int
scenario_command_enable(const struct args *args)
{
	return switch_to(args, true);
}

int
scenario_command_disable(const struct args *args)
{
	return switch_to(args, false);
}

int
scenario_command_delete(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	const char *id = args->operands[0];
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = scenario_find_id(&client, id, &id);
	if (code == EXIT_DONE)
		code = client_simple(&client, "DELETE",
			client_path(&client, ALL "/{}", &id), &answer);
	if (code == EXIT_DONE && !client.is_json)
		output_hint("deleted %s", args->operands[0]);
	return code;
}
