#pragma once
#include <stdatomic.h>

#include "base/arena.h"
#include "net/address.h"
#include "net/http_client.h"
#include "rule/filter.h"
#include "store/store.h"

/*
 * The registry of webhooks: all of them in memory as immutable snapshots, kept
 * equal to the store. Readers take a reference and never wait for a change;
 * changes are made one at a time, are on disk before anybody sees them, and
 * start the handshake where one is due. Functions that change things block
 * until the commit: not for event-loop threads.
 */
struct webhooks;
struct writer;

struct webhook_header {
	struct str name;
	struct str value;
};

struct webhook {
	atomic_uint refs;
	struct arena arena; /* holds everything below */
	uint64_t number;
	struct uuid id;
	uint32_t workspace;
	uint64_t revision;
	struct str dialect; /* "com" */
	struct str name;
	struct str destination;
	struct str filter_text;
	const struct filter *filter;
	struct health health;
	struct str status_reason;
	uint64_t generation;
	int64_t created;
	int64_t updated;
	const struct webhook_header *headers; /* secret: never shown */
	size_t header_count;
	struct str secret;     /* whsec_…: never shown but once */
	struct str secret_key; /* its raw bytes */
	bool is_secret_read;
	int64_t enables[8]; /* times of the last enables, newest first */
};

void webhook_ref(const struct webhook *webhook);
void webhook_unref(const struct webhook *webhook);

/** What a user says; members without their has_ flag stay as they are. */
struct webhook_draft {
	bool has_name, has_destination, has_state, has_filter, has_headers;
	struct str name;
	struct str destination;
	enum webhook_state state;
	struct str filter;
	/* Merge patch: a header with value.ptr NULL is removed. */
	const struct webhook_header *headers;
	size_t header_count;
};

/** Why a change was refused, for the dialect to put into its own shape. */
struct webhook_problem {
	const char *field;   /* "eventFilter", …; NULL: none in particular */
	struct buf why;	     /* release with buf_release */
	size_t column;	     /* of the filter, or 0 */
	int64_t retry_after; /* microseconds, for ERR_BUSY */
};

/**
 * Creates a webhook from a draft that has all members. ERR_INVALID (a member
 * is wrong: `field`), ERR_DENIED (destination or header not allowed),
 * ERR_LIMIT (too many webhooks in the workspace), ERR_IO (not stored).
 * `*ret` is a reference.
 */
enum err webhooks_create(struct webhooks *webhooks, uint32_t workspace,
	const struct webhook_draft *draft, const struct webhook **ret,
	struct webhook_problem *problem) MUST_USE;

/**
 * Changes one. Also ERR_NOT_FOUND, and ERR_BUSY when it was enabled too often
 * lately (`retry_after`). A draft with state ENABLED, or one that changes
 * destination or headers of an enabled webhook, starts a handshake.
 * `expected_generation` != 0: ERR_CONFLICT when the present one differs.
 */
enum err webhooks_patch(struct webhooks *webhooks, uint32_t workspace,
	struct uuid id, const struct webhook_draft *draft,
	uint64_t expected_generation, const struct webhook **ret,
	struct webhook_problem *problem) MUST_USE;

enum err webhooks_delete(struct webhooks *webhooks, uint32_t workspace,
	struct uuid id, struct webhook_problem *problem) MUST_USE;

/** The secret's text in `arena`, the first time; then ERR_DENIED. */
enum err webhooks_read_secret(struct webhooks *webhooks, uint32_t workspace,
	struct uuid id, struct arena *arena, struct str *ret,
	struct webhook_problem *problem) MUST_USE;

/** A reference, or NULL. Never blocks on disk. */
const struct webhook *webhooks_find(
	struct webhooks *webhooks, uint32_t workspace, struct uuid id);

/**
 * References to all of a workspace, oldest first, as an array in `arena`;
 * unref each.
 */
const struct webhook **webhooks_list(struct webhooks *webhooks,
	uint32_t workspace, struct arena *arena, size_t *ret_count);
