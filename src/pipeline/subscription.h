#pragma once
#include <stdatomic.h>

#include "rule/filter_of_type.h"
#include "store/object.h"

/*
 * A subscription: which events of which type a webhook wants. A webhook either
 * has a filter of its own or any number of these; an event that several of
 * them want is delivered once. What is here is one of them as an immutable
 * snapshot, counted by references, and its form in the store (object.h, kind
 * OBJECT_SUBSCRIPTION, owned by the webhook's id). How they change:
 * pipeline/subscriptions.h.
 */
struct subscription {
	atomic_uint refs;
	struct arena arena; /* holds everything below */
	struct uuid id;
	uint32_t workspace;
	struct uuid webhook;
	struct str type;      /* a name, "prefix.*" or "*"; canonical */
	struct str condition; /* on the data, as it was given; or empty */
	const struct filter *filter; /* both */
	uint64_t generation;	     /* 1 when new, +1 with every change */
	int64_t created;
	int64_t updated;
	struct str created_by; /* key ids */
	struct str updated_by;
};

void subscription_ref(const struct subscription *subscription);
/** NULL is harmless. */
void subscription_unref(const struct subscription *subscription);

/** What a subscription is made of; all of it is copied. */
struct subscription_facts {
	struct uuid id;
	uint32_t workspace;
	struct uuid webhook;
	struct str type;
	struct str condition;
	uint64_t generation;
	int64_t created;
	int64_t updated;
	struct str created_by;
	struct str updated_by;
};

/** Which of the facts was refused, with the column of the condition. */
struct subscription_fault {
	bool is_type;
	size_t column; /* of the condition */
};

/**
 * A snapshot with one reference. ERR_INVALID when the type is none or the
 * condition does not compile: `fault` says which, `why` how.
 */
enum err subscription_new(const struct subscription_facts *facts,
	const struct subscription **ret, struct subscription_fault *fault,
	struct buf *why) MUST_USE;

/** Its row; texts are in `arena` or the subscription's own. */
void subscription_to_row(const struct subscription *subscription,
	struct arena *arena, struct object_row *ret);

/** From its row. ERR_INVALID with why when it cannot be one. */
enum err subscription_from_row(const struct object_row *row,
	const struct subscription **ret, struct buf *why) MUST_USE;
