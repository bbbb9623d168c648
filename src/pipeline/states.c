#include "pipeline/states.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "base/mem.h"

enum {
	STRIPES = 64,
	MEMORY_MAX = 64 << 20,
	FETCHED = 1152,	  /* bytes each of tape and text fetched ahead */
	KEY_FETCHED = 32, /* … of a key, behind its entry */
};

struct states_entry {
	struct states_entry *newer, *older; /* by last use, in its stripe */
	struct str key;
	uint64_t last;
	bool is_deleted;
	bool is_plain;
	bool is_stale; /* an event of it was not stored: read it anew */
	struct state *state;
	struct str text; /* the state's, found without looking into it */
	size_t size;
	unsigned stripe;
	atomic_uint unsettled; /* events on their way to the disk */
};

struct stripe {
	char apart[CACHE_LINE]; /* from the one before, others' mostly */
	pthread_mutex_t lock;
	struct map entries;
	struct states_entry *newest, *oldest;
	size_t memory;
	struct state_spare spare;
};

struct states {
	struct store *store;
	size_t memory_max; /* of one stripe */
	struct stripe stripes[STRIPES];
};

/* ---- a stripe's list by last use (its lock held) ---- */

static void
unlink_entry(struct stripe *stripe, struct states_entry *entry)
{
	if (entry->newer)
		entry->newer->older = entry->older;
	else
		stripe->newest = entry->older;
	if (entry->older)
		entry->older->newer = entry->newer;
	else
		stripe->oldest = entry->newer;
}

static void
link_newest(struct stripe *stripe, struct states_entry *entry)
{
	entry->newer = NULL;
	entry->older = stripe->newest;
	if (stripe->newest)
		stripe->newest->newer = entry;
	else
		stripe->oldest = entry;
	stripe->newest = entry;
}

static void
drop(struct stripe *stripe, struct states_entry *entry)
{
	map_remove(&stripe->entries, entry->key);
	unlink_entry(stripe, entry);
	stripe->memory -= entry->size;
	state_unref(entry->state);
	mem_free(entry);
}

static void
set_state(struct states_entry *entry, struct state *state)
{
	entry->state = state;
	entry->text = state ? state->doc.text : (struct str){0};
}

static void
account(struct stripe *stripe, struct states_entry *entry)
{
	size_t size = sizeof(*entry) + entry->key.len +
		      (entry->state ? state_size(entry->state) : 0);

	stripe->memory += size - entry->size;
	entry->size = size;
}

static bool
is_settled(const struct states_entry *entry)
{
	return atomic_load_explicit(&entry->unsettled, memory_order_acquire) ==
	       0;
}

/**
 * Makes room by dropping what was not used for longest, but not `kept`. What
 * is on its way to the disk is bounded by the writer's queue, and soon over.
 */
static void
trim(const struct states *states, struct stripe *stripe,
	const struct states_entry *kept)
{
	while (stripe->memory > states->memory_max && stripe->oldest &&
		stripe->oldest != kept && is_settled(stripe->oldest))
		drop(stripe, stripe->oldest);
}

/* ---- finding ---- */

/** workspace | type length | type | id, which no two resources share. */
static struct str
make_key(
	uint32_t workspace, struct str type, struct str id, struct arena *arena)
{
	uint32_t head[2] = {workspace, (uint32_t)type.len};
	char *at = arena_alloc_raw(arena, sizeof(head) + type.len + id.len);

	memcpy(at, head, sizeof(head));
	if (type.len)
		memcpy(at + sizeof(head), type.ptr, type.len);
	if (id.len)
		memcpy(at + sizeof(head) + type.len, id.ptr, id.len);
	return str_make(at, sizeof(head) + type.len + id.len);
}

struct states_place
states_place(
	uint32_t workspace, struct str type, struct str id, struct arena *arena)
{
	struct str key = make_key(workspace, type, id, arena);

	return (struct states_place){.workspace = workspace,
		.type = type,
		.id = id,
		.key = key,
		.hash = map_hash(key)};
}

