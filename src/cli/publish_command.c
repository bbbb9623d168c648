#include "cli/publish_command.h"

#include "cli/client.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/output.h"

enum {
	INPUT_MAX = 256 * 1024 * 1024,
	TOLD_MAX = 10, /* of those refused */
};

static const struct option publish_options[] = {
	{.name = "type",
		.placeholder = "TYPE",
		.help = "The resource's type, for example "
			"compute-ops/server. With --id."},
	{.name = "id",
		.placeholder = "ID",
		.help = "The resource's id. With --type."},
	{.name = "event",
		.placeholder = "FILE",
		.help = "Publish a CloudEvent in JSON (or an array of them) "
			"instead; - is standard input."},
	{.name = "bulk",
		.placeholder = "FILE",
		.help = "Publish many resources instead: a JSON object a line "
			"(or an array) with type, id and state; - is standard "
			"input."},
};
const struct option_table publish_table = {
	publish_options, COUNT_OF(publish_options)};

/* What is to be sent, and where. */
struct publication {
	const char *file;
	struct client_request request;
};

static enum err
choose_resource(struct client *client, const struct args *args,
	struct publication *ret, struct buf *why)
{
	const char *parts[2] = {
		args_value(args, "type"), args_value(args, "id")};

	if (parts[0] == NULL || parts[1] == NULL) {
		buf_append(
			why, STR("expected --type and --id and a file with the "
				 "state, or --event FILE, or --bulk FILE"));
		return ERR_INVALID;
	}
	if (args->operand_count == 0) {
		buf_append(why,
			STR("the file with the resource's state is missing; - "
			    "is standard input"));
		return ERR_INVALID;
	}
	ret->file = args->operands[0];
	ret->request.method = "PUT";
	ret->request.path = client_path(client, "/v1/resources/{}/{}", parts);
	return ERR_OK;
}

static enum err
choose(struct client *client, const struct args *args, struct publication *ret,
	struct buf *why)
{
	const char *event = args_value(args, "event");
	const char *bulk = args_value(args, "bulk");
	bool has_resource = args_is_given(args, "type") ||
			    args_is_given(args, "id") ||
			    args->operand_count > 0;

	if (event == NULL && bulk == NULL)
		return choose_resource(client, args, ret, why);
	if (has_resource || (event != NULL && bulk != NULL)) {
		buf_append(why,
			STR("only one of these goes at a time: --type and "
			    "--id with a file, --event FILE, --bulk FILE"));
		return ERR_INVALID;
	}
	ret->file = event ? event : bulk;
	ret->request.method = "POST";
	ret->request.path = event ? "/v1/events" : "/v1/resources";
	return ERR_OK;
}

static const char *
content_type(const struct args *args, struct str body)
{
	bool is_array = str_starts_with(str_trim(body), STR("["));

	if (args_value(args, "event") != NULL)
		return is_array ? "application/cloudevents-batch+json"
				: "application/cloudevents+json";
	if (args_value(args, "bulk") != NULL)
		return is_array ? "application/json" : "application/x-ndjson";
	return "application/json";
}

/** "accepted 2, unchanged 1, matched 1" of an answer about many. */
static void
append_counts(struct client *client, struct json json, struct buf *line)
{
	static const char *const members[] = {"accepted", "unchanged",
		"duplicate", "refused", "matched", "skipped"};

	for (size_t i = 0; i < COUNT_OF(members); i++) {
		struct str count = client_text(client, json, members[i]);

		if (count.len > 0)
			buf_printf(line, "%s%s %.*s", line->len ? ", " : "",
				members[i], STR_ARG(count));
	}
	if (line->len > 0)
		buf_append_char(line, '\n');
}

/** Those of many that were refused, each by its place among them. */
static void
tell_refused(struct client *client, struct json items, int64_t count)
{
	struct json_walk walk = json_walk(items);
	int64_t number = 0, told = 0;

	output_error("the hub refused %lld of %zu:", (long long)count,
		json_count(items));
	while (told < TOLD_MAX && json_walk_next(&walk)) {
		struct str error = client_text(client, walk.value, "error");

		number++;
		if (error.len == 0)
			continue;
		told++;
		output_hint(
			"item %lld: %.*s", (long long)number, STR_ARG(error));
	}
	if (count > told)
		output_hint("and %lld more; --json tells all",
			(long long)(count - told));
}

/** Whether all of it is with the hub now. */
static int
check_refused(struct client *client, struct json json)
{
	int64_t count = 0;

	if (!json_to_integer(json_member(json, STR("refused")), &count) ||
		count == 0)
		return EXIT_DONE;
	if (!client->is_json)
		tell_refused(client, json_member(json, STR("items")), count);
	return EXIT_NO;
}

/** "event 1f matched 2 webhooks, and 1 that is not sending". */
static void
append_event(struct client *client, struct json json, int64_t matched,
	struct buf *line)
{
	int64_t skipped = 0;

	buf_printf(line, "event %.*s matched %lld webhook%s",
		STR_ARG(client_text(client, json, "id")), (long long)matched,
		matched == 1 ? "" : "s");
	if (json_to_integer(json_member(json, STR("skipped")), &skipped))
		buf_printf(line, ", and %lld that %s not sending",
			(long long)skipped, skipped == 1 ? "is" : "are");
	buf_append_char(line, '\n');
}

/** One sentence of what the hub made of it. */
static void
print_accepted(struct client *client, const struct client_answer *answer)
{
	struct json json = answer->json;
	struct str id = client_text(client, json, "id");
	struct json matched = json_member(json, STR("matched"));
	CLEANUP(buf_release) struct buf line = buf_make(0);
	int64_t count = 0;

	if (json_kind(json_member(json, STR("items"))) == JSON_ARRAY)
		append_counts(client, json, &line);
	else if (json_kind(json_member(json, STR("unchanged"))) == JSON_TRUE)
		buf_append(&line, STR("unchanged: the state is the last one; "
				      "no event was made\n"));
	else if (json_kind(json_member(json, STR("duplicate"))) == JSON_TRUE)
		buf_append(&line, STR("duplicate: this event was accepted "
				      "before\n"));
	else if (id.len > 0 && json_to_integer(matched, &count))
		append_event(client, json, count, &line);
	if (line.len > 0)
		output_write(buf_str(&line));
	else if (json_kind(json) == JSON_OBJECT)
		client_print_object(client, json);
	else
		client_print_raw(answer);
}

int
publish_command(const struct args *args)
{
	CLEANUP(buf_release) struct buf body = buf_make(INPUT_MAX);
	CLEANUP(buf_release) struct buf why = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct publication publication = {0};
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	if (choose(&client, args, &publication, &why) != ERR_OK ||
		file_read(publication.file, &body, &why) != ERR_OK) {
		output_error("%s", buf_text(&why));
		return EXIT_USAGE;
	}
	publication.request.body = buf_str(&body);
	publication.request.content_type = content_type(args, buf_str(&body));
	code = client_call(&client, &publication.request, &answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json)
		client_print_raw(&answer);
	else
		print_accepted(&client, &answer);
	return check_refused(&client, answer.json);
}
