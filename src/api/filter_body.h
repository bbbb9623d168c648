#pragma once
#include "api/api.h"

/*
 * The bodies of the filter endpoints: objects with a few known members. Each
 * function answers what is wrong with its part and returns false then.
 */

/** The body is an object with no other members than these. */
bool filter_body_check(
	struct api_call *call, const char *const *members, size_t count);

/** The text of the member "filter", which has to be there. */
bool filter_body_text(struct api_call *call, struct str *ret);

/** The same, compiled. */
bool filter_body_filter(struct api_call *call, const struct filter **ret);

/** The member "event" as filters see it. */
bool filter_body_event(struct api_call *call, struct filter_event *ret);

/** What a whole number in the body may be, and what it is without. */
struct filter_body_number {
	const char *name;
	int64_t least, most;
	int64_t otherwise;
};
bool filter_body_number(struct api_call *call,
	const struct filter_body_number *number, int64_t *ret);
