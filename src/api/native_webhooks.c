#include "api/native_webhooks.h"

#include "api/api.h"
#include "base/clock.h"
#include "base/json_out.h"

static void
refuse_secret(struct api_call *call, enum err err)
{
	struct api_problem gone = {
		.status = 410,
		.code = "GONE",
		.message = STR("the secret was read before and is shown only "
			       "once; a new webhook gets a new one"),
	};
	struct api_problem unstored = {
		.status = 503,
		.message = STR("that the secret was read could not be stored, "
			       "so it is not shown; try again"),
		.retry_after = 1 * SECONDS,
	};

	if (err == ERR_NOT_FOUND)
		api_refuse(call, 404, NULL, "there is no such webhook");
	else
		api_respond_problem(
			call, err == ERR_DENIED ? &gone : &unstored);
}

static void
read_secret(struct api_call *call)
{
	struct webhook_problem problem = {.why = buf_make(4096)};
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	enum err err = ERR_NOT_FOUND;
	struct str secret;
	struct uuid id;

	if (uuid_parse(call->parameters[0], &id) == ERR_OK)
		err = webhooks_read_secret(call->api->webhooks,
			call->who.workspace, id, call->arena, &secret,
			&problem);
	buf_release(&problem.why);
	if (err) {
		refuse_secret(call, err);
		return;
	}
	json_out_object(&out, NULL);
	json_out_string(&out, "secret", secret);
	json_out_end(&out);
	http_call_add_header(call->http, "Cache-Control", STR("no-store"));
	api_respond_json(call, 200, &body);
}

const struct route api_webhook_routes[] = {
	{
		.method = "GET",
		.path = "/v1/webhooks/{id}/secret",
		.dialect = API_NATIVE,
		.access = ACCESS_ADMIN,
		.blocks = true,
		.handle = read_secret,
	},
};
const size_t api_webhook_route_count = COUNT_OF(api_webhook_routes);
