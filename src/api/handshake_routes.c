#include "api/handshake_routes.h"

#include "api/api.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "pipeline/callback.h"
#include "pipeline/hub.h"
#include "rule/rate.h"

/** False when a header makes no sense, which was answered. */
static bool
read_headers(struct api_call *call, struct handshake_outcome *ret)
{
	struct str origin = str_trim(
		http_call_header(call->http, "WebHook-Allowed-Origin"));
	struct str rate =
		str_trim(http_call_header(call->http, "WebHook-Allowed-Rate"));
	struct api_problem problem = {.status = 400, .source = "header"};

	*ret = (struct handshake_outcome){.is_accepted = true};
	if (!str_is_empty(origin) && !str_equal(origin, STR("*")) &&
		!str_equal_nocase(origin, call->api->hub->options.origin)) {
		problem.subject = STR("WebHook-Allowed-Origin");
		problem.message = STR("expected the origin that asked, or *");
		api_respond_problem(call, &problem);
		return false;
	}
	if (!str_is_empty(rate) &&
		rate_read(rate, WEBHOOK_RATE_MAX, &ret->allowed_rate)) {
		problem.subject = STR("WebHook-Allowed-Rate");
		problem.message = STR("expected a whole number above 0, or *");
		api_respond_problem(call, &problem);
		return false;
	}
	ret->is_rate_unlimited = str_equal(rate, STR("*"));
	return true;
}

/** Whether the webhook still waits for this handshake. */
static bool
is_awaited(struct api_call *call, const struct callback *callback)
{
	const struct webhook *webhook =
		webhooks_find_number(call->api->webhooks, callback->webhook);
	bool is_awaited = webhook &&
			  webhook->handshake == callback->handshake &&
			  health_is_waiting(&webhook->health);

	webhook_unref(webhook);
	return is_awaited;
}

static void
accept_handshake(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	struct handshake_outcome outcome;
	struct callback callback;

	if (callback_read(&call->api->hub->callback_key, call->parameters[0],
		    &callback)) {
		api_refuse(call, 404, NULL, "there is no such handshake");
		return;
	}
	if (!read_headers(call, &outcome))
		return;
	if (!is_awaited(call, &callback)) {
		api_respond_problem(
			call, &(struct api_problem){.status = 410,
				      .code = "GONE",
				      .message = STR("the handshake is over")});
		return;
	}
	if (webhooks_end_handshake(call->api->webhooks, callback.webhook,
		    callback.handshake, &outcome)) {
		api_respond_problem(call, &(struct api_problem){.status = 503,
						  .retry_after = 1 * SECONDS});
		return;
	}
	json_out_object(&out, NULL);
	json_out_boolean(&out, "accepted", true);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}

const struct route api_handshake_routes[] = {
	{"GET", CALLBACK_PATH "{key}", API_NATIVE, ACCESS_PUBLIC, BODY_NONE,
		true, false, accept_handshake},
	{"POST", CALLBACK_PATH "{key}", API_NATIVE, ACCESS_PUBLIC, BODY_NONE,
		true, false, accept_handshake},
};
const size_t api_handshake_route_count = COUNT_OF(api_handshake_routes);
