#include "flow/hook_memory.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/writer.h"

#define INTERVAL (5 * SECONDS)

/* ---- at the start ---- */

static enum err
load_counts(struct store *store, const struct hook *hook, struct str id,
	struct arena *arena)
{
	struct hook_count_list list;
	enum err err = store_hook_counts(store, id, arena, &list);

	for (size_t i = 0; !err && i < list.count; i++)
		hook_life_restore(hook->life, list.rows[i].name,
			list.rows[i].count, list.rows[i].last);
	return err;
}

static enum err
load_seen(struct store *store, const struct hook *hook, struct str id,
	struct arena *arena)
{
	int64_t now = clock_now(), monotonic = clock_monotonic();
	struct hook_seen_query query = {.hook = id,
		.since = now - hook->options.dedupe_window,
		.limit = HOOK_SEEN_MAX};
	struct hook_seen_list list;
	enum err err;

	if (hook->options.dedupe == HOOK_DEDUPE_NONE)
		return ERR_OK;
	err = store_hook_seen(store, &query, arena, &list);
	for (size_t i = err ? 0 : list.count; i-- > 0;) {
		const struct hook_seen_row *row = &list.rows[i];

		if (row->id.len == HOOK_SEEN_LEN)
			hook_life_restore_seen(hook->life,
				(const uint8_t *)row->id.ptr,
				monotonic - (now - row->at));
	}
	return err;
}

void
hook_memory_load(struct store *store, const struct hook *hook)
{
	CLEANUP(arena_release) struct arena arena = {0};
	char text[UUID_TEXT_SIZE];
	struct str id = str_of(uuid_format(hook->id, text));
	enum err err = load_counts(store, hook, id, &arena);

	if (!err)
		err = load_seen(store, hook, id, &arena);
	if (err)
		log_error("hooks.load", "hook=%s error=\"its counts: %s\"",
			text, err_name(err));
}

/* ---- counts ---- */

struct counts {
	struct writer_item item;
	struct hook_change changes[HOOK_TALLIES];
	struct store_change list[HOOK_TALLIES];
	size_t count;
	char hook[UUID_TEXT_SIZE];
};

static void
fill(struct counts *counts, const struct hook *hook,
	const struct hook_tally *tallies, size_t count)
{
	counts->count = count;
	uuid_format(hook->id, counts->hook);
	for (size_t i = 0; i < count; i++) {
		counts->changes[i] = (struct hook_change){.what = HOOK_COUNT,
			.hook = str_of(counts->hook),
			.name = str_of(tallies[i].name),
			.count = tallies[i].count,
			.at = tallies[i].last};
		counts->list[i] = (struct store_change){
			.kind = STORE_HOOK, .hook = &counts->changes[i]};
	}
}

static void
on_stored(struct writer_item *item)
{
	mem_free(CONTAINER_OF(item, struct counts, item));
}

void
hook_memory_note(struct hooks *hooks, const struct hook *hook,
	const struct hook_note *note)
{
	struct hook_tally tallies[HOOK_TALLIES];
	struct counts *counts;
	size_t count;

	hook_life_note(hook->life, note);
	hooks_count(hooks, note);
	if (note->event == HOOK_ACCEPTED)
		return; /* stored with it */
	count = hook_life_take(
		hook->life, clock_monotonic(), INTERVAL, tallies);
	if (count == 0)
		return;
	counts = MEM_NEW(struct counts);
	fill(counts, hook, tallies, count);
	counts->item.unit =
		(struct store_unit){.changes = counts->list, .count = count};
	counts->item.done = on_stored;
	/* The next ones have what is not stored now. */
	if (writer_submit(hooks_settings(hooks)->writer, &counts->item, false))
		mem_free(counts);
}

void
hook_memory_flush(struct writer *writer, const struct hook *hook)
{
	struct hook_tally tallies[HOOK_TALLIES];
	size_t count =
		hook_life_take(hook->life, clock_monotonic(), 0, tallies);
	struct counts counts;

	fill(&counts, hook, tallies, count);
	if (count)
		(void)!writer_commit(writer, counts.list, count);
}

/* ---- with the request ---- */

static void
add(struct hook_memory *memory, struct hook_change change)
{
	size_t at = memory->count++;

	memory->changes[at] = change;
	memory->list[at] = (struct store_change){
		.kind = STORE_HOOK, .hook = &memory->changes[at]};
}

void
hook_memory_accept(struct hook_memory *memory, const struct hook *hook,
	const uint8_t id[HOOK_SEEN_LEN])
{
	int64_t now = clock_now(), monotonic = clock_monotonic();
	struct hook_change seen = {.what = HOOK_SEEN, .at = now};
	struct hook_change accepted = {.what = HOOK_RAISE,
		.name = str_of(hook_event_name(HOOK_ACCEPTED)),
		.count = 1,
		.at = now};

	memory->count = 0;
	uuid_format(hook->id, memory->hook);
	accepted.hook = seen.hook = str_of(memory->hook);
	add(memory, accepted);
	if (!id)
		return;
	memcpy(memory->id, id, sizeof(memory->id));
	seen.id = str_make((const char *)memory->id, sizeof(memory->id));
	/* What memory has forgotten. */
	seen.forget_before =
		now - (monotonic - hook_life_oldest(hook->life, monotonic));
	add(memory, seen);
}

struct hook_change
hook_memory_forget(struct str hook)
{
	return (struct hook_change){.what = HOOK_FORGET, .hook = hook};
}
