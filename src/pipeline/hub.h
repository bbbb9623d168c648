#pragma once
#include "base/desk.h"
#include "pipeline/allow_lists.h"
#include "pipeline/deliver.h"
#include "pipeline/event_types.h"
#include "pipeline/ingest.h"
#include "pipeline/retention.h"

/*
 * The running pipeline: store, writer, registry, matching, the way in and the
 * way out, put together. Everything is opened and started by hub_open and
 * ended, in the order that loses nothing, by hub_stop and hub_close.
 */
struct prober; /* pipeline/prober.h */
struct replay; /* pipeline/replay.h */

struct hub_options {
	const char *directory; /* made (mode 0700) if it does not exist */
	const char *key_file;  /* NULL: DIRECTORY/grapnel.key */
	struct address_policy policy;
	const char *ca_file;
	const char *user_agent;
	struct deliver_ways ways;
	bool allow_lists_are_off;
	struct str origin; /* names this system to endpoints */
	struct str source; /* CloudEvents source of resource events */
	unsigned workers;  /* 0: one a processor */
	struct dispatch_options dispatch;
	size_t connections_max;
	size_t queue_max;
	size_t queue_bytes; /* 0: the writer's own */
	size_t batch_max;
	int64_t connect_timeout;
	int64_t delivery_timeout;
	int64_t handshake_timeout;
	size_t response_kept;
	struct retry_policy retry;
	struct retry_policy retry_greenlake;
	struct retry_policy challenge;
	int64_t heartbeat;
	struct str public_url; /* empty: no callback is offered */
	int64_t callback_timeout;
	unsigned webhooks_max;
	unsigned subscriptions_max; /* of a webhook */
	unsigned greenlake_max;
	unsigned enables_max;
	int64_t enables_window;
	unsigned desk_threads;
	int64_t dedupe_window;	    /* 0: as long as events are kept */
	size_t greenlake_event_max; /* bytes; 0: any */
	int64_t retention_events;   /* microseconds; 0: for ever */
	int64_t retention_deliveries;
	int64_t retention_executions;
	uint64_t executions_max;  /* kept of a scenario; 0: any number */
	uint64_t store_bytes_max; /* 0: none */
};

struct hub {
	struct hub_options options;
	struct seal_key master_key; /* other keys are derived from it */
	struct seal_key store_key;
	struct seal_key callback_key;
	struct store *store;
	struct pressure *pressure;
	struct writer *writer;
	struct desk *desk;
	struct report_line *reports;
	struct match *match;
	struct http_local *local; /* for whoever has hooks to open */
	struct allow_lists *allow_lists;
	struct webhooks *webhooks;
	struct event_types *event_types;
	struct deliver *deliver;
	struct ingest *ingest;
	struct retention *retention;
	struct replay *replay;
	struct prober *prober;
};

/** Sentences in `why` name the file or directory that is the matter. */
enum err hub_open(const struct hub_options *options, struct hub **ret,
	struct buf *why) MUST_USE;

/**
 * Nothing may be published or changed any more. Attempts in flight get
 * `timeout` microseconds, their outcomes are written, the threads end. NULL is
 * harmless.
 */
void hub_stop(struct hub *hub, int64_t timeout);

/** After hub_stop: closes the store and releases everything. */
void hub_close(struct hub *hub);
