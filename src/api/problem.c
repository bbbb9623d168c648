#include <stdarg.h>

#include "api/api.h"
#include "api/gl_problem.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "base/log.h"

enum { MESSAGE_MAX = 4096 };

/* What belongs to a status, in each dialect. */
struct status_row {
	int status;
	const char *code;  /* native; COM puts HPE's prefix before it */
	const char *oauth; /* RFC 6749 §5.2 */
	const char *message;
};

static const struct status_row status_rows[] = {
	{400, "BAD_REQUEST", "invalid_request", "Bad request"},
	{401, "UNAUTHORIZED", "invalid_client",
		"Credentials are missing or wrong"},
	{403, "FORBIDDEN", "unauthorized_client",
		"The caller's role does not allow this"},
	{404, "NOT_FOUND", "invalid_request", "There is no such resource"},
	{405, "METHOD_NOT_ALLOWED", "invalid_request",
		"The resource does not offer this method"},
	{406, "NOT_ACCEPTABLE", "invalid_request",
		"The answer would be application/json, which Accept excludes"},
	{408, "REQUEST_TIMEOUT", "invalid_request",
		"The request took too long"},
	{409, "CONFLICT", "invalid_request",
		"The request is in conflict with the resource's state"},
	{412, "PRECONDITION_FAILED", "invalid_request",
		"The resource has changed meanwhile"},
	{413, "PAYLOAD_TOO_LARGE", "invalid_request", "The body is too large"},
	{414, "URI_TOO_LONG", "invalid_request",
		"The request's path is too long"},
	{415, "UNSUPPORTED_MEDIA_TYPE", "invalid_request",
		"The body's content type is not supported"},
	{417, "EXPECTATION_FAILED", "invalid_request",
		"What the request expects is not offered"},
	{422, "UNPROCESSABLE_CONTENT", "invalid_request",
		"The body cannot be processed"},
	{429, "TOO_MANY_REQUESTS", "temporarily_unavailable",
		"Too many requests"},
	{431, "REQUEST_HEADER_FIELDS_TOO_LARGE", "invalid_request",
		"The request's head is too large"},
	{501, "NOT_IMPLEMENTED", "invalid_request",
		"The request needs what is not offered"},
	{503, "SERVICE_UNAVAILABLE", "temporarily_unavailable",
		"The service cannot do this right now"},
	{505, "HTTP_VERSION_NOT_SUPPORTED", "invalid_request",
		"The version of HTTP is not supported"},
	{507, "INSUFFICIENT_STORAGE", "temporarily_unavailable",
		"There is no room left to store this"},
	/* Last: stands for every other status. */
	{500, "INTERNAL_SERVER_ERROR", "server_error", "Internal error"},
};

static const struct status_row *
status_row(int status)
{
	const struct status_row *row = status_rows;

	while (row->status != status && row->status != 500)
		row++;
	return row;
}

void
api_respond_json(struct api_call *call, int status, const struct buf *body)
{
	http_call_respond(
		call->http, status, "application/json", buf_str(body));
}

static int64_t
seconds_of(int64_t microseconds)
{
	return (microseconds + SECONDS - 1) / SECONDS;
}

static void
write_issue(struct json_out *out, const char *source, struct str subject,
	struct str description)
{
	json_out_object(out, NULL);
	json_out_text(out, "source", source);
	json_out_string(out, "subject", subject);
	json_out_string(out, "description", description);
	json_out_end(out);
}

/** The sentence alone, when it begins with the place that it speaks of. */
static struct str
without_place(const struct api_problem *problem, struct str message)
{
	struct str place = problem->subject;
	struct str rest = str_skip(message, place.len);

	return place.len && str_starts_with(message, place) &&
			       str_starts_with(rest, STR(": "))
		       ? str_skip(rest, 2)
		       : message;
}

static bool
is_in_request(const char *source)
{
	return source && (strcmp(source, "field") == 0 ||
				 strcmp(source, "query.parameter") == 0);
}

/** Who reads the message only is to know what it speaks of. */
static struct str
with_place(const struct api_call *call, const struct api_problem *problem,
	struct str message)
{
	struct str place = problem->subject;

	if (call->route->dialect != API_NATIVE)
		return message;
	/* Of several places none is the message's. */
	if (problem->issue_count > 1)
		return str_equal(message, problem->issues[0].description)
			       ? arena_printf(call->arena,
					 "%zu things are wrong with the body",
					 problem->issue_count)
			       : message;
	if (problem->issue_count == 1 &&
		str_equal(message, problem->issues[0].description))
		place = problem->issues[0].subject;
	if (!is_in_request(problem->source) || place.len == 0 ||
		str_starts_with(message, place))
		return message;
	return arena_printf(
		call->arena, "%.*s: %.*s", STR_ARG(place), STR_ARG(message));
}

static void
write_issues(struct json_out *out, const struct api_problem *problem,
	struct str message)
{
	json_out_object(out, NULL);
	json_out_text(out, "type",
		problem->status == 412 ? "hpe.greenlake.precondition_failed"
				       : "hpe.greenlake.bad_request");
	json_out_array(out, "issues");
	for (size_t i = 0; i < problem->issue_count; i++)
		write_issue(out, problem->issues[i].source,
			problem->issues[i].subject,
			problem->issues[i].description);
	if (problem->issue_count == 0)
		write_issue(out, problem->source, problem->subject,
			without_place(problem, message));
	json_out_end(out);
	json_out_end(out);
}

