#include "cli/resource_command.h"

#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static int
call(struct client *client, const struct args *args, const char *method,
	struct client_answer *answer)
{
	int code = client_open(client, args);

	if (code != EXIT_DONE)
		return code;
	return client_simple(client, method,
		client_path(client, "/v1/resources/{}/{}", args->operands),
		answer);
}

int
resource_command_get(const struct args *args)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = call(&client, args, "GET", &answer);

	if (code != EXIT_DONE)
		return code;
	if (client.is_json || json_is_missing(answer.json)) {
		client_print_raw(&answer);
		return EXIT_DONE;
	}
	output_append_json(&text, answer.json, "");
	buf_append_char(&text, '\n');
	output_write(buf_str(&text));
	return EXIT_DONE;
}

int
resource_command_delete(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = call(&client, args, "DELETE", &answer);

	if (code != EXIT_DONE)
		return code;
	if (client.is_json)
		client_print_raw(&answer);
	else if (json_kind(answer.json) == JSON_OBJECT)
		client_print_object(&client, answer.json);
	return EXIT_DONE;
}
