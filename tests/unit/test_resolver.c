#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "check.h"
#include "net/address.h"
#include "net/resolver.h"

enum { DEADLINE = 20 };

/* What the test's name server says, for all names. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int code;
	const char *address;
	bool is_held; /* no answer until it is let go */
	int asked;
	int at_once, most_at_once;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
	.address = "192.0.2.1"};

static int
look_up(void *context, const char *host, struct resolver_addresses *ret)
{
	char name[16];
	int code;

	CHECK(context == &server);
	CHECK_INT(pthread_getname_np(pthread_self(), name, sizeof(name)), 0);
	CHECK_TEXT(name, "resolver");
	CHECK(host[0] != '\0');
	pthread_mutex_lock(&server.lock);
	server.asked++;
	if (++server.at_once > server.most_at_once)
		server.most_at_once = server.at_once;
	while (server.is_held)
		pthread_cond_wait(&server.changed, &server.lock);
	server.at_once--;
	code = server.code;
	ret->list[0].v4.sin_family = AF_INET;
	CHECK(inet_pton(AF_INET, server.address, &ret->list[0].v4.sin_addr) ==
		1);
	ret->count = 1;
	pthread_mutex_unlock(&server.lock);
	return code;
}

static void
serve(int code, const char *address, bool is_held)
{
	pthread_mutex_lock(&server.lock);
	server.code = code;
	server.address = address;
	server.is_held = is_held;
	pthread_cond_broadcast(&server.changed);
	pthread_mutex_unlock(&server.lock);
}

static int
times_asked(void)
{
	int asked;

	pthread_mutex_lock(&server.lock);
	asked = server.asked;
	pthread_mutex_unlock(&server.lock);
	return asked;
}

static struct resolver *resolver;

static void
begin(void)
{
	struct resolver_options options = {.look_up = look_up,
		.context = &server,
		.ttl = 60 * SECONDS,
		.negative_ttl = 5 * SECONDS};

	clock_test_set(0, 1000 * SECONDS);
	resolver = resolver_new(&options);
}

struct asked {
	struct resolver_wait wait;
	size_t told;
	enum http_failure failure;
	char address[64];
};

static void
note(struct asked *asked, const struct resolver_answer *answer)
{
	CLEANUP(buf_release) struct buf text = buf_make(64);

	asked->told++;
	asked->failure = answer->failure;
	CHECK((answer->failure == HTTP_NO_FAILURE) ==
		(answer->addresses != NULL));
	if (answer->addresses)
		address_append(&text, &answer->addresses->list[0].any);
	snprintf(asked->address, sizeof(asked->address), "%s", buf_text(&text));
}

static void
told(struct resolver_wait *wait, const struct resolver_answer *answer)
{
	note(CONTAINER_OF(wait, struct asked, wait), answer);
}

/** Whether it was answered at once. */
static bool
ask(struct asked *asked, const char *host)
{
	struct resolver_answer answer;

	*asked = (struct asked){.wait.done = told};
	if (!resolver_ask(resolver, str_of(host), &asked->wait, &answer))
		return false;
	note(asked, &answer);
	return true;
}

static void
run_once(void)
{
	struct pollfd fd = {.fd = resolver_fd(resolver), .events = POLLIN};

	CHECK_INT(poll(&fd, 1, DEADLINE * 1000), 1);
	resolver_run(resolver);
}

static void
await(struct asked *asked)
{
	while (asked->told == 0)
		run_once();
	CHECK_INT(asked->told, 1);
}

TEST(resolver, an_answer_is_kept_for_its_time)
{
	struct asked asked;

	begin();
	CHECK(!ask(&asked, "a.example"));
	await(&asked);
	CHECK_TEXT(asked.address, "192.0.2.1");
	serve(0, "192.0.2.2", false);
	clock_test_advance(60 * SECONDS - 1);
	CHECK(ask(&asked, "a.example"));
	CHECK_TEXT(asked.address, "192.0.2.1");
	CHECK_INT(times_asked(), 1);
	resolver_free(resolver);
}

TEST(resolver, an_answer_past_its_time_is_renewed_behind_it)
{
	struct asked asked;

	begin();
	CHECK(!ask(&asked, "a.example"));
	await(&asked);
	serve(0, "192.0.2.2", false);
	clock_test_advance(60 * SECONDS);
	CHECK(ask(&asked, "a.example"));
	CHECK_TEXT(asked.address, "192.0.2.1");
	/* A wake may come that brings nothing. */
	do {
		run_once();
		CHECK(ask(&asked, "a.example"));
	} while (strcmp(asked.address, "192.0.2.1") == 0);
	CHECK_TEXT(asked.address, "192.0.2.2");
	CHECK_INT(times_asked(), 2);
	resolver_free(resolver);
}

TEST(resolver, an_old_answer_is_not_used_while_a_fresh_one_can_be_had)
{
	struct asked asked;

	begin();
	CHECK(!ask(&asked, "a.example"));
	await(&asked);
	serve(0, "192.0.2.2", false);
	clock_test_advance(120 * SECONDS);
	CHECK(!ask(&asked, "a.example"));
	await(&asked);
	CHECK_TEXT(asked.address, "192.0.2.2");
	resolver_free(resolver);
}

