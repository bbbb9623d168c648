#pragma once
#include "rule/webhook_options.h"

/*
 * The options that say by which way a destination is reached: `tls`, `proxy`
 * and `allowLists` (private to webhook_options.c).
 */
void webhook_tls_read(struct json value, struct webhook_options *options,
	struct webhook_issues *issues);
void webhook_tls_write(
	const struct webhook_options *options, struct json_out *out);

void webhook_proxy_read(struct json value, struct webhook_options *options,
	struct webhook_issues *issues);
void webhook_proxy_write(
	const struct webhook_options *options, struct json_out *out);

void webhook_allow_lists_read(struct json value,
	struct webhook_options *options, struct webhook_issues *issues);
void webhook_allow_lists_write(
	const struct webhook_options *options, struct json_out *out);

/** Puts the strings of all three into `arena`. */
void webhook_way_copy(struct webhook_options *options, struct arena *arena);
