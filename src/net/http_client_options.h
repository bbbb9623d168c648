#pragma once
#include "base/arena.h"
#include "net/http_client.h"

/* A client's options, kept as long as it lives; for http_client.c only. */

/** All texts and lists are in `arena`; what is borrowed for life stays so. */
void http_options_copy(const struct http_client_options *options,
	struct arena *arena, struct http_client_options *ret);
