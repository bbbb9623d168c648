#include "net/wire_batch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/socket_ring.h"
#include "net/wire_exchange.h"

/* An answer to a delivery is a few hundred bytes; what is longer is read on
   by itself. */
enum { RECEIVE_SIZE = 4096 };

struct slot {
	struct wire_exchange *exchange; /* NULL: it has ended meanwhile */
	bool is_send;
};

struct wire_batch {
	enum http_ring use;
	bool is_running;
	size_t count;
	struct slot slots[SOCKET_RING_MAX];
	/* From the first time there are several on. */
	struct socket_ring *ring;
	struct socket_call *calls;
	char *buffer; /* of RECEIVE_SIZE for each slot */
};

struct wire_batch *
wire_batch_new(enum http_ring use)
{
	struct wire_batch *batch = MEM_NEW(struct wire_batch);

	batch->use = use;
	return batch;
}

static void
close_ring(struct wire_batch *batch)
{
	socket_ring_close(batch->ring);
	mem_free(batch->calls);
	mem_free(batch->buffer);
	batch->ring = NULL;
	batch->calls = NULL;
	batch->buffer = NULL;
}

void
wire_batch_free(struct wire_batch *batch)
{
	if (batch == NULL)
		return;
	close_ring(batch);
	mem_free(batch);
}

/* ---- gathering ---- */

bool
wire_batch_add(
	struct wire_batch *batch, struct wire_exchange *exchange, bool is_send)
{
	if (exchange->batch_place)
		return true;
	if (batch->use == HTTP_RING_NEVER || batch->is_running ||
		exchange->connection->ssl)
		return false;
	if (batch->count == SOCKET_RING_MAX)
		wire_batch_run(batch);
	batch->slots[batch->count++] = (struct slot){exchange, is_send};
	exchange->batch_place = batch->count;
	return true;
}

void
wire_batch_remove(struct wire_batch *batch, struct wire_exchange *exchange)
{
	if (exchange->batch_place == 0)
		return;
	batch->slots[exchange->batch_place - 1].exchange = NULL;
	exchange->batch_place = 0;
}

/* ---- doing it ---- */

/** Takes it out of its slot; NULL: it has ended. */
static struct wire_exchange *
take_out(struct slot *slot)
{
	struct wire_exchange *exchange = slot->exchange;

	if (exchange)
		exchange->batch_place = 0;
	slot->exchange = NULL;
	return exchange;
}

static void
run_one_by_one(struct wire_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct wire_exchange *exchange = take_out(&batch->slots[i]);

		if (exchange && batch->slots[i].is_send)
			wire_exchange_sent(exchange, 0);
		else if (exchange)
			wire_exchange_receive(exchange);
	}
}

static void
prepare(struct wire_batch *batch, size_t i)
{
	const struct slot *slot = &batch->slots[i];
	struct socket_call *call = &batch->calls[i];
	struct str parts[2] = {
		str_make(batch->buffer + i * RECEIVE_SIZE, RECEIVE_SIZE)};

	call->fd = slot->exchange->connection->fd;
	call->is_send = slot->is_send;
	if (slot->is_send)
		wire_exchange_parts(slot->exchange, parts);
	for (size_t j = 0; j < COUNT_OF(parts); j++)
		call->pieces[j] = (struct iovec){
			(void *)(uintptr_t)parts[j].ptr, parts[j].len};
	call->piece_count = parts[1].len ? 2 : 1;
}

static void
drop_ended(struct wire_batch *batch)
{
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++) {
		if (batch->slots[i].exchange == NULL)
			continue;
		batch->slots[count++] = batch->slots[i];
		batch->slots[count - 1].exchange->batch_place = count;
	}
	batch->count = count;
}

static void
receive(struct wire_exchange *exchange, const struct socket_call *call,
	int64_t came)
{
	struct wire_engine *engine = exchange->engine;

	engine->received = came;
	wire_exchange_received(
		exchange, call->pieces[0].iov_base, RECEIVE_SIZE, call->result);
	engine->received = 0;
}

static void
run_together(struct wire_batch *batch)
{
	int64_t came;
	bool is_well;

	for (size_t i = 0; i < batch->count; i++)
		prepare(batch, i);
	is_well = socket_ring_run(batch->ring, batch->calls, batch->count);
	came = clock_monotonic(); /* all of it */
	for (size_t i = 0; i < batch->count; i++) {
		struct wire_exchange *exchange = take_out(&batch->slots[i]);
		const struct socket_call *call = &batch->calls[i];

		if (exchange == NULL)
			continue;
		if (call->is_send)
			wire_exchange_sent(exchange, call->result);
		else
			receive(exchange, call, came);
	}
	if (!is_well) {
		log_debug("http_client.io_uring", "is_used=no");
		close_ring(batch);
		batch->use = HTTP_RING_NEVER;
	}
}

static bool
has_ring(struct wire_batch *batch)
{
	if (batch->ring)
		return true;
	batch->ring = socket_ring_open();
	log_debug("http_client.io_uring", "is_used=%s",
		batch->ring ? "yes" : "no");
	if (batch->ring == NULL) {
		batch->use = HTTP_RING_NEVER;
		return false;
	}
	batch->calls = mem_alloc_array(SOCKET_RING_MAX, sizeof(*batch->calls));
	batch->buffer = mem_alloc(SOCKET_RING_MAX * RECEIVE_SIZE);
	return true;
}

void
wire_batch_run(struct wire_batch *batch)
{
	bool is_alone = batch->use != HTTP_RING_ALWAYS;

	if (batch->is_running)
		return;
	drop_ended(batch);
	if (batch->count == 0)
		return;
	batch->is_running = true;
	if ((batch->count == 1 && is_alone) || !has_ring(batch))
		run_one_by_one(batch);
	else
		run_together(batch);
	batch->is_running = false;
	batch->count = 0;
}
