#include <assert.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "flow/object_audit.h"
#include "flow/scenarios_private.h"
#include "pipeline/announce.h"
#include "store/flow.h"

/* Changes: checked, stored, and only then seen. */

enum {
	NAME_BYTES_MAX = 480,
	/* Versions removed at once, should there be that many too many. */
	PRUNED_AT_ONCE = 32,
};

static void
write_body(struct buf *out, const struct scenario *scenario)
{
	struct json_out json = json_out_make(out);

	json_out_object(&json, NULL);
	json_out_string(&json, "name", scenario->name);
	json_out_boolean(&json, "isEnabled", scenario->is_enabled);
	json_out_string(&json, "statusReason", scenario->status_reason);
	json_out_string(&json, "zone", scenario->zone_name);
	if (scenario->schedule_text.len)
		json_out_raw(&json, "scheduling", scenario->schedule_text);
	json_out_raw(&json, "blueprint", scenario->blueprint->source);
	json_out_end(&json);
}

/** Whether they would be stored alike, but for the revision. */
static bool
are_same(const struct scenario *one, const struct scenario *other)
{
	CLEANUP(buf_release) struct buf body = {0};
	CLEANUP(buf_release) struct buf other_body = {0};

	write_body(&body, one);
	write_body(&other_body, other);
	return str_equal(buf_str(&body), buf_str(&other_body));
}

static void
tell(struct scenarios *scenarios, const struct scenario *former,
	const struct scenario *scenario)
{
	if (scenarios->options.changed)
		scenarios->options.changed(
			scenarios->options.context, former, scenario);
}

static enum err
refuse(struct scenario_problem *problem, const char *field, enum err err,
	const char *what)
{
	problem->field = field;
	buf_append(&problem->why, str_of(what));
	return err;
}

static enum err
apply_blueprint(const struct scenario_draft *draft, struct arena *arena,
	struct scenario_counted *next, struct scenario_problem *problem)
{
	const struct template_problem *again = NULL;
	const struct blueprint *checked = NULL;
	enum err err;

	/* First where the problems are to be told, then for good. */
	(void)!blueprint_read(
		draft->blueprint, arena, &checked, &problem->problems);
	if (!checked)
		return refuse(problem, "blueprint", ERR_INVALID,
			"it is not a blueprint");
	err = blueprint_read(draft->blueprint, &next->arena,
		&next->scenario.blueprint, &again);
	return next->scenario.blueprint ? ERR_OK : err;
}

static enum err
apply_schedule(const struct scenario_draft *draft,
	struct scenario_counted *next, struct scenario_problem *problem)
{
	struct scenario *scenario = &next->scenario;
	struct json_doc doc;
	enum err err;

	problem->field = "scheduling";
	scenario->schedule_text = arena_copy(&next->arena, draft->schedule);
	err = json_read(
		scenario->schedule_text, &next->arena, &doc, &problem->why);
	if (!err)
		err = schedule_read(
			json_root(&doc), &scenario->schedule, &problem->why);
	if (!err)
		err = schedule_check(json_root(&doc), &problem->why);
	if (err)
		return err;
	if (schedule_is_timed(&scenario->schedule) &&
		schedule_next(&scenario->schedule, clock_now(), 0,
			scenario->zone) == INT64_MAX)
		return refuse(problem, "scheduling", ERR_INVALID,
			"no such time will ever come");
	problem->field = NULL;
	return ERR_OK;
}

static enum err
apply_draft(const struct scenario_draft *draft, struct arena *arena,
	struct scenario_counted *next, struct scenario_problem *problem)
{
	struct scenario *scenario = &next->scenario;
	enum err err = ERR_OK;

	if (draft->has_blueprint)
		err = apply_blueprint(draft, arena, next, problem);
	if (!err && draft->has_schedule)
		err = apply_schedule(draft, next, problem);
	if (err)
		return err;
	if (draft->has_zone && !zone_exists(draft->zone))
		return refuse(problem, "zone", ERR_INVALID,
			"expected the name of a time zone, such as "
			"Europe/Prague");
	if (draft->has_zone) {
		scenario->zone_name = arena_copy(&next->arena, draft->zone);
		scenario->zone = zone_find(scenario->zone_name);
	}
	if (draft->has_name)
		scenario->name = arena_copy(&next->arena, draft->name);
	if (scenario->name.len == 0)
		scenario->name =
			arena_copy(&next->arena, scenario->blueprint->name);
	if (scenario->name.len == 0 || scenario->name.len > NAME_BYTES_MAX)
		return refuse(problem, "name", ERR_INVALID,
			"expected 1 to 120 characters");
	if (draft->has_enabled)
		scenario->is_enabled = draft->is_enabled;
	if (draft->has_enabled)
		scenario->status_reason =
			arena_copy(&next->arena, draft->reason);
	if (scenario->is_enabled && !scenario->blueprint->is_runnable)
		return refuse(problem, "isEnabled", ERR_INVALID,
			"the blueprint has errors, or modules that are not "
			"known here: it can be kept, but not be enabled");
	scenarios_settle(scenario);
	return ERR_OK;
}

