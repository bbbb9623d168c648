#include "api/gl_problem.h"

#include <stdarg.h>

enum { MESSAGE_MAX = 4096 };

static void
append_place(struct buf *out, struct str place, struct str what)
{
	if (place.len > 0)
		buf_printf(out, "%.*s: ", STR_ARG(str_head(place, 256)));
	buf_append(out, what);
}

struct str
gl_problem_message(const struct api_problem *problem, struct str message,
	struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = buf_make(MESSAGE_MAX);

	/* All of them, as far as there is room; a whole one at a time. */
	for (size_t i = 0; i < problem->issue_count; i++) {
		size_t len = text.len;

		if (i > 0)
			buf_append(&text, STR("; "));
		append_place(&text, problem->issues[i].subject,
			problem->issues[i].description);
		if (buf_is_overflown(&text)) {
			buf_truncate(&text, len);
			break;
		}
	}
	if (problem->issue_count == 0)
		append_place(&text,
			problem->source ? problem->subject : STR(""), message);
	return text.len > 0 ? arena_copy(arena, buf_str(&text)) : message;
}

struct str
gl_problem_code(const struct api_problem *problem, const char *word,
	struct arena *arena)
{
	if (problem->code)
		return str_of(problem->code);
	if (problem->status == 422)
		return STR("HPE_GL_EVENTS_INVALID_REQUEST_BODY");
	return arena_printf(arena, "HPE_GL_ERROR_%s", word);
}

static void refuse(struct api_call *call, struct api_problem *problem,
	const char *format, va_list args) PRINTF_LIKE(3, 0);

static void
refuse(struct api_call *call, struct api_problem *problem, const char *format,
	va_list args)
{
	CLEANUP(buf_release) struct buf message = buf_make(MESSAGE_MAX);

	buf_vprintf(&message, format, args);
	problem->message = buf_str(&message);
	api_respond_problem(call, problem);
}

void
gl_refuse_body(
	struct api_call *call, struct str member, const char *format, ...)
{
	struct api_problem problem = {
		.status = 422,
		.source = member.len ? "field" : NULL,
		.subject = member,
	};
	va_list args;

	va_start(args, format);
	refuse(call, &problem, format, args);
	va_end(args);
}

void
gl_refuse_parameter(
	struct api_call *call, const char *name, const char *format, ...)
{
	struct api_problem problem = {
		.status = 400,
		.source = "query.parameter",
		.subject = str_of(name),
	};
	va_list args;

	va_start(args, format);
	refuse(call, &problem, format, args);
	va_end(args);
}
