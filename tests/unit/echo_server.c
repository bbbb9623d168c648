#include "echo_server.h"

#include "base/clock.h"
#include "base/mailbox.h"
#include "base/mem.h"
#include "check.h"
#include "http_peer.h"

struct later {
	struct message message;
	struct http_call *call;
};

static void
admit(void *context, struct http_call *call)
{
	(void)context;
	if (str_equal(http_call_path(call), STR("/small")))
		http_call_set_body_max(call, 10);
	if (str_equal(http_call_path(call), STR("/deny"))) {
		http_call_add_header(call, "WWW-Authenticate", STR("Bearer"));
		http_call_respond(call, 401, "text/plain", STR("who?"));
	}
}

static void
respond_summary(struct http_call *call)
{
	struct str text = arena_printf(http_call_arena(call), "%.*s %.*s %.*s",
		STR_ARG(http_call_method(call)), STR_ARG(http_call_path(call)),
		STR_ARG(http_call_query(call)));

	http_call_respond(call, 200, "text/plain", text);
}

static void
handle(void *context, struct http_call *call)
{
	struct echo_server *echo = context;
	struct str path = http_call_path(call);
	struct later *later;

	atomic_fetch_add(&echo->handled, 1);
	sem_post(&echo->handled_one);
	if (str_equal(path, STR("/later"))) {
		later = ARENA_NEW(http_call_arena(call), struct later);
		later->call = call;
		mailbox_post(echo->mailbox, &later->message);
	} else if (str_equal(path, STR("/never"))) {
		echo->kept = call;
	} else if (str_equal(path, STR("/empty"))) {
		http_call_respond(call, 204, NULL, STR(""));
	} else if (str_starts_with(path, STR("/echo")) ||
		   str_equal(path, STR("/small"))) {
		http_call_respond(
			call, 200, "text/plain", http_call_body(call));
	} else {
		respond_summary(call);
	}
}

static void
refuse(void *context, struct http_call *call, int status, struct str reason)
{
	struct echo_server *echo = context;

	(void)reason;
	atomic_fetch_add(&echo->refused, 1);
	http_call_respond(call, status, "text/plain", STR("refused"));
}

static void *
answer_later(void *context)
{
	struct echo_server *echo = context;

	while (!atomic_load(&echo->is_ending)) {
		struct message *at, *next;

		mailbox_wait(echo->mailbox, 100000);
		for (at = mailbox_take_all(echo->mailbox); at; at = next) {
			struct later *later = (struct later *)at;

			next = at->next;
			http_call_respond(later->call, 200, "text/plain",
				http_call_body(later->call));
		}
	}
	return NULL;
}

struct echo_server *
echo_server_start(struct http_server_options options)
{
	struct echo_server *echo = MEM_NEW(struct echo_server);
	CLEANUP(buf_release) struct buf why = buf_make(0);

	echo->mailbox = mailbox_new();
	sem_init(&echo->handled_one, 0, 0);
	pthread_create(&echo->thread, NULL, answer_later, echo);
	if (!options.listen.ptr)
		options.listen = STR("127.0.0.1:0");
	options.context = echo;
	options.admit = admit;
	options.handle = handle;
	options.refuse = refuse;
	if (http_server_start(&options, &echo->server, &why))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&why));
	return echo;
}

struct echo_server *
echo_server_start_plain(void)
{
	return echo_server_start((struct http_server_options){.threads = 2});
}

void
echo_server_stop(struct echo_server *echo)
{
	http_server_stop(echo->server, 5 * SECONDS);
	http_server_free(echo->server);
	echo_server_free(echo);
}

void
echo_server_free(struct echo_server *echo)
{
	atomic_store(&echo->is_ending, true);
	mailbox_wake(echo->mailbox);
	pthread_join(echo->thread, NULL);
	mailbox_free(echo->mailbox);
	mem_free(echo);
}

int
echo_server_dial(const struct echo_server *echo)
{
	return peer_dial(http_server_port(echo->server));
}
