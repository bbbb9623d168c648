#pragma once
#include "base/str.h"

/* What is understood of Content-Type and Accept (RFC 9110 §8.3, §12.5.1). */

/** Whether a Content-Type names this type, parameters aside. */
bool media_type_is(struct str content_type, struct str type);

/**
 * Whether an Accept lets application/json through. An empty one does. The
 * most specific range decides; q=0 excludes.
 */
bool media_type_accepts_json(struct str accept);
