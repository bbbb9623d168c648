#include "pipeline/payload.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/blocks.h"
#include "base/compiler.h"

static _Atomic size_t memory_used;
static _Atomic size_t memory_max = 64u << 20;

void
payload_set_memory_max(size_t bytes)
{
	atomic_store(&memory_max, bytes);
}

size_t
payload_memory(void)
{
	return atomic_load_explicit(&memory_used, memory_order_relaxed);
}

size_t
payload_memory_max(void)
{
	return atomic_load(&memory_max);
}

static size_t
size_of(size_t text_len)
{
	return sizeof(struct payload) + text_len;
}

static size_t
text_len(const struct payload_facts *facts)
{
	return facts->id.len + facts->source.len + facts->type.len +
	       facts->subject.len + facts->attributes.len + facts->body.len +
	       facts->rest.len;
}

void
payload_expect(const struct payload *payload)
{
	fetch_ahead(payload, payload ? sizeof(*payload) : 0);
}

void
payload_expect_body(const struct payload *payload)
{
	if (payload)
		fetch_text(payload->body.ptr, payload->body.len);
}

static struct str
put(char **at, struct str text)
{
	struct str copy = str_make(*at, text.len);

	if (text.len)
		memcpy(*at, text.ptr, text.len);
	*at += text.len;
	return copy;
}

/** What is taken for a payload of that size: less what others hold, too. */
static size_t
block_size(const struct shared_text *text, size_t size, struct str body)
{
	return text ? size - body.len : size;
}

struct payload *
payload_new(const struct payload_facts *facts)
{
	size_t size = size_of(text_len(facts));
	struct payload *payload =
		blocks_take(block_size(facts->text, size, facts->body));
	char *at = (char *)(payload + 1);

	assert(!facts->text ||
		facts->body.len == shared_text_str(facts->text).len);
	atomic_fetch_add_explicit(&memory_used, size, memory_order_relaxed);
	atomic_init(&payload->refs, 1);
	payload->event = facts->event;
	payload->time = facts->time;
	payload->operation = facts->operation;
	payload->id = put(&at, facts->id);
	payload->source = put(&at, facts->source);
	payload->type = put(&at, facts->type);
	payload->subject = put(&at, facts->subject);
	payload->attributes = put(&at, facts->attributes);
	payload->text = shared_text_ref(facts->text);
	payload->body = facts->text ? shared_text_str(facts->text)
				    : put(&at, facts->body);
	payload->rest = put(&at, facts->rest);
	payload->is_cloudevent = facts->is_cloudevent;
	payload->is_json = facts->is_json;
	payload->is_compact = facts->is_compact;
	payload->is_whole = facts->is_whole;
	return payload;
}

struct payload *
payload_new_bounded(const struct payload_facts *facts)
{
	if (payload_memory() + size_of(text_len(facts)) >
		atomic_load_explicit(&memory_max, memory_order_relaxed))
		return NULL;
	return payload_new(facts);
}

struct payload *
payload_ref(struct payload *payload)
{
	if (payload)
		atomic_fetch_add_explicit(
			&payload->refs, 1, memory_order_relaxed);
	return payload;
}

size_t
payload_size(const struct payload *payload)
{
	return size_of(payload->id.len + payload->source.len +
		       payload->type.len + payload->subject.len +
		       payload->attributes.len + payload->body.len +
		       payload->rest.len);
}

void
payload_unref(struct payload *payload)
{
	size_t size;

	if (payload == NULL || atomic_fetch_sub_explicit(&payload->refs, 1,
				       memory_order_acq_rel) > 1)
		return;
	size = payload_size(payload);
	atomic_fetch_sub_explicit(&memory_used, size, memory_order_relaxed);
	shared_text_unref(payload->text);
	blocks_give_back(
		payload, block_size(payload->text, size, payload->body));
}
