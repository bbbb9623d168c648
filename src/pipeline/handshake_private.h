#pragma once
#include "pipeline/alarm.h"
#include "pipeline/handshake.h"
#include "pipeline/rate_probe.h"

/*
 * Private to handshake.c (how a handshake goes), handshake_greenlake.c (what
 * GreenLake's says) and handshake_probe.c (where there is none).
 */
struct handshake {
	struct worker *worker;
	struct credential_wait credential;
	const struct webhook *webhook;
	struct buf token;
	struct http_header *headers;
	size_t header_count;
	struct str body;
	struct arena arena; /* of the present try */
	unsigned tries;	    /* that have failed */
	struct alarm again;
	bool awaits_callback;
	int64_t pause; /* before the next try after a failure of our side */
	struct rate_probe probe;
	struct handshake_outcome outcome;
};

/** A header that is there already stays as it is. */
void handshake_add_header(
	struct handshake *handshake, struct str name, struct str value);

void handshake_ask_greenlake(struct handshake *handshake);
bool handshake_check_greenlake(const struct handshake *handshake,
	const struct http_result *result, struct handshake_outcome *outcome,
	struct buf *why);

void handshake_ask_probe(struct handshake *handshake);
bool handshake_check_probe(const struct handshake *handshake,
	const struct http_result *result, struct handshake_outcome *outcome,
	struct buf *why);
