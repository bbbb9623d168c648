#include "cli/receive_command.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/receive_answer.h"
#include "net/http_server.h"
#include "rule/signature.h"

enum { BODY_MAX = 64 * 1024 * 1024, COUNT_MAX = 1000000000 };

static const struct option receive_options[] = {
	{.name = "listen",
		.placeholder = "ADDRESS:PORT",
		.help = "Where to listen; port 0 takes any free one.",
		.fallback = "127.0.0.1:9090"},
	{.name = "status",
		.placeholder = "N",
		.help = "Status to answer deliveries with, 200 to 599.",
		.fallback = "201"},
	{.name = "secret",
		.placeholder = "whsec_...",
		.help = "The webhook's secret: signatures are checked.",
		.environment = "GRAPNEL_RECEIVE_SECRET"},
	{.name = "greenlake-secret",
		.placeholder = "TEXT",
		.help = "The shared secret for GreenLake's challenge.",
		.environment = "GRAPNEL_RECEIVE_GREENLAKE_SECRET"},
	{.name = "tls-certificate",
		.placeholder = "FILE",
		.help = "PEM file with the certificate: speak HTTPS."},
	{.name = "tls-key",
		.placeholder = "FILE",
		.help = "PEM file with its private key."},
	{.name = "count",
		.placeholder = "N",
		.help = "Stop after so many deliveries."},
	{.name = "quiet",
		.letter = 'q',
		.help = "Show handshakes only, no deliveries."},
	{.name = "json",
		.letter = 'j',
		.help = "Print one line of JSON a delivery."},
};
const struct option_table receive_table = {
	receive_options, COUNT_OF(receive_options)};

struct receiver {
	struct receive_options options;
	struct signature_key key;
	pthread_mutex_t printing; /* lines of one request stay together */
	atomic_llong left;	  /* deliveries before the end; <0: for ever */
	int over;		  /* eventfd: written when `left` gets to 0 */
};

static struct str
call_header(void *context, const char *name)
{
	return http_call_header(context, name);
}

/** False when enough have come already; `*ret_is_last`: nobody after this. */
static bool
take_place(struct receiver *receiver, bool *ret_is_last)
{
	long long left = atomic_load(&receiver->left);

	*ret_is_last = false;
	if (left < 0)
		return true;
	while (left > 0) {
		if (atomic_compare_exchange_weak(
			    &receiver->left, &left, left - 1)) {
			*ret_is_last = left == 1;
			return true;
		}
	}
	return false;
}

static void
tell_over(struct receiver *receiver)
{
	uint64_t one = 1;

	if (write(receiver->over, &one, sizeof(one)) < 0)
		return; /* already told */
}

/* On the server's threads. */
static void
handle(void *context, struct http_call *call)
{
	struct receiver *receiver = context;
	CLEANUP(buf_release) struct buf lines = buf_make(0);
	struct receive_answer answer;
	bool is_last = false;
	struct receive_request request = {
		.method = http_call_method(call),
		.path = http_call_path(call),
		.body = http_call_body(call),
		.peer = http_call_peer(call),
		.context = call,
		.header = call_header,
	};

	receive_answer(&receiver->options, &request, http_call_arena(call),
		&answer, &lines);
	if (answer.is_delivery && !take_place(receiver, &is_last)) {
		http_call_respond(call, 503, "text/plain",
			STR("enough have come; this receiver ends\n"));
		return;
	}
	pthread_mutex_lock(&receiver->printing);
	output_write(buf_str(&lines));
	pthread_mutex_unlock(&receiver->printing);
	if (answer.allowed_origin.len > 0) {
		http_call_add_header(
			call, "WebHook-Allowed-Origin", answer.allowed_origin);
		http_call_add_header(call, "WebHook-Allowed-Rate", STR("*"));
		http_call_add_header(call, "Allow", STR("POST, OPTIONS"));
	}
	http_call_respond(
		call, answer.status, answer.content_type, answer.body);
	if (is_last)
		tell_over(receiver);
}

static enum err
read_options(
	struct receiver *receiver, const struct args *args, struct buf *why)
{
	const char *secret = args_value(args, "secret");
	int64_t status, count = -1;
	enum err err = args_integer(args, "status", 200, 599, &status, why);

	if (err == ERR_OK && args_is_given(args, "count"))
		err = args_integer(args, "count", 1, COUNT_MAX, &count, why);
	if (err != ERR_OK)
		return err;
	atomic_store(&receiver->left, count);
	receiver->options = (struct receive_options){
		.status = (int)status,
		.greenlake_secret =
			str_of(args_value(args, "greenlake-secret")),
		.is_quiet = args_is_true(args, "quiet"),
		.is_json = args_is_true(args, "json"),
		.is_coloured = output_is_coloured(output_out()),
	};
	if (secret == NULL)
		return ERR_OK;
	if (signature_read_secret(str_of(secret), &receiver->key) != ERR_OK) {
		buf_append(why,
			STR("--secret: is no secret of a webhook; expected "
			    "whsec_ and Base64 of 16 to 64 bytes, as `webhook "
			    "create` printed it"));
		return ERR_INVALID;
	}
	receiver->options.key = &receiver->key;
	return ERR_OK;
}

/** Until a signal comes, or enough deliveries came. */
static void
wait_for_end(const struct receiver *receiver, int signals)
{
	struct pollfd fds[] = {
		{.fd = signals, .events = POLLIN},
		{.fd = receiver->over, .events = POLLIN},
	};

	while (poll(fds, COUNT_OF(fds), -1) <= 0)
		continue;
}

static int
serve(struct receiver *receiver, const struct args *args, int signals)
{
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct http_server *server;
	struct http_server_options options = {
		.listen = str_of(args_value(args, "listen")),
		.tls_certificate = args_value(args, "tls-certificate"),
		.tls_key = args_value(args, "tls-key"),
		.threads = 2,
		.body_max = BODY_MAX,
		.context = receiver,
		.handle = handle,
	};
	const char *scheme = options.tls_certificate ? "https" : "http";
	struct str host = options.listen;
	enum err err;

	err = http_server_start(&options, &server, &why);
	if (err != ERR_OK) {
		output_error("%s", buf_text(&why));
		return err == ERR_INVALID ? EXIT_USAGE : EXIT_NO;
	}
	while (host.len > 0 && host.ptr[host.len - 1] != ':')
		host.len--;
	output_hint("listening on %s://%.*s%u (Ctrl-C stops)", scheme,
		STR_ARG(host), http_server_port(server));
	wait_for_end(receiver, signals);
	http_server_quiesce(server);
	http_server_stop(server, 2 * SECONDS);
	http_server_free(server);
	return EXIT_DONE;
}

/** SIGINT and SIGTERM as a descriptor; threads made later block them too. */
static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int
receive_command(const struct args *args)
{
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct receiver receiver = {
		.printing = PTHREAD_MUTEX_INITIALIZER, .over = -1};
	bool has_certificate = args_value(args, "tls-certificate") != NULL;
	bool has_key = args_value(args, "tls-key") != NULL;
	int signals;
	int code;

	if (has_certificate != has_key) {
		output_error("--tls-certificate and --tls-key go together; "
			     "one is missing");
		return EXIT_USAGE;
	}
	if (read_options(&receiver, args, &why) != ERR_OK) {
		output_error("%s", buf_text(&why));
		return EXIT_USAGE;
	}
	signals = open_signals();
	receiver.over = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	code = serve(&receiver, args, signals);
	close(signals);
	close(receiver.over);
	return code;
}
