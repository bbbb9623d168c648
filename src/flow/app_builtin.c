#include "flow/apps.h"

/* Control flow: what it does is in flow/run*.c. */

static const struct module_field feeder[] = {
	{.name = "feeder", .is_required = true}, {.name = NULL}};
static const struct module_field routing[] = {{.name = "else"}, {.name = NULL}};
static const struct module_field iterator[] = {
	{.name = "array"}, {.name = NULL}};
static const struct module_field repeater[] = {
	{.name = "start", .type = "number"},
	{.name = "repeats",
		.type = "number",
		.is_required = true,
		.minimum = 0,
		.maximum = 10000},
	{.name = "step", .type = "number"}, {.name = NULL}};
static const struct module_field retries[] = {
	{.name = "retry", .type = "boolean"},
	{.name = "count", .type = "number", .minimum = 1, .maximum = 10000},
	{.name = "interval", .type = "number", .minimum = 1, .maximum = 44640},
	{.name = NULL}};

const struct module_kind app_builtin[] = {
	{.name = "builtin:BasicRouter",
		.nature = MODULE_CONTROL,
		.parameters = routing},
	{.name = "builtin:BasicIfElse", .nature = MODULE_CONTROL},
	{.name = "builtin:BasicMerge", .nature = MODULE_CONTROL},
	{.name = "builtin:BasicFeeder",
		.nature = MODULE_CONTROL,
		.mapper = iterator},
	{.name = "builtin:BasicIterator",
		.nature = MODULE_CONTROL,
		.mapper = iterator},
	{.name = "builtin:BasicRepeater",
		.nature = MODULE_CONTROL,
		.mapper = repeater},
	{.name = "builtin:BasicAggregator",
		.nature = MODULE_CONTROL,
		.parameters = feeder,
		.is_aggregator = true},
	{.name = "builtin:Ignore", .nature = MODULE_CONTROL},
	{.name = "builtin:Resume", .nature = MODULE_CONTROL},
	{.name = "builtin:Commit", .nature = MODULE_CONTROL},
	{.name = "builtin:Rollback", .nature = MODULE_CONTROL},
	{.name = "builtin:Break", .nature = MODULE_CONTROL, .mapper = retries},
	{.name = NULL},
};
