#include "api/com_call.h"

#include "api/api.h"
#include "base/clock.h"

/* ---- which webhook, which generation ---- */

void
com_refuse_unknown(struct api_call *call, const char *what)
{
	api_refuse(call, 404, NULL, "there is no such %s", what);
}

const struct webhook *
com_find_webhook(struct api_call *call)
{
	const struct webhook *webhook = NULL;
	struct uuid id;

	if (uuid_parse(call->parameters[0], &id) == ERR_OK)
		webhook = webhooks_find(
			call->api->webhooks, call->who.workspace, id);
	if (webhook && call->route->dialect == API_COM &&
		!str_equal(webhook->dialect, STR("com"))) {
		webhook_unref(webhook);
		webhook = NULL;
	}
	if (webhook == NULL)
		com_refuse_unknown(call, "webhook");
	return webhook;
}

void
com_refuse_generation(struct api_call *call)
{
	struct api_problem problem = {
		.status = 412,
		.message = STR("the webhook's generation is another one; "
			       "get it and try again"),
		.source = "header",
		.subject = STR("If-Match"),
	};

	api_respond_problem(call, &problem);
}

bool
com_read_if_match(struct api_call *call, uint64_t *ret)
{
	struct str text = str_trim(http_call_header(call->http, "If-Match"));
	struct str digits = text;
	struct api_problem problem = {
		.status = 400,
		.message = STR("expected one generation, like \"3\""),
		.source = "header",
		.subject = STR("If-Match"),
	};

	*ret = 0;
	if (str_is_empty(text) || str_equal(text, STR("*")))
		return true;
	if (text.len > 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"')
		digits = str_make(text.ptr + 1, text.len - 2);
	if (str_to_u64(digits, ret)) {
		api_respond_problem(call, &problem);
		return false;
	}
	/* To the registry 0 means "whichever"; generations start at 1. */
	if (*ret == 0) {
		com_refuse_generation(call);
		return false;
	}
	return true;
}

/* ---- what the registry says ---- */

static const struct refusal {
	int status;
	int field_status; /* when a member of the body is to blame */
	const char *code; /* NULL: the status's own */
	const char *message;
	int64_t retry_after;
} refusals[] = {
	[ERR_INVALID] = {400, 400, NULL, "a member is wrong", 0},
	[ERR_NOT_FOUND] = {404, 404, NULL, "there is no such webhook", 0},
	[ERR_CONFLICT] = {409, 409, NULL,
		"the webhook was changed at the same time", 0},
	[ERR_DENIED] = {400, 400, NULL, "not allowed", 0},
	[ERR_LIMIT] = {409, 400, "HPE_GL_COMPUTE_OPS_WEBHOOK_LIMIT",
		"the workspace has as many webhooks as it may have", 0},
	[ERR_BUSY] = {429, 429, NULL, "too many requests", 1 * SECONDS},
	[ERR_TIMEOUT] = {503, 503, NULL,
		"the change was not confirmed in time; it may be done",
		1 * SECONDS},
	[ERR_IO] = {503, 503, NULL,
		"the change could not be stored; nothing "
		"was changed",
		5 * SECONDS},
};

void
com_refuse_change(struct api_call *call, enum err err,
	const struct webhook_problem *problem)
{
	static const struct refusal unknown = {500, 500, NULL, "", 0};
	const struct refusal *row = &unknown;
	struct api_problem answer = {0};

	if ((size_t)err < COUNT_OF(refusals) && refusals[err].status != 0)
		row = &refusals[err];
	answer.status = problem->field ? row->field_status : row->status;
	/* The limit's own code belongs to the limit, not to a member that is
	   too long. */
	answer.code = answer.status == row->field_status ||
				      call->route->dialect != API_COM
			      ? NULL
			      : row->code;
	answer.message = buf_str(&problem->why);
	if (str_is_empty(answer.message))
		answer.message = str_of(row->message);
	answer.retry_after = row->retry_after;
	if (problem->retry_after > 0)
		answer.retry_after = problem->retry_after;
	/* A limit on enabling is not the member's fault, whichever it was. */
	if (problem->field && answer.status == 400) {
		answer.source = "field";
		answer.subject = str_of(problem->field);
		if (call->route->dialect != API_COM &&
			str_equal(answer.subject, STR("eventFilter")))
			answer.subject = STR("filter");
	}
	api_respond_problem(call, &answer);
}

void
com_refuse_store(struct api_call *call)
{
	struct api_problem problem = {
		.status = 503,
		.message = STR("the store cannot be read"),
		.retry_after = 1 * SECONDS,
	};

	api_respond_problem(call, &problem);
}
