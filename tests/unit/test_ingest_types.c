/* What the catalog, a size and a window do to events that come in. */
#include <sched.h>

#include "base/clock.h"
#include "base/desk.h"
#include "base/log.h"
#include "fault_vfs.h"
#include "pipeline/ingest_work.h"
#include "pipeline/match.h"
#include "pipeline_world.h"

#define ORDER "com.example.orders"
#define EVENT(id, more) \
	"{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"/s\"," \
	"\"type\":\"" ORDER "\"" more "}"

static void
put_type(struct world *world, struct event_type_facts *facts)
{
	struct event_type_change change = {
		.workspace = WORKSPACE_DEFAULT, .facts = facts};
	const struct event_type *present = event_types_find(
		world->event_types, WORKSPACE_DEFAULT, facts->name);

	if (present ? event_types_patch(world->event_types, &change)
		    : event_types_create(world->event_types, &change))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&change.why));
	event_type_unref(present);
	event_type_unref(change.ret);
	buf_release(&change.why);
}

static struct event_type_facts
order(enum event_type_validation validation)
{
	return (struct event_type_facts){
		.name = STR(ORDER),
		.validation = validation,
		.schema = STR("{\"type\":\"object\",\"required\":[\"total\"],"
			      "\"properties\":{\"total\":{\"type\":"
			      "\"number\"}}}"),
	};
}

static struct published
publish(struct world *world, const char *event)
{
	static struct published published;

	world_event(world, &published, event);
	world_await(&published);
	return published;
}

TEST(ingest_types, an_event_that_is_not_as_its_type_says_is_refused)
{
	struct world world;
	struct published one;
	struct event_type_facts facts = order(VALIDATION_REFUSE);
	struct ingest_stats stats;

	world_open(&world, 0, 0);
	put_type(&world, &facts);
	one = publish(&world, EVENT("1", ",\"data\":{\"total\":\"x\"}"));
	CHECK_INT(one.outcome, PUBLISH_REFUSED);
	CHECK_INT(one.because, PUBLISH_SCHEMA);
	CHECK_TEXT(one.why, "data/total: expected a number, found a string");
	one = publish(&world, EVENT("2", ""));
	CHECK_INT(one.because, PUBLISH_SCHEMA);
	one = publish(&world,
		EVENT("3",
			",\"datacontenttype\":\"text/plain\",\"data\":\"x\""));
	CHECK_INT(one.because, PUBLISH_SCHEMA);
	one = publish(&world, EVENT("1", ",\"data\":{\"total\":5}"));
	CHECK_INT(one.outcome, PUBLISH_ACCEPTED);
	ingest_stats(world.ingest, &stats);
	CHECK_INT(stats.schema_refusals, 3);
	CHECK_INT(stats.refused, 3);
	world_close(&world);
}

TEST(ingest_types, a_warning_is_told_and_the_event_goes_on)
{
	struct world world;
	struct published one;
	struct event_type_facts facts = order(VALIDATION_WARN);
	struct ingest_stats stats;

	world_open(&world, 0, 0);
	put_type(&world, &facts);
	one = publish(&world, EVENT("1", ",\"data\":{}"));
	CHECK_INT(one.outcome, PUBLISH_ACCEPTED);
	CHECK_TEXT(one.warning, "data: the member \"total\" is missing");
	ingest_stats(world.ingest, &stats);
	CHECK_INT(stats.schema_warnings, 1);
	facts.validation = VALIDATION_OFF;
	put_type(&world, &facts);
	one = publish(&world, EVENT("2", ",\"data\":{}"));
	CHECK_INT(one.outcome, PUBLISH_ACCEPTED);
	CHECK_TEXT(one.warning, "");
	world_close(&world);
}

TEST(ingest_types, dataschema_says_which_version_counts)
{
	struct world world;
	struct event_type_facts facts = order(VALIDATION_REFUSE);
	static const char *const first = EVENT("1",
		",\"data\":{\"total\":1},\"dataschema\":"
		"\"https://hub/v1/event-types/" ORDER "/versions/1/schema\"");

	world_open(&world, 0, 0);
	put_type(&world, &facts);
	facts.schema = STR("{\"required\":[\"sum\"]}");
	put_type(&world, &facts);
	world_event_is(
		&world, EVENT("2", ",\"data\":{\"total\":1}"), PUBLISH_REFUSED);
	world_event_is(
		&world, EVENT("3", ",\"data\":{\"sum\":1}"), PUBLISH_ACCEPTED);
	world_event_is(&world, first, PUBLISH_ACCEPTED);
	world_close(&world);
}

