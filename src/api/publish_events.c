/* /v1/events: CloudEvents in all modes of the HTTP binding. */
#include "api/publish.h"
#include "rule/cloudevents.h"

enum { HEADERS_MAX = 128 };

struct headers {
	struct cloudevents_header *list;
	size_t count;
};

static bool
collect(void *context, struct str name, struct str value)
{
	struct headers *headers = context;

	headers->list[headers->count++] =
		(struct cloudevents_header){name, value};
	return headers->count < HEADERS_MAX;
}

static void
publish_binary(struct api_call *call)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct publication *publication = publish_new(call, 1);
	struct publication_item *item = &publication->items[0];
	struct headers headers = {.list = arena_alloc_array(call->arena,
					  HEADERS_MAX, sizeof(*headers.list))};
	struct cloudevents_message message = {
		.content_type = http_call_header(call->http, "Content-Type"),
		.body = http_call_body(call->http),
	};

	http_call_each_header(call->http, collect, &headers);
	message.headers = headers.list;
	message.header_count = headers.count;
	if (cloudevents_read_binary(
		    &message, call->arena, &item->cloudevent, &why)) {
		api_refuse(call, 400, NULL, "%s", buf_text(&why));
		return;
	}
	item->kind = PUBLISH_EVENT;
	publish_single(publication);
}

static void
publish_structured(struct api_call *call)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct publication *publication = publish_new(call, 1);
	struct publication_item *item = &publication->items[0];
	struct json_doc *doc = ARENA_NEW(call->arena, struct json_doc);

	if (json_read(http_call_body(call->http), call->arena, doc, &why) ||
		cloudevents_read(
			json_root(doc), call->arena, &item->cloudevent, &why)) {
		api_refuse(call, 400, NULL, "%s", buf_text(&why));
		return;
	}
	item->kind = PUBLISH_EVENT;
	publish_single(publication);
}

static void
publish_batch(struct api_call *call)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct publication *publication;
	struct publish_line *lines;
	size_t count;

	if (!publish_read_list(call, "CloudEvents", &lines, &count))
		return;
	publication = publish_new(call, count);
	for (size_t i = 0; i < count; i++) {
		struct publication_item *item = &publication->items[i];

		item->kind = PUBLISH_EVENT;
		if (cloudevents_read(lines[i].value, call->arena,
			    &item->cloudevent, &why)) {
			publish_refuse_item(
				call, lines[i].number, buf_str(&why));
			return;
		}
	}
	publish_many(publication);
}

static bool
has_event_headers(struct api_call *call)
{
	return http_call_header(call->http, "ce-specversion").len > 0 ||
	       http_call_header(call->http, "ce-id").len > 0 ||
	       http_call_header(call->http, "ce-type").len > 0;
}

void
publish_events(struct api_call *call)
{
	struct str type = http_call_header(call->http, "Content-Type");

	switch (cloudevents_mode_of(type)) {
	case CLOUDEVENTS_STRUCTURED: publish_structured(call); return;
	case CLOUDEVENTS_BATCH: publish_batch(call); return;
	case CLOUDEVENTS_BINARY: break;
	}
	if (has_event_headers(call)) {
		publish_binary(call);
	} else if (publish_has_content_type(call, "application/x-ndjson") ||
		   publish_has_content_type(call, "application/ndjson")) {
		publish_batch(call);
	} else if (publish_has_content_type(call, "application/json")) {
		/* Not in the binding, but what people send first. */
		publish_structured(call);
	} else {
		api_refuse(call, 415, NULL,
			"expected Content-Type application/cloudevents+json, "
			"application/cloudevents-batch+json, "
			"application/x-ndjson, or ce- headers (binary mode)");
	}
}