static struct object_audit
audit_of(const struct scenarios *scenarios)
{
	return (struct object_audit){.store = scenarios->options.store,
		.writer = scenarios->options.writer,
		.category = "scenarios",
		.type = "scenario"};
}

/** As an entry of the audit log, or told as what happened by itself. */
static enum err
commit_told(struct scenarios *scenarios, const struct store_change *changes,
	size_t count, const struct scenario_change *what)
{
	struct object_audit audit = audit_of(scenarios);
	struct announced *announced;

	if (!what || !what->ingest || !what->announcement)
		return object_audit_commit(&audit, changes, count);
	announced = announce_new(what->ingest, what->announcement);
	return announce_commit(what->ingest, changes, count, &announced, 1);
}

static enum err
commit(struct scenarios *scenarios, struct scenario_counted *next,
	const struct scenario_change *what)
{
	struct scenario *scenario = &next->scenario;
	CLEANUP(buf_release) struct buf body = {0};
	char id[UUID_TEXT_SIZE];
	struct object_change now = {.what = OBJECT_SET}, version;
	struct store_change changes[] = {
		{.kind = STORE_OBJECT, .object = &now},
		{.kind = STORE_OBJECT, .object = &version},
	};

	write_body(&body, scenario);
	now.row = (struct object_row){.workspace = scenario->workspace,
		.kind = OBJECT_SCENARIO,
		.id = str_of(uuid_format(scenario->id, id)),
		.revision = scenario->revision,
		.created = scenario->created,
		.updated = scenario->updated,
		.body = buf_str(&body)};
	version = now;
	version.row.kind = OBJECT_SCENARIO_VERSION;
	version.row.owner = now.row.id;
	version.row.id = arena_printf(&next->arena, "%s@%020llu", id,
		(unsigned long long)scenario->revision);
	version.row.revision = 1;
	return commit_told(scenarios, changes, COUNT_OF(changes), what);
}

/** Stores `next` and puts it in place; a reference to it on success. */
static enum err
put(struct scenarios *scenarios, struct scenario_counted *next,
	const struct scenario_change *what, const struct scenario **ret,
	struct scenario_problem *problem)
{
	const struct scenario *former;
	enum err err = commit(scenarios, next, what);

	if (err)
		return refuse(problem, NULL, err == ERR_CONFLICT ? err : ERR_IO,
			"it could not be stored");
	*ret = scenario_ref(&next->scenario);
	former = scenarios_swap(
		scenarios, next->scenario.id, scenario_ref(&next->scenario));
	tell(scenarios, former, &next->scenario);
	scenario_unref(former);
	return ERR_OK;
}

static size_t
count_of(struct scenarios *scenarios, uint32_t workspace)
{
	const struct scenario *scenario;
	size_t at = 0, count = 0;

	pthread_mutex_lock(&scenarios->lock);
	while ((scenario = map_next(&scenarios->map, &at)))
		count += scenario->workspace == workspace;
	pthread_mutex_unlock(&scenarios->lock);
	return count;
}

enum err
scenarios_create(struct scenarios *scenarios, uint32_t workspace,
	const struct scenario_draft *draft, struct arena *arena,
	const struct scenario **ret, struct scenario_problem *problem)
{
	struct scenario_counted *next = scenarios_new_counted();
	enum err err;

	next->scenario.id = uuid_random();
	next->scenario.workspace = workspace;
	next->scenario.revision = 1;
	next->scenario.created = next->scenario.updated = clock_now();
	pthread_mutex_lock(&scenarios->changing);
	if (!draft->has_blueprint)
		err = refuse(
			problem, "blueprint", ERR_INVALID, "must be given");
	else if (count_of(scenarios, workspace) >=
		 scenarios->options.scenarios_max)
		err = refuse(problem, NULL, ERR_LIMIT,
			"the workspace has as many scenarios as it may");
	else
		err = apply_draft(draft, arena, next, problem);
	if (!err)
		err = put(scenarios, next, NULL, ret, problem);
	pthread_mutex_unlock(&scenarios->changing);
	scenario_unref(&next->scenario);
	return err;
}

/** A copy to change: everything that it points to in its own arena. */
static struct scenario_counted *
copy_of(const struct scenario *scenario)
{
	const struct template_problem *problems;
	struct scenario_counted *next = scenarios_new_counted();
	struct scenario *copy = &next->scenario;

	*copy = *scenario;
	copy->name = arena_copy(&next->arena, scenario->name);
	copy->schedule_text = arena_copy(&next->arena, scenario->schedule_text);
	copy->zone_name = arena_copy(&next->arena, scenario->zone_name);
	copy->status_reason = arena_copy(&next->arena, scenario->status_reason);
	(void)!blueprint_read(scenario->blueprint->source, &next->arena,
		&copy->blueprint, &problems);
	assert(copy->blueprint);
	copy->revision++;
	copy->updated = clock_now();
	return next;
}

