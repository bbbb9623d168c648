#include <stdlib.h>

#include "base/json_out.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/scenarios_private.h"

enum { SCENARIOS_MAX = 1000, PARALLEL_MAX = 16 };

const struct scenario *
scenario_ref(const struct scenario *scenario)
{
	struct scenario_counted *counted = CONTAINER_OF(
		(uintptr_t)scenario, struct scenario_counted, scenario);

	atomic_fetch_add(&counted->refs, 1);
	return scenario;
}

bool
scenario_has_hook(const struct scenario *scenario)
{
	const struct blueprint_flow *flow = &scenario->blueprint->flow;

	return flow->count && flow->modules[0].kind &&
	       flow->modules[0].kind->is_trigger;
}

bool
scenario_is_timed(const struct scenario *scenario)
{
	return scenario->schedule.type != SCHEDULE_IMMEDIATELY &&
	       scenario->schedule.type != SCHEDULE_ON_DEMAND;
}

void
scenario_unref(const struct scenario *scenario)
{
	struct scenario_counted *counted;

	if (!scenario)
		return;
	counted = CONTAINER_OF(
		(uintptr_t)scenario, struct scenario_counted, scenario);
	if (atomic_fetch_sub(&counted->refs, 1) > 1)
		return;
	arena_release(&counted->arena);
	mem_free(counted);
}

struct scenario_counted *
scenarios_new_counted(void)
{
	struct scenario_counted *counted = MEM_NEW(struct scenario_counted);

	atomic_init(&counted->refs, 1);
	return counted;
}

struct str
scenarios_key(const struct uuid *id)
{
	return str_make((const char *)id->bytes, sizeof(id->bytes));
}

/* ---- rows ---- */

static struct str
copy_member(struct json body, const char *name, struct arena *arena)
{
	return arena_copy(
		arena, json_string(json_member(body, str_of(name)), arena));
}

/** Everything but the blueprint and the schedule, which may be broken. */
static void
read_members(struct json body, struct scenario_counted *counted)
{
	struct scenario *scenario = &counted->scenario;

	scenario->name = copy_member(body, "name", &counted->arena);
	scenario->status_reason =
		copy_member(body, "statusReason", &counted->arena);
	scenario->zone_name = copy_member(body, "zone", &counted->arena);
	scenario->zone = zone_find(scenario->zone_name);
	scenario->is_enabled =
		json_kind(json_member(body, STR("isEnabled"))) == JSON_TRUE;
}

void
scenarios_settle(struct scenario *scenario)
{
	scenario->parallel_max =
		scenario->blueprint->settings.is_sequential ? 1 : PARALLEL_MAX;
	if (!scenario->blueprint->is_runnable)
		scenario->is_enabled = false;
}

static enum err
read_row(const struct object_row *row, struct scenario_counted *counted,
	struct buf *why)
{
	const struct template_problem *problems = NULL;
	struct scenario *scenario = &counted->scenario;
	struct arena *arena = &counted->arena;
	struct json_doc doc;
	struct json body;
	enum err err =
		json_read(arena_copy(arena, row->body), arena, &doc, why);

	if (err)
		return err;
	body = json_root(&doc);
	scenario->workspace = row->workspace;
	scenario->revision = row->revision;
	scenario->created = row->created;
	scenario->updated = row->updated;
	read_members(body, counted);
	scenario->schedule_text =
		json_raw(json_member(body, STR("scheduling")));
	err = schedule_read(
		json_member(body, STR("scheduling")), &scenario->schedule, why);
	if (err)
		return err;
	/* One with errors is kept, switched off. */
	err = blueprint_read(json_raw(json_member(body, STR("blueprint"))),
		arena, &scenario->blueprint, &problems);
	if (!scenario->blueprint) {
		buf_append(why, STR("the blueprint cannot be read"));
		return err;
	}
	scenarios_settle(scenario);
	return ERR_OK;
}

/** A new snapshot of a row; NULL, with why, when it cannot be read. */
static struct scenario_counted *
load_row(const struct object_row *row, struct str id, struct buf *why)
{
	struct scenario_counted *counted = scenarios_new_counted();

	if (uuid_parse(id, &counted->scenario.id) == ERR_OK &&
		read_row(row, counted, why) == ERR_OK)
		return counted;
	scenario_unref(&counted->scenario);
	return NULL;
}

/* ---- the map ---- */

/** By the hub: who switches one off by hand gives no reason. */
static bool
is_switched_off(const struct scenario *scenario)
{
	return scenario && !scenario->is_enabled &&
	       scenario->status_reason.len > 0;
}

const struct scenario *
scenarios_swap(struct scenarios *scenarios, struct uuid id,
	const struct scenario *scenario)
{
	const struct scenario *former;

	pthread_mutex_lock(&scenarios->lock);
	former = map_remove(&scenarios->map, scenarios_key(&id));
	if (scenario)
		map_put(&scenarios->map, scenarios_key(&scenario->id),
			(void *)(uintptr_t)scenario);
	/* In one step, so that nobody sees one too many. */
	atomic_fetch_add(&scenarios->switched_off,
		(size_t)is_switched_off(scenario) -
			(size_t)is_switched_off(former));
	pthread_mutex_unlock(&scenarios->lock);
	return former;
}

