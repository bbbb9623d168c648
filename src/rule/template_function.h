#pragma once
#include "rule/template_ast.h"
#include "rule/template_run.h"

/*
 * The functions of the language: a table a group, a row a function. Docs and
 * the import check read the rows too.
 *
 * A function never fails on a value of the wrong kind: what cannot be coerced
 * gives an empty result. It charges its work (template_run.h) and stops when
 * the run is over.
 */
enum { TEMPLATE_MANY = 255 /* any number of arguments */ };

/** In .arrays: what comes behind its parameters expects one too. */
#define TEMPLATE_REST (1u << 31)

/** Which parameters expect an array: a reference that ends in [] is then
 *  the whole array. */
#define TEMPLATE_ARRAY(index) (1u << (index))

struct template_function {
	const char *name;
	const char *signature; /* "(text; start; [end])" */
	const char *summary;
	bool is_fusion; /* documented by Adobe Workfront Fusion only */
	uint8_t args_min;
	uint8_t args_max; /* TEMPLATE_MANY */
	uint32_t arrays;
	/** Arguments left out are empty values; there are args_max of them at
	 *  least, unless it is TEMPLATE_MANY. */
	struct value (*apply)(struct template_run *run,
		const struct value *args, size_t count);
	/** Instead of apply: evaluates only what it needs. */
	struct value (*lazy)(struct template_run *run,
		const struct template_node *const *args, size_t count);
};

struct template_group {
	const char *title;
	const struct template_function *rows;
	size_t count;
};

extern const struct template_group template_general_functions;
extern const struct template_group template_text_functions;
extern const struct template_group template_math_functions;
extern const struct template_group template_date_functions;
extern const struct template_group template_date_part_functions;
extern const struct template_group template_array_functions;

/** The groups, with NULL behind the last. */
extern const struct template_group *const template_groups[];

/** The row of a name, in its exact spelling; or NULL. */
const struct template_function *template_function_find(struct str name);

/** The name of the function that differs only in case, or NULL. */
const char *template_function_similar(struct str name);

/** Keywords have a fixed value; variables are asked for when they are met. */
struct template_variable {
	const char *name;
	const char *summary;
	bool is_fusion;
	struct value (*get)(struct template_run *run);
};

struct template_keyword {
	const char *name;
	const char *summary;
	struct value value;
};

extern const struct template_variable template_variables[];
extern const size_t template_variable_count;
extern const struct template_keyword template_keywords[];
extern const size_t template_keyword_count;
