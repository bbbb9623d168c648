#include "cli/client.h"
#include "cli/output.h"

/* How answers are shown. */

struct str
client_text(struct client *client, struct json object, const char *member)
{
	struct json value = json_member(object, str_of(member));

	switch (json_kind(value)) {
	case JSON_STRING: return json_string(value, &client->arena);
	case JSON_NULL:
	case JSON_MISSING: return STR("");
	case JSON_FALSE:
	case JSON_TRUE:
	case JSON_NUMBER:
	case JSON_ARRAY:
	case JSON_OBJECT: break;
	}
	return json_raw(value);
}

void
client_print_raw(const struct client_answer *answer)
{
	struct str body = answer->body;

	output_write(body);
	if (body.len > 0 && body.ptr[body.len - 1] != '\n')
		output_write(STR("\n"));
}

void
client_print_object(struct client *client, struct json object)
{
	CLEANUP(buf_release) struct buf out = buf_make(0);
	struct json_walk walk = json_walk(object);
	size_t widest = 0;

	while (json_walk_next(&walk)) {
		size_t columns =
			output_columns(json_string(walk.key, &client->arena));

		if (columns > widest)
			widest = columns;
	}
	if (widest > 30)
		widest = 30;
	walk = json_walk(object);
	while (json_walk_next(&walk)) {
		struct str name = json_string(walk.key, &client->arena);
		enum json_kind kind = json_kind(walk.value);
		size_t columns = output_columns(name);

		output_append_safe(&out, name, 0);
		buf_printf(&out, "%*s  ",
			columns < widest ? (int)(widest - columns) : 0, "");
		if (kind == JSON_STRING)
			output_append_safe(&out,
				json_string(walk.value, &client->arena), 0);
		else
			output_append_json(&out, walk.value, "");
		buf_append_char(&out, '\n');
	}
	output_write(buf_str(&out));
}
