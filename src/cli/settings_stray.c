#include "cli/settings_stray.h"

#include <ctype.h>

#include "cli/settings.h"
#include "cli/suggest.h"

/** "body-max" of BODY_MAX. */
static struct str
setting_name(struct str rest, struct arena *arena)
{
	char *name = arena_alloc_raw(arena, rest.len + 1);

	for (size_t i = 0; i < rest.len; i++) {
		unsigned char c = (unsigned char)rest.ptr[i];

		name[i] = c == '_' ? '-' : (char)tolower(c);
	}
	return str_make(name, rest.len);
}

bool
settings_stray_next(char *const **environment, struct arena *arena,
	struct settings_stray *ret)
{
	struct str prefix = STR("GRAPNEL_");

	for (; *environment && **environment; ++*environment) {
		struct str line = str_of(**environment);
		struct str variable = str_split(&line, '=');
		struct str name;
		struct suggest suggest;
		const char *best;

		if (!str_starts_with(variable, prefix))
			continue;
		name = setting_name(str_skip(variable, prefix.len), arena);
		suggest = suggest_make(name);
		for (size_t i = 0; i < SETTINGS_COUNT; i++)
			suggest_consider(&suggest, settings_table[i].name);
		best = suggest_best(&suggest);
		if (best == NULL || str_equal(name, str_of(best)))
			continue;
		++*environment;
		*ret = (struct settings_stray){
			.name = arena_copy(arena, variable).ptr,
			.near_variable = settings_variable(best, arena),
		};
		return true;
	}
	return false;
}
