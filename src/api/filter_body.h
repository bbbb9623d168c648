#pragma once
#include "api/api.h"

/*
 * The bodies of the filter endpoints: objects with a few known members. Each
 * function answers what is wrong with its part and returns false then.
 */

/** The body is an object with no other members than these. */
bool filter_body_check(
	struct api_call *call, const char *const *members, size_t count);

/**
 * What is asked about: "filter", or a subscription's "eventType" (needed) and
 * "eventFilter" in place of it. Compiled, with what
 * filter_compile() has to say. False: answered, being no such thing.
 */
struct filter_body_question {
	enum err err;
	const struct filter *filter;
	size_t column;
	struct buf why;	    /* release with buf_release */
	const char *member; /* that holds the text: "filter", "eventFilter" */
};
bool filter_body_question(
	struct api_call *call, struct filter_body_question *ret);

/** Its filter; one that does not compile is answered, too. */
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
