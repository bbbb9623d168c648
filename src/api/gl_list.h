#pragma once
#include "api/route.h"

/*
 * Lists as GreenLake answers them: {"items","count","offset","total"}, with
 * the query parameters `limit` and `offset`.
 */
struct gl_page {
	uint64_t limit;
	uint64_t offset;
};

/**
 * Reads the parameters; without `limit` it is `most`, and a larger one is cut
 * to it, since real clients ask for more than is documented. False: answered
 * with 400.
 */
bool gl_list_read(struct api_call *call, uint64_t most, struct gl_page *ret);

/** Answers with those of `items`, JSON texts, that are on the page. */
void gl_list_respond(struct api_call *call, const struct gl_page *page,
	const struct str *items, size_t count);