static struct str
attributes_of(struct world *world, const char *id, struct arena *arena)
{
	struct event_row row;

	CHECK_OK(store_event_by_id(
		world->store, WORKSPACE_DEFAULT, str_of(id), arena, &row));
	return row.attributes;
}

TEST(ingest_types, a_types_attributes_go_into_its_events)
{
	struct world world;
	struct arena arena = {0};
	struct event_type_facts facts = {
		.name = STR(ORDER),
		.dataschema = STR("https://example.com/order"),
		.is_deprecated = true,
		.sunset = STR("2027-01-01T00:00:00Z"),
	};

	world_open(&world, 0, 0);
	put_type(&world, &facts);
	publish(&world, EVENT("1", ",\"x\":\"y\""));
	CHECK_STR(attributes_of(&world, "1", &arena),
		STR("{\"x\":\"y\",\"dataschema\":\"https://example.com/order\","
		    "\"deprecated\":true,\"deprecationsunset\":"
		    "\"2027-01-01T00:00:00Z\"}"));
	publish(&world, EVENT("2", ",\"dataschema\":\"urn:mine\","
				   "\"deprecated\":false"));
	CHECK_STR(attributes_of(&world, "2", &arena),
		STR("{\"dataschema\":\"urn:mine\",\"deprecated\":false,"
		    "\"deprecationsunset\":\"2027-01-01T00:00:00Z\"}"));
	arena_release(&arena);
	world_close(&world);
}

TEST(ingest_types, a_registered_resource_type_keeps_states)
{
	struct world world;
	struct arena arena = {0};
	struct event_type_facts facts = order(VALIDATION_REFUSE);
	struct event_row row;

	world_open(&world, 0, 0);
	facts.is_resource = true;
	put_type(&world, &facts);
	world_event_is(&world,
		EVENT("1", ",\"subject\":\"o1\",\"data\":{\"operation\":"
			   "\"Created\",\"new\":{\"total\":\"x\"}}"),
		PUBLISH_REFUSED);
	world_event_is(&world,
		EVENT("2", ",\"subject\":\"o1\",\"data\":{\"operation\":"
			   "\"Created\",\"new\":{\"total\":1}}"),
		PUBLISH_ACCEPTED);
	CHECK_OK(store_event_by_id(
		world.store, WORKSPACE_DEFAULT, STR("2"), &arena, &row));
	CHECK_INT(row.operation, OPERATION_CREATED);
	arena_release(&arena);
	world_close(&world);
}

/** A desk's thread that stands still until it may go on. */
struct pause {
	struct desk_job job;
	sem_t may_go;
};

static void
stand_still(struct desk_job *job)
{
	struct pause *pause = CONTAINER_OF(job, struct pause, job);

	while (sem_wait(&pause->may_go) != 0)
		continue;
}

static void
delete_type(struct world *world, const struct event_type_facts *facts)
{
	struct event_type_facts named = {.name = facts->name};
	struct event_type_change change = {
		.workspace = WORKSPACE_DEFAULT, .facts = &named};

	CHECK_OK(event_types_delete(world->event_types, &change));
	buf_release(&change.why);
}

/* Its first try was about a resource, and shared that one's new state. */
TEST(ingest_types, an_event_tried_again_is_what_its_type_says_by_then)
{
	static struct pause pauses[] = {
		{{NULL, stand_still}, {{0}}}, {{NULL, stand_still}, {{0}}}};
	struct world world;
	struct published first, second;
	struct event_type_facts facts = order(VALIDATION_OFF);
	struct webhook *webhook = world_webhook(1, "type eq '" ORDER "'");
	struct gate gate;

	fault_install();
	world_open(&world, 0, 1);
	facts.is_resource = true;
	put_type(&world, &facts);
	match_set(world.match, webhook);
	webhook_unref(webhook);
	for (size_t i = 0; i < COUNT_OF(pauses); i++) {
		CHECK_INT(sem_init(&pauses[i].may_go, 0, 0), 0);
		CHECK_OK(desk_post(world.desk, &pauses[i].job));
	}
	AWAIT(desk_waiting(world.desk) == 0);
	gate_close(&gate, world.writer);
	world_event(&world, &first,
		EVENT("1", ",\"subject\":\"o\",\"data\":{\"new\":{\"n\":1}}"));
	world_event(&world, &second,
		EVENT("2", ",\"subject\":\"o\",\"data\":{\"new\":{\"n\":2}}"));
	fault_arm(FAULT_IO, 0, false);
	gate_open(&gate);
	world_await(&first);
	CHECK_INT(first.outcome, PUBLISH_REFUSED);
	AWAIT(desk_waiting(world.desk) == 1); /* the second */
	delete_type(&world, &facts);
	for (size_t i = 0; i < COUNT_OF(pauses); i++)
		sem_post(&pauses[i].may_go);
	world_await(&second);
	CHECK_INT(second.outcome, PUBLISH_ACCEPTED);
	CHECK_INT(second.matched, 1);
	world_close(&world);
}

