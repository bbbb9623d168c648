#include "pipeline/match.h"

#include <pthread.h>

#include "base/mem.h"
#include "check.h"

static struct webhook *
make(uint64_t number, uint32_t workspace, uint64_t revision, const char *filter)
{
	struct webhook *webhook = MEM_NEW(struct webhook);
	size_t column;

	atomic_init(&webhook->refs, 1);
	webhook->number = number;
	webhook->workspace = workspace;
	webhook->revision = revision;
	webhook->filter_text = arena_copy(&webhook->arena, str_of(filter));
	CHECK_OK(filter_compile(webhook->filter_text, &webhook->arena,
		&webhook->filter, &column, NULL));
	return webhook;
}

/** Sets it; only the match holds it then. */
static void
set(struct match *match, uint64_t number, uint32_t workspace, uint64_t revision,
	const char *filter)
{
	struct webhook *webhook = make(number, workspace, revision, filter);

	match_set(match, webhook);
	webhook_unref(webhook);
}

/** "number@revision" of all that an event of type `type` reaches. */
static const char *
reach(struct match *match, uint32_t workspace, const char *type)
{
	static char text[200];
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct filter_event event = {
		.type = str_of(type), .operation = STR("Updated")};
	struct match_list list;

	match_event(match, workspace, &event, &arena, &list);
	for (size_t i = 0; i < list.count; i++) {
		buf_printf(&out, "%s%lu@%lu", i ? " " : "",
			(unsigned long)list.webhooks[i]->number,
			(unsigned long)list.webhooks[i]->revision);
		webhook_unref(list.webhooks[i]);
	}
	snprintf(text, sizeof(text), "%s", buf_text(&out));
	return text;
}

TEST(match_races, an_event_reaches_webhooks_of_its_workspace)
{
	struct match *match = match_new();

	set(match, 1, 1, 1, "type eq 'a'");
	set(match, 2, 1, 1, "type ne 'b'");
	set(match, 3, 2, 1, "type eq 'a'");
	set(match, 4, 258, 1, "type eq 'a'");
	CHECK_TEXT(reach(match, 1, "a"), "1@1 2@1");
	CHECK_TEXT(reach(match, 2, "a"), "3@1");
	CHECK_TEXT(reach(match, 258, "a"), "4@1");
	CHECK_TEXT(reach(match, 514, "a"), "");
	CHECK_INT(match_count(match).filters, 4);
	CHECK_INT(match_count(match).scanned, 1);
	match_free(match);
}

TEST(match_races, a_new_snapshot_takes_the_place_of_the_former)
{
	struct match *match = match_new();

	set(match, 1, 1, 1, "type eq 'a'");
	set(match, 1, 1, 2, "type eq 'a'");
	CHECK_TEXT(reach(match, 1, "a"), "1@2");
	set(match, 1, 1, 3, "type eq 'b'");
	CHECK_TEXT(reach(match, 1, "a"), "");
	CHECK_TEXT(reach(match, 1, "b"), "1@3");
	CHECK_INT(match_count(match).filters, 1);
	match_free(match);
}

TEST(match_races, a_removed_webhook_is_not_reached)
{
	struct match *match = match_new();

	set(match, 1, 1, 1, "type eq 'a'");
	set(match, 2, 1, 1, "type eq 'a'");
	match_remove(match, 1);
	match_remove(match, 77);
	CHECK_TEXT(reach(match, 1, "a"), "2@1");
	set(match, 3, 1, 1, "type eq 'c'");
	CHECK_TEXT(reach(match, 1, "c"), "3@1");
	match_free(match);
}

/* ---- changes under matching ---- */

enum { READERS = 2, CHANGES = 2000 };

struct race {
	struct match *match;
	_Atomic bool is_over;
	_Atomic unsigned failures;
	_Atomic uint64_t matches;
};

static void *
match_on(void *argument)
{
	struct race *race = argument;

	while (!atomic_load(&race->is_over)) {
		CLEANUP(arena_release) struct arena arena = {0};
		struct filter_event event = {
			.type = STR("a"), .operation = STR("Updated")};
		struct match_list list;

		match_event(race->match, 1, &event, &arena, &list);
		/* The one that is always there, whichever its filter. */
		if (list.count != 1 || list.webhooks[0]->number != 5)
			atomic_fetch_add(&race->failures, 1);
		for (size_t i = 0; i < list.count; i++)
			webhook_unref(list.webhooks[i]);
		atomic_fetch_add(&race->matches, 1);
	}
	return NULL;
}

TEST(match_races, a_webhook_is_there_once_while_it_changes)
{
	static const char *const filters[] = {
		"type eq 'a'", "type ne 'b'", "type in ('a','c')"};
	struct race race = {.match = match_new()};
	pthread_t threads[READERS];

	set(race.match, 5, 1, 1, filters[0]);
	for (int i = 0; i < READERS; i++)
		CHECK_INT(
			pthread_create(&threads[i], NULL, match_on, &race), 0);
	for (uint32_t i = 0; i < CHANGES || atomic_load(&race.matches) < 300;
		i++) {
		set(race.match, 5, 1, i + 2, filters[i / 2 % 3]);
		set(race.match, 6, 1, 1, "type eq 'b'");
		match_remove(race.match, 6);
	}
	atomic_store(&race.is_over, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(atomic_load(&race.failures), 0);
	match_free(race.match);
}
