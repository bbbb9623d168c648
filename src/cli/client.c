#include "cli/client.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/encode.h"
#include "cli/client_problem.h"
#include "cli/command.h"
#include "cli/output.h"

enum { RESPONSE_MAX = 64 * 1024 * 1024 };

static const struct option client_options[] = {
	{.name = "url",
		.placeholder = "URL",
		.help = "The hub to talk to.",
		.environment = "GRAPNEL_URL",
		.fallback = "http://127.0.0.1:8080"},
	{.name = "token",
		.placeholder = "TOKEN",
		.help = "The token to show it. Better given as a variable, "
			"because other users of the machine can read flags; "
			"GRAPNEL_ADMIN_TOKEN counts when there is no other.",
		.environment = "GRAPNEL_TOKEN"},
	{.name = "timeout",
		.placeholder = "TIME",
		.help = "How long to wait for an answer.",
		.fallback = "30s"},
	{.name = "json",
		.letter = 'j',
		.help = "Print the hub's answer as it is, for scripts."},
};
const struct option_table client_table = {
	client_options, COUNT_OF(client_options)};

static const struct client_double *test_double;

void
client_test_double(const struct client_double *replacement)
{
	test_double = replacement;
}

/* ::/0, its neighbour in the policy, is all zeros. */
static const struct address_network every_ipv4 = {
	{[10] = 0xFF, [11] = 0xFF}, 96};

static int
check_url(struct client *client, const char *url)
{
	struct str text = str_of(url);
	bool is_http = str_starts_with(text, STR("http://")) ||
		       str_starts_with(text, STR("https://"));

	while (text.len > 0 && text.ptr[text.len - 1] == '/')
		text.len--;
	for (size_t i = 0; i < text.len; i++)
		is_http = is_http && text.ptr[i] > 0x20 && text.ptr[i] < 0x7F &&
			  text.ptr[i] != '?' && text.ptr[i] != '#';
	if (!is_http) {
		output_error("\"%.200s\" is not the URL of a hub; expected "
			     "http:// or https:// and a host, without a "
			     "query",
			url);
		output_hint("it comes from --url or GRAPNEL_URL");
		return EXIT_USAGE;
	}
	client->url = arena_copy(&client->arena, text).ptr;
	return EXIT_DONE;
}

static int
check_token(struct client *client, const char *token)
{
	if (token == NULL)
		token = getenv("GRAPNEL_ADMIN_TOKEN");
	if (token == NULL || *token == '\0')
		return EXIT_DONE;
	for (const char *c = token; *c; c++) {
		if (*c <= 0x20 || *c >= 0x7F) {
			output_error("the token has a blank or a character "
				     "that is not ASCII in it; it comes from "
				     "--token, GRAPNEL_TOKEN or "
				     "GRAPNEL_ADMIN_TOKEN");
			return EXIT_USAGE;
		}
	}
	client->token = token;
	return EXIT_DONE;
}

int
client_open(struct client *client, const struct args *args)
{
	CLEANUP(buf_release) struct buf why = buf_make(0);
	int code;

	*client = (struct client){.is_json = args_is_true(args, "json")};
	/* 0.0.0.0/0 and ::/0: the user named the hub, nobody else did. */
	client->policy.allowed[0] = every_ipv4;
	client->policy.allowed_count = 2;
	client->policy.allow_http = true;
	if (args_duration(args, "timeout", 1 * MILLISECONDS, 1 * HOURS,
		    &client->timeout, &why) != ERR_OK) {
		output_error("%s", buf_text(&why));
		return EXIT_USAGE;
	}
	code = check_url(client, args_value(args, "url"));
	if (code != EXIT_DONE)
		return code;
	return check_token(client, args_value(args, "token"));
}

void
client_close(struct client *client)
{
	if (client->http != NULL)
		http_client_free(client->http);
	arena_release(&client->arena);
	*client = (struct client){0};
}

/* One exchange under way. */
struct exchange {
	struct client *client;
	struct client_answer *answer;
	bool is_over;
	enum http_failure failure;
	struct str error;
	bool is_cut;
};

