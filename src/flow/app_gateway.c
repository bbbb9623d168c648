#include "flow/apps.h"

/* The hook and the answer to it: what they do is in flow/run*.c. */

static const struct module_field hook[] = {{.name = "hook"},
	{.name = "maxResults", .type = "number"}, {.name = NULL}};
static const struct module_field answer[] = {{.name = "status",
						     .type = "uinteger",
						     .is_required = true,
						     .minimum = 200,
						     .maximum = 999},
	{.name = "body"}, {.name = "headers", .type = "array"}, {.name = NULL}};

const struct module_kind app_gateway[] = {
	{.name = "gateway:CustomWebHook",
		.nature = MODULE_CONTROL,
		.parameters = hook,
		.is_trigger = true},
	{.name = "gateway:WebhookRespond",
		.nature = MODULE_CONTROL,
		.mapper = answer,
		.is_response = true},
	{.name = NULL},
};
