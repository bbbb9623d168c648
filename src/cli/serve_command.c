#include "cli/serve_command.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "api/api.h"
#include "api/key_watch.h"
#include "api/keys.h"
#include "api/router.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "flow/flow.h"
#include "net/http_server.h"
#include "pipeline/hub.h"

/* Debian's file of all authorities has 220 KB. */
enum { AUTHORITIES_MAX = 16 << 20 };

/* How often unused memory is looked for, and how much of it is worth it. */
enum { TRIM_SECONDS = 30, TRIM_BYTES = 8 << 20 };

enum {
	ATTEMPTS_A_WORKER = 1024, /* unless concurrency-total is said */
	UNSETTLED_MAX = 16384,	  /* of one worker */
	/* Attempts to endpoints that hang, beside those that do not, before
	   nothing else can start: so many times concurrency-total in all. */
	HANGING_TIMES = 4,
	FILES_KEPT = 256, /* for the store, the log and name servers */
};

/* ---- settings → options ---- */

static enum err
set_policy(const struct settings *settings, struct address_policy *policy,
	struct buf *why)
{
	policy->allow_http = settings->allow_http;
	for (size_t i = 0; i < settings->allow_private.count; i++) {
		enum err err;

		if (policy->allowed_count == ADDRESS_NETWORKS_MAX) {
			buf_printf(why, "allow-private: at most %d networks",
				ADDRESS_NETWORKS_MAX);
			return ERR_LIMIT;
		}
		err = address_network_parse(
			str_of(settings->allow_private.items[i]),
			&policy->allowed[policy->allowed_count], why);
		if (err)
			return err;
		policy->allowed_count++;
	}
	return ERR_OK;
}

/** Read again by libcurl; a wrong file is better told now than then. */
static enum err
check_authorities(const char *path, struct buf *why)
{
	CLEANUP(buf_release) struct buf text = buf_make(AUTHORITIES_MAX);
	enum err err;

	if (path == NULL)
		return ERR_OK;
	buf_append(why, STR("ca-file: "));
	err = file_read(path, &text, why);
	if (err)
		return err;
	if (strstr(buf_text(&text), "-----BEGIN CERTIFICATE-----") == NULL) {
		buf_printf(
			why, "%s: has no certificate in PEM form in it", path);
		return ERR_INVALID;
	}
	buf_clear(why);
	return ERR_OK;
}

/** Lives as long as the process. */
static struct str
machine_name(void)
{
	static char name[256];

	if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
		return STR("localhost");
	return str_of(name);
}

/** What it points to lives as long as the process, or the settings. */
static struct deliver_ways
ways_out(const struct settings *settings)
{
	static struct str no_proxy[SETTING_LIST_MAX];
	static struct http_proxy proxy;
	struct str credentials = str_of(settings->proxy_credentials);
	struct deliver_ways ways = {
		.no_proxy = no_proxy,
		.no_proxy_count = settings->no_proxy.count,
		.resolver.ttl = settings->dns_ttl,
		.first_byte_timeout = settings->first_byte_timeout,
		.ring = settings->io_uring ? HTTP_RING_MANY : HTTP_RING_NEVER,
	};

	for (size_t i = 0; i < settings->no_proxy.count; i++)
		no_proxy[i] = str_of(settings->no_proxy.items[i]);
	if (settings->proxy == NULL)
		return ways;
	proxy.url = str_of(settings->proxy);
	if (settings->proxy_credentials) {
		proxy.username = str_split(&credentials, ':');
		proxy.password = credentials;
	}
	proxy.is_looking_up = settings->proxy_lookup != 0;
	ways.proxy = &proxy;
	return ways;
}

static unsigned
attempts_total(const struct settings *settings)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned workers = processors > 0 ? (unsigned)processors : 1;

	if (settings->workers)
		workers = (unsigned)settings->workers;
	return settings->concurrency_total
		       ? (unsigned)settings->concurrency_total
		       : ATTEMPTS_A_WORKER * workers;
}

/** As many as there are files for, but no fewer than those that do not hang. */
static unsigned
attempts_max(const struct settings *settings)
{
	rlim_t wanted = (rlim_t)attempts_total(settings) * HANGING_TIMES;
	rlim_t least = (rlim_t)attempts_total(settings) * 3 / 2 + 1;
	rlim_t taken = (rlim_t)settings->connections_max + FILES_KEPT;
	struct rlimit limit;
	rlim_t most;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return (unsigned)wanted;
	most = limit.rlim_max > taken ? limit.rlim_max - taken : 0;
	most = most < wanted ? most : wanted;
	return (unsigned)(most > least ? most : least);
}

static enum err
set_schedules(const struct settings *settings, struct hub_options *hub,
	struct buf *why)
{
	if (retry_policy_parse(
		    str_of(settings->retry_schedule), &hub->retry, why) ||
		retry_policy_parse(str_of(settings->greenlake_retry_schedule),
			&hub->retry_greenlake, why) ||
		retry_policy_parse(str_of(settings->challenge_retries),
			&hub->challenge, why))
		return ERR_INVALID;
	hub->retry_greenlake.window = retry_greenlake_policy.window;
	return ERR_OK;
}

