#include "flow/module.h"

#include "flow/apps.h"

/* Every app's table; a new app is a row here and in apps.h. */
static const struct module_kind *const apps[] = {
	app_airtable,
	app_builtin,
	app_command,
	app_csv,
	app_datastore,
	app_discord,
	app_email,
	app_gateway,
	app_google_sheets,
	app_grapnel,
	app_http,
	app_http_4,
	app_json,
	app_markdown,
	app_notion,
	app_regexp,
	app_servicenow,
	app_slack,
	app_sql,
	app_telegram,
	app_twilio,
	app_util,
	app_xml,
};

const struct module_kind *
module_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(apps); i++) {
		for (const struct module_kind *kind = apps[i]; kind->name;
			kind++) {
			if (str_equal(name, str_of(kind->name)))
				return kind;
		}
	}
	return NULL;
}

const struct module_kind *
module_at(size_t number)
{
	for (size_t i = 0; i < COUNT_OF(apps); i++) {
		for (const struct module_kind *kind = apps[i]; kind->name;
			kind++) {
			if (number-- == 0)
				return kind;
		}
	}
	return NULL;
}

void
module_result_one(const struct module_call *call, struct module_result *result,
	struct value bundle)
{
	struct value *bundles = arena_alloc(call->arena, sizeof(*bundles));

	*bundles = bundle;
	result->bundles = bundles;
	result->count = 1;
	result->is_many = false;
}
