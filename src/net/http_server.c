#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http_server_private.h"

enum {
	CONNECTIONS_MAX = 4096,
	IDLE_TIMEOUT = 60,
	HEAD_MAX = 32 * 1024,
	BODY_MAX = 1 << 20,
	THREADS_MAX = 64,
};

/* How long a stop waits for its own 503s to go out. */
static const int64_t abort_time = 500 * MILLISECONDS;

static unsigned
thread_count(unsigned wanted)
{
	long count = wanted ? (long)wanted : sysconf(_SC_NPROCESSORS_ONLN);

	if (count < 1)
		count = 1;
	return count > THREADS_MAX ? THREADS_MAX : (unsigned)count;
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

static void
join_loops(struct http_server *server)
{
	atomic_store(&server->is_ending, true);
	for (unsigned i = 0; i < server->loop_count; i++) {
		struct server_loop *loop = &server->loops[i];

		if (!loop->is_started)
			continue;
		mailbox_wake(loop->mailbox);
		pthread_join(loop->thread, NULL);
		loop->is_started = false;
		/* A responder of the last call may be leaving. */
		while (atomic_load(&loop->responders))
			sched_yield();
	}
}

static enum err
start_loops(struct http_server *server, struct buf *why)
{
	bool is_good = true;

	server->loop_count = thread_count(server->options.threads);
	server->loops =
		mem_alloc_array(server->loop_count, sizeof(*server->loops));
	for (unsigned i = 0; i < server->loop_count && is_good; i++)
		is_good = server_loop_open(&server->loops[i], server);
	for (unsigned i = 0; i < server->loop_count && is_good; i++)
		is_good = server_loop_start(&server->loops[i]);
	if (is_good)
		return ERR_OK;
	buf_printf(why, "the HTTP server does not start: %s", strerror(errno));
	return ERR_IO;
}

static enum err
open_tls(struct http_server *server, struct buf *why)
{
	const struct http_server_options *options = &server->options;

	if (options->tls_certificate == NULL)
		return ERR_OK;
	return server_tls_open(
		options->tls_certificate, options->tls_key, &server->tls, why);
}

void
http_server_free(struct http_server *server)
{
	if (server == NULL)
		return;
	join_loops(server);
	for (unsigned i = 0; i < server->loop_count; i++)
		server_loop_release(&server->loops[i]);
	if (server->listen_fd >= 0)
		close(server->listen_fd);
	server_tls_close(server->tls);
	pthread_cond_destroy(&server->idle);
	pthread_mutex_destroy(&server->lock);
	mem_free(server->loops);
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
	if (!err)
		err = open_tls(server, why);
	if (!err)
		err = start_loops(server, why);
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
	/* The loop that accepts is told by an error; the number stays taken. */
	if (!atomic_exchange(&server->is_quiesced, true))
		shutdown(server->listen_fd, SHUT_RDWR);
}

size_t
http_server_in_flight(const struct http_server *server)
{
	size_t count = 0;

	for (unsigned i = 0; i < server->loop_count; i++)
		count += atomic_load(&server->loops[i].in_flight);
	return count;
}

/** Until nothing is in flight or `timeout` has passed, by the real clock. */
static void
wait_until_idle(struct http_server *server, int64_t timeout)
{
	struct timespec until;
	int64_t nanoseconds;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	nanoseconds = until.tv_nsec + timeout % SECONDS * 1000;
	until.tv_sec += (time_t)(timeout / SECONDS + nanoseconds / 1000000000);
	until.tv_nsec = nanoseconds % 1000000000;
	atomic_store(&server->is_waited_for, true);
	pthread_mutex_lock(&server->lock);
	while (http_server_in_flight(server) && !error)
		error = pthread_cond_timedwait(
			&server->idle, &server->lock, &until);
	pthread_mutex_unlock(&server->lock);
}

void
http_server_stop(struct http_server *server, int64_t timeout)
{
	if (server == NULL)
		return;
	http_server_quiesce(server);
	wait_until_idle(server, timeout);
	atomic_store(&server->is_stopping, true);
	for (unsigned i = 0; i < server->loop_count; i++)
		mailbox_wake(server->loops[i].mailbox);
	wait_until_idle(server, abort_time);
	join_loops(server);
}
