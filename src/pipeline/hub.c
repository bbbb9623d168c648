#include "pipeline/hub.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_local.h"
#include "pipeline/match.h"
#include "pipeline/pressure.h"
#include "pipeline/prober.h"
#include "pipeline/replay.h"
#include "pipeline/report_line.h"

/* ---- what one part tells another ---- */

static void
on_accepted(void *context, const struct delivery_row *delivery,
	struct payload *payload)
{
	struct hub *hub = context;

	deliver_offer(hub->deliver, delivery, payload);
}

static void
on_changed(void *context, const struct webhook *webhook, bool is_fresh)
{
	struct hub *hub = context;

	deliver_set_webhook(hub->deliver, webhook, is_fresh, false);
	prober_note(hub->prober, webhook);
}

static void
on_removed(void *context, const struct webhook *webhook)
{
	struct hub *hub = context;

	deliver_remove_webhook(hub->deliver, webhook);
	prober_forget(hub->prober, webhook->number);
}

static void
on_handshake(void *context, const struct webhook *webhook)
{
	struct hub *hub = context;

	deliver_handshake(hub->deliver, webhook);
}

/** Desk's thread, or a worker's when the desk is full: storing it blocks. */
static void
store_report(void *context, const struct deliver_report *report)
{
	struct hub *hub = context;
	struct webhooks *webhooks = hub->webhooks;
	const struct handshake_outcome *outcome = &report->outcome;
	enum err err = ERR_OK;

	switch (report->what) {
	case DELIVER_HANDSHAKE:
		err = webhooks_end_handshake(
			webhooks, report->webhook, report->handshake, outcome);
		break;
	case DELIVER_HEALTH:
		err = webhooks_set_health(
			webhooks, report->webhook, &report->health);
		break;
	case DELIVER_RATE:
		err = webhooks_set_rate(webhooks, report->webhook,
			outcome->allowed_rate, outcome->is_rate_unlimited);
		break;
	}
	/* Left alone, the webhook would wait for its handshake, or show a
	   status that its deliveries no longer have, until the next start. */
	if (err)
		deliver_report_again(hub->deliver, report);
}

static void
post(const struct hub *hub, const struct deliver_report *report)
{
	report_line_post(hub->reports, report);
}

static void
on_handshake_ended(void *context, uint64_t webhook, uint64_t handshake,
	const struct handshake_outcome *outcome)
{
	post(context, &(struct deliver_report){.what = DELIVER_HANDSHAKE,
			      .webhook = webhook,
			      .handshake = handshake,
			      .outcome = *outcome});
}

static void
on_health_moved(
	void *context, uint64_t webhook, const struct health_report *report)
{
	post(context, &(struct deliver_report){.what = DELIVER_HEALTH,
			      .webhook = webhook,
			      .health = *report});
}

static void
on_rate_told(void *context, uint64_t webhook, unsigned allowed_rate,
	bool is_unlimited)
{
	post(context, &(struct deliver_report){.what = DELIVER_RATE,
			      .webhook = webhook,
			      .outcome = {.allowed_rate = allowed_rate,
				      .is_rate_unlimited = is_unlimited}});
}

/* ---- putting it together ---- */

static enum err
open_directory(const char *path, struct buf *why)
{
	struct stat st;

	if (mkdir(path, 0700) != 0 && errno != EEXIST) {
		int error = errno;

		buf_printf(why, "data folder %s: cannot be made: %s%s", path,
			strerror(error),
			error == ENOENT ? "; make the folder above it first"
					: "");
		return ERR_IO;
	}
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		buf_printf(
			why, "data folder %s: is a file, not a folder", path);
		return ERR_INVALID;
	}
	if (access(path, R_OK | W_OK | X_OK) != 0) {
		buf_printf(why,
			"data folder %s: %s; the user who runs the hub (here "
			"user id %ld) must own it and be able to write there",
			path, strerror(errno), (long)getuid());
		return ERR_IO;
	}
	return ERR_OK;
}

static void
write_key_path(const struct hub_options *options, struct buf *out)
{
	if (options->key_file)
		buf_append(out, str_of(options->key_file));
	else
		buf_printf(out, "%s/grapnel.key", options->directory);
}

