#pragma once
#include "rule/filter.h"

/*
 * An event as people write it down to try a filter on it:
 * {"type":…,"operation":…,"new":…,"old":…}, whose other members are
 * CloudEvents attributes. Pure.
 */

/**
 * What a filter sees of it. Nothing is refused: what is not there or of the
 * wrong kind is missing. The type is in canonical spelling. Strings that had
 * to be rewritten are in `arena`, the rest points into the document.
 */
struct filter_event filter_event_read(struct json event, struct arena *arena);

/**
 * Whether it is an event at all: an object whose type is a string and whose
 * operation is Created, Updated, Deleted or absent. ERR_INVALID; `why` names
 * the member.
 */
enum err filter_event_check(struct json event, struct buf *why) MUST_USE;
