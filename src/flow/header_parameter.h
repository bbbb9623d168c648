#pragma once
#include "base/arena.h"

/**
 * A parameter of a header such as Content-Type or Content-Disposition
 * (RFC 9110 §5.6.6): `form-data; name="a"`. Names in either case; of quoted
 * values the escapes of quotes and backslashes are undone. `name*`
 * (RFC 8187) in UTF-8 goes before `name`. ERR_NOT_FOUND when there is none.
 */
enum err header_parameter(struct str header, struct str name,
	struct arena *arena, struct str *ret) MUST_USE;

/** What stands before the parameters, in lower case: "text/html". */
struct str header_main(struct str header, struct arena *arena);
