#pragma once
#include "rule/template_compile.h"

/*
 * The parser, for the two files it is in: template_parse.c has the grammar,
 * template_parse_reference.c what looks into bundles. Internal.
 */
struct template_parser {
	struct template_compiler *compiler;
	struct template_lexer *lexer;
	struct template_token token; /* the next one */
	int depth;
	bool failed;
};

/** The next token, and whether it is this one. */
void template_parser_advance(struct template_parser *p);
bool template_parser_is_at(const struct template_parser *p, const char *raw);
bool template_parser_take(struct template_parser *p, const char *raw);

/** Tells the first mistake: what was found, and what should be there. */
void template_parser_expected(struct template_parser *p, const char *what);

struct template_node *template_parser_node(
	struct template_parser *p, enum template_node_kind kind, size_t offset);
struct template_node *template_parser_literal(
	struct template_parser *p, size_t offset, struct value value);

const struct template_node *template_parser_expression(
	struct template_parser *p);

/** A module's number, or a name in back-ticks that is one. */
const struct template_node *template_parser_bundle(
	struct template_parser *p, const struct template_token *token);

/** `.name`, `[index]` and `[]` behind a value. */
const struct template_node *template_parser_selectors(
	struct template_parser *p, const struct template_node *base);

/** What follows `var`. */
const struct template_node *template_parser_scope(
	struct template_parser *p, size_t offset);
