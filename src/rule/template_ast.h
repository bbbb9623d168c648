#pragma once
#include "rule/template.h"

/*
 * A compiled template: pieces of plain text and expressions, whose nodes are
 * in the arena it was compiled into. Internal to rule/template*.
 */
struct template_function;
struct template_variable;

enum template_node_kind {
	TEMPLATE_LITERAL,
	TEMPLATE_VARIABLE, /* now, uuid, … */
	TEMPLATE_BUNDLE,   /* 12, or `12` */
	TEMPLATE_SCOPE,	   /* var.scenario */
	TEMPLATE_SELECT,   /* base.name[index] */
	TEMPLATE_NEGATE,
	TEMPLATE_CHAIN, /* a + b - c: operators of one precedence */
	TEMPLATE_CALL,
};

enum template_operator {
	TEMPLATE_OR,
	TEMPLATE_AND,
	TEMPLATE_EQUAL,
	TEMPLATE_NOT_EQUAL,
	TEMPLATE_LESS,
	TEMPLATE_LESS_OR_EQUAL,
	TEMPLATE_GREATER,
	TEMPLATE_GREATER_OR_EQUAL,
	TEMPLATE_ADD,
	TEMPLATE_SUBTRACT,
	TEMPLATE_MULTIPLY,
	TEMPLATE_DIVIDE,
	TEMPLATE_MODULO,
};

enum template_selector_kind {
	TEMPLATE_BY_NAME,
	TEMPLATE_BY_INDEX,
	TEMPLATE_FIRST, /* [] */
};

struct template_selector {
	enum template_selector_kind kind;
	struct str name;
	const struct template_node *index;
};

struct template_node {
	enum template_node_kind kind;
	uint32_t offset; /* byte of the template's text where it starts */
	union {
		struct value literal;
		const struct template_variable *variable;
		uint32_t module;
		struct str scope;
		const struct template_node *operand;
		struct {
			const struct template_node *base;
			const struct template_selector *selectors;
			size_t count;
		} select;
		struct {
			/* operators[i] stands before operands[i + 1] */
			const struct template_node *const *operands;
			const enum template_operator *operators;
			size_t count;
		} chain;
		struct {
			const struct template_function *function;
			const struct template_node *const *args;
			size_t count;
		} call;
	} as;
};

struct template_piece {
	struct str text; /* when there is no expression */
	const struct template_node *expression;
};

struct template
{
	struct str text;
	const struct template_piece *pieces;
	size_t piece_count;
	bool is_single; /* one expression and nothing else */
	const struct template_problem *error; /* why it cannot be evaluated */
	const struct template_reference *references; /* not of leaves */
};
