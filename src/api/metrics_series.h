#pragma once
#include "api/api.h"

/*
 * The metrics with labels: how long deliveries take, and the webhooks that are
 * furthest behind. Their number is bounded, however many webhooks there are.
 */
void metrics_write_series(struct api *api, struct buf *out);

/** The lines before a metric's. */
void metrics_write_head(
	const char *name, const char *type, const char *help, struct buf *out);
