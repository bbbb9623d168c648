#pragma once
#include "rule/webhook_options.h"

/*
 * The options `probe` and `notify`: how a webhook is looked after when it
 * fails (private to webhook_options.c).
 */
void webhook_probe_read(struct json value, struct webhook_options *options,
	struct webhook_issues *issues);
void webhook_probe_write(
	const struct webhook_options *options, struct json_out *out);

void webhook_notify_read(struct json value, struct webhook_options *options,
	struct webhook_issues *issues);
void webhook_notify_write(
	const struct webhook_options *options, struct json_out *out);

/* ---- webhook_options.c ---- */

/** A duration from 1 s to `max`; 0 when it is none, which is told. */
int64_t webhook_options_read_time(const char *field, struct json value,
	int64_t max, struct webhook_issues *issues);
void webhook_options_write_time(
	struct json_out *out, const char *key, int64_t time);
