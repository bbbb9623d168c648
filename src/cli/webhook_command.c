#include "cli/webhook_command.h"

#include "base/clock.h"
#include "base/json_out.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/webhook_draft.h"
#include "cli/webhook_greenlake.h"

/* A webhook for COM's clients is created where they would create it. */
#define COM_WEBHOOKS "/compute-ops-mgmt/v1beta1/webhooks"
#define WEBHOOKS "/v1/webhooks"

enum { POLL_PAUSE = 200000 /* microseconds */ };

static const char *
path_of(struct client *client, const char *id)
{
	return client_path(client, WEBHOOKS "/{}", &id);
}

/**
 * Asks until the webhook's status is not PENDING any more; `answer` holds the
 * last one. EXIT_NO when it did not become ACTIVE.
 */
static int
wait_for_handshake(
	struct client *client, const char *id, struct client_answer *answer)
{
	int64_t deadline = clock_monotonic() + client->timeout;

	for (;;) {
		struct str status = client_text(client, answer->json, "status");
		struct str reason =
			client_text(client, answer->json, "statusReason");
		int code;

		if (str_equal(status, STR("ACTIVE")) ||
			str_equal(status, STR("DISABLED")))
			return EXIT_DONE;
		if (!str_equal(status, STR("PENDING"))) {
			output_error("the webhook is %.*s: %.*s",
				STR_ARG(status), STR_ARG(reason));
			output_hint("`grapnel webhook log %s` tells what came "
				    "back",
				id);
			return EXIT_NO;
		}
		if (clock_monotonic() >= deadline) {
			output_error("the handshake is not over yet; `grapnel "
				     "webhook get %s` tells",
				id);
			return EXIT_NO;
		}
		client_pause(client, POLL_PAUSE);
		code = client_simple(
			client, "GET", path_of(client, id), answer);
		if (code != EXIT_DONE)
			return code;
	}
}

/** The webhook with its secret as one more member, for scripts. */
static void
print_created_json(const struct client_answer *answer, struct str secret)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct json_out out = json_out_make(&text);
	struct json_walk walk = json_walk(answer->json);

	json_out_object(&out, NULL);
	while (json_walk_next(&walk)) {
		struct arena arena = {0};

		json_out_key(&out, json_string(walk.key, &arena));
		json_out_raw(&out, NULL, json_raw(walk.value));
		arena_release(&arena);
	}
	if (secret.len > 0)
		json_out_string(&out, "secret", secret);
	json_out_end(&out);
	buf_append_char(&text, '\n');
	output_write(buf_str(&text));
}

static void
print_created(struct client *client, const struct client_answer *answer,
	struct str secret)
{
	if (client->is_json) {
		print_created_json(answer, secret);
		return;
	}
	client_print_object(client, answer->json);
	if (secret.len > 0) {
		CLEANUP(buf_release) struct buf line = buf_make(0);

		buf_append(&line, STR("\nsecret  "));
		output_append_safe(&line, secret, 0);
		buf_append(&line,
			STR("\n\nThe receiver checks signatures with this "
			    "secret. Keep it: it is not shown again.\n"));
		output_write(buf_str(&line));
	}
}

/** Gathers the options into a webhook's JSON and gives it to `send`. */
static int
send_draft(const struct args *args, bool is_whole,
	int (*send)(struct client *client, const struct args *args,
		const struct buf *body))
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(buf_release) struct buf why = buf_make(0);
	CLEANUP(client_close) struct client client;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	if ((webhook_greenlake_is_meant(args)
			    ? webhook_greenlake_write(
				      args, is_whole, &body, &why)
			    : webhook_draft_write(
				      args, is_whole, &body, &why)) != ERR_OK) {
		output_error("%s", buf_text(&why));
		return EXIT_USAGE;
	}
	return send(&client, args, &body);
}

static const char *
path_for_create(const struct args *args)
{
	if (webhook_greenlake_is_meant(args))
		return WEBHOOK_GREENLAKE_PATH;
	return webhook_draft_is_native(args, true) ? WEBHOOKS : COM_WEBHOOKS;
}