static enum err
load_page(struct scenarios *scenarios, struct object_query *query,
	struct arena *arena, size_t *ret_count)
{
	struct object_list list;
	enum err err =
		store_objects(scenarios->options.store, query, arena, &list);

	*ret_count = 0;
	if (err)
		return err;
	for (size_t i = 0; i < list.count; i++) {
		CLEANUP(buf_release) struct buf why = {0};
		struct scenario_counted *counted =
			load_row(&list.rows[i], list.rows[i].id, &why);

		query->after_id = list.rows[i].id;
		query->after_workspace = list.rows[i].workspace;
		if (counted)
			scenario_unref(scenarios_swap(scenarios,
				counted->scenario.id, &counted->scenario));
		else
			log_error("scenarios.load",
				"scenario=%.*s error=\"%s\"",
				STR_ARG(list.rows[i].id), buf_text(&why));
	}
	*ret_count = list.count;
	return ERR_OK;
}

static enum err
load_all(struct scenarios *scenarios)
{
	struct object_query query = {
		.kind = OBJECT_SCENARIO, .limit = OBJECT_PAGE_MAX};
	struct arena arena = {0};
	size_t count = 1;
	enum err err = ERR_OK;

	while (!err && count)
		err = load_page(scenarios, &query, &arena, &count);
	arena_release(&arena);
	return err;
}

enum err
scenarios_open(const struct scenarios_options *options, struct scenarios **ret,
	struct buf *why)
{
	struct scenarios *scenarios = MEM_NEW(struct scenarios);
	enum err err;

	scenarios->options = *options;
	if (scenarios->options.scenarios_max == 0)
		scenarios->options.scenarios_max = SCENARIOS_MAX;
	pthread_mutex_init(&scenarios->changing, NULL);
	pthread_mutex_init(&scenarios->lock, NULL);
	err = load_all(scenarios);
	if (err) {
		buf_printf(
			why, "the scenarios cannot be read: %s", err_name(err));
		scenarios_close(scenarios);
		return err;
	}
	*ret = scenarios;
	return ERR_OK;
}

void
scenarios_close(struct scenarios *scenarios)
{
	const struct scenario *scenario;
	size_t at = 0;

	if (!scenarios)
		return;
	while ((scenario = map_next(&scenarios->map, &at)))
		scenario_unref(scenario);
	map_release(&scenarios->map);
	pthread_mutex_destroy(&scenarios->changing);
	pthread_mutex_destroy(&scenarios->lock);
	mem_free(scenarios);
}

/* ---- reading ---- */

size_t
scenarios_switched_off(const struct scenarios *scenarios)
{
	return atomic_load(&scenarios->switched_off);
}

const struct scenario *
scenarios_get(struct scenarios *scenarios, uint32_t workspace, struct uuid id)
{
	const struct scenario *scenario;

	pthread_mutex_lock(&scenarios->lock);
	scenario = map_get(&scenarios->map, scenarios_key(&id));
	if (scenario && scenario->workspace != workspace)
		scenario = NULL;
	if (scenario)
		scenario_ref(scenario);
	pthread_mutex_unlock(&scenarios->lock);
	return scenario;
}

const struct scenario *
scenarios_get_revision(struct scenarios *scenarios, uint32_t workspace,
	struct uuid id, uint64_t revision)
{
	const struct scenario *present =
		scenarios_get(scenarios, workspace, id);
	CLEANUP(buf_release) struct buf why = {0};
	struct arena arena = {0};
	struct object_row row;
	struct scenario_counted *counted = NULL;
	char text[UUID_TEXT_SIZE];
	struct str key;

	if (present && present->revision == revision)
		return present;
	scenario_unref(present);
	uuid_format(id, text);
	key = arena_printf(
		&arena, "%s@%020llu", text, (unsigned long long)revision);
	if (store_object(scenarios->options.store, workspace,
		    OBJECT_SCENARIO_VERSION, key, &arena, &row) == ERR_OK)
		counted = load_row(&row, str_of(text), &why);
	if (counted)
		counted->scenario.revision = revision;
	arena_release(&arena);
	return counted ? &counted->scenario : NULL;
}

static int
compare_names(const void *a, const void *b)
{
	const struct scenario *left = *(const struct scenario *const *)a;
	const struct scenario *right = *(const struct scenario *const *)b;
	int order = str_compare(left->name, right->name);

	return order ? order
		     : memcmp(left->id.bytes, right->id.bytes,
			       sizeof(left->id.bytes));
}

void
scenarios_list(struct scenarios *scenarios, uint32_t workspace,
	struct arena *arena, struct scenario_list *ret)
{
	const struct scenario *scenario;
	size_t at = 0;

	pthread_mutex_lock(&scenarios->lock);
	ret->count = 0;
	ret->items = arena_alloc_array(
		arena, scenarios->map.count + 1, sizeof(*ret->items));
	while ((scenario = map_next(&scenarios->map, &at))) {
		if (workspace && scenario->workspace != workspace)
			continue;
		ret->items[ret->count++] = scenario_ref(scenario);
	}
	pthread_mutex_unlock(&scenarios->lock);
	qsort(ret->items, ret->count, sizeof(*ret->items), compare_names);
}
