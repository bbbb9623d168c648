#include "cli/execution_print.h"

#include "cli/output.h"

enum { LINE_COLUMNS = 300, LABEL_COLUMNS = 12 };

/** "    label  text" on a line of its own; nothing for no text. */
static void
append_line(struct buf *out, const char *label, struct str text)
{
	if (text.len == 0)
		return;
	buf_printf(out, "    %-8s", label);
	output_append_safe(out, text, LINE_COLUMNS);
	buf_append_char(out, '\n');
}

/** The value of a path of two members as text; "" when there is none. */
static struct str
inner_text(struct client *client, struct json object, const char *outer,
	const char *inner)
{
	return client_text(client, json_member(object, str_of(outer)), inner);
}

/** What was sent, and what came back: the trace of a step that asks. */
static void
append_trace(struct client *client, struct json trace, struct buf *out)
{
	struct str method = inner_text(client, trace, "request", "method");
	struct str url = inner_text(client, trace, "request", "url");
	struct str status = inner_text(client, trace, "response", "status");
	struct str body = inner_text(client, trace, "response", "body");

	if (method.len)
		append_line(out, "sent",
			arena_printf(&client->arena, "%.*s %.*s",
				STR_ARG(method), STR_ARG(url)));
	if (status.len)
		append_line(out, "answer",
			arena_printf(&client->arena, "%.*s %.*s",
				STR_ARG(status), STR_ARG(body)));
}

static void
append_failure(struct client *client, struct json step, struct buf *out)
{
	buf_printf(out, "    %s%-8s", output_colour(output_out(), OUTPUT_RED),
		"failed");
	output_append_safe(out, client_text(client, step, "failure"), 0);
	buf_append(out, STR(": "));
	output_append_safe(out, client_text(client, step, "message"), 0);
	buf_printf(out, "%s\n", output_reset(output_out()));
}

void
execution_append_step(struct client *client, struct json step, struct buf *out)
{
	struct str label = client_text(client, step, "label");
	bool has_failed = client_text(client, step, "failure").len > 0;

	buf_append_char(out, '\n');
	output_append_safe(out, client_text(client, step, "ordinal"), 0);
	buf_append(out, STR("  "));
	output_append_safe(out, client_text(client, step, "name"), 0);
	if (label.len) {
		buf_append(out, STR(": "));
		output_append_safe(out, label, 0);
	}
	buf_append(out, STR("  "));
	output_append_safe(out, client_text(client, step, "place"), 0);
	buf_append_char(out, '\n');
	append_line(out, "in", client_text(client, step, "input"));
	if (has_failed)
		append_failure(client, step, out);
	else
		append_line(out, "out", client_text(client, step, "output"));
	append_trace(client, json_member(step, STR("trace")), out);
}

void
execution_append(struct client *client, struct json execution, struct buf *out)
{
	static const char *const members[] = {"id", "scenarioName", "state",
		"error", "cause", "createdAt", "endedAt", "dueAt", "attempts",
		"operations", "trigger"};
	struct json_walk walk = json_walk(json_member(execution, STR("steps")));

	for (size_t i = 0; i < COUNT_OF(members); i++) {
		struct str text = client_text(client, execution, members[i]);

		if (text.len == 0)
			continue;
		buf_printf(out, "%-*s  ", LABEL_COLUMNS, members[i]);
		output_append_safe(out, text, LINE_COLUMNS);
		buf_append_char(out, '\n');
	}
	while (json_walk_next(&walk))
		execution_append_step(client, walk.value, out);
}
