#pragma once
#include "base/str.h"

/*
 * The number under which deliveries of one resource are kept in order. It is
 * on disk: what it is made of never changes. Two resources that have the same
 * by chance are only kept in one order, too. Pure.
 */

/** Of a resource, by its canonical type and its id; never 0. */
uint64_t resource_key(struct str type, struct str id);

/** Of another event, by its source and its subject; 0: it has no subject. */
uint64_t resource_key_of_event(struct str source, struct str subject);
