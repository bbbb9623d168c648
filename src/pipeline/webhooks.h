#pragma once
#include <stdatomic.h>

#include "base/arena.h"
#include "base/clock.h"
#include "net/address.h"
#include "net/http_client.h"
#include "pipeline/subscription.h"
#include "rule/filter.h"
#include "rule/signature.h"
#include "rule/webhook_options.h"
#include "store/store.h"

/*
 * The registry of webhooks: all of them in memory as immutable snapshots, kept
 * equal to the store. Readers take a reference and never wait for a change;
 * changes are made one at a time, are on disk before anybody sees them, and
 * start the handshake where one is due. Functions that change things block
 * until the commit: not for event-loop threads.
 */
struct webhooks;
struct allow_lists;
struct ingest;
struct match;
struct writer;
struct webhook;
struct live;

/** Who is told of changes, on the thread that made them, in their order. */
struct webhooks_listener {
	void *context;
	/* `is_fresh`: health was set anew (a user or a handshake did it), as
	   against a change that leaves counters alone. */
	void (*changed)(
		void *context, const struct webhook *webhook, bool is_fresh);
	void (*removed)(void *context, const struct webhook *webhook);
	/* A handshake, or a probe, is to be made; ends in
	   webhooks_end_handshake. */
	void (*handshake)(void *context, const struct webhook *webhook);
};

struct webhooks_options {
	struct store *store;
	struct writer *writer;
	struct match *match;   /* kept equal to the registry */
	struct ingest *ingest; /* for telling of changes; NULL: none is told */
	const struct address_policy *policy; /* borrowed */
	struct allow_lists *allow_lists;     /* borrowed; NULL: none */
	struct http_local *local;	     /* borrowed; NULL: no hooks */
	const struct seal_key *key;	     /* borrowed */
	struct webhooks_listener listener;
	unsigned webhooks_max; /* in a workspace */
	/* The same of dialect "greenlake", which are not among the others. */
	unsigned greenlake_max;
	unsigned subscriptions_max; /* of a webhook; 0: 5 */
	unsigned enables_max;	    /* of a webhook in enables_window */
	int64_t enables_window;
};

/** Loads all webhooks from the store; tells nobody yet. */
enum err webhooks_open(const struct webhooks_options *options,
	struct webhooks **ret, struct buf *why) MUST_USE;
/** Tells the listener of every webhook, and of handshakes left unfinished. */
void webhooks_start(struct webhooks *webhooks);
void webhooks_close(struct webhooks *webhooks);

struct webhook_header {
	struct str name;
	struct str value;
};

#define WEBHOOK_SIGNING_OVERLAP (24 * HOURS)
/* `old_until` of a second secret that stays until it is taken away. */
#define WEBHOOK_ALWAYS INT64_MAX

enum {
	WEBHOOK_ENABLES_KEPT = 16,
	WEBHOOK_NAME_MAX = 255, /* characters */
	WEBHOOK_HEADERS_MAX = 32,
	WEBHOOK_HEADER_VALUE_MAX = 4096, /* bytes */
	WEBHOOK_REASON_MAX = 200,	 /* bytes, with the NUL */
};

struct webhook {
	atomic_uint refs;
	struct arena arena; /* holds everything below */
	uint64_t number;
	struct uuid id;
	uint32_t workspace;
	uint64_t revision;
	/* "com", "native", "greenlake": where it was created */
	struct str dialect;
	struct str name;
	struct str description; /* "greenlake" */
	struct str created_by;	/* "greenlake": the key's id */
	struct str destination;
	/* Both empty: it has subscriptions instead. */
	struct str filter_text;
	const struct filter *filter;
	const struct subscription *
		*subscriptions; /* references, oldest first */
	size_t subscription_count;
	struct health health;
	struct str status_reason;
	uint64_t generation;
	int64_t created;
	int64_t updated;
	const struct webhook_header *headers; /* secret: never shown */
	size_t header_count;
	struct str secret; /* whsec_…, or any text: never shown but once */
	struct signature_key key; /* the secret, ready to sign with */
	bool is_secret_read;
	/* The one before it, or a second one, signs too, until then; 0: there
	   is none. */
	struct str old_secret;
	const struct signature_key *old_key; /* NULL: there is none */
	int64_t old_until;
	struct webhook_options options;
	const struct http_way *way; /* by the options; NULL: none needed */
	unsigned allowed_rate;	    /* granted by the endpoint; 0: no limit */
	bool is_rate_unlimited; /* the endpoint said so, rather than nothing */
	int64_t verified;	/* the last handshake that was accepted */
	const int64_t *enables; /* when it was enabled, newest first */
	unsigned enable_count;	/* at most WEBHOOK_ENABLES_KEPT */
	struct live *live;  /* shared by all snapshots; NULL in some tests */
	uint64_t handshake; /* revision that asked for the present handshake;
			       not stored: a restart asks anew */
	int64_t probe_at;   /* wall clock; 0: no probe is due */
	unsigned probes_failed; /* since it was disabled */
	/* Since when deliveries are skipped, until that has been told. */
	int64_t gap_from;
	/* How often it was told of this hour (webhook_news.h); not stored. */
	int64_t news_since;
	unsigned news_count;
	unsigned news_left_off;
};

