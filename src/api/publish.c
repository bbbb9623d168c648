#include "api/publish.h"

#include "base/clock.h"
#include "base/json_out.h"
#include "pipeline/hub.h"

struct publication *
publish_new(struct api_call *call, size_t count)
{
	struct publication *publication =
		ARENA_NEW(call->arena, struct publication);

	publication->workspace = call->who.workspace;
	publication->publisher = call->who.key_id;
	publication->trace =
		trace_context_make(http_call_header(call->http, "traceparent"),
			http_call_header(call->http, "tracestate"));
	publication->arena = call->arena;
	publication->items = arena_alloc_array(
		call->arena, count, sizeof(*publication->items));
	publication->count = count;
	publication->context = call;
	return publication;
}

static void
release_items(struct publication *publication)
{
	for (size_t i = 0; i < publication->count; i++)
		buf_release(&publication->items[i].why);
}

/* What a refused item is answered with. */
static const struct refusal {
	enum err err;
	int status;
	int64_t retry_after;
} refusals[] = {
	{ERR_INVALID, 400, 0},
	{ERR_NOT_FOUND, 404, 0},
	{ERR_BUSY, 429, 1 * SECONDS},
	{ERR_LIMIT, 507, 30 * SECONDS},
	{ERR_IO, 503, 5 * SECONDS},
};

/* Of those that are refused for more than an error. */
static const struct refusal because[] = {
	[PUBLISH_SCHEMA] = {ERR_INVALID, 422, 0},
	[PUBLISH_TOO_LARGE] = {ERR_LIMIT, 413, 0},
};

static const struct refusal *
find_refusal(const struct publication_item *item)
{
	enum err err = item->err;

	if (item->because != PUBLISH_ERROR)
		return &because[item->because];
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		if (refusals[i].err == err)
			return &refusals[i];
	}
	return &refusals[COUNT_OF(refusals) - 1];
}

static void
write_item(struct json_out *out, const struct publication_item *item)
{
	json_out_object(out, NULL);
	switch (item->outcome) {
	case PUBLISH_ACCEPTED:
		json_out_string(out, "id", item->event_id);
		json_out_integer(out, "matched", item->matched);
		if (item->skipped)
			json_out_integer(out, "skipped", item->skipped);
		if (item->warning.len)
			json_out_string(out, "warning", item->warning);
		break;
	case PUBLISH_UNCHANGED: json_out_boolean(out, "unchanged", true); break;
	case PUBLISH_DUPLICATE:
		json_out_boolean(out, "duplicate", true);
		json_out_string(out, "id", item->event_id);
		break;
	case PUBLISH_REFUSED:
		json_out_string(out, "error", buf_str(&item->why));
		json_out_integer(out, "status", find_refusal(item)->status);
		break;
	}
	json_out_end(out);
}

static void
answer_refused(struct api_call *call, const struct publication_item *item)
{
	const struct refusal *refusal = find_refusal(item);
	struct api_problem problem = {
		.status = refusal->status,
		.message = buf_str(&item->why),
		.retry_after = refusal->retry_after,
	};
	struct str rest = problem.message;

	/* The sentence begins with the place. */
	if (item->because == PUBLISH_SCHEMA) {
		problem.source = "field";
		problem.subject = str_split(&rest, ':');
	}
	api_respond_problem(call, &problem);
}

static void
single_done(struct publication *publication)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct publication_item *item = &publication->items[0];
	struct api_call *call = publication->context;
	struct buf why = item->why;

	if (item->outcome == PUBLISH_REFUSED) {
		answer_refused(call, item);
	} else {
		struct json_out out = json_out_make(&body);
		bool is_new = item->outcome != PUBLISH_DUPLICATE;

		write_item(&out, item);
		api_respond_json(call, is_new ? 202 : 200, &body);
	}
	/* The item went with the call; its text is still ours. */
	buf_release(&why);
}

void
publish_single(struct publication *publication)
{
	struct api_call *call = publication->context;

	publication->done = single_done;
	ingest_publish(call->api->hub->ingest, publication);
}

struct totals {
	size_t accepted, unchanged, duplicate, refused;
	uint64_t matched, skipped;
};

static struct totals
add_up(const struct publication *publication)
{
	struct totals totals = {0};

	for (size_t i = 0; i < publication->count; i++) {
		const struct publication_item *item = &publication->items[i];

		totals.accepted += item->outcome == PUBLISH_ACCEPTED;
		totals.unchanged += item->outcome == PUBLISH_UNCHANGED;
		totals.duplicate += item->outcome == PUBLISH_DUPLICATE;
		totals.refused += item->outcome == PUBLISH_REFUSED;
		totals.matched += item->matched;
		totals.skipped += item->skipped;
	}
	return totals;
}

static void
write_totals(const struct publication *publication, const struct totals *totals,
	struct buf *body)
{
	struct json_out out = json_out_make(body);

	json_out_object(&out, NULL);
	json_out_integer(&out, "accepted", (int64_t)totals->accepted);
	json_out_integer(&out, "unchanged", (int64_t)totals->unchanged);
	json_out_integer(&out, "duplicate", (int64_t)totals->duplicate);
	json_out_integer(&out, "refused", (int64_t)totals->refused);
	json_out_integer(&out, "matched", (int64_t)totals->matched);
	if (totals->skipped)
		json_out_integer(&out, "skipped", (int64_t)totals->skipped);
	json_out_array(&out, "items");
	for (size_t i = 0; i < publication->count; i++)
		write_item(&out, &publication->items[i]);
	json_out_end(&out);
	json_out_end(&out);
}

/**
 * All refused: the first refusal's status, so that a publisher who looks at
 * nothing else tries again. Otherwise 202 and each item says its own.
 */
static void
many_done(struct publication *publication)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct api_call *call = publication->context;
	struct totals totals = add_up(publication);

	if (publication->count > 0 && totals.refused == publication->count) {
		struct publication_item first = publication->items[0];

		first.why = buf_make(0);
		buf_append(&first.why, buf_str(&publication->items[0].why));
		release_items(publication);
		answer_refused(call, &first);
		buf_release(&first.why);
		return;
	}
	write_totals(publication, &totals, &body);
	release_items(publication);
	api_respond_json(call, 202, &body);
}

void
publish_many(struct publication *publication)
{
	struct api_call *call = publication->context;

	publication->done = many_done;
	ingest_publish(call->api->hub->ingest, publication);
}
