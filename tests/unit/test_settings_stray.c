#include "cli/settings_stray.h"

#include "check.h"
#include "cli/command.h"

/* As environ has them. */
#define VARIABLE(text) ((char[]){text})

static char *const mistyped[] = {VARIABLE("HOME=/"),
	VARIABLE("GRAPNEL_BODY_MAXX=1MiB"), VARIABLE("GRAPNEL_BODY_MAX=1MiB"),
	VARIABLE("GRAPNEL_LISTN="), VARIABLE("GRAPNEL_URL=http://x"), NULL};
static char *const others[] = {VARIABLE("GRAPNEL_"),
	VARIABLE("GRAPNEL_SOMETHING_ELSE=1"), VARIABLE("GRAPNEL_TOKEN=t"),
	VARIABLE("GRAPNEL_ADMIN_TOKEN=t"), VARIABLE("GRAPNEL_CONFIG=/f"),
	VARIABLE("GRAPNEL_WEBHOOK_SECRET=s"), VARIABLE("BODY_MAXX=1"), NULL};

TEST(settings_stray, variables_spelt_nearly_as_settings_are_found)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct settings_stray stray;
	char *const *at = mistyped;

	CHECK(settings_stray_next(&at, &arena, &stray));
	CHECK_TEXT(stray.name, "GRAPNEL_BODY_MAXX");
	CHECK_TEXT(stray.near_variable, "GRAPNEL_BODY_MAX");
	CHECK(settings_stray_next(&at, &arena, &stray));
	CHECK_TEXT(stray.name, "GRAPNEL_LISTN");
	CHECK_TEXT(stray.near_variable, "GRAPNEL_LISTEN");
	CHECK(!settings_stray_next(&at, &arena, &stray));
}

TEST(settings_stray, what_is_not_near_is_somebody_elses)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct settings_stray stray;
	char *const *at = others;

	CHECK(!settings_stray_next(&at, &arena, &stray));
	at = NULL;
	CHECK(!settings_stray_next(&at, &arena, &stray));
}

TEST(settings_stray, no_commands_variable_is_taken_for_a_setting)
{
	CLEANUP(arena_release) struct arena arena = {0};
	size_t count = 0;

	for (size_t i = 0; i < commands_count * COMMAND_TABLES_MAX; i++) {
		const struct option_table *table =
			commands_table[i / COMMAND_TABLES_MAX]
				.tables[i % COMMAND_TABLES_MAX];

		for (size_t j = 0; table && j < table->count; j++) {
			const char *variable = table->rows[j].environment;
			char *const line[] = {
				(char *)(uintptr_t)variable, NULL};
			char *const *at = line;
			struct settings_stray stray;

			CHECK(!settings_stray_next(&at, &arena, &stray));
			count += variable != NULL;
		}
	}
	CHECK(count > 4);
}
