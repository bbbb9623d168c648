#pragma once
#include "flow/hook_receive.h"

/*
 * Private to hook_receive.c (the door) and hook_accept.c (from there to the
 * scenario).
 */

/* What happens to one request. */
struct hook_reception {
	struct hooks *hooks;
	const struct hook *hook;	    /* a reference */
	const struct scenario *scenario;    /* a reference, or NULL */
	const struct hook_arrival *arrival; /* its body not compressed */
	struct str body_as_sent;	    /* maybe so */
	struct str client;
	struct arena *arena;
	uint8_t id[HOOK_SEEN_LEN]; /* when is_claimed */
	bool is_claimed;
	bool is_expected; /* of a scenario that is off: run once */
};

struct hook_refusal_row {
	int status;
	struct str body; /* empty: the reason */
	int64_t retry_after;
};

const struct hook_refusal_row *hook_refusal_row(enum hook_refusal refusal);

/** Counts it, keeps the reason, answers. */
void hook_refuse(const struct hook_reception *reception,
	enum hook_refusal refusal, struct str reason);

void hook_answer_now(
	const struct hook_reception *reception, const struct hook_answer *what);

struct hook_note hook_make_note(const struct hook_reception *reception,
	enum hook_event event, int status, struct str reason);

/** As the hook says it, once it is stored. */
struct hook_answer hook_usual_answer(const struct hook *hook);

/** With a scenario: reads the body, tells it apart, begins; answers. */
void hook_accept(struct hook_reception *reception);
