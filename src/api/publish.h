#pragma once
#include "api/api.h"
#include "pipeline/ingest.h"

/*
 * Publishing over HTTP: what the handlers in publish_*.c share. A handler
 * fills a publication; the answer is sent when all of it is on disk.
 */

enum { PUBLISH_ITEMS_MAX = 10000 };

/** A publication with room for `count` items, in the call's arena. */
struct publication *publish_new(struct api_call *call, size_t count);

/** Starts it; answers as one event (202, 200 or what went wrong). */
void publish_single(struct publication *publication);

/** Starts it; answers with counts and one entry an item. */
void publish_many(struct publication *publication);

/** A JSON text with one value a line (blank lines are skipped). */
struct publish_line {
	size_t number; /* from 1 */
	struct json value;
};

/**
 * Reads the call's body as JSON lines or, by its content type, as an array or
 * one object. On a problem it answers and returns false. `what` names the
 * body's content in errors.
 */
bool publish_read_list(struct api_call *call, const char *what,
	struct publish_line **ret, size_t *ret_count);

/** 400 with the place of the line, or of the array's item, and what is wrong.
 */
void publish_refuse_item(struct api_call *call, size_t number, struct str why);

/** Whether the Content-Type (parameters aside) is this one. */
bool publish_has_content_type(struct api_call *call, const char *type);

/* The handlers. */
void publish_put_resource(struct api_call *call);
void publish_delete_resource(struct api_call *call);
void publish_get_resource(struct api_call *call);
void publish_resources(struct api_call *call);
void publish_events(struct api_call *call);
