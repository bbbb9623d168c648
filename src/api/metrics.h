#pragma once
#include "base/buf.h"

/*
 * What /metrics shows, as a table (metrics.c): one row a metric. To add one,
 * add a row; if it needs a new source, read that in gather().
 */
struct api;

/** Appends all in Prometheus' text format 0.0.4. May wait for the disk. */
void metrics_write(struct api *api, struct buf *out);
