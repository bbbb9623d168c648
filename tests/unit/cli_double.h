#pragma once
#include "check.h"
#include "cli/client.h"

/*
 * The commands that talk to a hub, against a hub that is a list of answers.
 * What they send is written down as one text.
 */
struct reply {
	int status;
	const char *body;
	enum http_failure failure;
};

struct hub {
	const struct reply *replies;
	size_t count, used;
	struct buf seen; /* "METHOD URL|header: value|…|body\n" a request */
	size_t pauses;
};

/* What one run of the program did. */
struct run {
	struct hub hub;
	int code;
	struct buf out, err;
};

/** Runs with words (NULL at the end) against the replies. */
struct run run(
	const char *const *words, const struct reply *replies, size_t count);

/** All replies must have been used. */
void finish(struct run *run);

#define WORDS(...) ((const char *const[]){"grapnel", __VA_ARGS__, NULL})

void check_has(const struct buf *text, const char *part);
