#pragma once
#include "base/buf.h"

/*
 * The part of /metrics that is about hooks and scenarios and has labels. Of
 * those that there may be many of, the 20 are shown that most waits for; it
 * costs the same however many there are.
 */
struct api;

void metrics_write_flow(struct api *api, struct buf *out);
