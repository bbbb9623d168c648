#pragma once
#include "rule/inbound.h"
#include "rule/value.h"

/*
 * What a request to a hook gives to the scenario: its first bundle.
 *
 *   application/json, +json   an object's members; anything else in `value`
 *   x-www-form-urlencoded     a member each; one that is named again becomes
 *                             an array
 *   multipart/form-data       the same; a file is {name, mime, data}
 *   anything else             the text (bytes, when it is none) in `value`
 *
 * A body without a type is JSON if it begins like an object or an array. The
 * query's parameters are merged into it and win. When they are wanted, headers
 * are in `__IMTHEADERS__`, an array of {name, value} with names in lower case,
 * and the method in `__IMTMETHOD__`, whatever the body has there. Pure.
 */
enum {
	HOOK_BODY_MAX = 5 << 20, /* the default, and the most */
	HOOK_BODY_DEPTH_MAX = 100,
	HOOK_BODY_FIELDS_MAX = 10000, /* of a form, of a query */
};

struct hook_body_request {
	const struct inbound_request *request;
	struct str query; /* raw */
	bool wants_headers;
	bool wants_method;
	bool passes_json; /* JSON stays text, in `value` */
};

/**
 * A collection in `arena`, which may point into the body. ERR_INVALID with
 * one sentence for the peer.
 */
enum err hook_body_read(const struct hook_body_request *request,
	struct arena *arena, struct value *ret, struct buf *why) MUST_USE;