/** Whether the endpoint is asked for its rate from time to time. */
bool webhook_asks_rate(const struct webhook *webhook);

/** Whether a second secret signs at `now`. */
bool webhook_has_second_secret(const struct webhook *webhook, int64_t now);

/** Attempts a minute: the lower of what is wanted and granted; 0: no limit. */
unsigned webhook_rate(const struct webhook *webhook);

/** Whether it has subscriptions, if only none so far, and not a filter. */
static inline bool
webhook_is_by_subscription(const struct webhook *webhook)
{
	return webhook->filter_text.len == 0;
}

/** Whether this snapshot of a subscription is one of the webhook's. */
bool webhook_has_subscription(
	const struct webhook *webhook, const struct subscription *subscription);

/** Whether its filter, or one of its subscriptions, is true for an event. */
bool webhook_wants(const struct webhook *webhook,
	const struct filter_event *event, struct arena *scratch);

void webhook_ref(const struct webhook *webhook);
void webhook_unref(const struct webhook *webhook);

/** For containers that keep plain pointers; the snapshot stays immutable. */
static inline void *
webhook_unconst(const struct webhook *webhook)
{
	return (void *)(uintptr_t)webhook;
}

/** What a user says; members without their has_ flag stay as they are. */
struct webhook_draft {
	/* A filter stays a filter: a webhook that has subscriptions instead
	   refuses one, and one that has a filter cannot be without. */
	bool has_name, has_destination, has_state, has_filter, has_headers;
	bool has_options;
	/* Those of "greenlake". */
	bool has_description, has_secret, has_second_secret;
	bool verifies;	     /* asks for the handshake, unless it is disabled */
	bool is_name_unique; /* among those of its dialect in the workspace */
	struct str dialect;  /* of a new one; empty: "com" */
	struct str name;
	struct str description;
	struct str secret;	  /* of a scheme whose secrets are any text */
	struct str second_secret; /* signs too; empty: none does any more */
	struct str who; /* the id of the key that asks for the change */
	struct str destination;
	enum webhook_state state;
	struct str filter;
	/* Merge patch: a header with value.ptr NULL is removed. */
	const struct webhook_header *headers;
	size_t header_count;
	struct json options; /* an object with the options as members; others
				in it are passed over */
	uint64_t expected_generation; /* of a patch; 0: any */
	struct str key_id;	      /* of whoever says it; empty: not known */
};

/** Why a change was refused, for the dialect to put into its own shape. */
struct webhook_problem {
	const char *field;   /* "eventFilter", …; NULL: none in particular */
	struct buf why;	     /* release with buf_release */
	size_t column;	     /* of the filter, or 0 */
	int64_t retry_after; /* microseconds, for ERR_BUSY */
};

/**
 * Creates a webhook from a draft that has all members; without a filter it is
 * one that has subscriptions (pipeline/subscriptions.h). ERR_INVALID (a member
 * is wrong: `field`), ERR_DENIED (destination or header not allowed),
 * ERR_LIMIT (too many webhooks in the workspace), ERR_CONFLICT (the name is
 * another one's, where names are unique), ERR_IO (not stored).
 * `*ret` is a reference.
 */
enum err webhooks_create(struct webhooks *webhooks, uint32_t workspace,
	const struct webhook_draft *draft, const struct webhook **ret,
	struct webhook_problem *problem) MUST_USE;

/**
 * Changes one. Also ERR_NOT_FOUND, and ERR_BUSY when it was enabled too often
 * lately (`retry_after`). A draft with state ENABLED, or one that changes
 * destination, headers, auth, client certificate or kind of handshake of an
 * enabled webhook, starts a handshake. One that changes `signing` makes a new
 * secret of that scheme, and the old one signs for another
 * WEBHOOK_SIGNING_OVERLAP. ERR_CONFLICT when the present generation is not the
 * expected one.
 */
enum err webhooks_patch(struct webhooks *webhooks, uint32_t workspace,
	struct uuid id, const struct webhook_draft *draft,
	const struct webhook **ret, struct webhook_problem *problem) MUST_USE;

/** `key_id`: of whoever wants it gone. */
enum err webhooks_delete(struct webhooks *webhooks, uint32_t workspace,
	struct uuid id, struct str key_id, struct webhook_problem *problem)
	MUST_USE;

