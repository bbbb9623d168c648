/* How deliveries come to a worker. */
#include "base/mem.h"
#include "pipeline/attempt.h"
#include "pipeline/worker.h"

/* ---- from other threads ---- */

static void
post_parcel(void *context)
{
	struct worker *worker = context;
	struct parcel *parcel = worker->parcel;

	if (parcel == NULL)
		return;
	worker->parcel = NULL;
	parcel->message.kind = MAIL_PARCEL;
	mailbox_post(worker->mailbox, &parcel->message);
}

/** Into a parcel with others of the same commit; false: it goes alone. */
static bool
goes_along(struct worker *worker, const struct delivery_row *row,
	struct payload *payload)
{
	if (!mailbox_is_gathering() || !parcel_fits(row))
		return false;
	if (worker->parcel == NULL) {
		if (!mailbox_gather_last(post_parcel, worker))
			return false;
		worker->parcel = atomic_exchange(&worker->spare_parcel, NULL);
	}
	if (worker->parcel == NULL)
		worker->parcel = parcel_new();
	parcel_add(worker->parcel, row, payload);
	if (worker->parcel->count == PARCEL_MAX)
		post_parcel(worker);
	return true;
}

void
worker_offer(struct worker *worker, const struct delivery_row *row,
	struct payload *payload)
{
	struct delivery_mail *mail;

	if (goes_along(worker, row, payload))
		return;
	mail = MEM_NEW(struct delivery_mail);
	mail->message.kind = MAIL_DELIVERY;
	mail->row = *row;
	mail->row.reason = STR("");
	mail->payload = payload_ref(payload);
	mailbox_post(worker->mailbox, &mail->message);
}

/* ---- the worker's thread ---- */

static void
take_delivery_in(struct worker *worker, const struct delivery_row *row,
	struct payload *take_payload)
{
	switch (dispatch_offer(worker->dispatch, row, take_payload)) {
	case DISPATCH_QUEUED: return;
	case DISPATCH_NOT_SENDING:
		attempt_skip(worker, delivery_new(row, NULL));
		break;
	case DISPATCH_ON_DISK:
		shelf_put(&worker->shelf, take_payload,
			dispatch_now(worker->dispatch));
		break;
	case DISPATCH_NO_WEBHOOK:
	case DISPATCH_KNOWN: break;
	}
	payload_unref(take_payload);
}

void
worker_take_one(struct worker *worker, struct delivery_mail *mail)
{
	take_delivery_in(worker, &mail->row, mail->payload);
	mem_free(mail);
}

void
worker_take_parcel(struct worker *worker, struct parcel *parcel)
{
	struct delivery_row row = {0};

	for (size_t i = 0; i < parcel->count; i++) {
		parcel_row(&parcel->items[i], &row);
		take_delivery_in(worker, &row, parcel->items[i].payload);
	}
	parcel->count = 0;
	parcel_free(atomic_exchange(&worker->spare_parcel, parcel));
}

void
worker_refuse_one(struct delivery_mail *mail)
{
	payload_unref(mail->payload);
	mem_free(mail);
}
