#include "cli/config_file.h"

#include <errno.h>
#include <libfyaml.h>

#include "cli/file.h"
#include "cli/suggest.h"

struct reading {
	struct settings *settings;
	const char *name;
	struct buf *why;
};

/** "grapnel.yaml:3:11" of a node, or of the file when it has no place. */
static const char *
place_of(struct reading *reading, struct fy_node *node)
{
	struct fy_token *token = fy_node_get_scalar_token(node);
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	enum fy_node_style style = fy_node_get_style(node);
	/* The mark of a quoted text is behind its quote. */
	int quote = style == FYNS_DOUBLE_QUOTED || style == FYNS_SINGLE_QUOTED;

	if (mark == NULL)
		return reading->name;
	return arena_printf(&reading->settings->arena, "%s:%d:%d",
		reading->name, mark->line + 1, mark->column + 1 - quote)
		.ptr;
}

static enum err
refuse(struct reading *reading, const char *place, const char *key,
	const char *sentence)
{
	buf_printf(reading->why, "%s: %s%s%s", place, key ? key : "",
		key ? ": " : "", sentence);
	return ERR_INVALID;
}

/** The text of a plain or quoted scalar; false for all else. */
static bool
scalar_text(struct fy_node *node, struct str *ret)
{
	size_t len = 0;
	const char *text;

	if (node == NULL || !fy_node_is_scalar(node) || fy_node_is_alias(node))
		return false;
	text = fy_node_get_scalar(node, &len);
	*ret = str_make(text, text ? len : 0);
	return true;
}

/** Plain null, ~ or nothing: a key that was left without a value. */
static bool
is_null(struct fy_node *node, struct str text)
{
	return fy_node_get_style(node) == FYNS_PLAIN &&
	       (text.len == 0 || str_equal(text, STR("~")) ||
		       str_equal(text, STR("null")));
}

static enum err
apply_sequence(struct reading *reading, const struct setting *setting,
	struct fy_node *sequence, const char *place)
{
	struct str items[SETTING_LIST_MAX + 1];
	size_t count = 0;
	void *cursor = NULL;
	struct fy_node *item;

	if (setting->kind != SETTING_LIST)
		return refuse(reading, place, setting->name,
			"is a list; expected one value");
	while ((item = fy_node_sequence_iterate(sequence, &cursor)) != NULL) {
		if (count == COUNT_OF(items))
			break;
		place = place_of(reading, item);
		if (!scalar_text(item, &items[count]))
			return refuse(reading, place, setting->name,
				"has an item that is not a plain text");
		count++;
	}
	return settings_set(reading->settings, setting,
		(struct setting_origin){SETTING_FROM_FILE,
			arena_printf(&reading->settings->arena, "%s: %s", place,
				setting->name)
				.ptr},
		items, count, reading->why);
}

static enum err
apply_value(struct reading *reading, const struct setting *setting,
	struct fy_node *value, const char *place)
{
	struct str text;

	if (value != NULL && fy_node_is_sequence(value))
		return apply_sequence(reading, setting, value, place);
	if (value != NULL && fy_node_is_mapping(value))
		return refuse(reading, place, setting->name,
			"is a mapping; expected one value");
	if (!scalar_text(value, &text))
		return refuse(reading, place, setting->name,
			"is an alias; expected the value itself");
	if (is_null(value, text))
		return refuse(reading, place, setting->name,
			"has no value; give it one or leave it out");
	place = arena_printf(&reading->settings->arena, "%s: %s",
		place_of(reading, value), setting->name)
			.ptr;
	return settings_set(reading->settings, setting,
		(struct setting_origin){SETTING_FROM_FILE, place}, &text, 1,
		reading->why);
}

static enum err
refuse_unknown(struct reading *reading, const char *place, struct str key)
{
	const char *near = NULL;
	struct suggest suggest = suggest_make(key);

	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		suggest_consider(&suggest, settings_table[i].name);
	near = suggest_best(&suggest);
	buf_printf(reading->why, "%s: there is no setting \"%.*s\"", place,
		STR_ARG(str_head(key, 80)));
	if (near != NULL)
		buf_printf(reading->why, "; did you mean %s?", near);
	else
		buf_append(
			reading->why, STR("; `grapnel help serve` lists them"));
	return ERR_INVALID;
}

