#include "pipeline/announce.h"

#include "base/clock.h"
#include "base/mem.h"
#include "pipeline/ingest_work.h"

struct announced {
	struct arena arena;
	struct publication publication;
	struct publication_item item;
	struct ingest_work work;
};

bool
announce_is_own(struct str source)
{
	return str_starts_with(source, STR(ANNOUNCE_SOURCE));
}

/** The announcement as the event that would have been POSTed. */
static void
fill_item(struct announced *announced, const struct announcement *announcement)
{
	struct arena *arena = &announced->arena;
	struct str type = arena_copy(arena, str_of(announcement->type));

	announced->publication = (struct publication){
		.workspace = announcement->workspace,
		.publisher = arena_copy(arena, announcement->publisher),
		.arena = arena,
		.items = &announced->item,
		.count = 1,
	};
	announced->item = (struct publication_item){.kind = PUBLISH_EVENT,
		.cloudevent = {
			.type = type,
			.source =
				arena_copy(arena, str_of(announcement->source)),
			.subject = arena_copy(arena, announcement->subject),
			.datacontenttype = STR("application/json"),
			.extensions = STR("{}"),
			.data = arena_copy(arena, announcement->data),
			.has_data = true,
			.data_is_json = true,
		}};
}

/** Of the event's number, as of other events that bring none. */
static struct str
number_id(struct ingest_work *work)
{
	return str_of(uuid_format(
		uuid_from_sequence(work->event.accepted, work->event.sequence),
		work->id_text));
}

struct announced *
announce_new(struct ingest *ingest, const struct announcement *announcement)
{
	struct announced *announced = MEM_NEW(struct announced);
	struct ingest_work *work = &announced->work;

	fill_item(announced, announcement);
	work->ingest = ingest;
	work->publication = &announced->publication;
	work->item = &announced->item;
	work->arena = &announced->arena;
	work->not_to = announcement->not_to;
	work->also_to = announcement->also_to;
	ingest_work_decide(work, NULL);
	ingest_work_number(work);
	work->event.id =
		str_is_empty(announcement->id)
			? number_id(work)
			: arena_copy(&announced->arena, announcement->id);
	ingest_match(work);
	work->also_to = NULL; /* borrowed until here */
	return announced;
}

size_t
announce_count(const struct announced *announced)
{
	return 1 + announced->work.delivery_count;
}

void
announce_changes(
	const struct announced *announced, struct store_change *changes)
{
	const struct ingest_work *work = &announced->work;

	changes[0] = (struct store_change){
		.kind = STORE_EVENT_ADD, .event = &work->event, .is_own = true};
	for (size_t i = 0; i < work->delivery_count; i++)
		changes[1 + i] =
			(struct store_change){.kind = STORE_DELIVERY_ADD,
				.delivery = &work->deliveries[i]};
}

void
announce_end(struct announced *announced, bool is_stored)
{
	if (announced == NULL)
		return;
	if (is_stored)
		ingest_work_tell(&announced->work);
	payload_unref(announced->work.payload);
	arena_release(&announced->arena);
	mem_free(announced);
}

enum err
announce_commit(struct ingest *ingest, const struct store_change *changes,
	size_t count, struct announced *const *announced,
	size_t announced_count)
{
	struct arena arena = {0};
	struct store_change *all;
	size_t all_count = count;
	enum err err;

	for (size_t i = 0; i < announced_count; i++)
		all_count += announced[i] ? announce_count(announced[i]) : 0;
	all = arena_alloc_array(&arena, all_count, sizeof(*all));
	if (count > 0)
		memcpy(all, changes, count * sizeof(*all));
	for (size_t i = 0; i < announced_count; i++) {
		if (announced[i] == NULL)
			continue;
		announce_changes(announced[i], all + count);
		count += announce_count(announced[i]);
	}
	err = writer_commit(ingest->options.writer, all, count);
	for (size_t i = 0; i < announced_count; i++)
		announce_end(announced[i], err == ERR_OK);
	arena_release(&arena);
	return err;
}

enum err
announce_event(struct ingest *ingest, const struct announcement *announcement)
{
	struct announced *announced = announce_new(ingest, announcement);

	return announce_commit(ingest, NULL, 0, &announced, 1);
}
