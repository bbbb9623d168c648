/* How a wait of the client ends, and what it says of itself. */
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "http_engines.h"

enum { DEADLINE = 30 };

static struct address_policy policy = {.allow_http = true};
static struct http_client *client;

static void
open_client(void)
{
	struct http_client_options options = {
		.policy = &policy, .engine = engine, .ring = ring};

	client = http_client_new(&options);
}

ENGINES_TEST(waiting_ends_each_time_the_extra_descriptor_becomes_readable)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int64_t start = clock_monotonic();
	uint64_t one = 1;

	open_client();
	http_client_wait(client, fd, 10 * MILLISECONDS);
	CHECK(clock_monotonic() - start >= 10 * MILLISECONDS);
	for (int i = 0; i < 2; i++) {
		CHECK(write(fd, &one, sizeof(one)) == sizeof(one));
		http_client_wait(client, fd, DEADLINE * SECONDS);
	}
	CHECK(clock_monotonic() - start < DEADLINE * SECONDS);
	start = clock_monotonic(); /* it need not be read */
	http_client_wait(client, fd, 10 * MILLISECONDS);
	http_client_wait(client, -1, 10 * MILLISECONDS);
	CHECK(clock_monotonic() - start >= 20 * MILLISECONDS);
	http_client_free(client);
	close(fd);
}

static void
count(void *context, const struct http_result *result)
{
	(void)result;
	++*(int *)context;
}

ENGINES_TEST(waiting_tells_how_long_it_slept)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t one = 1;
	int64_t slept;
	int ended = 0;
	struct http_request request = {.method = "GET",
		.url = STR("nonsense"),
		.context = &ended,
		.done = count};

	open_client();
	slept = http_client_wait(client, fd, 10 * MILLISECONDS);
	CHECK(slept >= 10 * MILLISECONDS);
	CHECK_INT(http_client_wait(client, fd, 0), 0);
	/* What is there at once is not slept for, however long one might. */
	CHECK(write(fd, &one, sizeof(one)) == sizeof(one));
	CHECK_INT(http_client_wait(client, fd, DEADLINE * SECONDS), 0);
	http_client_send(client, &request);
	CHECK_INT(http_client_wait(client, fd, DEADLINE * SECONDS), 0);
	CHECK_INT(ended, 1);
	http_client_free(client);
	close(fd);
}
