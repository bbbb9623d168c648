#include "pipeline/envelope.h"

#include "check.h"
#include "rule/cloudevents.h"

static const struct payload_facts updated = {
	.event = 42,
	.time = INT64_C(1713280978205785),
	.operation = OPERATION_UPDATED,
	.id = STR_INIT("e-1"),
	.source = STR_INIT("/hub"),
	.type = STR_INIT("compute-ops/server"),
	.subject = STR_INIT("r \"1\""),
	.body = STR_INIT("{ \"a\" : 2 }"),
	.rest = STR_INIT("{\"a\":1}"),
	.is_whole = true,
};

struct built {
	struct arena arena;
	struct payload *payload;
	struct envelope envelope;
};

static void
built_release(struct built *built)
{
	payload_unref(built->payload);
	arena_release(&built->arena);
}

static void
build(struct built *built, enum webhook_payload form,
	const struct payload_facts *facts)
{
	built->payload = payload_new(facts);
	envelope_build(form, built->payload, &built->arena, &built->envelope);
}

static struct str
header(const struct built *built, const char *name)
{
	for (size_t i = 0; i < built->envelope.header_count; i++) {
		const struct http_header *row = &built->envelope.headers[i];

		CHECK(http_header_is_sendable(row->name, row->value));
		if (str_equal(row->name, str_of(name)))
			return row->value;
	}
	return STR("(none)");
}

TEST(envelope, resource_is_the_body_byte_for_byte)
{
	CLEANUP(built_release) struct built built = {0};

	CHECK(!envelope_needs_whole(PAYLOAD_RESOURCE));
	build(&built, PAYLOAD_RESOURCE, &updated);
	CHECK_STR(built.envelope.body, updated.body);
	CHECK_STR(built.envelope.content_type, STR("application/json"));
	CHECK_INT(built.envelope.header_count, 0);
}

TEST(envelope, a_state_becomes_an_event_of_the_hubs)
{
	CLEANUP(built_release) struct built built = {0};

	CHECK(envelope_needs_whole(PAYLOAD_CLOUDEVENT));
	build(&built, PAYLOAD_CLOUDEVENT, &updated);
	CHECK_STR(built.envelope.body,
		STR("{\"specversion\":\"1.0\",\"id\":\"e-1\",\"source\":"
		    "\"/hub\",\"type\":\"grapnel.resource.updated\","
		    "\"subject\":\"r \\\"1\\\"\",\"time\":"
		    "\"2024-04-16T15:22:58.205785Z\",\"datacontenttype\":"
		    "\"application/json\",\"sequence\":"
		    "\"00000000000000000042\",\"data\":{\"type\":"
		    "\"compute-ops/server\",\"id\":\"r \\\"1\\\"\","
		    "\"operation\":\"Updated\",\"new\":{ \"a\" : 2 },\"old\":"
		    "{\"a\":1}}}"));
}

TEST(envelope, deleted_has_only_the_old_state)
{
	CLEANUP(built_release) struct built built = {0};
	struct payload_facts facts = updated;

	facts.operation = OPERATION_DELETED;
	facts.rest = STR("");
	build(&built, PAYLOAD_CLOUDEVENT_BINARY, &facts);
	CHECK_STR(built.envelope.body,
		STR("{\"type\":\"compute-ops/server\",\"id\":\"r \\\"1\\\"\","
		    "\"operation\":\"Deleted\",\"old\":{ \"a\" : 2 }}"));
	CHECK_STR(header(&built, "ce-type"), STR("grapnel.resource.deleted"));
}

TEST(envelope, binary_values_are_percent_encoded)
{
	CLEANUP(built_release) struct built built = {0};

	build(&built, PAYLOAD_CLOUDEVENT_BINARY, &updated);
	CHECK_STR(header(&built, "ce-subject"), STR("r%20%221%22"));
	CHECK_STR(header(&built, "ce-specversion"), STR("1.0"));
	CHECK_STR(header(&built, "ce-sequence"), STR("00000000000000000042"));
	CHECK_STR(header(&built, "ce-datacontenttype"), STR("(none)"));
	CHECK_STR(built.envelope.content_type, STR("application/json"));
}

TEST(envelope, a_cloudevent_keeps_its_attributes_and_bytes)
{
	CLEANUP(built_release) struct built binary = {0}, structured = {0};
	struct payload_facts facts = {
		.id = STR("x"),
		.source = STR("/s"),
		.type = STR("t"),
		.attributes = STR("{\"datacontenttype\":\"text/plain\","
				  "\"flag\":true,\"n\":7}"),
		.body = STR("\xC3\xA4 %"),
		.is_cloudevent = true,
		.is_whole = true,
	};

	build(&binary, PAYLOAD_CLOUDEVENT_BINARY, &facts);
	CHECK_STR(binary.envelope.content_type, STR("text/plain"));
	CHECK_STR(binary.envelope.body, facts.body);
	CHECK_STR(header(&binary, "ce-flag"), STR("true"));
	CHECK_STR(header(&binary, "ce-n"), STR("7"));
	CHECK_STR(header(&binary, "ce-sequence"), STR("(none)"));
	build(&structured, PAYLOAD_CLOUDEVENT, &facts);
	CHECK_STR(structured.envelope.body,
		STR("{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"/s\","
		    "\"type\":\"t\",\"time\":\"1970-01-01T00:00:00.000000Z\","
		    "\"datacontenttype\":\"text/plain\",\"flag\":true,\"n\":7,"
		    "\"data\":\"\xC3\xA4 %\"}"));
}