TEST(resolver, an_old_answer_bridges_a_name_server_that_is_down)
{
	struct asked asked;

	begin();
	CHECK(!ask(&asked, "a.example"));
	await(&asked);
	serve(EAI_AGAIN, "192.0.2.2", false);
	clock_test_advance(10 * MINUTES);
	CHECK(!ask(&asked, "a.example"));
	await(&asked);
	CHECK_TEXT(asked.address, "192.0.2.1");
	clock_test_advance(60 * MINUTES);
	CHECK(!ask(&asked, "a.example"));
	await(&asked);
	CHECK_INT(asked.failure, HTTP_DNS_DOWN);
	resolver_free(resolver);
}

TEST(resolver, a_name_that_is_gone_is_not_bridged)
{
	struct asked asked;

	begin();
	CHECK(!ask(&asked, "a.example"));
	await(&asked);
	serve(EAI_NONAME, "192.0.2.2", false);
	clock_test_advance(2 * MINUTES);
	CHECK(!ask(&asked, "a.example"));
	await(&asked);
	CHECK_INT(asked.failure, HTTP_NAME_UNKNOWN);
	resolver_free(resolver);
}

TEST(resolver, failures_are_kept_for_a_shorter_time)
{
	static const int codes[] = {EAI_NONAME, EAI_AGAIN, EAI_SYSTEM};
	static const enum http_failure failures[] = {
		HTTP_NAME_UNKNOWN, HTTP_DNS_DOWN, HTTP_OUR_FAULT};
	struct asked asked;

	begin();
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		char host[] = {(char)('a' + i), '.', 'x', '\0'};

		serve(codes[i], "192.0.2.1", false);
		CHECK(!ask(&asked, host));
		await(&asked);
		CHECK_INT(asked.failure, failures[i]);
		clock_test_advance(5 * SECONDS - 1);
		CHECK(ask(&asked, host));
		CHECK_INT(asked.failure, failures[i]);
		serve(0, "192.0.2.1", false);
		clock_test_advance(1);
		CHECK(!ask(&asked, host));
		await(&asked);
		CHECK_INT(asked.failure, HTTP_NO_FAILURE);
	}
	resolver_free(resolver);
}

TEST(resolver, many_who_ask_for_one_name_share_one_look_up)
{
	struct asked asked[20];

	begin();
	serve(0, "192.0.2.1", true);
	for (size_t i = 0; i < COUNT_OF(asked); i++)
		CHECK(!ask(&asked[i], "a.example"));
	resolver_cancel(&asked[7].wait);
	resolver_cancel(&asked[7].wait);
	serve(0, "192.0.2.1", false);
	await(&asked[0]);
	for (size_t i = 0; i < COUNT_OF(asked); i++)
		CHECK_INT(asked[i].told, i == 7 ? 0 : 1);
	CHECK_INT(times_asked(), 1);
	resolver_free(resolver);
}

TEST(resolver, look_ups_at_once_are_bounded_and_none_is_forgotten)
{
	enum { NAMES = 5 * RESOLVER_THREADS_MAX };
	static struct asked asked[NAMES];
	size_t told_count = 0;

	begin();
	serve(0, "192.0.2.1", true);
	for (int i = 0; i < NAMES; i++) {
		char host[32];

		snprintf(host, sizeof(host), "n%d.example", i);
		CHECK(!ask(&asked[i], host));
	}
	serve(0, "192.0.2.1", false);
	while (told_count < NAMES) {
		run_once();
		told_count = 0;
		for (int i = 0; i < NAMES; i++)
			told_count += asked[i].told;
	}
	CHECK(server.most_at_once <= RESOLVER_THREADS_MAX);
	resolver_free(resolver);
}

TEST(resolver, names_kept_are_bounded)
{
	struct asked asked;

	begin();
	for (int i = 0; i < RESOLVER_NAMES_MAX + 50; i++) {
		char host[32];

		snprintf(host, sizeof(host), "n%d.example", i);
		if (!ask(&asked, host))
			await(&asked);
	}
	CHECK_INT(resolver_names(resolver), RESOLVER_NAMES_MAX);
	CHECK(!ask(&asked, "n0.example"));
	await(&asked);
	resolver_free(resolver);
}

TEST(resolver, freeing_does_not_wait_for_a_name_server)
{
	struct asked asked;

	begin();
	serve(0, "192.0.2.1", true);
	CHECK(!ask(&asked, "a.example"));
	CHECK(!ask(&asked, "b.example"));
	resolver_free(resolver);
	CHECK_INT(asked.told, 0);
	serve(0, "192.0.2.1", false);
}

TEST(resolver, the_system_knows_localhost)
{
	struct asked asked;

	resolver = resolver_new(NULL);
	CHECK(!ask(&asked, "localhost"));
	await(&asked);
	CHECK_INT(asked.failure, HTTP_NO_FAILURE);
	CHECK(!strcmp(asked.address, "127.0.0.1") ||
		!strcmp(asked.address, "::1"));
	resolver_free(resolver);
}
