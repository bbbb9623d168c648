#pragma once
#include "flow/module.h"

/* Bodies of HTTP calls from lists of fields. */

struct http_body {
	struct str bytes;
	struct str type; /* Content-Type; empty: none */
};

/** [{name or key, value}, …] as application/x-www-form-urlencoded. */
enum failure_kind http_body_form(const struct module_call *call,
	struct value fields, struct http_body *ret, struct failure *failure);

/**
 * [{name or key, value} or {…, fileName, data, contentType}, …] as
 * multipart/form-data.
 */
enum failure_kind http_body_multipart(const struct module_call *call,
	struct value fields, struct http_body *ret, struct failure *failure);

/** Bytes as they are, collections and arrays as JSON, the rest as text. */
enum failure_kind http_body_raw(const struct module_call *call,
	struct value value, struct str *ret, struct failure *failure);
