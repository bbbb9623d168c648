#include "cli_double.h"

#include "base/clock.h"
#include "cli/command.h"
#include "cli/output.h"

static void
exchange(void *context, const struct http_request *request)
{
	struct hub *hub = context;
	struct http_result result = {0};
	const struct reply *reply;

	CHECK(hub->used < hub->count);
	reply = &hub->replies[hub->used++];
	buf_printf(
		&hub->seen, "%s %.*s", request->method, STR_ARG(request->url));
	for (size_t i = 0; i < request->header_count; i++)
		buf_printf(&hub->seen, "|%.*s: %.*s",
			STR_ARG(request->headers[i].name),
			STR_ARG(request->headers[i].value));
	buf_printf(&hub->seen, "|%.*s\n", STR_ARG(request->body));
	result.failure = reply->failure;
	result.status = reply->status;
	if (reply->failure != HTTP_NO_FAILURE)
		result.error = str_of(reply->body);
	else
		result.body = str_of(reply->body);
	request->done(request->context, &result);
}

static void
hub_pause(void *context, int64_t microseconds)
{
	struct hub *hub = context;

	hub->pauses++;
	clock_test_advance(microseconds);
}

enum { WORDS_MAX = 40 };

struct run
run(const char *const *words, const struct reply *replies, size_t count)
{
	struct run run = {.hub = {replies, count, 0, buf_make(0), 0}};
	struct client_double replacement = {&run.hub, exchange, hub_pause};
	char *argv[WORDS_MAX + 1] = {0};
	char *out_text = NULL, *err_text = NULL;
	size_t out_len, err_len;
	FILE *out = open_memstream(&out_text, &out_len);
	FILE *err = open_memstream(&err_text, &err_len);
	struct arena arena = {0};
	int argc = 0;

	for (; words[argc] != NULL && argc < WORDS_MAX; argc++) {
		size_t len = strlen(words[argc]);

		argv[argc] = arena_alloc(&arena, len + 1);
		memcpy(argv[argc], words[argc], len);
	}
	setenv("GRAPNEL_TOKEN", "t0ken", 0);
	setenv("GRAPNEL_URL", "http://hub.test:1/", 0);
	client_test_double(&replacement);
	output_test_streams(out, err);
	run.code = command_main(argc, argv);
	output_test_streams(NULL, NULL);
	client_test_double(NULL);
	fclose(out);
	fclose(err);
	buf_append(&run.out, str_make(out_text, out_len));
	buf_append(&run.err, str_make(err_text, err_len));
	free(out_text);
	free(err_text);
	arena_release(&arena);
	return run;
}

void
finish(struct run *run)
{
	CHECK_INT(run->hub.used, run->hub.count);
	buf_release(&run->hub.seen);
	buf_release(&run->out);
	buf_release(&run->err);
}

void
check_has(const struct buf *text, const char *part)
{
	if (str_find(buf_str(text), str_of(part)) == SIZE_MAX)
		check_failed(__FILE__, __LINE__, "\"%s\" lacks \"%s\"",
			buf_text(text), part);
}