/** The members of errorDetails, if any is due (reference §1.13). */
static void
write_details(struct json_out *out, const struct api_problem *problem,
	struct str message)
{
	json_out_array(out, "errorDetails");
	if (problem->source)
		write_issues(out, problem, message);
	if (problem->retry_after) {
		json_out_object(out, NULL);
		json_out_text(out, "type", "hpe.greenlake.retry_info");
		json_out_integer(out, "retryAfterSeconds",
			seconds_of(problem->retry_after));
		json_out_end(out);
	}
	json_out_end(out);
}

static void
write_hub_problem(struct json_out *out, const struct api_call *call,
	const struct api_problem *problem, struct str message,
	struct uuid debug_id)
{
	const struct status_row *row = status_row(problem->status);
	const char *code = problem->code ? problem->code : row->code;
	bool is_prefixed =
		call->route->dialect == API_COM && problem->code == NULL;

	json_out_object(out, NULL);
	json_out_integer(out, "httpStatusCode", problem->status);
	json_out_string(out, "errorCode",
		arena_printf(call->arena, "%s%s",
			is_prefixed ? "HPE_GL_ERROR_" : "", code));
	json_out_string(out, "message", message);
	json_out_uuid(out, "debugId", debug_id);
	if (problem->source || problem->retry_after)
		write_details(out, problem, message);
	json_out_end(out);
}

static void
write_gl_problem(struct json_out *out, const struct api_call *call,
	const struct api_problem *problem, struct str message,
	struct uuid debug_id)
{
	const struct status_row *row = status_row(problem->status);

	json_out_object(out, NULL);
	json_out_string(out, "errorCode",
		gl_problem_code(problem, row->code, call->arena));
	json_out_string(out, "message",
		gl_problem_message(problem, message, call->arena));
	json_out_uuid(out, "debugId", debug_id);
	json_out_integer(out, "httpStatusCode", problem->status);
	json_out_end(out);
}

/** RFC 6749 §5.2 allows printable ASCII without '"' and '\' in it. */
static struct str
oauth_description(struct arena *arena, struct str message)
{
	char *text = arena_alloc(arena, message.len + 1);

	for (size_t i = 0; i < message.len; i++) {
		char c = message.ptr[i];

		if (c < ' ' || c > '~' || c == '"' || c == '\\')
			c = '\'';
		text[i] = c;
	}
	return str_make(text, message.len);
}

static void
write_oauth_problem(struct json_out *out, struct api_call *call,
	const struct api_problem *problem, struct str message)
{
	const struct status_row *row = status_row(problem->status);

	http_call_add_header(call->http, "Cache-Control", STR("no-store"));
	json_out_object(out, NULL);
	json_out_text(out, "error", problem->code ? problem->code : row->oauth);
	json_out_string(out, "error_description",
		oauth_description(call->arena, message));
	json_out_end(out);
}

/** Who knows a hook's token may call it. */
static struct str
shown_path(const struct api_call *call)
{
	struct str path = http_call_path(call->http);

	return str_starts_with(path, STR("/hook/")) ? STR("/hook/(masked)")
						    : str_head(path, 256);
}

void
api_respond_problem(struct api_call *call, const struct api_problem *problem)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	struct uuid debug_id = uuid_random();
	char debug_text[UUID_TEXT_SIZE];
	struct str message = problem->message;

	if (str_is_empty(message))
		message = str_of(status_row(problem->status)->message);
	message = with_place(call, problem, message);
	if (call->route->dialect == API_OAUTH)
		write_oauth_problem(&out, call, problem, message);
	else if (call->route->dialect == API_GREENLAKE)
		write_gl_problem(&out, call, problem, message, debug_id);
	else
		write_hub_problem(&out, call, problem, message, debug_id);
	if (problem->retry_after)
		http_call_add_header(call->http, "Retry-After",
			arena_printf(call->arena, "%lld",
				(long long)seconds_of(problem->retry_after)));
	log_write(problem->status >= 500 ? LOG_WARNING : LOG_INFO,
		"api.problem",
		"debug_id=%s method=%.*s path=%.*s status=%d key=%.*s "
		"message=%s",
		uuid_format(debug_id, debug_text),
		STR_ARG(http_call_method(call->http)),
		STR_ARG(shown_path(call)), problem->status,
		STR_ARG(call->who.key_id),
		log_quoted(call->arena, str_head(message, 512)));
	api_respond_json(call, problem->status, &body);
}

void
api_refuse(struct api_call *call, int status, const char *field,
	const char *format, ...)
{
	CLEANUP(buf_release) struct buf message = buf_make(MESSAGE_MAX);
	struct api_problem problem = {.status = status};
	va_list args;

	va_start(args, format);
	buf_vprintf(&message, format, args);
	va_end(args);
	problem.message = buf_str(&message);
	if (field) {
		problem.source = "field";
		problem.subject = str_of(field);
	}
	api_respond_problem(call, &problem);
}
