#pragma once
#include "pipeline/worker.h"

/*
 * One try to deliver, be it one delivery or a batch of them in one request:
 * builds the request, reads the response, decides, and
 * hands the outcome to the writer. Worker's thread, but for the moment when
 * the writer says that the outcome is on disk.
 */

/**
 * Starts the attempt for a delivery that dispatch_take() gave out, and for
 * those in its batch. A batch whose body would be too large goes in several
 * requests.
 */
void attempt_start(struct worker *worker, struct delivery *delivery);

/** Makes the one attempt of an errand. */
void attempt_run_errand(struct worker *worker, struct deliver_errand *errand);

/** After the worker has ended: it was never made. */
void attempt_refuse_errand(struct deliver_errand *errand);

/** MAIL_SETTLED came. Frees the attempt, or keeps it to be written again. */
void attempt_settled(struct worker *worker, struct message *message);

/** Asks for the memory that attempt_settled needs; some ahead of it. */
void attempt_expect(const struct message *message);

/** Outcomes that could not be written get another try. */
void attempt_write_again(struct worker *worker);

/**
 * The delivery's webhook stopped sending between match and now: records it as
 * SKIPPED. Takes the delivery.
 */
void attempt_skip(struct worker *worker, struct delivery *take_delivery);

/** After the writer has ended: outcomes that never got to the disk. */
void attempt_abandon_unwritten(struct worker *worker);

/** After the writer has ended: a MAIL_SETTLED that was not read. */
void attempt_abandon(struct worker *worker, struct message *message);
