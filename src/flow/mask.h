#pragma once
#include "rule/value.h"

/**
 * The value with what is secret in it replaced by "***": members and headers
 * ({name, value} and {key, value} pairs) whose names speak of passwords, keys,
 * tokens, signatures or cookies. For histories, never for sending.
 */
struct value mask_secrets(struct value value, struct arena *arena);

/** Whether a name speaks of something secret, in either case. */
bool mask_is_secret_name(struct str name);