static void
on_done(void *context, const struct http_result *result)
{
	struct exchange *exchange = context;
	struct arena *arena = &exchange->client->arena;

	exchange->is_over = true;
	exchange->failure = result->failure;
	exchange->error = arena_copy(arena, result->error);
	exchange->is_cut = result->body_was_cut;
	exchange->answer->status = result->status;
	exchange->answer->body = arena_copy(arena, result->body);
}

static void
run_exchange(struct client *client, const struct http_request *request,
	const struct exchange *exchange)
{
	struct http_client_options options = {
		.policy = &client->policy,
		.user_agent = "grapnel-cli/" GRAPNEL_VERSION,
		.connections_max = 2,
		.connect_timeout = client->timeout,
	};

	if (test_double != NULL) {
		test_double->exchange(test_double->context, request);
		return;
	}
	if (client->http == NULL)
		client->http = http_client_new(&options);
	http_client_send(client->http, request);
	while (!exchange->is_over)
		http_client_wait(client->http, -1, 1 * SECONDS);
}

int
client_call(struct client *client, const struct client_request *request,
	struct client_answer *ret)
{
	struct arena *arena = &client->arena;
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct exchange exchange = {.client = client, .answer = ret};
	struct http_header headers[3] = {
		{STR("Accept"), STR("application/json")}};
	struct http_request http = {
		.method = request->method,
		.url = arena_printf(arena, "%s%s", client->url, request->path),
		.headers = headers,
		.header_count = 1,
		.body = request->body,
		.has_body = request->content_type != NULL,
		.timeout = client->timeout,
		.response_max = RESPONSE_MAX,
		.context = &exchange,
		.done = on_done,
	};

	*ret = (struct client_answer){0};
	if (client->token != NULL)
		headers[http.header_count++] = (struct http_header){
			STR("Authorization"),
			arena_printf(arena, "Bearer %s", client->token)};
	if (http.has_body)
		headers[http.header_count++] = (struct http_header){
			STR("Content-Type"), str_of(request->content_type)};
	run_exchange(client, &http, &exchange);
	if (exchange.failure != HTTP_NO_FAILURE)
		return client_problem_unreachable(client, exchange.error);
	if (exchange.is_cut) {
		output_error("the hub's answer is longer than 64 MiB; ask for "
			     "less with --limit");
		return EXIT_NO;
	}
	if (json_read(ret->body, arena, &ret->doc, &why) == ERR_OK)
		ret->json = json_root(&ret->doc);
	if (ret->status >= 200 && ret->status < 300)
		return EXIT_DONE;
	return client_problem_refused(client, ret);
}

int
client_send_json(struct client *client, const char *method, const char *path,
	const struct buf *body, struct client_answer *ret)
{
	bool is_patch = strcmp(method, "PATCH") == 0;
	struct client_request request = {
		.method = method,
		.path = path,
		.content_type = is_patch ? "application/merge-patch+json"
					 : "application/json",
		.body = buf_str(body),
	};

	return client_call(client, &request, ret);
}

int
client_simple(struct client *client, const char *method, const char *path,
	struct client_answer *ret)
{
	struct client_request request = {.method = method, .path = path};

	return client_call(client, &request, ret);
}

const char *
client_path(
	struct client *client, const char *pattern, const char *const *parts)
{
	CLEANUP(buf_release) struct buf path = buf_make(0);

	for (; *pattern; pattern++) {
		if (pattern[0] == '{' && pattern[1] == '}') {
			encode_percent(&path, str_of(*parts++));
			pattern++;
		} else {
			buf_append_char(&path, *pattern);
		}
	}
	return arena_copy(&client->arena, buf_str(&path)).ptr;
}

void
client_append_query(struct buf *path, const char *name, const char *value)
{
	bool is_first = str_find_char(buf_str(path), '?') == SIZE_MAX;

	if (value == NULL)
		return;
	buf_printf(path, "%c%s=", is_first ? '?' : '&', name);
	encode_percent(path, str_of(value));
}

void
client_pause(struct client *client, int64_t microseconds)
{
	struct timespec time = {
		microseconds / SECONDS, (microseconds % SECONDS) * 1000};

	(void)client;
	if (test_double != NULL)
		test_double->pause(test_double->context, microseconds);
	else
		nanosleep(&time, NULL);
}
