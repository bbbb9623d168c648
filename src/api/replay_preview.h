#pragma once

/*
 * How much a replay would send, counted in turns on the desk for two seconds
 * at most; then `complete` is false and the count is what was found until
 * then. Nothing is written.
 */
struct api_call;
struct filter;
struct replay_spec;
struct webhook;

/** Answers the call, now or later. Texts are the call's. */
void replay_preview(struct api_call *call, const struct webhook *take_webhook,
	const struct replay_spec *spec, const struct filter *filter);
