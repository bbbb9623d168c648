#pragma once
#include "base/chunks.h"
#include "rule/filter_key.h"
#include "rule/filter_table.h"

/*
 * The paths that filters name, part of their index: one trie over the members
 * of the states, and a *slot* for each root that a path is named under. An
 * event is walked once, guided by the trie; what it has for each slot is then
 * at hand by number.
 *
 *   new/a eq 1, changed/a/b     node "" ── a ── b
 *                               slot NEW of a, slot CHANGED of a/b
 *
 *   tolower(new/a)              slot derived from NEW of a
 *
 * A slot counts who refers to it: predicates, and slots derived from it. With
 * the last one it goes, and so do nodes that lead nowhere any more; readers
 * that may have seen them keep them until they leave.
 */
enum filter_slot_root {
	FILTER_SLOT_NEW,
	FILTER_SLOT_OLD,
	FILTER_SLOT_BARE,
	FILTER_SLOT_DATA, /* as BARE, without the attributes */
	FILTER_SLOT_CHANGED,
	FILTER_SLOT_ROOTS,
	FILTER_SLOT_ENVELOPE, /* type, operation: no node */
};

/* How a slot's predicates are found by key; see filter_predicate.h. */
enum { FILTER_SLOT_KEYS = 4 };

/* Classes of lengths, below: those with one length each; words of bits. */
enum { FILTER_CLASS_EACH = 128, FILTER_CLASS_WORDS = 3 };

enum {
	FILTER_SLOT_TYPE,      /* slot 0 */
	FILTER_SLOT_OPERATION, /* slot 1 */
	FILTER_SLOT_NOTHING,   /* slot 2: of predicates on more than a value */
	FILTER_SLOT_FIRST,
};

#define FILTER_SLOT_NONE UINT32_MAX

struct filter_trie_node {
	_Atomic uint64_t children; /* bit hash % 64 of each child's name */
	uint64_t hash;		   /* of parent and name */
	struct str name;
	uint32_t parent;
	_Atomic uint32_t slots[FILTER_SLOT_ROOTS]; /* 0: none */
	/* BARE slots here and below; only of those right below the root. */
	_Atomic uint32_t bare;

	/* Of the writer. */
	uint32_t refs;			      /* children and slots */
	uint32_t first_child, next, previous; /* 0: none */
	uint32_t child_count;
	uint32_t stale; /* children that left since the bits were made */
};

/** A way to look into an element: any(f: f/a eq 1 and f/b eq 2) has a, b. */
struct filter_shape {
	uint64_t seed;
	uint32_t slot;
	uint32_t count;
	_Atomic(struct filter_shape *) next;
	const struct str *segments;
	uint32_t refs;	 /* writer */
	uint32_t ends[]; /* behind each path's segments */
};

/** What the probes of a slot have to try. */
struct filter_slot {
	uint32_t node;
	uint8_t root;
	uint8_t function; /* derived: row of the function table */
	bool is_derived;
	_Atomic uint8_t has_equal;
	_Atomic uint8_t windows;   /* bit i: a window of i + 1 bytes */
	_Atomic uint8_t is_walked; /* a keyed any is an access predicate */
	/* A bit for each class of lengths of prefixes, of suffixes. */
	_Atomic uint64_t heads[FILTER_CLASS_WORDS];
	_Atomic uint64_t tails[FILTER_CLASS_WORDS];
	_Atomic(struct filter_shape *) shapes;
	_Atomic(struct filter_ranges *) ranges;
	_Atomic uint32_t derived; /* the first one; 0: none */
	_Atomic uint32_t next_derived;
	uint32_t base; /* derived: from this slot */

	/* Of the writer. */
	uint32_t counts[FILTER_SLOT_KEYS]; /* predicates found by key */
	uint32_t refs;
};

struct filter_slots {
	uint64_t seed;
	struct epoch *epoch;
	struct chunks nodes;
	struct chunks slots;
	struct filter_table names;
	uint32_t live;
	/* Names that bare paths begin with. */
	_Atomic uint32_t bare_names;
	/* Whether any slot ever had ranges. */
	_Atomic bool has_ranges;
};

void filter_slots_init(
	struct filter_slots *slots, struct epoch *epoch, uint64_t seed);
void filter_slots_release(struct filter_slots *slots);

/**
 * The slot of a path, made if need be: whoever gets it takes a reference
 * before the next change. Writer.
 */
uint32_t filter_slots_get(struct filter_slots *slots,
	enum filter_slot_root root, const struct str *segments, size_t count);

/** The same for a function of another slot's value. */
uint32_t filter_slots_derive(
	struct filter_slots *slots, uint32_t base, size_t function);

/** Writer. */
void filter_slots_ref(struct filter_slots *slots, uint32_t slot);
void filter_slots_unref(struct filter_slots *slots, uint32_t slot);

/** The shape for an array's slot, made if need be; as above. Writer. */
struct filter_shape *filter_slots_shape(struct filter_slots *slots,
	uint32_t slot, const struct str *segments, const uint32_t *ends,
	uint32_t count);
void filter_slots_shape_unref(
	struct filter_slots *slots, struct filter_shape *shape);

static inline struct filter_slot *
filter_slot_at(const struct filter_slots *slots, uint32_t slot)
{
	return chunks_at(&slots->slots, slot);
}

static inline struct filter_trie_node *
filter_trie_at(const struct filter_slots *slots, uint32_t node)
{
	return chunks_at(&slots->nodes, node);
}

/** A quick hash of a member's name. */
static inline uint64_t
filter_trie_hash(struct str name)
{
	uint64_t word =
		name.len >= 8
			? filter_key_load8(name.ptr) ^
				  filter_key_load8(name.ptr + name.len - 8) * 3
			: filter_key_word(name.ptr, name.len);

	return filter_key_mix(word ^ name.len << 56, 0x9E3779B97F4A7C15u);
}

/** The child of that name, or FILTER_TABLE_END. */
static inline uint32_t
filter_trie_child(const struct filter_slots *slots, uint32_t parent,
	uint64_t name_hash, struct str name)
{
	uint64_t hash = filter_key_mix(
		name_hash ^ slots->seed, parent * 2 + 0x9E3779B97F4A7C15u);
	struct filter_probe probe = filter_table_probe(&slots->names, hash);
	uint32_t child;

	while ((child = filter_table_next(&probe)) != FILTER_TABLE_END) {
		const struct filter_trie_node *node =
			filter_trie_at(slots, child);

		if (node->parent == parent && str_equal(node->name, name))
			break;
	}
	return child;
}

/*
 * Lengths of prefixes and suffixes in classes: each to 128, then four an
 * octave. A needle is found by as much of it as its class says.
 */
static inline unsigned
filter_length_class(size_t len)
{
	unsigned log;

	if (len <= FILTER_CLASS_EACH)
		return (unsigned)len;
	log = 63 - (unsigned)__builtin_clzll(len);
	return FILTER_CLASS_EACH + (log - 7) * 4 +
	       (unsigned)(len >> (log - 2) & 3);
}

static inline size_t
filter_class_length(unsigned class)
{
	if (class <= FILTER_CLASS_EACH)
		return class;
	class -= FILTER_CLASS_EACH;
	return (size_t)(4 + (class & 3)) << (class / 4 + 5);
}