/** The stripe is not chosen by the bits that a map chooses places by. */
static unsigned
stripe_of(const struct states_place *place)
{
	return (unsigned)(place->hash >> 32) % STRIPES;
}

static struct states_entry *
add_entry(struct stripe *stripe, struct str key)
{
	struct states_entry *entry = mem_alloc(sizeof(*entry) + key.len);

	memcpy(entry + 1, key.ptr, key.len);
	entry->key = str_make((const char *)(entry + 1), key.len);
	map_put(&stripe->entries, entry->key, entry);
	link_newest(stripe, entry);
	account(stripe, entry);
	return entry;
}

/** Reads the state out of the event that brought it. */
static enum err
read_state(struct states *states, uint64_t sequence, struct arena *arena,
	struct states_entry *entry)
{
	struct stripe *stripe = &states->stripes[entry->stripe];
	struct event_row event;
	struct json_doc doc;
	struct str text;
	enum err err = store_event(states->store, sequence, arena, &event);

	if (err)
		return ERR_IO;
	entry->is_plain = event.form == EVENT_STATE;
	text = event.body;
	if (!entry->is_plain) {
		if (json_read(event.body, arena, &doc, NULL))
			return ERR_IO;
		text = json_raw(json_member(json_root(&doc), STR("new")));
	}
	if (json_read(text, arena, &doc, NULL))
		return ERR_IO;
	set_state(entry, state_copy(&stripe->spare, text, json_root(&doc)));
	return ERR_OK;
}

/** Replaces what the entry knows by what is stored. */
static enum err
load(struct states *states, const struct states_place *place,
	struct states_entry *entry)
{
	struct arena arena = {0};
	struct resource_row row;
	enum err err = store_resource(states->store, place->workspace,
		place->type, place->id, &arena, &row);

	state_unref(entry->state);
	set_state(entry, NULL);
	entry->last = 0;
	entry->is_deleted = false;
	if (err == ERR_OK) {
		entry->last = row.last;
		entry->is_deleted = row.is_deleted;
		entry->is_plain = true;
		if (!row.is_deleted)
			err = read_state(states, row.last, &arena, entry);
	} else if (err == ERR_NOT_FOUND) {
		entry->is_plain = true;
		err = ERR_OK;
	}
	arena_release(&arena);
	return err;
}

static size_t
at_most(size_t size)
{
	return size < FETCHED ? size : FETCHED;
}

/**
 * A state was last looked at thousands of events ago: its cache lines are
 * asked for all at once, not one after the other as they are come to.
 */
static void
fetch_state(const struct states_entry *entry)
{
	if (entry->state == NULL)
		return;
	fetch_ahead(entry->state, at_most(entry->size - entry->text.len));
	fetch_ahead(entry->text.ptr, at_most(entry->text.len));
}

void
states_fetch(struct states *states, const struct states_place *place,
	enum states_step step)
{
	struct stripe *stripe = &states->stripes[stripe_of(place)];
	const struct states_entry *entry;

	if (step == STATES_STRIPE) {
		fetch_ahead(stripe, sizeof(*stripe));
		return;
	}
	if (pthread_mutex_trylock(&stripe->lock))
		return;
	if (step == STATES_SLOT) {
		map_fetch(&stripe->entries, place->hash);
	} else {
		entry = map_guess(&stripe->entries, place->hash);
		if (entry && step == STATES_ENTRY)
			fetch_ahead(entry, sizeof(*entry) + KEY_FETCHED);
		else if (entry)
			fetch_state(entry);
	}
	pthread_mutex_unlock(&stripe->lock);
}

enum err
states_hold(struct states *states, const struct states_place *place,
	struct states_hold *hold)
{
	unsigned number = stripe_of(place);
	struct stripe *stripe = &states->stripes[number];
	struct states_entry *entry;
	bool is_on_disk;
	enum err err = ERR_OK;

