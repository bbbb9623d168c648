#pragma once
#include "base/mem.h"
#include "rule/filter_index.h"

/* What filter_bench reads, and the end it comes to when that is no good. */
struct event {
	struct str text;
	struct filter_event view;
	struct json_doc doc;
};

struct input {
	struct str *filters; /* by id */
	uint32_t filter_count;
	size_t filter_bytes;
	struct event *events;
	size_t event_count;
	size_t event_bytes;
};

_Noreturn void fail(const char *what, const char *detail);

struct str read_file(const char *path);
size_t count_lines(struct str text);
void read_inputs(struct input *input, const char *filters, const char *events);

/** What filters see of an event's text. */
void read_event(struct str text, struct arena *arena, struct json_doc *doc,
	struct filter_event *ret);

const struct filter *compile(struct str text, struct arena *arena);
