#pragma once
#include "flow/hooks.h"

/*
 * A request to a hook, from the door to the scenario. In this order: is there
 * such a hook, and is it enabled; is there room in its rate; may this address
 * call; is the body too large; is it CloudEvents' OPTIONS; are API key and
 * password right; can it be decompressed, and is not too large then; is it a
 * challenge; is it signed; does a scenario listen; can the body be read; was
 * it seen before. What is refused is counted with its
 * reason, and nothing else happens to it. What is accepted is stored before
 * it is answered, unless the scenario answers.
 */
enum { HOOK_ANSWER_FIELDS_MAX = 16 };

struct hook_answer {
	int status;
	struct str content_type;
	struct str body;
	struct inbound_field fields[HOOK_ANSWER_FIELDS_MAX];
	size_t field_count;
	int64_t retry_after; /* microseconds; 0: not told */
};

/**
 * Whoever waits for the answer. Called exactly once, on any thread, maybe
 * before hook_receive() returns; must not block. The answer is borrowed.
 */
struct hook_waiter {
	void (*answer)(
		struct hook_waiter *waiter, const struct hook_answer *answer);
};

struct hook_arrival {
	struct str token;
	struct inbound_request request;
	struct str query;  /* raw */
	struct str peer;   /* the address that is connected */
	bool is_too_large; /* for HOOK_BODY_MAX: it has not been read */
	/* Of this process: it has no address to look at, and the rate has been
	   seen to. */
	bool is_local;
	struct hook_waiter *waiter;
};

/**
 * `arrival` and `arena` are borrowed for the call, the waiter until it is
 * answered. Does not block.
 */
void hook_receive(struct hooks *hooks, const struct hook_arrival *arrival,
	struct arena *arena);

/**
 * Who calls: `peer`, or when that is a trusted proxy the last address of
 * X-Forwarded-For that is not one. Borrowed from either.
 */
struct str hook_client_address(const struct hook_network_list *proxies,
	struct str peer, const struct inbound_request *request);
