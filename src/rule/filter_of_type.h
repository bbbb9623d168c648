#pragma once
#include "rule/filter.h"

/*
 * The filter that a subscription amounts to: events of a type, or of the types
 * below a prefix, whose data satisfy a condition.
 *
 *   type       com.example.orders.v1.orders.created    this one
 *              com.example.*                           all that begin so; the
 *                                                      star may follow a '/'
 *              *                                       all
 *   condition  a filter in which every path is a member of the event's data:
 *              `category` is `$data/category`, and `type`, `new`, `old`,
 *              `changed` and `operation` are names like any other. Of a
 *              resource's event the data are its state, on Deleted the last
 *              one it had. Empty: all.
 *
 * It becomes one filter like those that webhooks have, so that it is indexed,
 * explained and tried on stored events in the same way. Pure.
 */
enum { FILTER_TYPE_MAX = 256 };

/**
 * Whether a text can be such a type, in canonical spelling. ERR_INVALID; `why`
 * gets a sentence without a subject ("is empty").
 */
enum err filter_of_type_check(struct str type, struct buf *why) MUST_USE;

/**
 * Compiles it. `type` has passed the check above. Errors as those of
 * filter_compile(), with columns of `condition`.
 */
enum err filter_of_type_compile(struct str type, struct str condition,
	struct arena *arena, const struct filter **ret, size_t *ret_column,
	struct buf *why) MUST_USE;

/** Whether an event's type, in canonical spelling, is one that is meant. */
bool filter_of_type_is(struct str type, struct str event_type);
