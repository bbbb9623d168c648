#pragma once
#include "base/json.h"
#include "base/json_out.h"

/*
 * CloudEvents 1.0.2: reading one event from the three modes of the HTTP
 * binding, checked against the specification.
 */
struct cloudevent {
	struct str id;
	struct str source;
	struct str type;
	struct str subject; /* empty: none */
	struct str datacontenttype;
	struct str dataschema;
	int64_t time; /* microseconds; 0: none */
	bool has_time;
	/* Extension attributes as one compact JSON object, "{}" if none. */
	struct str extensions;
	/* The payload byte for byte. JSON when data_is_json; otherwise text, or
	   the decoded bytes of data_base64. Empty without data. */
	struct str data;
	bool has_data;
	bool data_is_json;
};

enum {
	CLOUDEVENTS_NAME_MAX = 64, /* the specification advises 20 */
	CLOUDEVENTS_VALUE_MAX = 4096,
	CLOUDEVENTS_ATTRIBUTES_MAX = 64, /* of one event, all of them */
};

enum cloudevents_mode {
	CLOUDEVENTS_STRUCTURED,
	CLOUDEVENTS_BATCH,
	CLOUDEVENTS_BINARY,
};

/** The mode that a Content-Type announces (HTTP binding §3). */
enum cloudevents_mode cloudevents_mode_of(struct str content_type);

/**
 * Checks and reads an event in JSON format (§2 of the JSON format). Strings
 * are in `arena` or in the document's text. `why` names the attribute and
 * what the specification expects. ERR_LIMIT past one of the maxima above,
 * ERR_INVALID for everything else. A null attribute is an unset one; a null
 * `data` is a payload. An attribute given twice is refused.
 */
enum err cloudevents_read(struct json event, struct arena *arena,
	struct cloudevent *ret, struct buf *why) MUST_USE;

/** One header as the binary mode sees it. */
struct cloudevents_header {
	struct str name;
	struct str value;
};

/** An HTTP message in binary mode. */
struct cloudevents_message {
	const struct cloudevents_header *headers;
	size_t header_count;
	struct str content_type;
	struct str body;
};

/**
 * Reads binary mode: ce- headers, Content-Type and the body as data. Other
 * headers are passed over. Values are undone as the HTTP binding §3.1.3.2
 * says: a quoted string first, then one round of percent-decoding. A body
 * whose Content-Type is JSON must be JSON; an empty body is no data.
 */
enum err cloudevents_read_binary(const struct cloudevents_message *message,
	struct arena *arena, struct cloudevent *ret, struct buf *why) MUST_USE;

/** Writes the event in JSON format, compact, data as it was received. */
void cloudevents_write(
	const struct cloudevent *event, struct json_out *out, const char *key);
