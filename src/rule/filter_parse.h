#pragma once
#include "rule/filter_build.h"
#include "rule/filter_lex.h"

/*
 * The grammar, by recursive descent. Loosest first:
 *
 *   or       = and *( "or" and )
 *   and      = not *( "and" not )
 *   not      = "not" not / compare
 *   compare  = add [ ( "eq" / … / "le" ) add / "in" ( list / path ) ]
 *   add      = mul *( ( "add" / "sub" ) mul )
 *   mul      = unary *( ( "mul" / "div" / "divby" / "mod" ) unary )
 *   unary    = "-" unary / operand
 *   operand  = "(" or ")" / literal / call / path
 *
 * filter_parse.c has it down to unary, filter_literal.c literals and lists,
 * filter_operand.c the rest. A function
 * of the grammar returns a node, or FILTER_NONE once anything has failed; the
 * first failure is the one that is reported.
 */
struct filter_parser {
	struct filter_lexer lexer; /* behind `next` */
	struct filter_token token;
	struct filter_token next;
	struct filter_build build;
	unsigned depth;
	unsigned leaves;
	struct str variables[FILTER_DEPTH_MAX];
	unsigned variable_count;
	bool is_of_data; /* every path is $data/… (filter_compile_of_type) */
	enum err err;
	size_t error_offset;
	struct buf *why;
};

/** What is wrong with a text as such: its length, its bytes. */
enum err filter_check_text(struct str text, size_t *ret_column, struct buf *why)
	MUST_USE;

/** The whole text as a node. */
uint32_t filter_parse(struct filter_parser *parser);

/** `or`: what stands in parentheses and as a lambda's body. */
uint32_t filter_parse_expression(struct filter_parser *parser);

/** `add`: what stands in a comparison and as an argument. */
uint32_t filter_parse_operand(struct filter_parser *parser);

/** `operand`: what unary minus stands before. */
uint32_t filter_parse_primary(struct filter_parser *parser);

/** Whether the sign here belongs to the number right behind it. */
bool filter_operand_is_signed(const struct filter_parser *parser);

/** A path, for the right side of `in`. */
uint32_t filter_parse_path(struct filter_parser *parser);

/** `(…)` or `[…]` behind `in`. Appends the items' nodes to `items`. */
bool filter_parse_list(struct filter_parser *parser, bool of_envelope,
	uint32_t *items, size_t *count);

/** Whether the parser stood at a literal. */
enum filter_outcome {
	FILTER_ABSENT, /* no: nothing was read */
	FILTER_READ,
	FILTER_FAILED, /* it is one that does not exist; reported */
};
enum filter_outcome filter_parse_literal(
	struct filter_parser *parser, struct filter_value *ret);

/** Takes a string token; doubled quotes are undone. */
struct str filter_take_string(struct filter_parser *parser);

/* What all of the grammar is made of. */

/** A word or $word with exactly these letters, not a text in quotes. */
bool filter_is_spelled(struct filter_token token, const char *word);
bool filter_is_before_slash(const struct filter_parser *parser);

void filter_advance(struct filter_parser *parser);
struct filter_token filter_peek(const struct filter_parser *parser);
bool filter_at_word(const struct filter_parser *parser, const char *word);
bool filter_at_mark(const struct filter_parser *parser, char mark);
/** Steps over the mark, or fails. */
bool filter_expect_mark(struct filter_parser *parser, char mark);

/** Fails at the token: "column 3: found 'x', expected …; hint". */
uint32_t filter_expected(struct filter_parser *parser, const char *expected);
/** Fails at an offset with a message of one's own. */
uint32_t filter_fail(struct filter_parser *parser, enum err err, size_t offset,
	const char *message);

/** One level deeper; false when that is too deep. */
bool filter_enter(struct filter_parser *parser);
void filter_leave(struct filter_parser *parser);

/** Counts what evaluation has to do; false when it is too much. */
bool filter_count_leaf(struct filter_parser *parser, size_t offset);

/** Whether the word stands where an operator may: eq, and, add, in, … */
bool filter_is_infix(struct str word);

/** Whether the node is the path `type` or `operation`. */
bool filter_is_envelope(const struct filter_parser *parser, uint32_t node);
