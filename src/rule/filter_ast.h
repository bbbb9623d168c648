#pragma once
#include "rule/filter.h"
#include "rule/filter_value.h"

/*
 * The compiled form of a filter: flat arrays in one arena. Nodes name each
 * other, their paths and their literals by index, so the form can be walked,
 * printed, explained and indexed without the text it came from.
 *
 *   a eq 1 and b      nodes: 0 path a  1 literal 1  2 compare eq [0 1]
 *                            3 path b  4 and [2 3]            root: 4
 *
 * `and` and `or` have two or more children and never a child of their own
 * kind.
 */
enum filter_kind {
	FILTER_LITERAL, /* first: index of the literal */
	FILTER_PATH,	/* first: index of the path */
	FILTER_COUNT,	/* path/$count; first: index of the path */
	FILTER_LAMBDA,	/* any, all; first: index of the lambda */
	FILTER_NOT,	/* from here on `first` and `count` are a run of */
	FILTER_AND,	/* `children`: indices of nodes */
	FILTER_OR,
	FILTER_COMPARE,	   /* op: enum filter_operator */
	FILTER_IN_LIST,	   /* the operand, then one literal node an item */
	FILTER_IN_PATH,	   /* the operand, then the path of an array */
	FILTER_ARITHMETIC, /* op: enum filter_operator */
	FILTER_NEGATE,
	FILTER_CALL, /* op: row of the function table */
};

enum filter_operator {
	FILTER_EQ,
	FILTER_NE,
	FILTER_GT,
	FILTER_GE,
	FILTER_LT,
	FILTER_LE,
	FILTER_ADD,
	FILTER_SUB,
	FILTER_MUL,
	FILTER_DIV,
	FILTER_DIVBY,
	FILTER_MOD,
};

struct filter_node {
	uint8_t kind;
	uint8_t op;
	uint16_t count;
	uint32_t first;
};

enum filter_root {
	FILTER_ROOT_TYPE,
	FILTER_ROOT_OPERATION,
	FILTER_ROOT_NEW,
	FILTER_ROOT_OLD,
	FILTER_ROOT_CHANGED,
	FILTER_ROOT_BARE,     /* new/, old/ on Deleted, or an attribute */
	FILTER_ROOT_DATA,     /* the same, never an attribute */
	FILTER_ROOT_VARIABLE, /* of the lambda at nesting level `slot` */
};

/** Interned: equal paths of one filter have one index. */
struct filter_path {
	uint8_t root;
	uint8_t slot;
	uint16_t count;
	uint32_t first; /* of `segments` */
};

struct filter_lambda {
	struct str variable;
	uint32_t path; /* of the collection */
	uint32_t body; /* node, or FILTER_NONE: path/any() */
	uint8_t slot;  /* nesting level of the variable, from 0 */
	bool is_all;
};

enum {
	FILTER_PATH_MAX = 32, /* segments */
};
#define FILTER_NONE UINT32_MAX

struct filter {
	uint32_t root;
	uint32_t node_count;
	uint32_t path_count;
	uint32_t literal_count;
	uint32_t lambda_count;
	uint32_t child_count;
	uint32_t segment_count;
	uint32_t type_count;
	bool is_tied_to_types;
	const struct filter_node *nodes;
	const uint32_t *children;
	const struct filter_path *paths;
	const struct str *segments;
	const struct filter_value *literals;
	const struct filter_lambda *lambdas;
	const struct str *types; /* sorted */
};

static inline const struct filter_node *
filter_child(const struct filter *f, const struct filter_node *node, size_t i)
{
	return &f->nodes[f->children[node->first + i]];
}

/** What an operator is called: "eq". */
const char *filter_operator_name(enum filter_operator op);

/**
 * Appends a part of the filter in canonical spelling. `variables` are the
 * names of the FILTER_DEPTH_MAX nesting levels around it; NULL: none.
 */
void filter_print_node(const struct filter *filter,
	const struct filter_node *node, const struct str *variables,
	struct buf *out);

/** Works out `types` and `is_tied_to_types`; in `arena`. */
void filter_types_find(struct filter *filter, struct arena *arena);
