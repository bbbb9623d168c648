#pragma once
#include "pipeline/attempt.h"
#include "pipeline/credentials.h"

/*
 * Private to attempt.c (how an attempt ends) and attempt_request.c (how it is
 * made).
 */
enum { ATTEMPT_CHANGES_MAX = 3 };

struct attempt {
	struct message message;
	struct worker *worker;
	struct delivery *delivery;
	const struct webhook *webhook; /* the snapshot it is made with */
	struct arena arena;
	struct http_header *headers;
	size_t header_count;
	size_t shown_count; /* of them: the others' values may be secret */
	struct credential_wait credential;
	bool is_credential_kept;
	bool is_repeated; /* with a fresh token, after a 401 */
	struct buf signature;
	char id[UUID_TEXT_SIZE];
	struct str timestamp;
	int64_t started; /* wall clock */

	struct writer_item outcome;
	struct store_change changes[ATTEMPT_CHANGES_MAX];
	struct delivery_row delivery_row;
	struct attempt_row row;
	bool is_again;
	bool is_in_dispatch; /* false: skipped before it was queued */
	struct attempt *next_unwritten;
};

struct attempt *attempt_new(struct worker *worker, struct delivery *delivery);

/** The request has ended, or none could be made: decides what follows. */
void attempt_done(struct attempt *attempt, const struct http_result *result);
