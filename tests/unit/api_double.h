#pragma once
#include "pipeline/webhooks.h"
#include "pipeline/writer.h"

/*
 * Stands in for store, writer and the registry of webhooks, so that the API's
 * frame can be tested alone: API keys in an array, commits that work or fail
 * as the test wants. Linked into api_tests only, in front of the real ones.
 */
struct api_double {
	enum err commit_error; /* what the next commits end with */
	bool is_stuck;	       /* submitted items are never done */
	int commits;
	struct writer_item *stuck; /* the one that was not done */
};

extern struct api_double api_double;

/** Forgets all keys and settings. */
void api_double_reset(void);

/** For pointers that are only passed on. */
struct store *api_double_store(void);
struct writer *api_double_writer(void);
