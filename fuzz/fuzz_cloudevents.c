#include <assert.h>
#include <stdlib.h>

#include "fuzz.h"
#include "rule/cloudevents.h"

static void
write_event(const struct cloudevent *event, struct buf *out)
{
	struct json_out json = json_out_make(out);

	buf_clear(out);
	cloudevents_write(event, &json, NULL);
}

static enum err
read_event(struct str text, struct arena *arena, struct cloudevent *ret,
	struct buf *why)
{
	struct json_doc *doc = ARENA_NEW(arena, struct json_doc);
	enum err err = json_read(text, arena, doc, why);

	return err ? err : cloudevents_read(json_root(doc), arena, ret, why);
}

/** What was accepted is written so that it is read as the same. */
static void
check_round_trip(const struct cloudevent *event, struct arena *arena)
{
	struct buf one = {0}, two = {0}, why = {0};
	struct cloudevent again;

	write_event(event, &one);
	if (read_event(buf_str(&one), arena, &again, &why))
		abort();
	write_event(&again, &two);
	assert(str_equal(buf_str(&one), buf_str(&two)));
	assert(str_equal(event->id, again.id));
	assert(str_equal(event->data, again.data));
	assert(event->data_is_json == again.data_is_json);
	buf_release(&one);
	buf_release(&two);
	buf_release(&why);
}

/** "name: value" lines up to an empty one, then the body. */
static enum err
read_binary(struct str rest, struct arena *arena, struct cloudevent *ret,
	struct buf *why)
{
	struct cloudevents_header headers[80];
	struct str type = STR("");
	size_t count = 0;

	while (rest.ptr != NULL && count < COUNT_OF(headers)) {
		struct str value = str_split(&rest, '\n');
		struct str name;

		if (value.len == 0)
			break;
		name = str_split(&value, ':');
		if (str_equal_nocase(name, STR("content-type")))
			type = value;
		headers[count++] = (struct cloudevents_header){name, value};
	}
	return cloudevents_read_binary(
		&(struct cloudevents_message){headers, count, type, rest},
		arena, ret, why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct buf why = {0};
	struct cloudevent event;
	struct str text = str_make((const char *)data, size);

	if (read_event(text, &arena, &event, &why))
		assert(why.len > 0);
	else
		check_round_trip(&event, &arena);
	buf_clear(&why);
	if (read_binary(text, &arena, &event, &why))
		assert(why.len > 0);
	else
		check_round_trip(&event, &arena);
	buf_release(&why);
	arena_release(&arena);
	return 0;
}
