#include "pipeline/deliver.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "pipeline/attempt.h"
#include "pipeline/dead_tally.h"
#include "pipeline/handshake.h"
#include "pipeline/heartbeat.h"
#include "pipeline/report.h"
#include "pipeline/worker.h"

/* Attempts started with one look at the clocks. */
enum { STARTS_A_LOOK = 8 };

struct deliver {
	struct deliver_options options;
	struct worker *workers;
	unsigned count;
	atomic_uint errands;
};

/* ---- one worker's loop ---- */

static void
hasten(struct worker *worker, struct message *message)
{
	struct hasten_mail *mail =
		CONTAINER_OF(message, struct hasten_mail, message);

	for (size_t i = 0; i < mail->count; i++)
		dispatch_hasten(
			worker->dispatch, mail->deliveries[i], clock_now());
	mem_free(mail);
}

static void
read_mail(struct worker *worker, struct message *message)
{
	struct webhook_mail *about =
		CONTAINER_OF(message, struct webhook_mail, message);

	switch ((enum mail_kind)message->kind) {
	case MAIL_DELIVERY:
		worker_take_one(worker,
			CONTAINER_OF(message, struct delivery_mail, message));
		return;
	case MAIL_PARCEL:
		worker_take_parcel(
			worker, CONTAINER_OF(message, struct parcel, message));
		return;
	case MAIL_SETTLED: attempt_settled(worker, message); return;
	case MAIL_ERRAND:
		attempt_run_errand(worker,
			CONTAINER_OF(message, struct deliver_errand, message));
		return;
	case MAIL_HASTEN: hasten(worker, message); return;
	case MAIL_REPORT:
		report_keep(worker,
			CONTAINER_OF(message, struct report_mail, message));
		return;
	case MAIL_WEBHOOK:
		dispatch_set_webhook(worker->dispatch, about->webhook,
			about->is_fresh, about->has_backlog);
		if (!about->is_fresh)
			report_health_again(worker, about->webhook);
		heartbeat_set(worker, about->webhook, about->is_fresh);
		break;
	case MAIL_REMOVED:
		dispatch_remove_webhook(
			worker->dispatch, about->webhook->number);
		credentials_forget(worker->credentials, about->webhook->number);
		dead_tally_forget(worker->dead_tally, about->webhook->number);
		heartbeat_remove(worker, about->webhook->number);
		break;
	case MAIL_HANDSHAKE:
		/* Without a client we are stopping: the next start makes it. */
		if (worker->client) {
			webhook_ref(about->webhook);
			handshake_start(worker, about->webhook);
		}
		break;
	}
	webhook_unref(about->webhook);
	mem_free(about);
}

static void
read_all_mail(struct worker *worker)
{
	struct message *message = mailbox_take_all(worker->mailbox);

	while (message) {
		struct message *next = message->next;

		if (next && next->kind == MAIL_SETTLED)
			attempt_expect(next);
		read_mail(worker, message);
		message = next;
	}
}

static void
start_attempts(struct worker *worker)
{
	struct delivery *delivery;

	worker_look(worker);
	shelf_expire(&worker->shelf, dispatch_now(worker->dispatch));
	worker_refill(worker);
	for (unsigned i = 1;; i++) {
		delivery = dispatch_take(
			worker->dispatch, dispatch_now(worker->dispatch));
		if (delivery == NULL)
			return;
		attempt_start(worker, delivery);
		if (i % STARTS_A_LOOK == 0)
			worker_look(worker);
	}
}

static void
write_again_if_due(struct worker *worker)
{
	if (worker->unwritten && clock_monotonic() >= worker->write_again_at)
		attempt_write_again(worker);
}

static bool
has_open_ends(const struct worker *worker)
{
	struct dispatch_stats stats;

	dispatch_stats(worker->dispatch, &stats);
	return stats.unsettled > 0 || http_client_running(worker->client) > 0;
}

/**
 * After the last attempt was started: lets those in flight come to an end,
 * and their outcomes to the disk. What could not be written by then gets its
 * last chance, and is repeated after the next start if that fails too.
 */
static void
drain(struct worker *worker)
{
	pressure_gauge_release(&worker->gauge);
	while (has_open_ends(worker)) {
		int64_t left =
			atomic_load(&worker->stop_at) - clock_monotonic();
		int64_t again = worker->write_again_at - clock_monotonic();

		if (left <= 0)
			break;
		if (worker->unwritten && again < left)
			left = again > 0 ? again : 0;
		worker->has_looked = false;
		http_client_wait(
			worker->client, mailbox_fd(worker->mailbox), left);
		read_all_mail(worker);
		write_again_if_due(worker);
		worker_wake_writer(worker);
	}
	http_client_free(worker->client); /* aborts the rest */
	worker->client = NULL;
	read_all_mail(worker);
	attempt_write_again(worker);
	alarm_ring_last(&worker->alarms);
	worker_wake_writer(worker);
}

