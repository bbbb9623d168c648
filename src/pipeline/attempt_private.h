#pragma once
#include "pipeline/attempt.h"
#include "pipeline/credentials.h"
#include "pipeline/outlet.h"

/*
 * Private to attempt.c (how an attempt ends), attempt_request.c (how it is
 * made), attempt_row.c (what is written down of it) and attempt_health.c (what
 * it is to the webhook). In a batch each
 * delivery has its attempt, with an outcome that is written by itself; the
 * first one makes the request for all of them.
 */
enum { ATTEMPT_CHANGES_MAX = 3 };

struct announced; /* pipeline/announce.h */

/* What is written down of a request and its response. */
struct attempt_heads {
	const struct attempt *owner; /* of the memory */
	struct str request, response;
};

struct attempt {
	/* Until `batch` what is looked at when it is settled. */
	struct message message;
	struct writer_item outcome;
	struct worker *worker;
	struct delivery *delivery;
	struct outlet *outlet;	       /* NULL when it is only skipped */
	struct deliver_errand *errand; /* it is one; else NULL */
	struct announced *announced;   /* in the same unit, or NULL */
	bool is_again;
	bool is_in_dispatch; /* false: skipped before it was queued */
	bool is_credential_kept;
	bool is_repeated;   /* with a fresh token, after a 401 */
	struct arena arena; /* it lies in this itself */

	struct attempt *batch;	       /* the next one in the request */
	const struct webhook *webhook; /* the snapshot it is made with */
	struct http_header *headers;
	size_t header_count;
	size_t shown_count; /* of them: the others' values may be secret */
	struct credential_wait credential;
	char id[UUID_TEXT_SIZE];
	char batch_id[UUID_TEXT_SIZE]; /* of the request for several */
	struct str timestamp;
	int64_t started; /* wall clock */

	struct store_change *changes; /* `few`, or in the arena */
	struct store_change few[ATTEMPT_CHANGES_MAX];
	struct delivery_row delivery_row;
	struct attempt_row row;
	struct attempt *next_unwritten;
};

/** The next change of its outcome, with all but its kind zero. */
struct store_change *attempt_add_change(
	struct attempt *attempt, enum store_change_kind kind);

/**
 * The lane's health moves with the outcome. True: the webhook's state moved
 * too, which is to be reported once the outcomes are on their way to the disk
 * (what the new state does to deliveries that wait must find them ended).
 */
bool attempt_apply_health(struct attempt *attempt,
	const struct retry_decision *decision, struct health_report *report);
void attempt_report_health(struct worker *worker, struct lane *lane,
	const struct health_report *report);

/** News of a delivery that was given up, into the outcome's unit. */
void attempt_tell_dead(struct attempt *attempt, const struct payload *payload);

/** Where it goes. */
struct str attempt_destination(const struct attempt *attempt);

/** The request's head as it was sent, what may be secret masked. */
struct str attempt_describe_request(struct attempt *attempt);

/** The response's head, without what it would have a browser keep secret. */
struct str attempt_mask_response(struct attempt *attempt, struct str head);

/**
 * attempt->row, once, with what it was, what came back, and why it failed. The
 * heads are in the arena of the attempt that made the request, which may be
 * gone before this one.
 */
void attempt_fill_row(struct attempt *attempt, const struct http_result *result,
	const struct attempt_heads *heads, bool is_acknowledged);

struct attempt *attempt_new(struct worker *worker, struct delivery *delivery);

/**
 * The request has ended, or none could be made: decides what follows, for all
 * in the batch.
 */
void attempt_done(struct attempt *attempt, const struct http_result *result);
