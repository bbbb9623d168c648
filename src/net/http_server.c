#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_server_private.h"

enum {
	CONNECTIONS_MAX = 4096,
	IDLE_TIMEOUT = 60,
	HEAD_MAX = 32 * 1024,
	BODY_MAX = 1 << 20,
	PEM_MAX = 1 << 20,
	THREADS_MAX = 64,
};

/* How long a stop waits for its own 503s to go out. */
static const int64_t abort_time = 500 * MILLISECONDS;

/** Paths come as sent: whoever routes them undoes escapes, by segment. */
static size_t
keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

static void PRINTF_LIKE(2, 0)
	on_log(void *context, const char *format, va_list args)
{
	struct http_server *server = context;
	CLEANUP(buf_release) struct buf line = buf_make(1024);

	buf_vprintf(&line, format, args);
	/* Loops that run already may log while the last ones are started. */
	pthread_mutex_lock(&server->lock);
	if (server->start_log)
		buf_printf(server->start_log, "%s%.*s",
			server->start_log->len ? " " : "",
			STR_ARG(str_trim(buf_str(&line))));
	else
		log_debug("http.server", "%.*s", STR_ARG(buf_str(&line)));
	pthread_mutex_unlock(&server->lock);
}

static void
set_start_log(struct http_server *server, struct buf *log)
{
	pthread_mutex_lock(&server->lock);
	server->start_log = log;
	pthread_mutex_unlock(&server->lock);
}

/** A whole PEM file, into `arena`, NUL-terminated. */
static enum err
read_pem(const char *path, struct arena *arena, char **ret, struct buf *why)
{
	FILE *file = path ? fopen(path, "rbe") : NULL;
	char *text = arena_alloc(arena, PEM_MAX + 1);
	size_t len;

	if (file == NULL) {
		buf_printf(why, "cannot read %s: %s",
			path ? path : "the key (none given)",
			path ? strerror(errno) : "both files are needed");
		return ERR_IO;
	}
	len = fread(text, 1, PEM_MAX + 1, file);
	fclose(file);
	if (len == 0 || len > PEM_MAX || memchr(text, 0, len)) {
		buf_printf(why, "%s is no PEM file", path);
		return ERR_INVALID;
	}
	*ret = text;
	return ERR_OK;
}

static unsigned
thread_count(unsigned wanted)
{
	long count = wanted ? (long)wanted : sysconf(_SC_NPROCESSORS_ONLN);

	if (count < 1)
		count = 1;
	return count > THREADS_MAX ? THREADS_MAX : (unsigned)count;
}

struct option_list {
	struct MHD_OptionItem items[24];
	size_t count;
};

static void
add_option(struct option_list *list, enum MHD_OPTION option, intptr_t value,
	void *pointer)
{
	list->items[list->count++] =
		(struct MHD_OptionItem){option, value, pointer};
}

/** The certificate and its key; MHD copies what it needs from them. */
static enum err
add_tls(const struct http_server_options *options, struct arena *arena,
	struct option_list *list, struct buf *why)
{
	static char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:"
				   "+VERS-TLS1.2:%SERVER_PRECEDENCE";
	char *certificate, *key;
	enum err err =
		read_pem(options->tls_certificate, arena, &certificate, why);

	if (!err)
		err = read_pem(options->tls_key, arena, &key, why);
	if (err)
		return err;
	add_option(list, MHD_OPTION_HTTPS_MEM_CERT, 0, certificate);
	add_option(list, MHD_OPTION_HTTPS_MEM_KEY, 0, key);
	add_option(list, MHD_OPTION_HTTPS_PRIORITIES, 0, priorities);
	return ERR_OK;
}

union callback {
	void *(*on_request_line)(void *, const char *, struct MHD_Connection *);
	MHD_RequestCompletedCallback on_completed;
	size_t (*keep_escapes)(void *, struct MHD_Connection *, char *);
	intptr_t value;
};

static void
add_options(struct http_server *server, struct option_list *list)
{
	const struct http_server_options *options = &server->options;
	unsigned threads = thread_count(options->threads);

	add_option(list, MHD_OPTION_URI_LOG_CALLBACK,
		(union callback){.on_request_line = http_call_on_request_line}
			.value,
		server);
	add_option(list, MHD_OPTION_NOTIFY_COMPLETED,
		(union callback){.on_completed = http_call_on_completed}.value,
		server);
	add_option(list, MHD_OPTION_UNESCAPE_CALLBACK,
		(union callback){.keep_escapes = keep_escapes}.value, NULL);
	add_option(list, MHD_OPTION_LISTEN_SOCKET, server->listen_fd, NULL);
	add_option(list, MHD_OPTION_CONNECTION_LIMIT,
		options->connections_max > threads ? options->connections_max
						   : threads,
		NULL);
	add_option(list, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout,
		NULL);
	add_option(list, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(intptr_t)options->head_max, NULL);
	add_option(list, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL);
	if (threads > 1) /* MHD knows no pool of one */
		add_option(list, MHD_OPTION_THREAD_POOL_SIZE, threads, NULL);
}

