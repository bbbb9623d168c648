#include "flow/connection_use.h"

#include "store/object.h"

bool
connection_use_next(struct value parameters, size_t *at, struct arena *arena,
	struct str *ret)
{
	static const char *const names[] = {"connection", "__IMTCONN__",
		"account", "auth", "key", "apiKeyKeychain", "basicAuthKeychain",
		"oAuthAccount"};

	while (*at < COUNT_OF(names)) {
		struct value value =
			value_member(parameters, str_of(names[(*at)++]));

		if (!value_is_blank(value) &&
			value_to_text(value, arena, ret) == ERR_OK)
			return true;
	}
	return false;
}

/** Whether one that is named is there; else `named` is the first. */
static bool
is_there(const struct blueprint_module *module, struct store *store,
	uint32_t workspace, struct arena *arena, struct str *named)
{
	struct object_row row;
	struct str id;
	size_t at = 0;

	while (connection_use_next(module->parameters, &at, arena, &id)) {
		if (store_object(store, workspace, OBJECT_CONNECTION, id, arena,
			    &row) == ERR_OK)
			return true;
		if (named->len == 0)
			*named = id;
	}
	return false;
}

const struct template_problem *
connection_use_check(const struct blueprint *blueprint, struct store *store,
	uint32_t workspace, struct arena *arena,
	const struct template_problem *problems)
{
	/* From the last to the first: each is laid before the others. */
	for (size_t i = blueprint ? blueprint->module_count : 0; i-- > 0;) {
		const struct blueprint_module *module = blueprint->modules[i];
		struct template_problem *problem;
		struct str named = {0};

		if (!module->kind || !module->kind->connection ||
			is_there(module, store, workspace, arena, &named))
			continue;
		problem = ARENA_NEW(arena, struct template_problem);
		*problem = (struct template_problem){
			.path = arena_printf(arena, "%.*s.parameters",
				STR_ARG(module->place)),
			.text = arena_printf(arena,
				"it needs a connection of type %s%s%.*s%s",
				module->kind->connection,
				named.len ? ", and there is none with the id \""
					  : ": name one as connection",
				STR_ARG(named), named.len ? "\" yet" : ""),
			.next = problems};
		problems = problem;
	}
	return problems;
}
