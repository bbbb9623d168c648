#include "smtp_server.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

enum { PEER_SECONDS = 20 };

struct talk {
	struct smtp_server *server;
	int fd;
	SSL *tls;
	bool is_asked; /* for the password */
	bool is_over;
};

static void
say(struct talk *talk, const char *text)
{
	size_t len = strlen(text);
	ssize_t done = talk->tls ? SSL_write(talk->tls, text, (int)len)
				 : send(talk->fd, text, len, MSG_NOSIGNAL);

	if (done != (ssize_t)len)
		talk->is_over = true;
}

/** One line without its end. */
static bool
hear(struct talk *talk, struct buf *line)
{
	char c = 0;

	buf_clear(line);
	while (!talk->is_over) {
		ssize_t got = talk->tls ? SSL_read(talk->tls, &c, 1)
					: recv(talk->fd, &c, 1, 0);

		if (got != 1)
			return false;
		if (c == '\n')
			return true;
		if (c != '\r')
			buf_append_char(line, c);
	}
	return false;
}

static void
begin_tls(struct talk *talk)
{
	talk->tls = SSL_new(talk->server->tls);
	SSL_set_fd(talk->tls, talk->fd);
	if (SSL_accept(talk->tls) != 1)
		talk->is_over = true;
}

static void
hear_data(struct talk *talk)
{
	CLEANUP(buf_release) struct buf line = {0};

	say(talk, "354 go on\r\n");
	buf_clear(&talk->server->data);
	while (hear(talk, &line)) {
		struct str text = buf_str(&line);

		if (str_equal(text, STR(".")))
			break;
		if (str_starts_with(text, STR(".")))
			text = str_skip(text, 1);
		buf_append(&talk->server->data, text);
		buf_append_char(&talk->server->data, '\n');
	}
	say(talk, "250 2.0.0 taken as 42\r\n");
}

static void
answer(struct talk *talk, struct str line)
{
	const struct smtp_server *server = talk->server;

	if (server->to && str_starts_with(line, str_of(server->to))) {
		say(talk, server->reply);
	} else if (str_starts_with(line, STR("EHLO"))) {
		say(talk, "250-mail.example.com\r\n");
		if (server->tls && !talk->tls)
			say(talk, "250-STARTTLS\r\n");
		say(talk, "250 AUTH PLAIN\r\n");
	} else if (str_equal(line, STR("STARTTLS"))) {
		say(talk, "220 go\r\n");
		begin_tls(talk);
	} else if (str_equal(line, STR("DATA"))) {
		hear_data(talk);
	} else if (str_starts_with(line, STR("AUTH"))) {
		say(talk, "334 \r\n");
		talk->is_asked = true;
	} else if (talk->is_asked) {
		say(talk, "235 welcome\r\n");
		talk->is_asked = false;
	} else {
		say(talk, "250 fine\r\n");
	}
}

static void *
serve(void *context)
{
	struct smtp_server *server = context;
	struct timeval limit = {.tv_sec = PEER_SECONDS};

	for (;;) {
		CLEANUP(buf_release) struct buf line = {0};
		struct talk talk = {.server = server,
			.fd = accept4(
				server->listener, NULL, NULL, SOCK_CLOEXEC)};

		if (talk.fd < 0)
			return NULL;
		setsockopt(talk.fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
			sizeof(limit));
		if (server->is_tls)
			begin_tls(&talk);
		say(&talk, "220 mail.example.com\r\n");
		while (hear(&talk, &line)) {
			buf_printf(&server->commands, "%s\n", buf_text(&line));
			answer(&talk, buf_str(&line));
		}
		SSL_free(talk.tls);
		close(talk.fd);
	}
}

void
smtp_server_start(struct smtp_server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *any = (struct sockaddr *)(void *)&address;
	socklen_t len = sizeof(address);

	signal(SIGPIPE, SIG_IGN);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(bind(server->listener, any, len) == 0);
	CHECK(listen(server->listener, 16) == 0);
	CHECK(getsockname(server->listener, any, &len) == 0);
	server->port = ntohs(address.sin_port);
	CHECK(pthread_create(&server->thread, NULL, serve, server) == 0);
}

void
smtp_server_stop(struct smtp_server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
}