	pthread_mutex_lock(&stripe->lock);
	entry = map_get_hashed(&stripe->entries, place->key, place->hash);
	if (entry == NULL) {
		entry = add_entry(stripe, place->key);
		entry->stripe = number;
		entry->is_stale = true;
	} else {
		fetch_state(entry);
		unlink_entry(stripe, entry);
		link_newest(stripe, entry);
	}
	/* Before it is read: what settles meanwhile may not be in it. */
	is_on_disk = is_settled(entry);
	if (entry->is_stale) {
		err = load(states, place, entry);
		/* With events on their way this is true for the moment only. */
		entry->is_stale = err || !is_on_disk;
		account(stripe, entry);
		trim(states, stripe, entry);
	}
	if (err) {
		if (is_settled(entry))
			drop(stripe, entry);
		pthread_mutex_unlock(&stripe->lock);
		return err;
	}
	*hold = (struct states_hold){
		.states = states,
		.entry = entry,
		.stripe = number,
		.last = entry->last,
		.is_deleted = entry->is_deleted,
		.is_plain = entry->is_plain,
		.state = entry->state,
		.is_on_disk = is_on_disk,
	};
	return ERR_OK;
}

struct state *
states_copy(struct states_hold *hold, struct str body, struct json value)
{
	return state_copy(
		&hold->states->stripes[hold->stripe].spare, body, value);
}

void
states_set(struct states_hold *hold, uint64_t sequence, struct state *state,
	bool is_plain)
{
	struct stripe *stripe = &hold->states->stripes[hold->stripe];
	struct states_entry *entry = hold->entry;
	struct state *former = entry->state;

	entry->last = sequence;
	entry->is_deleted = state == NULL;
	entry->is_plain = is_plain;
	entry->is_stale = false;
	set_state(entry, state_ref(state));
	state_leave(&stripe->spare, former);
	hold->state = entry->state;
	account(stripe, entry);
	trim(hold->states, stripe, entry);
}

void
states_let_go(struct states_hold *hold)
{
	pthread_mutex_unlock(&hold->states->stripes[hold->stripe].lock);
}

struct states_entry *
states_expect(struct states_hold *hold)
{
	atomic_fetch_add_explicit(
		&hold->entry->unsettled, 1, memory_order_relaxed);
	return hold->entry;
}

void
states_fetch_entry(const struct states_entry *entry)
{
	if (entry)
		__builtin_prefetch(&entry->unsettled, 1);
}

void
states_settled(
	struct states *states, struct states_entry *entry, bool is_stored)
{
	if (!is_stored) {
		struct stripe *stripe = &states->stripes[entry->stripe];

		pthread_mutex_lock(&stripe->lock);
		entry->is_stale = true;
		pthread_mutex_unlock(&stripe->lock);
	}
	/* From here on the entry may be dropped by anybody. */
	atomic_fetch_sub_explicit(&entry->unsettled, 1, memory_order_release);
}

struct states *
states_new(struct store *store, size_t memory_max)
{
	struct states *states = MEM_NEW(struct states);

	states->store = store;
	states->memory_max =
		(memory_max ? memory_max : (size_t)MEMORY_MAX) / STRIPES;
	for (size_t i = 0; i < STRIPES; i++)
		pthread_mutex_init(&states->stripes[i].lock, NULL);
	return states;
}

void
states_free(struct states *states)
{
	if (states == NULL)
		return;
	for (size_t i = 0; i < STRIPES; i++) {
		struct stripe *stripe = &states->stripes[i];

		while (stripe->oldest)
			drop(stripe, stripe->oldest);
		state_spare_release(&stripe->spare);
		map_release(&stripe->entries);
		pthread_mutex_destroy(&stripe->lock);
	}
	mem_free(states);
}