/** The secret of a new webhook that the hub has made one for. */
static int
get_secret(struct client *client, const char *id, struct str *ret)
{
	struct client_answer answer;
	int code = client_simple(client, "GET",
		client_path(client, WEBHOOKS "/{}/secret", &id), &answer);

	*ret = client_text(client, answer.json, "secret");
	/* Of Ed25519 there is only a public key to tell, and it has been. */
	if (code == EXIT_DONE && ret->len == 0 &&
		json_is_missing(json_member(answer.json, STR("publicKey"))))
		output_error("the webhook %s was created, but the hub did not "
			     "tell its secret",
			id);
	return code;
}

static int
create(struct client *client, const struct args *args, const struct buf *body)
{
	struct client_answer answer;
	struct str secret = STR("");
	const char *id;
	int code = client_send_json(
		client, "POST", path_for_create(args), body, &answer);
	int waited = EXIT_DONE;

	if (code != EXIT_DONE)
		return code;
	id = arena_copy(&client->arena, client_text(client, answer.json, "id"))
		     .ptr;
	if (!webhook_greenlake_is_meant(args))
		code = get_secret(client, id, &secret);
	if (args_is_true(args, "wait"))
		waited = wait_for_handshake(client, id, &answer);
	/* Whatever came of it: the webhook is there, and so is the secret. */
	print_created(client, &answer, secret);
	return code == EXIT_DONE ? waited : code;
}

int
webhook_command_create(const struct args *args)
{
	return send_draft(args, true, create);
}

static int
patch(struct client *client, const struct args *args, const struct buf *body)
{
	struct client_answer answer;
	const char *id = args->operands[0];
	int code = client_send_json(client, "PATCH",
		webhook_greenlake_is_meant(args)
			? client_path(client, WEBHOOK_GREENLAKE_PATH "/{}", &id)
			: path_of(client, id),
		body, &answer);

	if (code != EXIT_DONE)
		return code;
	if (args_is_true(args, "wait"))
		code = wait_for_handshake(client, id, &answer);
	if (client->is_json)
		client_print_raw(&answer);
	else
		client_print_object(client, answer.json);
	return code;
}

int
webhook_command_patch(const struct args *args)
{
	return send_draft(args, false, patch);
}

static int
set_state(const struct args *args, struct str state)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(client_close) struct client client;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	buf_printf(&body, "{\"state\":\"%.*s\"}", STR_ARG(state));
	return patch(&client, args, &body);
}

int
webhook_command_enable(const struct args *args)
{
	return set_state(args, STR("ENABLED"));
}

int
webhook_command_disable(const struct args *args)
{
	return set_state(args, STR("DISABLED"));
}

static void
print_webhooks(struct client *client, struct json list)
{
	static const char *const headings[] = {
		"ID", "NAME", "STATE", "STATUS", "DESTINATION", "FILTER"};
	static const char *const members[] = {
		"id", "name", "state", "status", "destination", "filter"};
	struct json items = json_member(list, STR("items"));
	struct json_walk walk = json_walk(items);
	struct output_table table =
		output_table_make(headings, COUNT_OF(headings));
	int64_t total = 0;

	while (json_walk_next(&walk)) {
		for (size_t i = 0; i < COUNT_OF(members); i++)
			output_table_cell(&table,
				client_text(client, walk.value, members[i]));
	}
	output_table_print(&table);
	output_table_release(&table);
	if (json_to_integer(json_member(list, STR("total")), &total) &&
		total > (int64_t)json_count(items))
		output_hint("%zu of %lld; --limit and --offset show others",
			json_count(items), (long long)total);
}

int
webhook_command_list(const struct args *args)
{
	CLEANUP(buf_release) struct buf path = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	buf_append(&path, STR(WEBHOOKS));
	for (size_t i = 0; i < webhook_list_table.count; i++) {
		const char *name = webhook_list_table.rows[i].name;

		client_append_query(&path, name, args_value(args, name));
	}
	code = client_simple(&client, "GET", buf_text(&path), &answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json)
		client_print_raw(&answer);
	else
		print_webhooks(&client, answer.json);
	return EXIT_DONE;
}

