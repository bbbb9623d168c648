#include "flow/hook_life.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "base/mem.h"

/* The window in so many parts: those that have passed are forgotten. */
enum { SLOTS = 10 };

struct seen {
	struct seen *next;
	int64_t at; /* monotonic */
	bool is_stored;
	bool is_given_up;
	uint8_t id[HOOK_SEEN_LEN];
};

struct hook_life {
	atomic_size_t refs;
	pthread_mutex_t lock; /* of all below */
	uint64_t counts[HOOK_EVENTS];
	int64_t last[HOOK_EVENTS];
	uint64_t refused[HOOK_REFUSALS];
	int64_t last_refused[HOOK_REFUSALS];
	uint64_t taken[HOOK_TALLIES]; /* what was taken last */
	int64_t taken_at;
	struct hook_note notes[HOOK_LOG_MAX]; /* a ring */
	size_t noted;			      /* ever */
	int64_t slot_time;		      /* the newest's number */
	int64_t slot_len;
	uint32_t slots[SLOTS];
	struct map by_id;
	struct seen *first, **last_seen; /* the oldest first */
	size_t seen_count;
};

const char *
hook_event_name(enum hook_event event)
{
	static const char *const names[] = {
		[HOOK_ACCEPTED] = "accepted",
		[HOOK_CHALLENGE] = "challenge",
		[HOOK_DUPLICATE] = "duplicate",
		[HOOK_REFUSED] = "refused",
	};

	return names[event];
}

/* As they are stored, too: those between HOOK_ACCEPTED and HOOK_REFUSED, then
   the refusals. */
static const char *const tally_names[HOOK_TALLIES] = {
	"challenge",
	"duplicate",
	"refused:noHook",
	"refused:noListener",
	"refused:rate",
	"refused:address",
	"refused:size",
	"refused:credentials",
	"refused:signature",
	"refused:body",
	"refused:structure",
	"refused:inFlight",
	"refused:queueFull",
	"refused:busy",
	"refused:disk",
};

enum { FIRST_REFUSAL = HOOK_EVENTS - 2 };

const char *
hook_refusal_name(enum hook_refusal refusal)
{
	return tally_names[FIRST_REFUSAL + (size_t)refusal] +
	       strlen("refused:");
}

struct hook_life *
hook_life_new(void)
{
	struct hook_life *life = MEM_NEW(struct hook_life);

	atomic_init(&life->refs, 1);
	pthread_mutex_init(&life->lock, NULL);
	life->last_seen = &life->first;
	return life;
}

struct hook_life *
hook_life_ref(struct hook_life *life)
{
	atomic_fetch_add(&life->refs, 1);
	return life;
}

static struct str
key_of(const struct seen *seen)
{
	return str_make((const char *)seen->id, sizeof(seen->id));
}

static void
forget_oldest(struct hook_life *life)
{
	struct seen *seen = life->first;

	life->first = seen->next;
	if (life->first == NULL)
		life->last_seen = &life->first;
	life->seen_count--;
	if (map_get(&life->by_id, key_of(seen)) == seen)
		map_remove(&life->by_id, key_of(seen));
	mem_free(seen);
}

void
hook_life_unref(struct hook_life *life)
{
	if (life == NULL || atomic_fetch_sub(&life->refs, 1) > 1)
		return;
	while (life->first)
		forget_oldest(life);
	map_release(&life->by_id);
	pthread_mutex_destroy(&life->lock);
	mem_free(life);
}

/* ---- what happened ---- */

void
hook_life_note(struct hook_life *life, const struct hook_note *note)
{
	pthread_mutex_lock(&life->lock);
	life->counts[note->event]++;
	life->last[note->event] = note->at;
	if (note->event == HOOK_REFUSED) {
		life->refused[note->refusal]++;
		life->last_refused[note->refusal] = note->at;
	}
	life->notes[life->noted++ % HOOK_LOG_MAX] = *note;
	pthread_mutex_unlock(&life->lock);
}

void
hook_life_report(
	struct hook_life *life, struct arena *arena, struct hook_report *ret)
{
	struct hook_note *notes =
		arena_alloc_array(arena, HOOK_LOG_MAX, sizeof(*notes));

	*ret = (struct hook_report){.notes = notes};
	pthread_mutex_lock(&life->lock);
	memcpy(ret->counts, life->counts, sizeof(ret->counts));
	memcpy(ret->last, life->last, sizeof(ret->last));
	memcpy(ret->refused, life->refused, sizeof(ret->refused));
	while (ret->note_count < HOOK_LOG_MAX &&
		ret->note_count < life->noted) {
		size_t at = life->noted - 1 - ret->note_count;

		notes[ret->note_count++] = life->notes[at % HOOK_LOG_MAX];
	}
	pthread_mutex_unlock(&life->lock);
}

/* ---- rate ---- */

static void
move_slots(struct hook_life *life, int64_t slot_len, int64_t now)
{
	int64_t time = now / slot_len;

	if (life->slot_len != slot_len || time - life->slot_time >= SLOTS) {
		memset(life->slots, 0, sizeof(life->slots));
		life->slot_len = slot_len;
		life->slot_time = time;
	}
	while (life->slot_time < time) {
		life->slot_time++;
		life->slots[life->slot_time % SLOTS] = 0;
	}
}