static enum err
apply_pair(struct reading *reading, struct fy_node_pair *pair)
{
	struct fy_node *key = fy_node_pair_key(pair);
	const char *place = place_of(reading, key);
	const struct setting *setting;
	struct str name;

	if (!scalar_text(key, &name))
		return refuse(reading, place, NULL,
			"a key is not a plain text; expected the name of a "
			"setting");
	setting = settings_find(name);
	if (setting == NULL)
		return refuse_unknown(reading, place, name);
	return apply_value(reading, setting, fy_node_pair_value(pair), place);
}

static enum err
apply_document(struct reading *reading, struct fy_document *document)
{
	struct fy_node *root = fy_document_root(document);
	struct fy_node_pair *pair;
	void *cursor = NULL;
	struct str text;

	if (root == NULL || (scalar_text(root, &text) && is_null(root, text)))
		return ERR_OK;
	if (!fy_node_is_mapping(root))
		return refuse(reading, place_of(reading, root), NULL,
			"expected settings as `name: value`, one a line");
	while ((pair = fy_node_mapping_iterate(root, &cursor)) != NULL) {
		enum err err = apply_pair(reading, pair);

		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

/** Puts the parser's first complaint into `why`. */
static enum err
refuse_syntax(struct reading *reading, struct fy_diag *diag)
{
	struct fy_diag_error *error;
	void *cursor = NULL;

	error = fy_diag_errors_iterate(diag, &cursor);
	if (error == NULL)
		return refuse(reading, reading->name, NULL, "is not YAML");
	buf_printf(reading->why, "%s:%d:%d: is not YAML: %s", reading->name,
		error->line, error->column, error->msg ? error->msg : "?");
	return ERR_INVALID;
}

static enum err
parse(struct reading *reading, struct fy_parser *parser, struct fy_diag *diag)
{
	struct fy_document *document = fy_parse_load_document(parser);
	struct fy_document *second = NULL;
	enum err err = ERR_OK;

	if (document == NULL) {
		/* An empty text has no document and no error either. */
		if (fy_diag_got_error(diag))
			err = refuse_syntax(reading, diag);
		return err;
	}
	err = apply_document(reading, document);
	if (err == ERR_OK) {
		second = fy_parse_load_document(parser);
		if (second != NULL)
			err = refuse(reading, reading->name, NULL,
				"has a second YAML document (---); expected "
				"one");
		else if (fy_diag_got_error(diag))
			err = refuse_syntax(reading, diag);
	}
	fy_parse_document_destroy(parser, second);
	fy_parse_document_destroy(parser, document);
	return err;
}

enum err
config_file_apply(struct settings *settings, const char *name, struct str text,
	struct buf *why)
{
	struct reading reading = {settings, name, why};
	struct fy_parse_cfg config = {.flags = FYPCF_QUIET};
	struct fy_parser *parser = NULL;
	struct fy_diag *diag;
	enum err err;

	if (text.len > CONFIG_FILE_MAX) {
		buf_printf(why, "%s: is longer than 1 MiB", name);
		return ERR_LIMIT;
	}
	if (!str_is_utf8(text) ||
		(text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL))
		return refuse(&reading, name, NULL, "is not a UTF-8 text");
	if (text.len == 0)
		return ERR_OK;
	diag = fy_diag_create(NULL);
	if (diag != NULL) {
		fy_diag_set_collect_errors(diag, true);
		config.diag = diag;
		parser = fy_parser_create(&config);
	}
	if (parser == NULL || fy_parser_set_string(parser, text.ptr, text.len))
		err = refuse(&reading, name, NULL, "cannot be read as YAML");
	else
		err = parse(&reading, parser, diag);
	fy_parser_destroy(parser);
	fy_diag_destroy(diag);
	return err;
}

enum err
config_file_read(struct settings *settings, const char *path, struct buf *why)
{
	CLEANUP(buf_release) struct buf text = buf_make(CONFIG_FILE_MAX);
	enum err err = file_read(path, &text, why);

	if (err != ERR_OK)
		return err;
	return config_file_apply(settings, path, buf_str(&text), why);
}