int
webhook_command_get(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "GET",
			path_of(&client, args->operands[0]), &answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json)
		client_print_raw(&answer);
	else
		client_print_object(&client, answer.json);
	return EXIT_DONE;
}

int
webhook_command_delete(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	int result = client_open(&client, args);

	for (size_t i = 0; i < args->operand_count && result != EXIT_USAGE;
		i++) {
		struct client_answer answer;
		int code = client_simple(&client, "DELETE",
			path_of(&client, args->operands[i]), &answer);

		/* The others are deleted all the same. */
		if (code != EXIT_DONE && result == EXIT_DONE)
			result = code;
		if (code == EXIT_UNREACHABLE)
			break;
		if (code == EXIT_DONE && !client.is_json)
			output_hint("deleted %s", args->operands[i]);
	}
	return result;
}

int
webhook_command_test(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "POST",
			client_path(
				&client, WEBHOOKS "/{}/test", args->operands),
			&answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json)
		client_print_raw(&answer);
	else
		client_print_object(&client, answer.json);
	return EXIT_DONE;
}

int
webhook_command_rotate_secret(const struct args *args)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	CLEANUP(client_close) struct client client;
	struct json_out out = json_out_make(&body);
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	json_out_object(&out, NULL);
	json_out_text(&out, "overlap", args_value(args, "overlap"));
	json_out_end(&out);
	code = client_send_json(&client, "POST",
		client_path(
			&client, WEBHOOKS "/{}/secret/rotate", args->operands),
		&body, &answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json)
		client_print_raw(&answer);
	else
		client_print_object(&client, answer.json);
	return EXIT_DONE;
}

static int
send_elsewhere(struct client *client, const char *path, const char *destination,
	struct client_answer *answer)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);

	json_out_object(&out, NULL);
	json_out_text(&out, "destination", destination);
	json_out_end(&out);
	return client_send_json(client, "POST", path, &body, answer);
}

/** Of an attempt that the answer tells; true when it tells none. */
static bool
was_acknowledged(struct json answer)
{
	struct json attempt = json_member(answer, STR("attempt"));

	return json_is_missing(attempt) ||
	       json_kind(json_member(attempt, STR("acknowledged"))) ==
		       JSON_TRUE;
}

int
webhook_command_retry(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	const char *destination = args_value(args, "destination");
	struct client_answer answer;
	const char *path;
	int code = client_open(&client, args);

	if (code != EXIT_DONE)
		return code;
	path = client_path(&client, "/v1/deliveries/{}/retry", args->operands);
	code = destination ? send_elsewhere(&client, path, destination, &answer)
			   : client_simple(&client, "POST", path, &answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json)
		client_print_raw(&answer);
	else
		client_print_object(&client, answer.json);
	return was_acknowledged(answer.json) ? EXIT_DONE : EXIT_NO;
}

static void
print_deliveries(struct client *client, struct json list)
{
	static const char *const headings[] = {
		"SENT", "STATUS", "ATTEMPT", "STATE", "EVENT", "DELIVERY"};
	static const char *const members[] = {"requestTimestamp", "statusCode",
		"attempt", "state", "eventType", "deliveryId"};
	struct json_walk walk = json_walk(json_member(list, STR("items")));
	struct output_table table =
		output_table_make(headings, COUNT_OF(headings));

	while (json_walk_next(&walk)) {
		for (size_t i = 0; i < COUNT_OF(members); i++)
			output_table_cell(&table,
				client_text(client, walk.value, members[i]));
	}
	output_table_print(&table);
	output_table_release(&table);
}

int
webhook_command_deliveries(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	bool is_one = args->operand_count > 1;
	struct client_answer answer;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "GET",
			client_path(&client,
				is_one ? WEBHOOKS "/{}/deliveries/{}"
				       : WEBHOOKS "/{}/deliveries",
				args->operands),
			&answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json)
		client_print_raw(&answer);
	else if (is_one)
		client_print_object(&client, answer.json);
	else
		print_deliveries(&client, answer.json);
	return EXIT_DONE;
}
