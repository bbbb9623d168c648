#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/http_server_private.h"

enum { EVENTS_A_TURN = 128 };

/* ---- timers ---- */

/*
 * A due time moves on with every request, its place in the heap only when it
 * comes up there, or when it moves back.
 */
void
server_connection_set_due(struct server_connection *connection, int64_t due)
{
	struct heap *timers = &connection->loop->timers;
	struct heap_node *timer = &connection->timer;

	connection->due = due;
	if (due == INT64_MAX || (timer->place && timer->key <= due))
		return;
	heap_remove(timers, timer);
	timer->key = due;
	heap_add(timers, timer);
}

static void
run_timers(struct server_loop *loop)
{
	struct heap_node *first;

	while ((first = heap_first(&loop->timers)) && first->key <= loop->now) {
		struct server_connection *connection =
			CONTAINER_OF(first, struct server_connection, timer);

		heap_remove(&loop->timers, first);
		if (connection->due <= loop->now)
			server_connection_time_over(connection);
		else
			server_connection_set_due(connection, connection->due);
	}
}

/** Milliseconds until there is something to do; -1: no time is known. */
static int
sleep_time(const struct server_loop *loop)
{
	const struct http_server *server = loop->server;
	const struct heap_node *first = heap_first(&loop->timers);
	int64_t due = first ? first->key : INT64_MAX;

	if (loop->again)
		return 0;
	if (loop == server->loops && server->accept_again &&
		server->accept_again < due)
		due = server->accept_again;
	if (due == INT64_MAX)
		return -1;
	due -= clock_monotonic();
	if (due <= 0)
		return 0;
	return due < HOURS ? (int)(due / MILLISECONDS) + 1
			   : (int)(HOURS / MILLISECONDS);
}

/* ---- connections ---- */

void
server_loop_add(struct server_loop *loop, struct server_connection *connection)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = connection};

	connection->next = loop->connections;
	if (connection->next)
		connection->next->previous = connection;
	loop->connections = connection;
	server_connection_set_due(connection,
		loop->now +
			(int64_t)loop->server->options.idle_timeout * SECONDS);
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, connection->fd, &event))
		server_connection_close(connection);
}

void
server_loop_again(struct server_connection *connection)
{
	struct server_loop *loop = connection->loop;

	if (connection->is_again)
		return;
	connection->is_again = true;
	connection->next_again = loop->again;
	loop->again = connection;
}

/** Those that had more to do than fitted into their last turn. */
static void
run_again(struct server_loop *loop)
{
	struct server_connection *connection = loop->again;

	loop->again = NULL;
	while (connection) {
		struct server_connection *next = connection->next_again;

		connection->is_again = false;
		server_connection_ready(connection, 0);
		connection = next;
	}
}

/** Only now: events of the same turn may have been of them. */
static void
free_closed(struct server_loop *loop)
{
	struct server_connection **at = &loop->closed;

	while (*at) {
		struct server_connection *connection = *at;

		if (connection->is_again) {
			at = &connection->next;
			continue;
		}
		*at = connection->next;
		server_connection_free(connection);
	}
}

/* ---- messages ---- */

static void
take_answer(struct http_call *call)
{
	server_call_unlink(call);
	if (call->connection)
		server_connection_answered(call->connection);
	else
		server_call_end(call);
}

static void
take_messages(struct server_loop *loop)
{
	struct message *message = mailbox_take_all(loop->mailbox);

	while (message) {
		struct message *next = message->next;

		if (message->kind == SERVER_MESSAGE_ANSWER)
			take_answer(CONTAINER_OF(
				message, struct http_call, message));
		else
			server_loop_add(loop,
				CONTAINER_OF(message, struct server_connection,
					message));
		message = next;
	}
}

/* ---- the end ---- */

/** Answers for handlers that are late. */
static void
abort_waiting(struct server_loop *loop)
{
	struct http_call *next;

	for (struct http_call *call = loop->waiting; call; call = next) {
		next = call->next;
		server_call_abort(call);
		/* Otherwise the handler was faster: its message comes. */
		if (atomic_load(&call->claim) == CLAIM_STOP)
			take_answer(call);
	}
}

static void
end(struct server_loop *loop)
{
	while (loop->connections)
		server_connection_close(loop->connections);
	/* Those whose handlers are answering at this moment. */
	while (loop->waiting) {
		mailbox_wait(loop->mailbox, -1);
		take_messages(loop);
		while (loop->connections)
			server_connection_close(loop->connections);
	}
	loop->again = NULL;
	for (struct server_connection *at = loop->closed; at; at = at->next)
		at->is_again = false;
	free_closed(loop);
}

/* ---- the thread ---- */

static void
handle_event(struct server_loop *loop, const struct epoll_event *event)
{
	struct http_server *server = loop->server;

	if (event->data.ptr == &server->listen_fd)
		server_accept(server, loop->now);
	else if (event->data.ptr != loop)
		server_connection_ready(event->data.ptr, event->events);
}

static void *
run(void *context)
{
	struct server_loop *loop = context;
	struct http_server *server = loop->server;
	struct epoll_event events[EVENTS_A_TURN];

	thread_name_of("serve", (unsigned)(loop - server->loops));
	while (!atomic_load(&server->is_ending)) {
		int count = epoll_wait(
			loop->epoll, events, EVENTS_A_TURN, sleep_time(loop));

		loop->now = clock_monotonic();
		for (int i = 0; i < count; i++)
			handle_event(loop, &events[i]);
		run_again(loop);
		take_messages(loop);
		run_timers(loop);
		if (loop == server->loops)
			server_accept_resume(server, loop->now);
		if (atomic_load(&server->is_stopping))
			abort_waiting(loop);
		free_closed(loop);
	}
	take_messages(loop);
	abort_waiting(loop);
	end(loop);
	return NULL;
}

bool
server_loop_open(struct server_loop *loop, struct http_server *server)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLET, .data.ptr = loop};

	loop->server = server;
	loop->mailbox = mailbox_new();
	loop->buffer = mem_alloc(LOOP_BUFFER);
	loop->head = MEM_NEW(struct request_head);
	loop->now = clock_monotonic();
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0 || epoll_ctl(loop->epoll, EPOLL_CTL_ADD,
				       mailbox_fd(loop->mailbox), &event))
		return false;
	if (loop != server->loops)
		return true;
	event = (struct epoll_event){
		.events = EPOLLIN, .data.ptr = &server->listen_fd};
	server->is_listening = true;
	return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, server->listen_fd,
		       &event) == 0;
}

bool
server_loop_start(struct server_loop *loop)
{
	int error = pthread_create(&loop->thread, NULL, run, loop);

	loop->is_started = error == 0;
	errno = error;
	return loop->is_started;
}

/** Connections that came when the loop had ended already. */
static void
refuse_messages(struct server_loop *loop)
{
	struct message *message = mailbox_take_all(loop->mailbox);

	while (message) {
		struct server_connection *connection = CONTAINER_OF(
			message, struct server_connection, message);

		message = message->next;
		wire_ssl_close(connection->ssl, false);
		close(connection->fd);
		server_connection_free(connection);
	}
}

void
server_loop_release(struct server_loop *loop)
{
	if (loop->mailbox == NULL)
		return;
	refuse_messages(loop);
	while (loop->zombies) {
		struct http_call *call = loop->zombies;

		loop->zombies = call->next;
		server_call_free(call);
	}
	if (loop->epoll >= 0)
		close(loop->epoll);
	heap_release(&loop->timers);
	mem_free(loop->head);
	mem_free(loop->buffer);
	mailbox_free(loop->mailbox);
}