static void *
run(void *context)
{
	struct worker *worker = context;

	thread_name_of("worker", worker->number);
	while (!atomic_load(&worker->is_stopping)) {
		int64_t time;

		start_attempts(worker);
		worker_publish_stats(worker);
		time = pressure_nap(&worker->gauge, worker_sleep_time(worker));
		worker_wake_writer(worker);
		worker->has_looked = false;
		worker->slept = http_client_wait(
			worker->client, mailbox_fd(worker->mailbox), time);
		read_all_mail(worker);
		alarm_ring_due(&worker->alarms);
		write_again_if_due(worker);
		if (worker->reports &&
			clock_monotonic() >= worker->report_again_at)
			report_end(worker, true);
		worker_wake_writer(worker);
	}
	drain(worker);
	return NULL;
}

/* ---- the pool ---- */

static void
worker_start(struct worker *worker, const struct deliver_options *options,
	size_t shelf)
{
	struct http_client_options client = {
		.policy = options->policy,
		.user_agent = options->user_agent,
		.ca_file = options->ca_file,
		.connections_max = options->connections_max,
		.connect_timeout = options->connect_timeout,
		.resolver = &options->ways.resolver,
		.proxy = options->ways.proxy,
		.no_proxy = options->ways.no_proxy,
		.no_proxy_count = options->ways.no_proxy_count,
		.local = options->local,
		.ring = options->ways.ring,
	};

	worker->options = options;
	worker->shelf.bytes_max = shelf;
	worker->mailbox = mailbox_new();
	worker->dispatch = dispatch_new(&options->dispatch);
	worker->client = http_client_new(&client);
	worker->dead_tally = dead_tally_new();
	pressure_gauge_init(
		&worker->gauge, options->pressure, clock_monotonic());
	worker->credentials = credentials_new(worker->client,
		options->allow_lists, options->handshake_timeout);
	if (pthread_create(&worker->thread, NULL, run, worker) != 0)
		abort();
}

static unsigned
share_of(unsigned total, unsigned count)
{
	return total == 0 ? 0 : total / count ? total / count : 1;
}

/** Each worker has its part of what all of them may have. */
static void
share_out(struct dispatch_options *options, unsigned count)
{
	options->concurrency_total =
		share_of(options->concurrency_total, count);
	options->slow_total = share_of(options->slow_total, count);
	options->in_flight_max = share_of(options->in_flight_max, count);
	options->window_total /= count;
}

struct deliver *
deliver_start(const struct deliver_options *options)
{
	struct deliver *deliver = MEM_NEW(struct deliver);
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	deliver->options = *options;
	deliver->count = options->workers
				 ? options->workers
				 : (unsigned)(processors > 0 ? processors : 1);
	share_out(&deliver->options.dispatch, deliver->count);
	deliver->options.connections_max /= deliver->count;
	deliver->workers =
		mem_alloc_array(deliver->count, sizeof(*deliver->workers));
	for (unsigned i = 0; i < deliver->count; i++) {
		deliver->workers[i].number = i;
		worker_start(&deliver->workers[i], &deliver->options,
			payload_memory_max() / 2 / deliver->count);
	}
	return deliver;
}

void
deliver_stop(struct deliver *deliver, int64_t timeout)
{
	int64_t stop_at = clock_monotonic() + timeout;

	for (unsigned i = 0; i < deliver->count; i++) {
		struct worker *worker = &deliver->workers[i];

		atomic_store(&worker->stop_at, stop_at);
		atomic_store(&worker->is_stopping, true);
		mailbox_wake(worker->mailbox);
	}
	for (unsigned i = 0; i < deliver->count; i++)
		pthread_join(deliver->workers[i].thread, NULL);
}

/** Mail that came after the worker had ended, and what it held back. */
static void
throw_away_mail(struct worker *worker)
{
	struct message *message = mailbox_take_all(worker->mailbox);

	attempt_abandon_unwritten(worker);
	report_end(worker, false);
	while (message) {
		struct message *next = message->next;
		struct webhook_mail *about =
			CONTAINER_OF(message, struct webhook_mail, message);

		if (message->kind == MAIL_DELIVERY) {
			worker_refuse_one(CONTAINER_OF(
				message, struct delivery_mail, message));
		} else if (message->kind == MAIL_PARCEL) {
			parcel_free(
				CONTAINER_OF(message, struct parcel, message));
		} else if (message->kind == MAIL_SETTLED) {
			attempt_abandon(worker, message);
		} else if (message->kind == MAIL_ERRAND) {
			attempt_refuse_errand(CONTAINER_OF(
				message, struct deliver_errand, message));
		} else if (message->kind == MAIL_HASTEN) {
			mem_free(CONTAINER_OF(
				message, struct hasten_mail, message));
		} else if (message->kind == MAIL_REPORT) {
			mem_free(CONTAINER_OF(
				message, struct report_mail, message));
		} else {
			webhook_unref(about->webhook);
			mem_free(about);
		}
		message = next;
	}
}

