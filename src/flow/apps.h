#pragma once
#include "flow/module.h"

/*
 * The apps' tables of modules, each ended by a row without a name, in the
 * file flow/app_<name>.c. Control modules are rows as well, so that the loader
 * knows their fields; what they do is the engine's (flow/run*.c).
 */
extern const struct module_kind app_airtable[];
extern const struct module_kind app_builtin[];
extern const struct module_kind app_command[];
extern const struct module_kind app_csv[];
extern const struct module_kind app_datastore[];
extern const struct module_kind app_discord[];
extern const struct module_kind app_email[];
extern const struct module_kind app_gateway[];
extern const struct module_kind app_google_sheets[];
extern const struct module_kind app_grapnel[];
extern const struct module_kind app_http[];
extern const struct module_kind app_http_4[];
extern const struct module_kind app_json[];
extern const struct module_kind app_markdown[];
extern const struct module_kind app_notion[];
extern const struct module_kind app_regexp[];
extern const struct module_kind app_servicenow[];
extern const struct module_kind app_slack[];
extern const struct module_kind app_slack_read[];
extern const struct module_kind app_sql[];
extern const struct module_kind app_telegram[];
extern const struct module_kind app_twilio[];
extern const struct module_kind app_util[];
extern const struct module_kind app_xml[];