TEST(envelope, a_change_that_came_in_goes_out_whole)
{
	CLEANUP(built_release) struct built built = {0};
	struct payload_facts facts = updated;

	facts.is_cloudevent = true;
	facts.rest = STR("{\"operation\":\"Updated\",\"new\":{},\"old\":{}}");
	build(&built, PAYLOAD_CLOUDEVENT_BINARY, &facts);
	CHECK_STR(built.envelope.body, facts.rest);
	CHECK_STR(header(&built, "ce-type"), STR("compute-ops/server"));
}

TEST(envelope, plain_has_no_blanks_but_in_strings_and_says_json)
{
	CLEANUP(built_release) struct built built = {0};
	struct payload_facts facts = updated;

	facts.is_cloudevent = true;
	facts.operation = OPERATION_NONE;
	facts.time = 0;
	facts.subject = STR("");
	facts.attributes = STR("{\"dataschema\":\"https://s/\",\"n\": 1}");
	facts.rest = STR("{ \"a b\" :\r\n\t[ \"c \\\" d\\\\\" , 1 ] }");
	CHECK(envelope_needs_whole(PAYLOAD_CLOUDEVENT_PLAIN));
	build(&built, PAYLOAD_CLOUDEVENT_PLAIN, &facts);
	CHECK_STR(built.envelope.content_type, STR("application/json"));
	CHECK_STR(built.envelope.body,
		STR("{\"specversion\":\"1.0\",\"id\":\"e-1\",\"source\":"
		    "\"/hub\",\"type\":\"compute-ops/server\",\"time\":"
		    "\"1970-01-01T00:00:00.000000Z\",\"datacontenttype\":"
		    "\"application/json\",\"dataschema\":\"https://s/\","
		    "\"n\":1,\"data\":{\"a b\":[\"c \\\" d\\\\\",1]}}"));
}

TEST(envelope, a_batch_is_an_array_in_its_media_type)
{
	struct arena arena = {0};
	struct payload *payload = payload_new(&updated);
	const struct payload *const two[] = {payload, payload};
	struct envelope one, batch;

	envelope_build(PAYLOAD_CLOUDEVENT, payload, &arena, &one);
	envelope_build_batch(PAYLOAD_CLOUDEVENT, two, 2, &arena, &batch);
	CHECK_STR(batch.body, arena_printf(&arena, "[%.*s,%.*s]",
				      STR_ARG(one.body), STR_ARG(one.body)));
	CHECK_STR(batch.content_type,
		STR("application/cloudevents-batch+json; charset=utf-8"));
	envelope_build(PAYLOAD_CLOUDEVENT_PLAIN, payload, &arena, &one);
	envelope_build_batch(PAYLOAD_CLOUDEVENT_PLAIN, two, 1, &arena, &batch);
	CHECK_STR(
		batch.body, arena_printf(&arena, "[%.*s]", STR_ARG(one.body)));
	CHECK_STR(batch.content_type, STR("application/json"));
	payload_unref(payload);
	arena_release(&arena);
}

TEST(envelope, a_state_s_trace_goes_with_its_event)
{
	static const enum webhook_payload texts[] = {
		PAYLOAD_CLOUDEVENT, PAYLOAD_CLOUDEVENT_PLAIN};
	struct payload_facts facts = updated;

	facts.attributes = STR("{\"traceparent\":\"00-1\",\"tracestate\":"
			       "\"a=1\"}");
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CLEANUP(built_release) struct built built = {0};

		build(&built, texts[i], &facts);
		CHECK(str_find(built.envelope.body,
			      STR("\"sequence\":\"00000000000000000042\","
				  "\"traceparent\":\"00-1\","
				  "\"tracestate\":\"a=1\",\"data\":")) !=
			SIZE_MAX);
	}
	CLEANUP(built_release) struct built binary = {0};

	build(&binary, PAYLOAD_CLOUDEVENT_BINARY, &facts);
	CHECK_STR(header(&binary, "ce-traceparent"), STR("00-1"));
}

TEST(envelope, of_a_state_written_at_once_is_what_cloudevents_writes)
{
	CLEANUP(built_release) struct built built = {0};
	CLEANUP(built_release) struct built binary = {0};
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct json_out out = json_out_make(&text);
	struct cloudevent event = {
		.id = updated.id,
		.source = updated.source,
		.type = STR("grapnel.resource.updated"),
		.subject = updated.subject,
		.time = updated.time,
		.has_time = true,
		.datacontenttype = STR("application/json"),
		.extensions = STR("{\"sequence\":\"00000000000000000042\"}"),
		.has_data = true,
		.data_is_json = true,
	};

	build(&built, PAYLOAD_CLOUDEVENT, &updated);
	build(&binary, PAYLOAD_CLOUDEVENT_BINARY, &updated);
	event.data = binary.envelope.body;
	cloudevents_write(&event, &out, NULL);
	CHECK_STR(built.envelope.body, buf_str(&text));
}

TEST(envelope, full_of_escapes_is_whole_all_the_same)
{
	CLEANUP(built_release) struct built built = {0};
	CLEANUP(buf_release) struct buf quotes = buf_make(0);
	struct payload_facts facts = updated;
	struct json_doc doc;

	for (int i = 0; i < 5000; i++)
		buf_append_char(&quotes, '\x01');
	facts.subject = buf_str(&quotes);
	build(&built, PAYLOAD_CLOUDEVENT, &facts);
	CHECK_OK(json_read(built.envelope.body, &built.arena, &doc, NULL));
	CHECK_STR(json_string(json_member(json_root(&doc), STR("subject")),
			  &built.arena),
		facts.subject);
}