static enum err
set_hub_options(const struct settings *settings, struct hub_options *hub,
	struct buf *why)
{
	*hub = (struct hub_options){
		.directory = settings->data,
		.key_file = settings->key_file,
		.ca_file = settings->ca_file,
		.user_agent = settings->user_agent,
		.ways = ways_out(settings),
		.allow_lists_are_off = !settings->allow_lists,
		.source = str_of(settings->source),
		.origin = settings->origin ? str_of(settings->origin)
					   : machine_name(),
		.workers = settings->workers,
		.dispatch = {.window = settings->window,
			.concurrency = settings->concurrency,
			.window_total = (size_t)settings->window_total,
			.concurrency_total = attempts_total(settings),
			.in_flight_max = attempts_max(settings),
			.unsettled_max = UNSETTLED_MAX,
			.batch_max = settings->delivery_batch_max,
			.batch_window = settings->delivery_batch_window},
		.connections_max = attempts_total(settings),
		.queue_max = settings->queue_max,
		.queue_bytes = (size_t)settings->queue_bytes,
		.batch_max = settings->batch_max,
		.connect_timeout = settings->connect_timeout,
		.delivery_timeout = settings->delivery_timeout,
		.handshake_timeout = settings->handshake_timeout,
		.response_kept = (size_t)settings->body_kept,
		.heartbeat = settings->rate_heartbeat,
		.public_url = str_of(settings->public_url),
		.callback_timeout = settings->callback_timeout,
		.webhooks_max = settings->webhooks_max,
		.subscriptions_max = settings->subscriptions_max,
		.dedupe_window = settings->dedupe_window,
		.greenlake_event_max = (size_t)settings->greenlake_event_max,
		.greenlake_max = settings->greenlake_webhooks_max,
		.enables_max = settings->enables_max,
		.enables_window = settings->enables_window,
		.retention_events = settings->retention_events,
		.retention_deliveries = settings->retention_deliveries,
		.retention_executions = settings->retention_executions,
		.executions_max = (uint64_t)settings->executions_max,
		.store_bytes_max = (uint64_t)settings->store_max_bytes,
	};
	if (set_schedules(settings, hub, why))
		return ERR_INVALID;
	if (check_authorities(settings->ca_file, why))
		return ERR_INVALID;
	return set_policy(settings, &hub->policy, why);
}

/* ---- the parts of a running server ---- */

struct serving {
	struct api api;
	struct key_watch *key_watch;
};

static enum err
open_keys(const struct settings *settings, struct serving *serving,
	struct buf *why)
{
	struct hub *hub = serving->api.hub;
	struct keys_options options = {.store = hub->store,
		.writer = hub->writer,
		.master = &hub->master_key};
	struct arena arena = {0};
	struct str text = {NULL, 0};
	enum err err = keys_open(&options, &serving->api.keys, why);

	if (!err)
		err = keys_ensure_admin(serving->api.keys,
			str_of(settings->admin_token), &arena, &text, why);
	if (!err && !str_is_empty(text))
		printf("First start: this is the administrator's key. It is "
		       "shown once and cannot be read again.\n\n  %.*s\n\n",
			STR_ARG(text));
	arena_release(&arena);
	return err;
}

static enum err
watch_keys(const struct settings *settings, struct serving *serving,
	struct buf *why)
{
	struct key_watch_options options = {
		.keys = serving->api.keys, .ingest = serving->api.hub->ingest};
	enum err err =
		key_notices_parse(str_of(settings->key_notices), &options, why);

	if (!err)
		serving->key_watch = key_watch_start(&options);
	return err;
}

static enum err
open_flow(const struct settings *settings, struct api *api, struct buf *why)
{
	struct flow_options options = {.hub = api->hub,
		.threads = (unsigned)settings->flow_threads,
		.queue_max = (size_t)settings->flow_queue_max,
		.run_timeout = settings->flow_run_timeout,
		.step_timeout = settings->flow_step_timeout,
		.incomplete_age = settings->retention_incomplete,
		.incomplete_max = (uint32_t)settings->flow_incomplete_max};

	enum err err = flow_open(&options, &api->flow, why);

	if (!err)
		api->hooks = api->flow->hooks;
	return err;
}

static enum err
open_api(const struct settings *settings, struct serving *serving,
	struct buf *why)
{
	struct hub_options options;
	struct api *api = &serving->api;
	enum err err = set_hub_options(settings, &options, why);

