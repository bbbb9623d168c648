#include <libfyaml.h>

#include "base/json_out.h"
#include "base/mem.h"
#include "flow/blueprint.h"

/*
 * YAML to JSON: mappings with plain keys, sequences, scalars of YAML 1.2's
 * core schema that JSON has too; the rest are texts. No aliases, so that a
 * small text cannot become a large one. libfyaml bounds the depth.
 */
struct yaml {
	struct arena *arena;
	struct buf *json;
	struct buf *why;
};

static enum err write_node(struct yaml *yaml, struct fy_node *node);

static enum err
refuse(struct yaml *yaml, struct fy_node *node, const char *what)
{
	struct fy_token *token = node ? fy_node_get_scalar_token(node) : NULL;
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	char *path = node && !mark ? fy_node_get_path(node) : NULL;

	if (mark)
		buf_printf(yaml->why, "line %d column %d: %s", mark->line + 1,
			mark->column + 1, what);
	else
		buf_printf(yaml->why, "%s: %s", path ? path : "YAML", what);
	mem_free(path);
	return ERR_INVALID;
}

/** Numbers and words that JSON writes the same. */
static bool
is_json_word(struct str text, struct arena *arena)
{
	struct json_doc doc;
	enum json_kind kind;

	if (text.len == 0 || text.len > 64 ||
		json_read(text, arena, &doc, NULL))
		return false;
	kind = json_kind(json_root(&doc));
	return kind == JSON_NUMBER || kind == JSON_TRUE || kind == JSON_FALSE;
}

static enum err
write_scalar(struct yaml *yaml, struct fy_node *node)
{
	size_t len = 0;
	const char *ptr = fy_node_get_scalar(node, &len);
	struct str text = str_make(ptr, ptr ? len : 0);
	bool is_plain = fy_node_get_style(node) == FYNS_PLAIN;

	if (fy_node_is_alias(node))
		return refuse(yaml, node, "aliases are not read here");
	if (is_plain && (text.len == 0 || str_equal(text, STR("~")) ||
				str_equal(text, STR("null"))))
		return buf_append(yaml->json, STR("null"));
	if (is_plain && is_json_word(text, yaml->arena))
		return buf_append(yaml->json, text);
	json_out_quote(yaml->json, text);
	return ERR_OK;
}

static enum err
write_sequence(struct yaml *yaml, struct fy_node *node)
{
	void *cursor = NULL;
	struct fy_node *item;
	enum err err = ERR_OK;
	bool is_first = true;

	buf_append_char(yaml->json, '[');
	while (!err && (item = fy_node_sequence_iterate(node, &cursor))) {
		if (!is_first)
			buf_append_char(yaml->json, ',');
		is_first = false;
		err = write_node(yaml, item);
	}
	buf_append_char(yaml->json, ']');
	return err;
}

static enum err
write_pair(struct yaml *yaml, struct fy_node_pair *pair)
{
	struct fy_node *key = fy_node_pair_key(pair);
	struct fy_node *value = fy_node_pair_value(pair);
	size_t len = 0;
	const char *text;

	if (!key || !fy_node_is_scalar(key) || fy_node_is_alias(key))
		return refuse(yaml, fy_node_pair_value(pair),
			"a key is not a plain text (a text with {{…}} must "
			"stand in quotes)");
	text = fy_node_get_scalar(key, &len);
	json_out_quote(yaml->json, str_make(text, text ? len : 0));
	buf_append_char(yaml->json, ':');
	return value ? write_node(yaml, value)
		     : buf_append(yaml->json, STR("null"));
}

static enum err
write_mapping(struct yaml *yaml, struct fy_node *node)
{
	void *cursor = NULL;
	struct fy_node_pair *pair;
	enum err err = ERR_OK;
	bool is_first = true;

	buf_append_char(yaml->json, '{');
	while (!err && (pair = fy_node_mapping_iterate(node, &cursor))) {
		if (!is_first)
			buf_append_char(yaml->json, ',');
		is_first = false;
		err = write_pair(yaml, pair);
	}
	buf_append_char(yaml->json, '}');
	return err;
}

static enum err
write_node(struct yaml *yaml, struct fy_node *node)
{
	enum err err;

	if (fy_node_is_mapping(node))
		err = write_mapping(yaml, node);
	else if (fy_node_is_sequence(node))
		err = write_sequence(yaml, node);
	else
		err = write_scalar(yaml, node);
	if (!err && buf_is_overflown(yaml->json)) {
		buf_append(yaml->why, STR("the blueprint is over 4 MiB large"));
		err = ERR_LIMIT;
	}
	return err;
}

static enum err
refuse_syntax(struct yaml *yaml, struct fy_diag *diag)
{
	struct fy_diag_error *error;
	void *cursor = NULL;

	error = fy_diag_errors_iterate(diag, &cursor);
	if (!error)
		return refuse(yaml, NULL, "expected a document");
	buf_printf(yaml->why, "line %d column %d: %s", error->line,
		error->column, error->msg ? error->msg : "is not YAML");
	return ERR_INVALID;
}

static enum err
read_document(struct yaml *yaml, struct fy_parser *parser, struct fy_diag *diag)
{
	struct fy_document *document = fy_parse_load_document(parser);
	struct fy_document *second;
	struct fy_node *root;
	enum err err;

	if (!document)
		return refuse_syntax(yaml, diag);
	root = fy_document_root(document);
	err = root ? write_node(yaml, root)
		   : refuse(yaml, NULL, "expected a mapping");
	second = err ? NULL : fy_parse_load_document(parser);
	if (second)
		err = refuse(yaml, NULL, "expected one document, found two");
	else if (!err && fy_diag_got_error(diag))
		err = refuse_syntax(yaml, diag);
	fy_parse_document_destroy(parser, second);
	fy_parse_document_destroy(parser, document);
	return err;
}

enum err
blueprint_from_yaml(struct str yaml, struct arena *arena, struct str *ret_json,
	struct buf *why)
{
	CLEANUP(buf_release) struct buf json = buf_make(BLUEPRINT_BYTES_MAX);
	struct yaml reading = {arena, &json, why};
	struct fy_parse_cfg config = {.flags = FYPCF_QUIET};
	struct fy_parser *parser;
	enum err err;

	if (yaml.len > BLUEPRINT_BYTES_MAX) {
		buf_append(why, STR("the blueprint is over 4 MiB large"));
		return ERR_LIMIT;
	}
	if (str_trim(yaml).len == 0) {
		buf_append(why, STR("it is empty, expected a blueprint"));
		return ERR_INVALID;
	}
	if (!str_is_utf8(yaml) || memchr(yaml.ptr, '\0', yaml.len))
		return refuse(&reading, NULL, "expected a text in UTF-8");
	config.diag = fy_diag_create(NULL);
	fy_diag_set_collect_errors(config.diag, true);
	parser = fy_parser_create(&config);
	if (!parser || fy_parser_set_string(parser, yaml.ptr, yaml.len))
		err = refuse(&reading, NULL, "cannot be read");
	else
		err = read_document(&reading, parser, config.diag);
	fy_parser_destroy(parser);
	fy_diag_destroy(config.diag);
	if (!err)
		*ret_json = arena_copy(arena, buf_str(&json));
	return err;
}
