#include "cli/webhook_draft.h"

#include "base/json_out.h"
#include "cli/webhook_delivery_options.h"

/** The two halves of "Name: value". */
static enum err
read_header(
	const char *text, struct str *name, struct str *value, struct buf *why)
{
	struct str rest = str_of(text);

	if (str_find_char(rest, ':') == SIZE_MAX) {
		buf_printf(why,
			"--header: \"%.80s\" has no colon; expected "
			"'Name: value'",
			text);
		return ERR_INVALID;
	}
	*name = str_trim(str_split(&rest, ':'));
	*value = str_trim(rest);
	if (name->len == 0) {
		buf_printf(why,
			"--header: \"%.80s\" has no name before the colon; "
			"expected 'Name: value'",
			text);
		return ERR_INVALID;
	}
	return ERR_OK;
}

static enum err
write_headers(const struct args *args, struct json_out *out, struct buf *why)
{
	const char *text;
	size_t at = 0;

	json_out_object(out, "headers");
	while ((text = args_next(args, "header", &at)) != NULL) {
		struct str name, value;
		enum err err = read_header(text, &name, &value, why);

		if (err != ERR_OK)
			return err;
		json_out_key(out, name);
		json_out_string(out, NULL, value);
	}
	at = 0;
	while ((text = args_next(args, "remove-header", &at)) != NULL) {
		json_out_key(out, str_of(text));
		json_out_null(out, NULL);
	}
	json_out_end(out);
	return ERR_OK;
}

static const struct {
	const char *option;
	const char *member;
} texts[] = {
	{"name", "name"},
	{"destination", "destination"},
	{"filter", "filter"},
};

bool
webhook_draft_is_native(const struct args *args, bool is_whole)
{
	const char *dialect = is_whole ? args_value(args, "dialect") : NULL;

	return !is_whole || webhook_delivery_options_given(args) ||
	       (dialect && strcmp(dialect, "native") == 0);
}

static enum err
write_texts(const struct args *args, bool is_whole, struct json_out *out,
	struct buf *why)
{
	bool is_native = webhook_draft_is_native(args, is_whole);

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const char *value = args_value(args, texts[i].option);
		bool is_filter = strcmp(texts[i].member, "filter") == 0;

		if (value != NULL) {
			json_out_text(out,
				is_filter && !is_native ? "eventFilter"
							: texts[i].member,
				value);
		} else if (is_whole) {
			buf_printf(why, "--%s is missing", texts[i].option);
			return ERR_INVALID;
		}
	}
	return ERR_OK;
}

enum err
webhook_draft_write(const struct args *args, bool is_whole, struct buf *out,
	struct buf *why)
{
	struct json_out json = json_out_make(out);
	const char *state = args_value(args, "state");
	bool has_headers = args_is_given(args, "header") ||
			   args_is_given(args, "remove-header");
	enum err err;

	json_out_object(&json, NULL);
	err = write_texts(args, is_whole, &json, why);
	if (err != ERR_OK)
		return err;
	if (state != NULL)
		json_out_text(&json, "state",
			strcmp(state, "disabled") ? "ENABLED" : "DISABLED");
	if (has_headers || is_whole)
		err = write_headers(args, &json, why);
	if (err == ERR_OK)
		err = webhook_delivery_options_write(args, &json, why);
	if (err != ERR_OK)
		return err;
	json_out_end(&json);
	if (out->len == 2) {
		buf_append(why,
			STR("nothing to change; give --name, --destination, "
			    "--filter, --state, --header, --remove-header or "
			    "an option of how it delivers"));
		return ERR_INVALID;
	}
	return ERR_OK;
}
