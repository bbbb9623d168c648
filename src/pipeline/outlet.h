#pragma once
#include "pipeline/signing.h"

/*
 * A webhook's snapshot as its worker sends for it, with what is the same for
 * all attempts: made with the first of them, and gone with the last. All of
 * them share one reference to the snapshot, because changing its counter,
 * which stands beside what other threads read, costs as much as an attempt's
 * signature. One thread.
 */
struct outlet {
	const struct webhook *webhook; /* a reference */
	unsigned users;
	struct outlet **home; /* where others find it while it is in use */
	struct signing signing;
	char generation[STR_DECIMAL_SIZE]; /* in decimal */
};

/**
 * The one at `*home`, or a new one that stands there from now on, for one more
 * user. NULL: for this one alone.
 */
struct outlet *outlet_take(struct outlet **home, const struct webhook *webhook);

/** A user of it less; NULL is harmless. */
void outlet_give_back(struct outlet *outlet);

/** Nobody else gets the one at `*home`. NULL inside is harmless. */
void outlet_leave_home(struct outlet **home);