TEST(ingest_types, the_same_id_is_another_event_once_the_window_is_over)
{
	struct world world;
	struct event_type_facts none = {.name = STR("other")};
	int64_t now = INT64_C(1800000000) * SECONDS;

	clock_test_set(now, 0);
	world_open(&world, 0, 0);
	put_type(&world, &none);
	world.ingest->options.dedupe_window = 10 * MINUTES;
	world_event_is(&world, EVENT("1", ""), PUBLISH_ACCEPTED);
	world_event_is(&world, EVENT("1", ""), PUBLISH_DUPLICATE);
	clock_test_set(now + 10 * MINUTES, 0);
	world_event_is(&world, EVENT("1", ""), PUBLISH_DUPLICATE);
	clock_test_set(now + 10 * MINUTES + 1, 0);
	world_event_is(&world, EVENT("1", ""), PUBLISH_ACCEPTED);
	world_event_is(&world, EVENT("1", ""), PUBLISH_DUPLICATE);
	/* Without a window it is the same for ever. */
	world.ingest->options.dedupe_window = 0;
	clock_test_set(now + 1000 * HOURS, 0);
	world_event_is(&world, EVENT("1", ""), PUBLISH_DUPLICATE);
	world_close(&world);
}

static void
add_greenlake(struct world *world, uint64_t number, enum webhook_status status)
{
	struct webhook *webhook = world_webhook(number, "type eq '" ORDER "'");

	webhook->dialect = STR("greenlake");
	webhook->name = STR("hook");
	webhook->options.payload = PAYLOAD_CLOUDEVENT;
	webhook->health.status = status;
	if (status == WEBHOOK_ERROR)
		webhook->health.state = WEBHOOK_DISABLED;
	match_set(world->match, webhook);
	webhook_unref(webhook);
}

TEST(ingest_types, what_is_too_large_for_greenlake_is_refused_at_once)
{
	struct world world;
	struct published one;
	struct buf event = {0};
	struct ingest_stats stats;

	world_open(&world, 0, 0);
	world.ingest->options.greenlake_bytes_max = 2048;
	buf_append(&event, STR(EVENT("1", ",\"data\":{\"t\":\"")));
	buf_truncate(&event, event.len - 1);
	for (int i = 0; i < 2048; i++)
		buf_append_char(&event, 'x');
	buf_append(&event, STR("\"}}"));
	/* Nobody of GreenLake's wants it, or would be sent it. */
	add_greenlake(&world, 1, WEBHOOK_ERROR);
	one = publish(&world, buf_text(&event));
	CHECK_INT(one.outcome, PUBLISH_ACCEPTED);
	add_greenlake(&world, 1, WEBHOOK_ACTIVE);
	world_event_is(&world, EVENT("2", ",\"data\":{}"), PUBLISH_ACCEPTED);
	memcpy(strstr(event.ptr, "\"1\""), "\"3\"", 3);
	one = publish(&world, buf_text(&event));
	CHECK_INT(one.outcome, PUBLISH_REFUSED);
	CHECK_INT(one.because, PUBLISH_TOO_LARGE);
	CHECK(strstr(one.why, "\"hook\"") && strstr(one.why, "2048"));
	CHECK_INT(one.matched, 0);
	ingest_stats(world.ingest, &stats);
	CHECK_INT(stats.oversized, 1);
	buf_release(&event);
	world_close(&world);
}

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

TEST(ingest_types, a_requests_trace_is_that_of_its_events)
{
	struct world world;
	struct arena arena = {0};
	struct published one = {.item = {.kind = PUBLISH_EVENT}};

	world_open(&world, 0, 0);
	world_event(&world, &one, EVENT("1", ""));
	world_await(&one);
	CHECK_STR(attributes_of(&world, "1", &arena), STR("{}"));
	one = (struct published){.item = {.kind = PUBLISH_EVENT}};
	world.trace = trace_context_make(STR(PARENT), STR("a=b"));
	world_event(&world, &one, EVENT("2", ",\"x\":\"y\""));
	world_await(&one);
	CHECK_STR(attributes_of(&world, "2", &arena),
		STR("{\"x\":\"y\",\"traceparent\":\"" PARENT
		    "\",\"tracestate\":\"a=b\"}"));
	world_event(&world, &one, EVENT("3", ",\"traceparent\":\"mine\""));
	world_await(&one);
	CHECK_STR(attributes_of(&world, "3", &arena),
		STR("{\"traceparent\":\"mine\"}"));
	arena_release(&arena);
	world_close(&world);
}
