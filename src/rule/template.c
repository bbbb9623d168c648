#include "rule/template.h"

#include "rule/template_compile.h"
#include "rule/template_run.h"

/* ---- problems ---- */

void
template_problem_append(struct buf *out, const struct template_problem *problem)
{
	if (problem->path.len) {
		buf_append(out, problem->path);
		buf_append(out, STR(": "));
	}
	buf_append(out, problem->text);
	if (problem->column)
		buf_printf(out, " (column %zu)", problem->column);
}

static size_t
characters(struct str text, size_t from, size_t to)
{
	size_t count = 0;

	for (size_t i = from; i < to; i++)
		count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
	return count;
}

size_t
template_column(struct str text, size_t offset)
{
	return characters(text, 0, offset < text.len ? offset : text.len) + 1;
}

/* ---- the compiler ---- */

struct template_compiler
template_compiler_make(struct arena *arena)
{
	return (struct template_compiler){.arena = arena};
}

void
template_compiler_enter(
	struct template_compiler *compiler, struct str path, struct str text)
{
	compiler->path = path;
	compiler->text = text;
	compiler->leaf_error = NULL;
	compiler->known_offset = 0;
	compiler->known_column = 1;
}

/** As a rule the places of a text are asked for from left to right. */
static size_t
column_of(struct template_compiler *compiler, size_t offset)
{
	if (offset == SIZE_MAX)
		return 0;
	if (offset < compiler->known_offset)
		return template_column(compiler->text, offset);
	compiler->known_column +=
		characters(compiler->text, compiler->known_offset, offset);
	compiler->known_offset = offset;
	return compiler->known_column;
}

static void
add_problem(struct template_compiler *compiler, bool is_error, size_t offset,
	const struct buf *text)
{
	bool is_first = is_error && compiler->leaf_error == NULL;
	struct template_problem *problem;

	compiler->has_error |= is_error;
	if (compiler->problem_count >= TEMPLATE_PROBLEMS_MAX && !is_first)
		return;
	problem = ARENA_NEW(compiler->arena, struct template_problem);
	problem->is_error = is_error;
	problem->path = compiler->path;
	problem->column = column_of(compiler, offset);
	problem->text = arena_copy(compiler->arena, buf_str(text));
	if (is_first)
		compiler->leaf_error = problem;
	if (compiler->problem_count++ >= TEMPLATE_PROBLEMS_MAX)
		return;
	if (compiler->last_problem)
		compiler->last_problem->next = problem;
	else
		compiler->first_problem = problem;
	compiler->last_problem = problem;
}

enum { PROBLEM_TEXT_MAX = 1000 };

void
template_compiler_error(struct template_compiler *compiler, size_t offset,
	const char *format, ...)
{
	CLEANUP(buf_release) struct buf text = buf_make(PROBLEM_TEXT_MAX);
	va_list args;

	va_start(args, format);
	if (buf_vprintf(&text, format, args))
		buf_append(&text, STR("this is not understood"));
	va_end(args);
	add_problem(compiler, true, offset, &text);
}

void
template_compiler_warn(struct template_compiler *compiler, size_t offset,
	const char *format, ...)
{
	CLEANUP(buf_release) struct buf text = buf_make(PROBLEM_TEXT_MAX);
	va_list args;

	va_start(args, format);
	if (buf_vprintf(&text, format, args))
		buf_append(&text, STR("this name is not known"));
	va_end(args);
	add_problem(compiler, false, offset, &text);
}

void
template_compiler_refer(struct template_compiler *compiler, size_t offset,
	uint32_t module, struct str member)
{
	struct template_reference *reference =
		ARENA_NEW(compiler->arena, struct template_reference);

	reference->module = module;
	reference->member = member;
	reference->path = compiler->path;
	reference->column = column_of(compiler, offset);
	if (compiler->last_reference)
		compiler->last_reference->next = reference;
	else
		compiler->first_reference = reference;
	compiler->last_reference = reference;
}

/* ---- a text ---- */

/** Behind the `}}` that ends a broken expression, or at the text's end. */
static size_t
skip_expression(struct str text, size_t at)
{
	struct template_lexer lexer = {text, at};
	struct template_token token;

	do
		token = template_lexer_next(&lexer);
	while (token.kind != TEMPLATE_TOKEN_END &&
		token.kind != TEMPLATE_TOKEN_CUT_OFF);
	return lexer.at;
}

static struct template_piece
read_expression(struct template_compiler *compiler, size_t *at)
{
	struct template_lexer lexer = {compiler->text, *at + 2};
	struct template_piece piece = {
		.expression = template_parse(compiler, &lexer)};

	*at = piece.expression ? lexer.at
			       : skip_expression(compiler->text, *at + 2);
	return piece;
}

static struct template_piece
next_piece(struct template_compiler *compiler, size_t *at)
{
	struct str left = str_skip(compiler->text, *at);
	size_t opener = str_find(left, STR("{{"));

	if (opener == 0)
		return read_expression(compiler, at);
	left = str_head(left, opener);
	*at += left.len;
	return (struct template_piece){.text = left};
}

static void
read_pieces(struct template_compiler *compiler, struct template *template)
{
	struct template_piece *pieces = NULL;
	size_t cap = 0;

	for (size_t at = 0; at < compiler->text.len;) {
		struct template_piece *old = pieces;

		if (template->piece_count == cap) {
			cap = cap ? cap * 2 : 4;
			pieces = arena_alloc_array(
				compiler->arena, cap, sizeof(*pieces));
			if (old)
				memcpy(pieces, old,
					template->piece_count * sizeof(*old));
		}
		pieces[template->piece_count++] = next_piece(compiler, &at);
	}
	template->pieces = pieces;
}

struct template *
template_compiler_run(struct template_compiler *compiler)
{
	struct template *template = ARENA_NEW(compiler->arena, struct template);

	template->text = compiler->text;
	template->error = compiler->leaf_error;
	if (str_find(compiler->text, STR("{{")) == SIZE_MAX)
		return template;
	if (compiler->text.len > TEMPLATE_TEXT_MAX)
		template_compiler_error(compiler, SIZE_MAX,
			"a text with expressions has at most %d bytes",
			TEMPLATE_TEXT_MAX);
	else
		read_pieces(compiler, template);
	template->is_single = template->piece_count == 1 &&
			      template->pieces[0].expression != NULL;
	template->error = compiler->leaf_error;
	return template;
}

enum err
template_compile(struct str text, struct arena *arena,
	const struct template **ret,
	const struct template_problem **ret_problems)
{
	struct template_compiler compiler = template_compiler_make(arena);
	struct template *template;

	template_compiler_enter(&compiler, STR(""), arena_copy(arena, text));
	template = template_compiler_run(&compiler);
	template->references = compiler.first_reference;
	*ret = template;
	*ret_problems = compiler.first_problem;
	if (!compiler.has_error)
		return ERR_OK;
	return text.len > TEMPLATE_TEXT_MAX ? ERR_LIMIT : ERR_INVALID;
}

const struct template_reference *
template_references(const struct template *template)
{
	return template->references;
}

bool
template_is_constant(const struct template *template)
{
	return template->piece_count == 0 && template->error == NULL;
}

enum err
template_evaluate(const struct template *template,
	const struct template_scope *scope, struct arena *arena,
	struct value *ret, const struct template_problem **ret_problems)
{
	struct template_run run = template_run_make(scope, arena);
	struct value value = template_run_template(&run, STR(""), template);

	if (ret_problems)
		*ret_problems = template_run_problems(&run);
	if (!run.err)
		*ret = value;
	return run.err;
}
