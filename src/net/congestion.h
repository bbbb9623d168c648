#pragma once
#include <sys/socket.h>

/**
 * For a socket that is to connect to `address`, or to accept connections at
 * it, before it does. Within this machine there is no path to learn about, so
 * a host's choice of another way to avoid congestion only costs time there
 * (BBR measures each answer, and holds packets back by timers): it becomes
 * "reno" (RFC 5681), which every kernel has and leaves to everybody. Sockets
 * with other addresses stay as they are, and so does one that the kernel
 * does not change.
 */
void congestion_spare_loopback(int fd, const struct sockaddr *address);