int64_t
hook_life_pause(int64_t window)
{
	return window < SLOTS ? 1 : window / SLOTS;
}

bool
hook_life_admit(
	struct hook_life *life, uint32_t max, int64_t window, int64_t now)
{
	uint32_t count = 0;

	if (max == 0)
		return true;
	pthread_mutex_lock(&life->lock);
	move_slots(life, hook_life_pause(window), now);
	for (size_t i = 0; i < SLOTS; i++)
		count += life->slots[i];
	if (count < max)
		life->slots[life->slot_time % SLOTS]++;
	pthread_mutex_unlock(&life->lock);
	return count < max;
}

/* ---- ids that were seen ---- */

static void
remember(struct hook_life *life, const uint8_t id[HOOK_SEEN_LEN], int64_t now)
{
	struct seen *seen = MEM_NEW(struct seen);

	memcpy(seen->id, id, sizeof(seen->id));
	seen->at = now;
	*life->last_seen = seen;
	life->last_seen = &seen->next;
	life->seen_count++;
	/* One that was given up and is still listed has another key. */
	map_remove(&life->by_id, key_of(seen));
	map_put(&life->by_id, key_of(seen), seen);
}

int64_t
hook_life_oldest(struct hook_life *life, int64_t now)
{
	int64_t at;

	pthread_mutex_lock(&life->lock);
	at = life->first ? life->first->at : now;
	pthread_mutex_unlock(&life->lock);
	return at;
}

void
hook_life_restore_seen(
	struct hook_life *life, const uint8_t id[HOOK_SEEN_LEN], int64_t at)
{
	pthread_mutex_lock(&life->lock);
	remember(life, id, at);
	pthread_mutex_unlock(&life->lock);
	hook_life_settle(life, id, true);
}

enum hook_claim
hook_life_claim(struct hook_life *life, const uint8_t id[HOOK_SEEN_LEN],
	int64_t window, int64_t now)
{
	struct str key = str_make((const char *)id, HOOK_SEEN_LEN);
	enum hook_claim claim = HOOK_CLAIM_NEW;
	const struct seen *seen;

	pthread_mutex_lock(&life->lock);
	while (life->first && (life->first->at <= now - window ||
				      life->seen_count >= HOOK_SEEN_MAX))
		forget_oldest(life);
	seen = map_get(&life->by_id, key);
	if (seen && !seen->is_given_up)
		claim = seen->is_stored ? HOOK_CLAIM_SEEN : HOOK_CLAIM_TAKEN;
	else
		remember(life, id, now);
	pthread_mutex_unlock(&life->lock);
	return claim;
}

void
hook_life_settle(
	struct hook_life *life, const uint8_t id[HOOK_SEEN_LEN], bool is_stored)
{
	struct seen *seen;

	pthread_mutex_lock(&life->lock);
	seen = map_get(&life->by_id, str_make((const char *)id, HOOK_SEEN_LEN));
	if (seen) {
		seen->is_stored = is_stored;
		seen->is_given_up = !is_stored;
	}
	pthread_mutex_unlock(&life->lock);
}

/* ---- counts beyond a restart ---- */

static struct hook_tally
tally_of(const struct hook_life *life, size_t at)
{
	struct hook_tally tally = {.name = tally_names[at]};

	if (at < FIRST_REFUSAL) {
		tally.count = life->counts[HOOK_CHALLENGE + at];
		tally.last = life->last[HOOK_CHALLENGE + at];
	} else {
		tally.count = life->refused[at - FIRST_REFUSAL];
		tally.last = life->last_refused[at - FIRST_REFUSAL];
	}
	return tally;
}

static void
add_event(struct hook_life *life, size_t event, uint64_t count, int64_t last)
{
	life->counts[event] += count;
	if (last > life->last[event])
		life->last[event] = last;
}

void
hook_life_restore(
	struct hook_life *life, struct str name, uint64_t count, int64_t last)
{
	size_t at = 0;

	pthread_mutex_lock(&life->lock);
	while (at < HOOK_TALLIES && !str_equal(name, str_of(tally_names[at])))
		at++;
	if (str_equal(name, str_of(hook_event_name(HOOK_ACCEPTED)))) {
		add_event(life, HOOK_ACCEPTED, count, last);
	} else if (at < FIRST_REFUSAL) {
		add_event(life, HOOK_CHALLENGE + at, count, last);
		life->taken[at] = count;
	} else if (at < HOOK_TALLIES) {
		add_event(life, HOOK_REFUSED, count, last);
		life->refused[at - FIRST_REFUSAL] += count;
		life->last_refused[at - FIRST_REFUSAL] = last;
		life->taken[at] = count;
	}
	pthread_mutex_unlock(&life->lock);
}

size_t
hook_life_take(struct hook_life *life, int64_t now, int64_t interval,
	struct hook_tally tallies[HOOK_TALLIES])
{
	size_t count = 0, at = 0;

	pthread_mutex_lock(&life->lock);
	if (life->taken_at && now - life->taken_at < interval)
		at = HOOK_TALLIES;
	for (; at < HOOK_TALLIES; at++) {
		struct hook_tally tally = tally_of(life, at);

		if (tally.count == life->taken[at])
			continue;
		life->taken[at] = tally.count;
		tallies[count++] = tally;
	}
	if (count)
		life->taken_at = now;
	pthread_mutex_unlock(&life->lock);
	return count;
}
