#pragma once
#include "rule/value.h"

/*
 * Addresses as scenarios write them: with blanks, letters beyond ASCII and a
 * fragment, and with parts of the query as a list.
 */

/**
 * The address that is sent: blanks around it and the fragment go, what cannot
 * stand in an address is percent-encoded, what is encoded already stays.
 */
struct str http_url_clean(struct str url, struct arena *arena);

/** An encoded "name=value" appended to the query. */
struct str http_url_add(
	struct str url, struct str name, struct str value, struct arena *arena);

/**
 * Where a redirect from `url` leads (RFC 3986 §5.2, dot segments left to the
 * server). ERR_INVALID when it is neither http nor https.
 */
enum err http_url_follow(struct str url, struct str location,
	struct arena *arena, struct str *ret) MUST_USE;

/** Scheme, host and port are the same texts. */
bool http_url_is_same_origin(struct str a, struct str b);

/** The last segment of the path, decoded; may be empty. */
struct str http_url_file_name(struct str url, struct arena *arena);