static enum err
load_key(struct hub *hub, struct buf *why)
{
	CLEANUP(buf_release) struct buf path = buf_make(4096);
	enum err err;

	write_key_path(&hub->options, &path);
	/* A new key would open none of the secrets that are there, and the
	   copy that does would then seem to be the wrong one. */
	if (access(buf_text(&path), F_OK) != 0 && errno == ENOENT &&
		store_is_there(hub->options.directory)) {
		buf_printf(why,
			"key file %s: is missing, and the database in %s needs "
			"it; put your copy of it there, or name it with "
			"--key-file",
			buf_text(&path), hub->options.directory);
		return ERR_NOT_FOUND;
	}
	err = seal_key_load(buf_text(&path), &hub->master_key, why);
	if (!err) {
		seal_key_derive(
			&hub->master_key, STR("store"), &hub->store_key);
		seal_key_derive(
			&hub->master_key, STR("callback"), &hub->callback_key);
	}
	return err;
}

static void
explain_wrong_key(const struct hub *hub, struct buf *why)
{
	CLEANUP(buf_release) struct buf path = buf_make(4096);

	write_key_path(&hub->options, &path);
	buf_printf(why,
		" (%s), so it is not the one that belongs to the database in "
		"%s; put your copy of that one there, or name it with "
		"--key-file",
		buf_text(&path), hub->options.directory);
}

static void
start_deliver(struct hub *hub)
{
	const struct hub_options *options = &hub->options;
	struct deliver_options deliver = {
		.store = hub->store,
		.writer = hub->writer,
		.pressure = hub->pressure,
		.webhooks = hub->webhooks,
		.policy = &options->policy,
		.ca_file = options->ca_file,
		.user_agent = options->user_agent,
		.ways = options->ways,
		.allow_lists = hub->allow_lists,
		.local = hub->local,
		.origin = options->origin,
		.workers = options->workers,
		.dispatch = options->dispatch,
		.connections_max = options->connections_max,
		.connect_timeout = options->connect_timeout,
		.delivery_timeout = options->delivery_timeout,
		.handshake_timeout = options->handshake_timeout,
		.response_kept = options->response_kept,
		.retry = options->retry,
		.retry_greenlake = options->retry_greenlake,
		.challenge = options->challenge,
		.heartbeat = options->heartbeat,
		.source = options->source,
		.public_url = options->public_url,
		.callback_key = &hub->callback_key,
		.callback_timeout = options->callback_timeout,
		.context = hub,
		.handshake_ended = on_handshake_ended,
		.health_moved = on_health_moved,
		.rate_told = on_rate_told,
	};

	hub->deliver = deliver_start(&deliver);
}

static enum err
open_allow_lists(struct hub *hub, struct buf *why)
{
	struct allow_lists_options options = {
		.store = hub->store,
		.writer = hub->writer,
		.are_off = hub->options.allow_lists_are_off,
	};

	return allow_lists_open(&options, &hub->allow_lists, why);
}

static enum err
open_webhooks(struct hub *hub, struct buf *why)
{
	struct webhooks_options options = {
		.store = hub->store,
		.writer = hub->writer,
		.match = hub->match,
		.ingest = hub->ingest,
		.policy = &hub->options.policy,
		.allow_lists = hub->allow_lists,
		.local = hub->local,
		.key = &hub->store_key,
		.listener = {.context = hub,
			.changed = on_changed,
			.removed = on_removed,
			.handshake = on_handshake},
		.webhooks_max = hub->options.webhooks_max,
		.subscriptions_max = hub->options.subscriptions_max,
		.greenlake_max = hub->options.greenlake_max,
		.enables_max = hub->options.enables_max,
		.enables_window = hub->options.enables_window,
	};

	return webhooks_open(&options, &hub->webhooks, why);
}

static enum err
open_ingest(struct hub *hub, struct buf *why)
{
	struct ingest_options options = {
		.store = hub->store,
		.writer = hub->writer,
		.match = hub->match,
		.desk = hub->desk,
		.event_types = hub->event_types,
		.dedupe_window = hub->options.dedupe_window,
		.greenlake_bytes_max = hub->options.greenlake_event_max,
		.source = hub->options.source,
		.context = hub,
		.accepted = on_accepted,
	};

	return ingest_open(&options, &hub->ingest, why);
}

/**
 * One webhook's waiting deliveries: its lane is told of them. Those of one
 * that is not sending, or gone, escaped their skipping when the process ended.
 */
static enum err
resume_webhook(struct hub *hub, uint64_t number)
{
	const struct webhook *webhook =
		webhooks_find_number(hub->webhooks, number);
	struct store_change skip = {.kind = STORE_DELIVERIES_SKIP,
		.webhook_number = number,
		.reason = STR("The webhook was not sending."),
		.now = clock_now()};
	enum err err = ERR_OK;

	if (webhook && (health_is_sending(&webhook->health) ||
			       health_is_waiting(&webhook->health)))
		deliver_set_webhook(hub->deliver, webhook, true, true);
	else
		err = writer_commit(hub->writer, &skip, 1);
	webhook_unref(webhook);
	return err;
}

