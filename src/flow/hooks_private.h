#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "base/digest.h"
#include "base/map.h"
#include "flow/hooks.h"

/*
 * Private to hooks.c and hook_accept.c: requests whose scenario may answer
 * yet. A runner that stops answers nobody, so what is left is released with
 * the hooks.
 */
struct hook_link {
	struct hook_link *next;
	struct hook_link **at;
	void (*release)(struct hook_link *link);
};

void hooks_link(struct hooks *hooks, struct hook_link *link);
void hooks_unlink(struct hooks *hooks, struct hook_link *link);

/* ---- of hooks.c and hooks_read.c alone ---- */

/** A snapshot as it is counted; what it points to is in its arena. */
struct counted {
	struct hook hook;
	struct arena arena;
	atomic_size_t refs;
	uint8_t digest[DIGEST_SHA256_LEN]; /* of the token */
};

struct hooks {
	struct hooks_options options;
	pthread_mutex_t changing; /* one change at a time, disk included */
	pthread_mutex_t lock;	  /* of the maps */
	struct map by_id;	  /* by the id's bytes; a reference each */
	/* By the token's digest, so that no comparison tells how much of a
	   token was right. */
	struct map by_token;
	struct hook_link *links;
	_Atomic uint64_t counts[HOOK_EVENTS];
	_Atomic uint64_t refused[HOOK_REFUSALS];
};

struct str hooks_key(const struct uuid *id);
