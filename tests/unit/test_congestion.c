#include "net/congestion.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "check.h"
#include "http_client_rig.h"
#include "net/http_server_private.h"

/** What a socket uses that was to connect to `text`. */
static void
use(const char *text, const char *before, char name[16])
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	bool is_v4 = inet_pton(AF_INET, text, &v4.sin_addr) == 1;
	int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
	socklen_t len = 16;

	CHECK(is_v4 || inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
	if (fd < 0) /* a machine without IPv6 */
		fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, before,
		(socklen_t)strlen(before));
	congestion_spare_loopback(fd, is_v4 ? (struct sockaddr *)(void *)&v4
					    : (struct sockaddr *)(void *)&v6);
	CHECK_INT(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	close(fd);
}

TEST(congestion, is_renos_on_loopback)
{
	char name[16] = "";

	use("127.0.0.1", "bbr", name);
	CHECK_TEXT(name, "reno");
	use("127.9.9.9", "cubic", name);
	CHECK_TEXT(name, "reno");
	use("::1", "cubic", name);
	CHECK_TEXT(name, "reno");
}

TEST(congestion, stays_the_hosts_elsewhere)
{
	char usual[16] = "", name[16] = "";
	socklen_t len = sizeof(usual);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
	CHECK_INT(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, usual, &len), 0);
	close(fd);
	use("192.0.2.1", "cubic", name);
	CHECK_TEXT(name, usual);
	use("10.0.0.1", "cubic", name);
	CHECK_TEXT(name, usual);
	use("2001:db8::1", "cubic", name);
	CHECK_TEXT(name, usual);
}

TEST(congestion, is_renos_where_the_server_listens_on_loopback)
{
	struct buf why = {0};
	char name[16] = "";
	socklen_t len = sizeof(name);
	uint16_t port;
	int fd;

	CHECK_OK(http_server_listen(STR("127.0.0.1:0"), &fd, &port, &why));
	CHECK_INT(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	CHECK_TEXT(name, "reno");
	close(fd);
	buf_release(&why);
}

/** The descriptor that is connected to the rig's server. */
static int
find_connected(void)
{
	for (int fd = 3; fd < 1024; fd++) {
		struct sockaddr_in peer = {0};
		socklen_t len = sizeof(peer);

		if (getpeername(fd, (struct sockaddr *)(void *)&peer, &len) ==
				0 &&
			ntohs(peer.sin_port) == rig.server.port)
			return fd;
	}
	check_failed(__FILE__, __LINE__, "nothing is connected to the server");
}

static void
check_client(enum http_engine engine)
{
	char name[16] = "";
	socklen_t len = sizeof(name);

	rig_allow("127.0.0.0/8");
	rig.options.engine = engine;
	rig.client = http_client_new(&rig.options);
	wire_server_start(&rig.server, rig_keeping, 1, NULL);
	CHECK_INT(rig_get("http", "127.0.0.1", NULL).status, 200);
	CHECK_INT(getsockopt(find_connected(), IPPROTO_TCP, TCP_CONGESTION,
			  name, &len),
		0);
	CHECK_TEXT(name, "reno");
	rig_end();
}

TEST(congestion, is_renos_where_the_client_connects_to_loopback)
{
	check_client(HTTP_ENGINE_WIRE);
}

TEST(congestion, is_renos_where_libcurl_connects_to_loopback)
{
	check_client(HTTP_ENGINE_CURL);
}
