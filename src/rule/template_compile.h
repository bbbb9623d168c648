#pragma once
#include "rule/template_ast.h"
#include "rule/template_lex.h"

/*
 * What compiling writes to: one for a template, or for all leaves of a tree,
 * whose problems and references then form one list each. Internal to
 * rule/template*.
 */
struct template_compiler {
	struct arena *arena;
	struct str path;
	struct str text; /* of the leaf in hand */
	/* a place in `text` whose column is known */
	size_t known_offset, known_column;
	struct template_problem *leaf_error; /* the first of this leaf */
	struct template_problem *first_problem, *last_problem;
	struct template_reference *first_reference, *last_reference;
	bool has_error;
	size_t problem_count;
};

enum {
	/* A source that is nothing but mistakes shall not fill the memory. */
	TEMPLATE_PROBLEMS_MAX = 200,
};

struct template_compiler template_compiler_make(struct arena *arena);

/** Begins a leaf; its text and path are kept. */
void template_compiler_enter(
	struct template_compiler *compiler, struct str path, struct str text);

/** `offset` is a byte of the leaf's text; SIZE_MAX: all of it. */
void template_compiler_error(struct template_compiler *compiler, size_t offset,
	const char *format, ...) PRINTF_LIKE(3, 4);
void template_compiler_warn(struct template_compiler *compiler, size_t offset,
	const char *format, ...) PRINTF_LIKE(3, 4);

void template_compiler_refer(struct template_compiler *compiler, size_t offset,
	uint32_t module, struct str member);

/**
 * Compiles the leaf that was entered. The result is usable also when there
 * were errors: evaluating it fails.
 */
struct template *template_compiler_run(struct template_compiler *compiler);

/**
 * Reads the expression that begins at the lexer's place and ends with `}}`,
 * which is taken. NULL when it is broken; then the lexer stands anywhere.
 */
const struct template_node *template_parse(
	struct template_compiler *compiler, struct template_lexer *lexer);

/** The column, from 1, of a byte of a text. */
size_t template_column(struct str text, size_t offset);