void
deliver_free(struct deliver *deliver)
{
	if (deliver == NULL)
		return;
	for (unsigned i = 0; i < deliver->count; i++) {
		struct worker *worker = &deliver->workers[i];

		throw_away_mail(worker);
		heartbeat_release(worker);
		dispatch_free(worker->dispatch);
		shelf_release(&worker->shelf);
		parcel_free(atomic_load(&worker->spare_parcel));
		credentials_free(worker->credentials);
		dead_tally_free(worker->dead_tally);
		mailbox_free(worker->mailbox);
	}
	mem_free(deliver->workers);
	mem_free(deliver);
}

/* ---- from other threads ---- */

static struct worker *
worker_of(struct deliver *deliver, uint64_t webhook)
{
	return &deliver->workers[webhook % deliver->count];
}

void
deliver_offer(struct deliver *deliver, const struct delivery_row *row,
	struct payload *payload)
{
	worker_offer(worker_of(deliver, row->webhook), row, payload);
}

void
deliver_hasten(struct deliver *deliver, uint64_t webhook,
	const uint64_t *deliveries, size_t count)
{
	struct hasten_mail *mail =
		mem_alloc(sizeof(*mail) + count * sizeof(*deliveries));

	mail->message.kind = MAIL_HASTEN;
	mail->count = count;
	memcpy(mail->deliveries, deliveries, count * sizeof(*deliveries));
	mailbox_post(worker_of(deliver, webhook)->mailbox, &mail->message);
}

static void
mail_webhook(struct deliver *deliver, enum mail_kind kind,
	const struct webhook *webhook, bool is_fresh, bool has_backlog)
{
	struct webhook_mail *about = MEM_NEW(struct webhook_mail);

	webhook_ref(webhook);
	about->message.kind = (int)kind;
	about->webhook = webhook;
	about->is_fresh = is_fresh;
	about->has_backlog = has_backlog;
	mailbox_post(
		worker_of(deliver, webhook->number)->mailbox, &about->message);
}

void
deliver_set_webhook(struct deliver *deliver, const struct webhook *webhook,
	bool is_fresh, bool has_backlog)
{
	mail_webhook(deliver, MAIL_WEBHOOK, webhook, is_fresh, has_backlog);
}

void
deliver_remove_webhook(struct deliver *deliver, const struct webhook *webhook)
{
	mail_webhook(deliver, MAIL_REMOVED, webhook, false, false);
}

void
deliver_handshake(struct deliver *deliver, const struct webhook *webhook)
{
	mail_webhook(deliver, MAIL_HANDSHAKE, webhook, false, false);
}

void
deliver_report_again(
	struct deliver *deliver, const struct deliver_report *report)
{
	struct report_mail *mail = MEM_NEW(struct report_mail);

	mail->message.kind = MAIL_REPORT;
	mail->report = *report;
	mailbox_post(
		worker_of(deliver, report->webhook)->mailbox, &mail->message);
}

enum err
deliver_run_errand(struct deliver *deliver, struct deliver_errand *errand)
{
	errand->running = &deliver->errands;
	if (atomic_fetch_add(&deliver->errands, 1) >= DELIVER_ERRANDS_MAX) {
		atomic_fetch_sub(&deliver->errands, 1);
		return ERR_LIMIT;
	}
	errand->message.kind = MAIL_ERRAND;
	mailbox_post(worker_of(deliver, errand->delivery.webhook)->mailbox,
		&errand->message);
	return ERR_OK;
}

void
deliver_latencies(
	const struct deliver *deliver, struct histogram_view ret[LATENCY_COUNT])
{
	memset(ret, 0, LATENCY_COUNT * sizeof(*ret));
	for (unsigned i = 0; i < deliver->count; i++) {
		for (int kind = 0; kind < LATENCY_COUNT; kind++)
			histogram_read(&deliver->workers[i].latencies[kind],
				&ret[kind]);
	}
}

void
deliver_stats(const struct deliver *deliver, struct deliver_stats *ret)
{
	*ret = (struct deliver_stats){0};
	for (unsigned i = 0; i < deliver->count; i++) {
		const struct worker *worker = &deliver->workers[i];

		ret->acknowledged += atomic_load(&worker->acknowledged);
		ret->failed += atomic_load(&worker->failed);
		ret->dead += atomic_load(&worker->dead);
		ret->queued += atomic_load(&worker->queued);
		ret->in_flight += atomic_load(&worker->in_flight);
		ret->slow_in_flight += atomic_load(&worker->slow_in_flight);
		ret->unsettled += atomic_load(&worker->unsettled);
	}
}

size_t
deliver_front(const struct deliver *deliver, struct dispatch_behind *ret)
{
	size_t count = 0;

	for (unsigned i = 0; i < deliver->count; i++)
		count = dispatch_front(
			deliver->workers[i].dispatch, ret, count);
	return count;
}

int64_t
deliver_oldest_due(const struct deliver *deliver)
{
	struct dispatch_behind front[DISPATCH_FRONT_MAX];
	size_t count = deliver_front(deliver, front);

	return count > 0 && front[0].live.queued ? front[0].live.oldest_due : 0;
}
