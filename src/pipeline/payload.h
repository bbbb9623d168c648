#pragma once
#include "base/uuid.h"
#include "pipeline/shared_text.h"
#include "rule/catalog.h"

/*
 * What a delivery sends, in memory: the event's delivered body and the facts
 * that go into headers. One payload serves all deliveries of its event, on
 * any thread; it is immutable and counted. The sum of all payloads is bounded:
 * beyond the bound none is kept and a delivery reads its event from the store
 * when its turn comes.
 */
struct payload {
	_Atomic unsigned refs;
	uint64_t event; /* sequence */
	int64_t time;
	enum operation operation;
	struct str id;
	struct str source;
	struct str type; /* as received */
	struct str subject;
	struct str attributes; /* JSON object of further attributes, or empty */
	struct str body;       /* byte for byte what is POSTed */
	struct shared_text *text; /* … which others hold too, or NULL */
	/* What an envelope needs beyond the body. Of an update published as a
	   state: the state before it. Of a change that came in as a
	   CloudEvent: all of its data. */
	struct str rest;
	bool is_cloudevent; /* published as one */
	bool is_json;	    /* … and its data is known to be JSON */
	bool is_compact;    /* body and rest are known to be without blanks */
	bool is_whole;	    /* attributes and rest are there */
};

/** What a payload is made of; all of it is copied, but for `text`. */
struct payload_facts {
	uint64_t event;
	int64_t time;
	enum operation operation;
	struct str id, source, type, subject, attributes, body, rest;
	bool is_cloudevent;
	bool is_json;
	bool is_compact;
	bool is_whole;
	/* The body, to be held and not copied; NULL: copied. It counts as the
	   payload's all the same, since it may become the only holder. */
	struct shared_text *text;
};

/** Bytes that all payloads together may take (at start 64 MiB). */
void payload_set_memory_max(size_t bytes);
/** Bytes they take now. */
size_t payload_memory(void);

size_t payload_memory_max(void);
/** Bytes that this one takes. */
size_t payload_size(const struct payload *payload);

/** A payload with one reference, or NULL when the bound is reached. */
struct payload *payload_new_bounded(const struct payload_facts *facts);
/** A payload with one reference, whatever the bound. */
struct payload *payload_new(const struct payload_facts *facts);

/**
 * Asks for the memory of one that is used soon and was last written by another
 * thread, so that it need not be waited for line by line: first of the payload
 * itself, later, when that has come, of what is sent. NULL is harmless.
 */
void payload_expect(const struct payload *payload);
void payload_expect_body(const struct payload *payload);

struct payload *payload_ref(struct payload *payload);
/** NULL is harmless. */
void payload_unref(struct payload *payload);
