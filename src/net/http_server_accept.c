#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_server_private.h"

/* So many at once, then those who are connected have their turn. */
enum { ACCEPTS_A_TURN = 64 };

/* How long to wait when there are no descriptors, or no memory. */
static const int64_t error_pause = 100 * MILLISECONDS;

static void
write_peer(const struct sockaddr_storage *address, char *text, size_t size)
{
	const void *bytes;

	if (address->ss_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)(const void *)address)
				 ->sin6_addr;
	else
		bytes = &((const struct sockaddr_in *)(const void *)address)
				 ->sin_addr;
	if (inet_ntop(address->ss_family, bytes, text, (socklen_t)size) == NULL)
		text[0] = '\0';
}

/** The one with the fewest connections. */
static struct server_loop *
choose_loop(const struct http_server *server)
{
	struct server_loop *chosen = &server->loops[0];

	for (unsigned i = 1; i < server->loop_count; i++)
		if (atomic_load(&server->loops[i].connection_count) <
			atomic_load(&chosen->connection_count))
			chosen = &server->loops[i];
	return chosen;
}

static void
take_in(struct http_server *server, int fd,
	const struct sockaddr_storage *address)
{
	struct server_loop *loop = choose_loop(server);
	struct server_connection *connection;
	struct ssl_st *ssl = NULL;
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (server->tls) {
		ssl = server_tls_accept(server->tls, fd);
		if (ssl == NULL) {
			close(fd);
			return;
		}
	}
	connection = MEM_NEW(struct server_connection);
	connection->loop = loop;
	connection->fd = fd;
	connection->ssl = ssl;
	connection->state = ssl ? CONNECTION_SHAKING : CONNECTION_HEAD;
	write_peer(address, connection->peer, sizeof(connection->peer));
	atomic_fetch_add(&server->connection_count, 1);
	atomic_fetch_add(&loop->connection_count, 1);
	if (loop == &server->loops[0])
		server_loop_add(loop, connection);
	else
		mailbox_post(loop->mailbox, &connection->message);
}

static void
watch(struct http_server *server, uint32_t events)
{
	struct epoll_event event = {
		.events = events, .data.ptr = &server->listen_fd};

	epoll_ctl(server->loops[0].epoll, EPOLL_CTL_MOD, server->listen_fd,
		&event);
}

static void
pause_accepting(struct http_server *server, int64_t until)
{
	server->accept_again = until;
	atomic_store(&server->is_accepting_paused, true);
	watch(server, 0);
}

static bool
is_full(const struct http_server *server)
{
	return atomic_load(&server->connection_count) >=
	       server->options.connections_max;
}

static void
stop_listening(struct http_server *server)
{
	server->is_listening = false;
	server->accept_again = 0;
	atomic_store(&server->is_accepting_paused, false);
	epoll_ctl(
		server->loops[0].epoll, EPOLL_CTL_DEL, server->listen_fd, NULL);
}

/** False: enough for this turn. */
static bool
accept_one(struct http_server *server, int64_t now)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);
	int fd = accept4(server->listen_fd, (struct sockaddr *)&address, &len,
		SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		take_in(server, fd, &address);
		return true;
	}
	switch (errno) {
	case EAGAIN: return false;
	case EINVAL: stop_listening(server); return false; /* quiesced */
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		log_warning("http.accept", "error=\"%s\" connections=%zu",
			strerror(errno),
			atomic_load(&server->connection_count));
		pause_accepting(server, now + error_pause);
		return false;
	default: return true; /* that one was gone already */
	}
}

void
server_accept(struct http_server *server, int64_t now)
{
	/* Paused and told of all the same: it does not listen any more. */
	if (atomic_load(&server->is_accepting_paused)) {
		stop_listening(server);
		return;
	}
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		if (is_full(server)) {
			pause_accepting(server, 0);
			/* One may have closed before it could see that. */
			server_accept_resume(server, now);
			return;
		}
		if (!accept_one(server, now))
			return;
	}
}

void
server_accept_resume(struct http_server *server, int64_t now)
{
	if (!server->is_listening || now < server->accept_again ||
		!atomic_load(&server->is_accepting_paused) || is_full(server))
		return;
	server->accept_again = 0;
	atomic_store(&server->is_accepting_paused, false);
	watch(server, EPOLLIN);
}
