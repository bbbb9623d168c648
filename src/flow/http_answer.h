#pragma once
#include "flow/module.h"
#include "flow/outgoing.h"

/* Answers of HTTP calls as values for bundles. In the arena given. */

/** [{name, value}, …] with names in lower case, in their order. */
struct value http_answer_header_list(struct str head, struct arena *arena);

/** {name: value}: what comes twice is joined with ", ". */
struct value http_answer_header_collection(
	struct str head, struct arena *arena);

/**
 * The body: parsed if it is to be and its type is JSON or XML; otherwise a
 * text when its type says so or it is UTF-8 without control characters, else
 * bytes. Empty when there is none. FAILURE_DATA when it is not what its type
 * says.
 */
enum failure_kind http_answer_data(const struct outgoing_response *response,
	bool is_parsed, struct arena *arena, struct value *ret,
	struct failure *failure);

/** The name of Content-Disposition, else of the address's path. */
struct str http_answer_file_name(const struct outgoing_response *response,
	struct str url, struct arena *arena);
