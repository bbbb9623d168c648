#pragma once

/*
 * GET /v1/webhooks/{id}/log: every change of a webhook's state, and what else
 * was told of it (pipeline/webhook_news.h), newest first, in pages. The log of
 * a webhook that was deleted can still be read. Blocks on the disk.
 */
struct api_call;

void webhook_log_list(struct api_call *call);
