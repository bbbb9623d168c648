#pragma once
#include "pipeline/attempt.h"
#include "pipeline/credentials.h"

/*
 * Private to attempt.c (how an attempt ends), attempt_request.c (how it is
 * made) and attempt_row.c (what is written down of it).
 */
enum { ATTEMPT_CHANGES_MAX = 3 };

struct announced; /* pipeline/announce.h */

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
	bool is_own;	  /* its event is the hub's: no news of it */
	struct buf signature;
	char id[UUID_TEXT_SIZE];
	char timestamp[24];
	int64_t started; /* wall clock */

	struct writer_item outcome;
	struct store_change *changes; /* `few`, or in the arena */
	struct store_change few[ATTEMPT_CHANGES_MAX];
	struct announced *announced; /* in the same unit, or NULL */
	struct delivery_row delivery_row;
	struct attempt_row row;
	bool is_again;
	bool is_in_dispatch; /* false: skipped before it was queued */
	struct attempt *next_unwritten;
	struct deliver_errand *errand; /* it is one; else NULL */
};

/** attempt->row, with what it was, what came back, and why it failed. */
void attempt_fill_row(struct attempt *attempt, const struct http_result *result,
	bool is_acknowledged);

/** Where it goes. */
struct str attempt_destination(const struct attempt *attempt);

struct attempt *attempt_new(struct worker *worker, struct delivery *delivery);

/** The request has ended, or none could be made: decides what follows. */
void attempt_done(struct attempt *attempt, const struct http_result *result);
