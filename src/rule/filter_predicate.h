#pragma once
#include "rule/filter_ast.h"
#include "rule/filter_slot.h"

/*
 * The predicates of all filters, part of their index: each distinct one
 * (slot, family, constant) exists once, under a number, and counts who refers
 * to it. A predicate is true or not, never unknown.
 *
 * Predicates of the families up to FILTER_FAMILY_KEYED are found by key: an
 * event's value leads to all that are true for it, and those that it does not
 * lead to are not. The others are evaluated when somebody asks.
 */
enum filter_family {
	FILTER_FAMILY_EQUAL,
	FILTER_FAMILY_HEAD, /* startswith */
	FILTER_FAMILY_TAIL, /* endswith */
	FILTER_FAMILY_PART, /* contains */
	FILTER_FAMILY_PAIR, /* two other predicates, both true */
	FILTER_FAMILY_KEYED = FILTER_FAMILY_PAIR,
	FILTER_FAMILY_ELEMENT, /* any(f: f/a eq 1 and …): keyed, on demand */
	FILTER_FAMILY_EQUAL_OTHER, /* to a time, a GUID, … */
	FILTER_FAMILY_ORDER,	   /* tag: GT, GE, LT, LE << 4 | kind */
	FILTER_FAMILY_NULL,
	FILTER_FAMILY_STRING, /* is a string */
	FILTER_FAMILY_OPAQUE, /* tag: what the tree evaluator must say */
};

enum {
	FILTER_WINDOW = 8,	/* bytes */
	FILTER_WINDOWS_MAX = 64 /* of a needle that are looked at */
};

struct filter_bytes {
	uint32_t len;
	char bytes[];
};

struct filter_predicate {
	uint64_t hash; /* of the part it is found by */
	const struct filter_bytes *key;
	/* Rules that are reached by it: a filter_list of rule << 32 | guard. */
	_Atomic uint64_t posting;
	union {
		const struct filter_value *literal; /* EQUAL_OTHER, ORDER */
		const struct filter *filter;	    /* OPAQUE */
		struct filter_shape *shape;	    /* ELEMENT */
	} more;
	uint32_t slot;
	_Atomic uint32_t next; /* with the same hash, + 1; 0: none */
	uint32_t refs;	       /* writer */
	uint8_t family;
	char tag;
	_Atomic uint8_t is_split; /* has partners in pairs */
	union {
		bool is_ranged; /* ORDER: in its slot's ranges; writer */
		uint8_t window; /* PART: by which part it is found */
	};
};

/** What a predicate is made from. `key` is borrowed. */
struct filter_wanted {
	uint32_t slot;
	enum filter_family family;
	char tag;
	struct str key;
	const struct filter_value *literal;
	struct filter_shape *shape;
	const struct filter *source; /* OPAQUE: the filter and the node in it */
	uint32_t node;
	uint64_t hash; /* ELEMENT: of its constants */
};

/**
 * A set of hashes: of the windows of PART, and of the first parts of ELEMENT.
 * Answers no to nearly all others. Made anew when it got full, which is also
 * how it forgets.
 */
struct filter_bloom {
	uint32_t shift;
	uint32_t room; /* hashes it still takes; writer */
	_Atomic uint64_t words[];
};

struct filter_predicates {
	uint64_t seed;
	struct epoch *epoch;
	struct filter_slots *slots;
	struct chunks all;
	struct filter_table table;
	_Atomic(struct filter_bloom *) bloom;
	uint32_t live;
	/* Opaque ones with a bare path that may lead to an attribute. */
	_Atomic uint32_t bare_opaque;
};

void filter_predicates_init(struct filter_predicates *predicates,
	struct epoch *epoch, struct filter_slots *slots, uint64_t seed);
void filter_predicates_release(struct filter_predicates *predicates);

/** The predicate's number, with a reference more. Writer. */
uint32_t filter_predicates_get(struct filter_predicates *predicates,
	const struct filter_wanted *wanted);
void filter_predicates_ref(
	struct filter_predicates *predicates, uint32_t number);
/** The last one takes it out, and its memory goes once readers left. */
void filter_predicates_unref(
	struct filter_predicates *predicates, uint32_t number);

static inline struct filter_predicate *
filter_predicate_at(const struct filter_predicates *predicates, uint32_t number)
{
	return chunks_at(&predicates->all, number);
}

/** The seed of hashes of a slot's constants. */
static inline uint64_t
filter_predicate_seed(
	uint64_t seed, uint32_t slot, enum filter_family family, char tag)
{
	return seed ^ (((uint64_t)slot << 16 | (unsigned)family << 8 |
			       (unsigned char)tag) +
			      1) *
			      0xC2B2AE3D27D4EB4Fu;
}

static inline bool
filter_predicate_is(const struct filter_predicate *predicate, uint32_t slot,
	enum filter_family family, char tag, struct str key)
{
	return predicate->slot == slot && predicate->family == family &&
	       predicate->tag == tag &&
	       str_equal(str_make(predicate->key->bytes, predicate->key->len),
		       key);
}

/**
 * Where in a needle of `count` windows the one of that number is: from both
 * ends inwards, because long needles mostly differ at one.
 */
static inline size_t
filter_window_place(size_t number, size_t count)
{
	return number % 2 ? count - 1 - number / 2 : number / 2;
}

/** Makes the predicate one that filter_look_probe() finds. Writer. */
void filter_predicates_range(
	struct filter_predicates *predicates, uint32_t number);

static inline enum filter_operator
filter_predicate_operator(const struct filter_predicate *predicate)
{
	return (enum filter_operator)((unsigned char)predicate->tag >> 4);
}

static inline bool
filter_bloom_has(const struct filter_bloom *bloom, uint64_t hash)
{
	uint64_t bit = hash >> bloom->shift;

	return atomic_load_explicit(
		       &bloom->words[bit / 64], memory_order_relaxed) >>
		       (bit % 64) &
	       1;
}
