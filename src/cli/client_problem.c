#include "cli/client_problem.h"

#include "cli/command.h"
#include "cli/output.h"

int
client_problem_unreachable(const struct client *client, struct str error)
{
	output_error("cannot reach the hub at %s: %.*s", client->url,
		STR_ARG(error));
	output_hint("is it running there? --url or GRAPNEL_URL names another");
	return EXIT_UNREACHABLE;
}

static int
code_of(int status)
{
	switch (status) {
	case 401:
	case 403: return EXIT_DENIED;
	case 404: return EXIT_MISSING;
	default: return EXIT_NO;
	}
}

/** Unless the message says just that. */
static void
tell_issue(struct client *client, struct json issue, struct str message)
{
	struct str subject = client_text(client, issue, "subject");
	struct str text = client_text(client, issue, "description");
	struct str both = arena_printf(
		&client->arena, "%.*s: %.*s", STR_ARG(subject), STR_ARG(text));

	if (!str_equal(both, message))
		output_hint("%.*s", STR_ARG(both));
}

/** Tells the issues and the pause that an error body lists. */
static void
tell_details(struct client *client, struct json details, struct str message)
{
	struct json_walk walk = json_walk(details);

	while (json_walk_next(&walk)) {
		struct json_walk issues =
			json_walk(json_member(walk.value, STR("issues")));
		struct str pause =
			client_text(client, walk.value, "retryAfterSeconds");

		while (json_walk_next(&issues))
			tell_issue(client, issues.value, message);
		if (pause.len > 0)
			output_hint("try again in %.*s s", STR_ARG(pause));
	}
}

static void
hint_at_token(const struct client *client, int status)
{
	if (status == 401 && client->token == NULL)
		output_hint("no token was sent; set GRAPNEL_TOKEN or give "
			    "--token");
	else if (status == 401)
		output_hint("the hub does not know this token; `grapnel key "
			    "create` makes one");
	else if (status == 403)
		output_hint("the token's role is not enough for this");
}

int
client_problem_refused(
	struct client *client, const struct client_answer *answer)
{
	struct str message = client_text(client, answer->json, "message");
	struct str code = client_text(client, answer->json, "errorCode");
	struct str id = client_text(client, answer->json, "debugId");
	struct str rest = str_head(answer->body, 300);
	struct str line = str_split(&rest, '\n');

	if (client->is_json && !json_is_missing(answer->json)) {
		fprintf(output_err(), "%.*s\n", STR_ARG(answer->body));
		return code_of(answer->status);
	}
	if (message.len == 0)
		output_error("%s answered %d, and not as a hub does: %.*s",
			client->url, answer->status, STR_ARG(line));
	else
		output_error("the hub refused with %d%s%.*s: %.*s",
			answer->status, code.len ? " " : "", STR_ARG(code),
			STR_ARG(message));
	tell_details(client, json_member(answer->json, STR("errorDetails")),
		message);
	hint_at_token(client, answer->status);
	if (id.len > 0)
		output_hint("the hub's log has more under debugId %.*s",
			STR_ARG(id));
	return code_of(answer->status);
}
