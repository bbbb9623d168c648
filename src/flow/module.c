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
	app_slack_read,
	app_sql,
	app_telegram,
	app_twilio,
	app_util,
	app_xml,
};

/** What exports call http-agent reaches a network that the hub is in. */
static bool
is_called(const char *name, struct str wanted)
{
	const struct str agent = STR("http-agent:"), http = STR("http:");

	if (str_starts_with(wanted, agent) &&
		str_starts_with(str_of(name), http))
		return str_equal(str_skip(str_of(name), http.len),
			str_skip(wanted, agent.len));
	return str_equal(wanted, str_of(name));
}

const struct module_kind *
module_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(apps); i++) {
		for (const struct module_kind *kind = apps[i]; kind->name;
			kind++) {
			if (is_called(kind->name, name))
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
