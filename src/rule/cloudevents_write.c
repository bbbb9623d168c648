/* The way out of what cloudevents.c reads. */
#include "base/encode.h"
#include "rule/cloudevents.h"
#include "rule/cloudevents_grammar.h"

enum cloudevents_mode
cloudevents_mode_of(struct str content_type)
{
	static const struct {
		struct str prefix;
		enum cloudevents_mode mode;
	} modes[] = {
		{STR_INIT("application/cloudevents-batch"), CLOUDEVENTS_BATCH},
		{STR_INIT("application/cloudevents"), CLOUDEVENTS_STRUCTURED},
	};

	content_type = str_trim(content_type);
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		if (str_equal_nocase(
			    str_head(content_type, modes[i].prefix.len),
			    modes[i].prefix))
			return modes[i].mode;
	}
	return CLOUDEVENTS_BINARY;
}

static void
write_optional(struct json_out *out, const char *key, struct str value)
{
	if (value.len > 0)
		json_out_string(out, key, value);
}

static void
write_extensions(struct json_out *out, struct str extensions)
{
	struct arena arena = {0};
	struct json_doc doc;
	struct json_walk walk;

	if (extensions.len > 2 && !json_read(extensions, &arena, &doc, NULL)) {
		walk = json_walk(json_root(&doc));
		while (json_walk_next(&walk)) {
			json_out_key(out, json_string(walk.key, &arena));
			json_out_raw(out, NULL, json_raw(walk.value));
		}
	}
	arena_release(&arena);
}

/**
 * Bytes that are no JSON travel as a JSON string only when their type tells a
 * reader not to take that string for the JSON itself.
 */
static void
write_data(struct json_out *out, const struct cloudevent *event)
{
	CLEANUP(buf_release) struct buf base64 = buf_make(0);
	struct str type = event->datacontenttype;

	if (!event->has_data)
		return;
	if (event->data_is_json) {
		json_out_raw(out, "data", event->data);
	} else if (type.len > 0 && !cloudevents_is_json_type(type) &&
		   str_is_utf8(event->data)) {
		json_out_string(out, "data", event->data);
	} else {
		encode_base64(&base64, event->data);
		json_out_string(out, "data_base64", buf_str(&base64));
	}
}

void
cloudevents_write(
	const struct cloudevent *event, struct json_out *out, const char *key)
{
	json_out_object(out, key);
	json_out_text(out, "specversion", "1.0");
	json_out_string(out, "id", event->id);
	json_out_string(out, "source", event->source);
	json_out_string(out, "type", event->type);
	write_optional(out, "subject", event->subject);
	if (event->has_time)
		json_out_time(out, "time", event->time);
	write_optional(out, "datacontenttype", event->datacontenttype);
	write_optional(out, "dataschema", event->dataschema);
	write_extensions(out, event->extensions);
	write_data(out, event);
	json_out_end(out);
}
