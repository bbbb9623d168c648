#pragma once
#include "api/route.h"

/*
 * What was sent to a GreenLake webhook of late (reference §2.10): an item is a
 * delivery that has been tried, or a batch of them that went in one request,
 * with its latest attempt. Batches are known by the id in their request's
 * webhook-id, which is not that of a delivery.
 *
 * `failureId` is the id of the delivery, or of the latest in the batch.
 */
enum {
	GL_DELIVERIES_MAX = 200, /* items that are shown at all */
	/* Beyond so many bytes of bodies in an answer they are left out. */
	GL_BODIES_MAX = 8 << 20,
};

void gl_deliveries_list(struct api_call *call);	 /* blocks */
void gl_deliveries_retry(struct api_call *call); /* blocks */