static void
fill_defaults(struct http_server_options *options)
{
	if (options->connections_max == 0)
		options->connections_max = CONNECTIONS_MAX;
	if (options->idle_timeout == 0)
		options->idle_timeout = IDLE_TIMEOUT;
	if (options->head_max == 0)
		options->head_max = HEAD_MAX;
	if (options->body_max == 0)
		options->body_max = BODY_MAX;
}

static enum err
start_daemon(struct http_server *server, struct buf *why)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf log = buf_make(1024);
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD |
			 MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct option_list list = {0};
	enum err err;

	add_options(server, &list);
	if (server->options.tls_certificate) {
		flags |= MHD_USE_TLS;
		err = add_tls(&server->options, &arena, &list, why);
		if (err)
			return err;
	}
	add_option(&list, MHD_OPTION_END, 0, NULL);
	set_start_log(server, &log);
	server->daemon = MHD_start_daemon(flags, 0, NULL, NULL,
		http_call_on_access, server, MHD_OPTION_EXTERNAL_LOGGER, on_log,
		server, MHD_OPTION_ARRAY, list.items, MHD_OPTION_END);
	set_start_log(server, NULL);
	if (server->daemon == NULL) {
		if (server->options.tls_certificate)
			buf_printf(why, "TLS with %s and %s: ",
				server->options.tls_certificate,
				server->options.tls_key);
		buf_printf(why, "the HTTP server does not start: %s",
			log.len ? buf_text(&log) : "no reason given");
		return ERR_IO;
	}
	server->listen_fd = -1;
	return ERR_OK;
}

void
http_server_free(struct http_server *server)
{
	if (server == NULL)
		return;
	http_linger_stop(server->linger);
	if (server->listen_fd >= 0)
		close(server->listen_fd);
	while (server->zombies) {
		struct http_call *call = server->zombies;

		server->zombies = call->next;
		http_call_free(call);
	}
	pthread_cond_destroy(&server->idle);
	pthread_mutex_destroy(&server->lock);
	mem_free(server);
}

enum err
http_server_start(const struct http_server_options *options,
	struct http_server **ret, struct buf *why)
{
	struct http_server *server = MEM_NEW(struct http_server);
	pthread_condattr_t attributes;
	enum err err;

	signal(SIGPIPE, SIG_IGN);
	server->options = *options;
	fill_defaults(&server->options);
	server->listen_fd = -1;
	pthread_mutex_init(&server->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&server->idle, &attributes);
	pthread_condattr_destroy(&attributes);
	err = http_server_listen(
		options->listen, &server->listen_fd, &server->port, why);
	if (!err) {
		server->linger = http_linger_start();
		err = server->linger ? start_daemon(server, why) : ERR_IO;
	}
	if (err) {
		http_server_free(server);
		return err;
	}
	*ret = server;
	return ERR_OK;
}

uint16_t
http_server_port(const struct http_server *server)
{
	return server->port;
}

void
http_server_quiesce(struct http_server *server)
{
	int fd = MHD_quiesce_daemon(server->daemon);

	/* A thread of MHD may be about to accept: refuse now, close later. */
	if (fd >= 0 && server->listen_fd < 0) {
		shutdown(fd, SHUT_RDWR);
		server->listen_fd = fd;
	}
}

size_t
http_server_in_flight(const struct http_server *server)
{
	/* The lock is no part of what a reader sees changed. */
	union {
		const struct http_server *in;
		struct http_server *out;
	} writable = {.in = server};
	size_t count;

	pthread_mutex_lock(&writable.out->lock);
	count = server->in_flight;
	pthread_mutex_unlock(&writable.out->lock);
	return count;
}

/**
 * Until nothing is in flight or `timeout` has passed, by the real clock; then,
 * still under the lock, marks the server as stopping: whoever comes later is
 * not handed out.
 */
static void
wait_and_stop(struct http_server *server, int64_t timeout)
{
	struct timespec until;
	int64_t nanoseconds;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	nanoseconds = until.tv_nsec + timeout % SECONDS * 1000;
	until.tv_sec += (time_t)(timeout / SECONDS + nanoseconds / 1000000000);
	until.tv_nsec = nanoseconds % 1000000000;
	pthread_mutex_lock(&server->lock);
	while (server->in_flight && !error)
		error = pthread_cond_timedwait(
			&server->idle, &server->lock, &until);
	atomic_store(&server->is_stopping, true);
	pthread_mutex_unlock(&server->lock);
}

void
http_server_stop(struct http_server *server, int64_t timeout)
{
	if (server == NULL)
		return;
	http_server_quiesce(server);
	wait_and_stop(server, timeout);
	pthread_mutex_lock(&server->lock);
	for (struct http_call *call = server->calls; call; call = call->next)
		if (atomic_load(&call->state) == CALL_WAITING)
			http_call_abort(call);
	pthread_mutex_unlock(&server->lock);
	wait_and_stop(server, abort_time);
	/* A responder that has just resumed the last call is leaving. */
	while (atomic_load(&server->responders))
		sched_yield();
	MHD_stop_daemon(server->daemon);
}