/**
 * The end of the handshake that revision `handshake` of the webhook asked for;
 * ignored when another one has begun since. Blocks. An error: it is not stored
 * and nothing has changed; say it again later.
 */
enum { WEBHOOK_DETAIL_SIZE = 256 };
struct handshake_outcome {
	bool is_accepted;
	bool is_put_off; /* it failed by our own side, and goes on later: only
			    those who wait are told */
	unsigned allowed_rate;	/* a minute; 0: no limit, or none was told */
	bool is_rate_unlimited; /* that was told */
	int status;		/* of the last answer; 0: there was none */
	char reason[WEBHOOK_REASON_MAX];  /* of the status; empty: the rules' */
	char detail[WEBHOOK_DETAIL_SIZE]; /* what came back instead, or "" */
};
enum err webhooks_end_handshake(struct webhooks *webhooks, uint64_t number,
	uint64_t handshake, const struct handshake_outcome *outcome) MUST_USE;

/**
 * The rate that the endpoint grants, asked for between handshakes. Blocks.
 * Errors as above.
 */
enum err webhooks_set_rate(struct webhooks *webhooks, uint64_t number,
	unsigned allowed_rate, bool is_unlimited) MUST_USE;

/** Embedded by who waits for the end of a handshake; stays until `done`. */
struct webhooks_wait {
	struct webhooks_wait *next;
	uint64_t number;
	uint64_t handshake;
	/* On the thread that stored the end; never when the hub stops first. */
	void (*done)(struct webhooks_wait *wait,
		const struct handshake_outcome *outcome);
};

/**
 * Asks for the handshake anew: the webhook is PENDING until it ends, unless
 * it is disabled; then its state stays as it is. `wait->done` is called when
 * the handshake has ended, perhaps before this returns, unless there was an
 * error. Blocks. ERR_NOT_FOUND, ERR_CONFLICT (its kind of handshake is none),
 * ERR_IO.
 */
enum err webhooks_verify(struct webhooks *webhooks, uint32_t workspace,
	struct uuid id, struct webhooks_wait *wait,
	struct webhook_problem *problem) MUST_USE;

/**
 * What delivery outcomes made of a webhook's health (WARNING, ERROR, ACTIVE);
 * ignored when the webhook has changed hands since `revision`. Blocks. Errors
 * as above.
 */
struct health_report {
	uint64_t revision;
	struct health health;
	const char *reason;		  /* static */
	char detail[WEBHOOK_DETAIL_SIZE]; /* of the last outcome, or "" */
};
enum err webhooks_set_health(struct webhooks *webhooks, uint64_t number,
	const struct health_report *report) MUST_USE;

/**
 * The time for a probe has come: makes the handshake (or, where there is none,
 * sends a test event) and lets its outcome decide whether the webhook is
 * enabled again; ends in webhooks_end_handshake. Ignored when it is not due.
 * Blocks. Errors as above.
 */
enum err webhooks_probe(struct webhooks *webhooks, uint64_t number) MUST_USE;

/** The secret's text in `arena`, the first time; then ERR_DENIED. */
enum err webhooks_read_secret(struct webhooks *webhooks, uint32_t workspace,
	struct uuid id, struct arena *arena, struct str *ret,
	struct webhook_problem *problem) MUST_USE;

/**
 * A new secret of the webhook's scheme, shown in `ret` (text in `arena`) this
 * once. Both sign for `overlap` microseconds; an older one that still did
 * ends now. Counts as a change of the user's.
 */
struct webhook_rotation {
	int64_t overlap;
	struct str key_id; /* of whoever asks for it */
};
enum err webhooks_rotate_secret(struct webhooks *webhooks,
	const struct webhook *webhook, const struct webhook_rotation *rotation,
	struct arena *arena, struct str *ret, struct webhook_problem *problem)
	MUST_USE;

/** A reference, or NULL. Never blocks on disk. */
const struct webhook *webhooks_find(
	struct webhooks *webhooks, uint32_t workspace, struct uuid id);

/** The same by number, in any workspace. */
const struct webhook *webhooks_find_number(
	struct webhooks *webhooks, uint64_t number);

/** How many there are of each status, in all workspaces, without a walk. */
enum { WEBHOOK_STATUS_COUNT = WEBHOOK_OFF + 1 };
void webhooks_count(
	struct webhooks *webhooks, size_t ret[WEBHOOK_STATUS_COUNT]);

/**
 * References to all of a workspace, oldest first, as an array in `arena`;
 * unref each.
 */
const struct webhook **webhooks_list(struct webhooks *webhooks,
	uint32_t workspace, struct arena *arena, size_t *ret_count);
