#include "net/congestion.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "net/address.h"

void
congestion_spare_loopback(int fd, const struct sockaddr *address)
{
	static const char name[] = "reno";
	const char *class = address_class(address);

	if (class && strcmp(class, "loopback") == 0)
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name,
			sizeof(name) - 1);
}
