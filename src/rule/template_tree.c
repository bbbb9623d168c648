#include "rule/template_compile.h"
#include "rule/template_run.h"

/*
 * A mapper as a tree: containers, leaves that are templates, and leaves that
 * stay as they are.
 */
enum tree_kind { TREE_FIXED, TREE_LEAF, TREE_ARRAY, TREE_COLLECTION };

struct tree_node {
	enum tree_kind kind;
	struct str key; /* its name in the collection above */
	struct str path;
	struct value fixed;
	const struct template *template;
	struct tree_node *children;
	size_t count;
};

struct template_tree {
	struct tree_node root;
	const struct template_reference *references;
};

/* ---- compiling ---- */

static struct str
path_of(struct arena *arena, struct str above, struct json key, size_t index)
{
	if (json_is_missing(key))
		return arena_printf(arena, "%.*s[%zu]", STR_ARG(above), index);
	return arena_printf(arena, "%.*s%s%.*s", STR_ARG(above),
		above.len ? "." : "", STR_ARG(json_string(key, arena)));
}

static struct str
copied_string(struct json string, struct arena *arena)
{
	return arena_copy(arena, json_string(string, arena));
}

static enum err compile_node(struct template_compiler *compiler,
	struct json json, unsigned depth, struct tree_node *node);

static enum err
compile_children(struct template_compiler *compiler, struct json json,
	unsigned depth, struct tree_node *node)
{
	struct arena *arena = compiler->arena;
	struct json_walk walk = json_walk(json);

	node->count = json_count(json);
	node->children =
		arena_alloc_array(arena, node->count, sizeof(*node->children));
	for (size_t i = 0; json_walk_next(&walk); i++) {
		struct tree_node *child = &node->children[i];
		enum err err;

		child->path = path_of(arena, node->path, walk.key, i);
		if (!json_is_missing(walk.key))
			child->key = copied_string(walk.key, arena);
		err = compile_node(compiler, walk.value, depth + 1, child);
		if (err)
			return err;
	}
	return ERR_OK;
}

static enum err
compile_node(struct template_compiler *compiler, struct json json,
	unsigned depth, struct tree_node *node)
{
	enum json_kind kind = json_kind(json);

	if (depth > VALUE_HEIGHT_MAX) {
		template_compiler_enter(compiler, node->path, STR(""));
		template_compiler_error(
			compiler, SIZE_MAX, "this is nested too deep");
		node->kind = TREE_LEAF;
		node->template = template_compiler_run(compiler);
		return ERR_LIMIT;
	}
	if (kind == JSON_ARRAY || kind == JSON_OBJECT) {
		node->kind = kind == JSON_ARRAY ? TREE_ARRAY : TREE_COLLECTION;
		return compile_children(compiler, json, depth, node);
	}
	if (kind == JSON_STRING) {
		node->kind = TREE_LEAF;
		template_compiler_enter(compiler, node->path,
			copied_string(json, compiler->arena));
		node->template = template_compiler_run(compiler);
		return ERR_OK;
	}
	node->kind = TREE_FIXED;
	return value_from_json(
		json, VALUE_JSON_PLAIN, compiler->arena, &node->fixed);
}

enum err
template_tree_compile(struct json mapper, struct arena *arena,
	const struct template_tree **ret,
	const struct template_problem **ret_problems)
{
	struct template_compiler compiler = template_compiler_make(arena);
	struct template_tree *tree = ARENA_NEW(arena, struct template_tree);
	enum err err = compile_node(&compiler, mapper, 0, &tree->root);

	tree->references = compiler.first_reference;
	*ret = tree;
	*ret_problems = compiler.first_problem;
	if (err)
		return err;
	return compiler.has_error ? ERR_INVALID : ERR_OK;
}

const struct template_reference *
template_tree_references(const struct template_tree *tree)
{
	return tree->references;
}

/* ---- evaluating ---- */

static struct value run_node(
	struct template_run *run, const struct tree_node *node);

static bool
is_ignored(struct value value)
{
	return value.kind == VALUE_EMPTY && value.shade == VALUE_IGNORE;
}

static struct value
run_children(struct template_run *run, const struct tree_node *node)
{
	struct value_builder builder = value_builder_make(run->arena);
	bool is_array = node->kind == TREE_ARRAY;

	for (size_t i = 0; i < node->count && !run->err; i++) {
		const struct tree_node *child = &node->children[i];
		struct value value = run_node(run, child);

		if (run->err || is_ignored(value))
			continue;
		if (is_array)
			template_run_add(run, &builder, value);
		else
			template_run_set(run, &builder, child->key, value);
	}
	return is_array ? template_run_array(run, &builder)
			: template_run_collection(run, &builder);
}

static struct value
run_node(struct template_run *run, const struct tree_node *node)
{
	switch (node->kind) {
	case TREE_FIXED: return node->fixed;
	case TREE_LEAF:
		return template_run_template(run, node->path, node->template);
	case TREE_ARRAY:
	case TREE_COLLECTION: break;
	}
	return run_children(run, node);
}

enum err
template_tree_evaluate(const struct template_tree *tree,
	const struct template_scope *scope, struct arena *arena,
	struct value *ret, const struct template_problem **ret_problems)
{
	struct template_run run = template_run_make(scope, arena);
	struct value value = run_node(&run, &tree->root);

	if (ret_problems)
		*ret_problems = template_run_problems(&run);
	if (!run.err)
		*ret = value;
	return run.err;
}
