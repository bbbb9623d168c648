#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/congestion.h"
#include "net/http_server_private.h"

enum { LISTEN_BACKLOG = 1024, HOST_MAX = 255 };

struct endpoint {
	char host[HOST_MAX + 1];
	char port[8];
};

static enum err
endpoint_parse(struct str text, struct endpoint *ret, struct buf *why)
{
	struct str host, port = {0};
	uint64_t number;

	if (str_starts_with(text, STR("["))) {
		text = str_skip(text, 1);
		host = str_split(&text, ']');
		if (text.ptr && str_starts_with(text, STR(":")))
			port = str_skip(text, 1);
	} else {
		host = str_split(&text, ':');
		if (text.ptr)
			port = text;
	}
	if (host.len == 0 || host.len > HOST_MAX || port.len == 0 ||
		memchr(host.ptr, 0, host.len)) {
		buf_append(why, STR("expected host:port or [IPv6]:port, for "
				    "example 127.0.0.1:8080"));
		return ERR_INVALID;
	}
	if (str_to_u64(port, &number) || number > 65535) {
		buf_printf(why, "port %.*s is not a number up to 65535",
			STR_ARG(str_head(port, 32)));
		return ERR_INVALID;
	}
	snprintf(ret->host, sizeof(ret->host), "%.*s", STR_ARG(host));
	snprintf(ret->port, sizeof(ret->port), "%u", (unsigned)number);
	return ERR_OK;
}

static uint16_t
bound_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len))
		return 0;
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

/** What there is to do about the errors that people meet, or nothing. */
static const char *
advice_for(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "; stop what listens there, or take another port "
		       "(--listen)";
	case EACCES:
		return "; ports below 1024 are not for every user: take "
		       "another one (--listen), or give the process "
		       "CAP_NET_BIND_SERVICE";
	case EADDRNOTAVAIL:
		return "; this machine has no such address (--listen)";
	default: return "";
	}
}

enum err
http_server_listen(struct str listen_text, int *ret_fd, uint16_t *ret_port,
	struct buf *why)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	struct endpoint endpoint;
	int yes = 1, fd, error;

	buf_printf(why, "cannot listen on %.*s: ", STR_ARG(listen_text));
	if (endpoint_parse(listen_text, &endpoint, why))
		return ERR_INVALID;
	error = getaddrinfo(endpoint.host, endpoint.port, &hints, &found);
	if (error) {
		buf_append(why, str_of(gai_strerror(error)));
		return ERR_INVALID;
	}
	fd = socket(found->ai_family,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		congestion_spare_loopback(fd, found->ai_addr);
	if (fd < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
		bind(fd, found->ai_addr, found->ai_addrlen) ||
		listen(fd, LISTEN_BACKLOG)) {
		error = errno;
		buf_printf(why, "%s%s", strerror(error), advice_for(error));
		if (fd >= 0)
			close(fd);
		freeaddrinfo(found);
		return ERR_IO;
	}
	freeaddrinfo(found);
	buf_clear(why);
	*ret_fd = fd;
	*ret_port = bound_port(fd);
	return ERR_OK;
}
