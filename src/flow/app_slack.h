#pragma once
#include "flow/service.h"

/**
 * A call of Slack's API with the connection's token; *ret is its answer.
 * Slack refuses with {"ok":false,"error":…} and status 200. Internal to
 * app_slack*.c.
 */
enum failure_kind slack_ask(const struct module_call *call,
	struct service_request *request, struct module_result *result,
	struct value *ret, struct failure *failure);