/** Lanes first, then what waits on disk for them, then handshakes. */
static enum err
resume(struct hub *hub, struct buf *why)
{
	struct arena arena = {0};
	uint64_t *waiting;
	size_t count = 0;
	enum err err =
		store_waiting_webhooks(hub->store, &arena, &waiting, &count);

	for (size_t i = 0; !err && i < count; i++)
		err = resume_webhook(hub, waiting[i]);
	arena_release(&arena);
	if (err) {
		buf_append(
			why, STR("the waiting deliveries cannot be taken up"));
		return err;
	}
	webhooks_start(hub->webhooks);
	if (count)
		log_info("hub.resume", "webhooks_with_waiting_deliveries=%zu",
			count);
	return ERR_OK;
}

static void
start_retention(struct hub *hub)
{
	const struct retention_options options = {
		.store = hub->store,
		.writer = hub->writer,
		.events_age = hub->options.retention_events,
		.deliveries_age = hub->options.retention_deliveries,
		.executions_age = hub->options.retention_executions,
		.executions_max = hub->options.executions_max,
	};

	hub->retention = retention_start(&options);
}

static enum err
open_parts(struct hub *hub, struct buf *why)
{
	struct store_options store = {.directory = hub->options.directory,
		.bytes_max = hub->options.store_bytes_max};
	struct writer_options writer = {.queue_max = hub->options.queue_max,
		.bytes_max = hub->options.queue_bytes,
		.batch_max = hub->options.batch_max};
	enum err err = open_directory(hub->options.directory, why);

	/* The key first: where there is a database, there was a key. */
	if (!err)
		err = load_key(hub, why);
	if (!err)
		err = store_open(&store, &hub->store, why);
	if (err)
		return err;
	writer.store = hub->store;
	writer.pressure = hub->pressure;
	hub->writer = writer_start(&writer);
	hub->desk = desk_start(hub->options.desk_threads, 8192);
	hub->reports = report_line_new(hub->desk, store_report, hub);
	hub->match = match_new();
	err = event_types_open(hub->store, hub->writer, &hub->event_types, why);
	if (!err)
		err = open_ingest(hub, why);
	if (!err)
		err = open_allow_lists(hub, why);
	if (!err)
		err = open_webhooks(hub, why);
	if (err == ERR_DENIED)
		explain_wrong_key(hub, why);
	if (err)
		return err;
	start_deliver(hub);
	hub->prober = prober_start(hub->webhooks);
	err = resume(hub, why);
	if (!err)
		err = replay_start(hub, &hub->replay, why);
	if (!err)
		start_retention(hub);
	return err;
}

enum err
hub_open(const struct hub_options *options, struct hub **ret, struct buf *why)
{
	struct hub *hub = MEM_NEW(struct hub);
	enum err err;

	hub->options = *options;
	hub->local = http_local_new();
	hub->pressure = pressure_new(NULL);
	err = open_parts(hub, why);
	if (err) {
		hub_stop(hub, 0);
		hub_close(hub);
		return err;
	}
	*ret = hub;
	return ERR_OK;
}

void
hub_stop(struct hub *hub, int64_t timeout)
{
	if (hub == NULL)
		return;
	pressure_end(hub->pressure);
	prober_stop(hub->prober);
	replay_stop(hub->replay);
	hub->replay = NULL;
	retention_stop(hub->retention);
	hub->retention = NULL;
	http_local_close(hub->local);
	if (hub->deliver)
		deliver_stop(hub->deliver, timeout);
	/* From here on an item in the writer's queue ends where it is; when
	   the barrier is through, none is on its way to the desk any more. */
	if (hub->ingest)
		ingest_stop(hub->ingest);
	if (hub->writer && writer_commit(hub->writer, NULL, 0))
		log_warning("hub.stop", "the disk does not take changes");
	desk_stop(hub->desk);
	report_line_free(hub->reports);
	writer_stop(hub->writer);
	deliver_free(hub->deliver);
	prober_free(hub->prober);
	hub->prober = NULL;
	hub->deliver = NULL;
	hub->desk = NULL;
	hub->reports = NULL;
	hub->writer = NULL;
}

void
hub_close(struct hub *hub)
{
	if (hub == NULL)
		return;
	ingest_close(hub->ingest);
	event_types_close(hub->event_types);
	webhooks_close(hub->webhooks);
	allow_lists_close(hub->allow_lists);
	http_local_free(hub->local);
	match_free(hub->match);
	store_close(hub->store);
	pressure_free(hub->pressure);
	mem_free(hub);
}