static void
remove_version(struct scenarios *scenarios, const struct scenario *scenario,
	uint64_t revision)
{
	struct arena arena = {0};
	char id[UUID_TEXT_SIZE];
	struct object_change gone = {.what = OBJECT_REMOVE,
		.row = {.workspace = scenario->workspace,
			.kind = OBJECT_SCENARIO_VERSION,
			.id = arena_printf(&arena, "%s@%020llu",
				uuid_format(scenario->id, id),
				(unsigned long long)revision)}};
	struct store_change change = {.kind = STORE_OBJECT, .object = &gone};

	/* What is left is tried again with the next change. */
	(void)!writer_commit(scenarios->options.writer, &change, 1);
	arena_release(&arena);
}

/** Of the old versions those stay that executions will go on with. */
static void
prune_versions(struct scenarios *scenarios, const struct scenario *scenario)
{
	struct arena arena = {0};
	char id[UUID_TEXT_SIZE];
	struct version_query query = {.workspace = scenario->workspace,
		.scenario = str_of(uuid_format(scenario->id, id)),
		.is_unused = true,
		.limit = PRUNED_AT_ONCE};
	struct version_list list = {0};

	if (scenario->revision <= SCENARIO_VERSIONS_MAX)
		return;
	query.below = scenario->revision - SCENARIO_VERSIONS_MAX + 1;
	if (store_scenario_versions(scenarios->options.store, &query, &arena,
		    &list) == ERR_OK) {
		for (size_t i = 0; i < list.count; i++)
			remove_version(
				scenarios, scenario, list.rows[i].revision);
	}
	arena_release(&arena);
}

enum err
scenarios_change(struct scenarios *scenarios,
	const struct scenario_change *change, struct arena *arena,
	const struct scenario **ret, struct scenario_problem *problem)
{
	const struct scenario *former;
	struct scenario_counted *next = NULL;
	enum err err = ERR_OK;

	pthread_mutex_lock(&scenarios->changing);
	former = scenarios_get(scenarios, change->workspace, change->id);
	if (!former)
		err = refuse(problem, NULL, ERR_NOT_FOUND,
			"there is no such scenario");
	else if (change->revision && change->revision != former->revision)
		err = refuse(problem, NULL, ERR_CONFLICT,
			"it has been changed by somebody else");
	if (!err) {
		next = copy_of(former);
		err = apply_draft(change->draft, arena, next, problem);
	}
	if (!err && are_same(former, &next->scenario))
		*ret = scenario_ref(former);
	else if (!err)
		err = put(scenarios, next, change, ret, problem);
	if (!err)
		prune_versions(scenarios, *ret);
	pthread_mutex_unlock(&scenarios->changing);
	scenario_unref(former);
	scenario_unref(next ? &next->scenario : NULL);
	return err;
}

static enum err
commit_removal(struct scenarios *scenarios, const struct scenario *scenario)
{
	struct object_audit audit = audit_of(scenarios);
	char id[UUID_TEXT_SIZE];
	struct object_change gone = {.what = OBJECT_REMOVE}, versions;
	struct flow_change mark = {.what = FLOW_SCHEDULE_FORGET};
	struct store_change changes[] = {
		{.kind = STORE_OBJECT, .object = &gone},
		{.kind = STORE_OBJECT, .object = &versions},
		{.kind = STORE_FLOW, .flow = &mark},
	};

	gone.row = (struct object_row){.workspace = scenario->workspace,
		.kind = OBJECT_SCENARIO,
		.id = str_of(uuid_format(scenario->id, id))};
	mark.execution.scenario = gone.row.id;
	versions = gone;
	versions.what = OBJECT_REMOVE_OWNED;
	versions.row.kind = OBJECT_SCENARIO_VERSION;
	versions.row.owner = gone.row.id;
	return object_audit_commit(&audit, changes, COUNT_OF(changes));
}

enum err
scenarios_remove(
	struct scenarios *scenarios, uint32_t workspace, struct uuid id)
{
	const struct scenario *former;
	enum err err = ERR_NOT_FOUND;

	pthread_mutex_lock(&scenarios->changing);
	former = scenarios_get(scenarios, workspace, id);
	if (former)
		err = commit_removal(scenarios, former);
	if (!err) {
		scenario_unref(scenarios_swap(scenarios, id, NULL));
		tell(scenarios, former, NULL);
	}
	pthread_mutex_unlock(&scenarios->changing);
	scenario_unref(former);
	return err;
}
