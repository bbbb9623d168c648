#pragma once
#include "api/route.h"

/*
 * What is wrong with a request, as the GreenLake events API tells it (reference
 * §2.14):
 *
 *   {"errorCode":"HPE_GL_ERROR_NOT_FOUND","message":"…","debugId":"…",
 *    "httpStatusCode":404}
 *
 * There is no list of details in it, so the message names the member, header
 * or parameter: "eventFilter: column 8: found 'gte', expected …". A code that
 * belongs to a status is HPE_GL_ERROR_ and the hub's own word for it, but for
 * 422, which is HPE_GL_EVENTS_INVALID_REQUEST_BODY.
 */

/** What to say of it, with the place; in `arena` or borrowed. */
struct str gl_problem_message(const struct api_problem *problem,
	struct str message, struct arena *arena);

/** Its errorCode; `word` is the status's own. In `arena`, or static. */
struct str gl_problem_code(const struct api_problem *problem, const char *word,
	struct arena *arena);

/** 422 about a member of the body; `member` may be empty. */
void gl_refuse_body(struct api_call *call, struct str member,
	const char *format, ...) PRINTF_LIKE(3, 4);

/** 400 about a query parameter. */
void gl_refuse_parameter(struct api_call *call, const char *name,
	const char *format, ...) PRINTF_LIKE(3, 4);