	if (!err)
		err = hub_open(&options, &api->hub, why);
	if (err)
		return err;
	api->webhooks = api->hub->webhooks;
	api->store = api->hub->store;
	api->writer = api->hub->writer;
	api->desk = api->hub->desk;
	api->body_max = settings->body_max;
	api->bulk_body_max = settings->bulk_body_max;
	api->greenlake = (struct gl_limits){
		.name_max = settings->greenlake_name_max,
		.description_max = settings->greenlake_description_max,
		.secret_min = settings->greenlake_secret_min,
		.secret_max = settings->greenlake_secret_max,
	};
	api->gl_batch_max = settings->delivery_batch_max;
	api->started = clock_monotonic();
	api->are_metrics_public = settings->metrics_public;
	err = open_keys(settings, serving, why);
	if (!err)
		err = watch_keys(settings, serving, why);
	if (!err)
		err = open_flow(settings, api, why);
	if (!err)
		api->router = api_router_new(api);
	return err;
}

static unsigned
whole_seconds(int64_t duration)
{
	return (unsigned)((duration + SECONDS - 1) / SECONDS);
}

static enum err
start_server(const struct settings *settings, struct serving *serving,
	struct buf *why)
{
	struct http_server_options options = {
		.listen = str_of(settings->listen),
		.tls_certificate = settings->tls_certificate,
		.tls_key = settings->tls_key,
		.threads = settings->server_threads,
		.connections_max = settings->connections_max,
		.idle_timeout = whole_seconds(settings->idle_timeout),
		.body_max = settings->body_max,
		.context = serving->api.router,
		.admit = api_router_admit,
		.handle = api_router_handle,
		.refuse = api_router_refuse,
	};
	struct http_server *server;
	enum err err;

	err = http_server_start(&options, &server, why);
	if (!err)
		serving->api.server = server;
	return err;
}

/**
 * First no more requests, then what they have started, then the disk. A call
 * that was given up on may still be held by the pipeline: the server's memory
 * goes after that.
 */
static void
close_all(struct serving *serving, int64_t timeout)
{
	struct http_server *server = serving->api.server;

	if (server)
		http_server_quiesce(server);
	/* Requests wait for runs: those go first. */
	flow_stop(serving->api.flow, timeout);
	if (server)
		http_server_stop(server, timeout);
	api_router_free(serving->api.router);
	key_watch_stop(serving->key_watch);
	hub_stop(serving->api.hub, timeout);
	http_server_free(server);
	flow_close(serving->api.flow);
	keys_close(serving->api.keys);
	hub_close(serving->api.hub);
}

static void
tell_address(const struct settings *settings, const struct serving *serving)
{
	CLEANUP(buf_release) struct buf url = buf_make(0);
	struct str listen = str_of(settings->listen);
	size_t host = listen.len;

	while (host > 0 && listen.ptr[host - 1] != ':')
		host--;
	buf_printf(&url, "%s://%.*s%u",
		settings->tls_certificate ? "https" : "http",
		STR_ARG(str_head(listen, host)),
		(unsigned)http_server_port(serving->api.server));
	printf("grapnel %s listens on %s\n", GRAPNEL_VERSION, buf_text(&url));
	fflush(stdout);
	/* With its time: one without a stop before it was killed, or fell. */
	log_info("serve.start", "version=%s url=%s data=%s", GRAPNEL_VERSION,
		buf_text(&url), settings->data);
}

/* ---- the process ---- */

/**
 * A login gives 1024 file descriptors of the many more that it may; a
 * connection that finds none is not served.
 */
static void
raise_file_limit(const struct settings *settings)
{
	rlim_t wanted = (rlim_t)settings->connections_max +
			(rlim_t)attempts_total(settings) * 3 / 2 + FILES_KEPT;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
		log_warning("serve.files",
			"limit=%llu advice=\"raise ulimit -n to %llu, or lower "
			"connections-max\"",
			(unsigned long long)limit.rlim_cur,
			(unsigned long long)wanted);
}

static const int stop_signals[] = {SIGTERM, SIGINT, SIGHUP};

/** Before any thread starts, so that only this one receives them. */
static void
block_signals(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < COUNT_OF(stop_signals); i++)
		sigaddset(set, stop_signals[i]);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/** Meanwhile memory that a burst has left behind goes back to the system. */
static void
wait_for_stop(const sigset_t *set)
{
	static const struct timespec pause = {.tv_sec = TRIM_SECONDS};
	int number;

	mem_trim(0); /* what loading left */
	while ((number = sigtimedwait(set, NULL, &pause)) < 0)
		mem_trim(TRIM_BYTES);
	log_info("serve.stop", "signal=%d", number);
}

int
serve_command(const struct settings *settings)
{
	CLEANUP(buf_release) struct buf why = buf_make(1024);
	struct serving serving = {0};
	sigset_t set;
	enum err err;

	log_set_level((enum log_level)settings->log_level);
	block_signals(&set);
	raise_file_limit(settings);
	err = open_api(settings, &serving, &why);
	if (!err)
		err = start_server(settings, &serving, &why);
	if (err) {
		output_error("%s", buf_text(&why));
		close_all(&serving, 0);
		return 1;
	}
	tell_address(settings, &serving);
	wait_for_stop(&set);
	close_all(&serving, settings->stop_timeout);
	return 0;
}
