#include "pipeline/replay.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "pipeline/audit.h"
#include "pipeline/replay_private.h"

enum { CANCEL_TRIES = 100 };

/* ---- tasks ---- */

void
replay_task_free(struct replay_task *task)
{
	arena_release(&task->arena);
	mem_free(task);
}

enum err
replay_task_new(const struct object_row *row, struct replay_task **ret)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct replay_task *task = MEM_NEW(struct replay_task);
	struct object_row copy = *row;
	const char *field;
	enum err err;

	copy.body = arena_copy(&task->arena, row->body);
	err = replay_job_from_row(&copy, &task->arena, &task->job);
	if (!err)
		err = replay_check(&task->job.spec, &task->arena, &task->filter,
			&field, &why);
	if (err) {
		replay_task_free(task);
		return ERR_INVALID;
	}
	*ret = task;
	return ERR_OK;
}

/** From here on the thread takes its steps. Lock held, or no thread yet. */
static void
add_task(struct replay *replay, struct replay_task *task)
{
	task->step_at = clock_monotonic();
	task->next = replay->tasks;
	replay->tasks = task;
	replay->active++;
}

/* ---- what is asked for ---- */

enum err
replay_check(const struct replay_spec *spec, struct arena *arena,
	const struct filter **ret_filter, const char **ret_field,
	struct buf *why)
{
	size_t column;

	*ret_filter = NULL;
	*ret_field = "filter";
	if (spec->filter.len > REPLAY_FILTER_MAX) {
		buf_printf(why, "longer than %d bytes", REPLAY_FILTER_MAX);
		return ERR_INVALID;
	}
	if (!str_is_empty(spec->filter) &&
		filter_compile(spec->filter, arena, ret_filter, &column, why))
		return ERR_INVALID;
	*ret_field = "from";
	if (spec->which == REPLAY_ALL && spec->from == 0) {
		buf_append(why, STR("is mandatory when all is to be sent"));
		return ERR_INVALID;
	}
	*ret_field = "to";
	if (spec->to && spec->to <= spec->from) {
		buf_append(why, STR("expected a time after from"));
		return ERR_INVALID;
	}
	return ERR_OK;
}

static bool
has_running(const struct replay_job *jobs, size_t count, struct uuid webhook)
{
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].state == REPLAY_RUNNING &&
			uuid_equal(jobs[i].webhook, webhook))
			return true;
	}
	return false;
}

static size_t
active_of(struct replay *replay)
{
	size_t active;

	pthread_mutex_lock(&replay->lock);
	active = replay->active;
	pthread_mutex_unlock(&replay->lock);
	return active;
}

static enum err
check_room(struct replay *replay, const struct replay_request *request,
	const struct replay_job *jobs, size_t count, struct buf *why)
{
	if (!health_is_sending(&request->webhook->health)) {
		buf_append(why,
			STR("the webhook is not sending: enable it first"));
		return ERR_CONFLICT;
	}
	if (has_running(jobs, count, request->webhook->id)) {
		buf_append(why, STR("a replay to this webhook is running: "
				    "wait for its end, or cancel it"));
		return ERR_CONFLICT;
	}
	if (active_of(replay) >= REPLAY_ACTIVE_MAX) {
		buf_printf(why,
			"%d replays are running, which is the most "
			"there can be",
			REPLAY_ACTIVE_MAX);
		return ERR_LIMIT;
	}
	return ERR_OK;
}

/** Where it begins and how much there is; a new job, not stored. */
static enum err
make_job(struct replay *replay, const struct replay_request *request,
	const struct filter *filter, struct replay_job *ret)
{
	int64_t now = clock_now();
	struct replay_job job = {
		.workspace = request->webhook->workspace,
		.webhook = request->webhook->id,
		.revision = 1,
		.spec = request->spec,
		.key_id = request->key_id,
		.created = now,
		.updated = now,
		.id = uuid_from_sequence(now, random_below(1ull << 60)),
	};
	struct replay_walk walk = {.store = replay->hub->store,
		.webhook = request->webhook,
		.spec = &job.spec,
		.filter = filter};
	enum err err = replay_walk_begin(&walk, &job.total);

	job.next = walk.next;
	job.last = walk.last;
	*ret = job;
	return err;
}

/** The job, and out with the oldest that has ended when there are many. */
static enum err
store_new(struct replay *replay, const struct object_row *row,
	const struct replay_job *jobs, size_t count)
{
	struct object_change changes[2] = {{.what = OBJECT_SET, .row = *row},
		{.what = OBJECT_REMOVE,
			.row = {.workspace = row->workspace,
				.kind = OBJECT_REPLAY}}};
	const struct store_change unit[2] = {
		{.kind = STORE_OBJECT, .object = &changes[0]},
		{.kind = STORE_OBJECT, .object = &changes[1]}};
	const struct audit_entry entry = {.category = "replays",
		.action = "created",
		.type = "replay",
		.id = row->id,
		.after = row->body};
	char text[UUID_TEXT_SIZE];
	size_t oldest = count;

	while (oldest > 0 && jobs[oldest - 1].state == REPLAY_RUNNING)
		oldest--;
	if (oldest > 0)
		changes[1].row.id =
			str_of(uuid_format(jobs[oldest - 1].id, text));
	return audit_commit(replay->hub->writer, unit,
		count >= REPLAY_KEPT_MAX && oldest > 0 ? 2 : 1, &entry, 1);
}

static enum err
create_alone(struct replay *replay, const struct replay_request *request,
	struct arena *arena, struct replay_job *ret, struct buf *why)
{
	struct replay_job *jobs;
	const struct filter *filter;
	struct replay_task *task;
	struct object_row row;
	const char *field;
	size_t count;
	enum err err = replay_list(
		replay, request->webhook->workspace, arena, &jobs, &count);

	if (!err)
		err = check_room(replay, request, jobs, count, why);
	if (!err)
		err = replay_check(&request->spec, arena, &filter, &field, why);
	if (!err)
		err = make_job(replay, request, filter, ret);
	if (err)
		return err;
	replay_job_to_row(ret, arena, &row);
	err = replay_task_new(&row, &task);
	if (err)
		return err;
	err = store_new(replay, &row, jobs, count);
	if (err) {
		replay_task_free(task);
		return ERR_IO;
	}
	pthread_mutex_lock(&replay->lock);
	add_task(replay, task);
	pthread_cond_signal(&replay->changed);
	pthread_mutex_unlock(&replay->lock);
	return ERR_OK;
}

enum err
replay_create(struct replay *replay, const struct replay_request *request,
	struct arena *arena, struct replay_job *ret, struct buf *why)
{
	enum err err;

	pthread_mutex_lock(&replay->asking);
	err = create_alone(replay, request, arena, ret, why);
	pthread_mutex_unlock(&replay->asking);
	if (err && why->len == 0)
		buf_append(why, STR("the replay could not be stored"));
	return err;
}

enum err
replay_cancel(struct replay *replay, uint32_t workspace, struct uuid id,
	struct arena *arena, struct replay_job *ret)
{
	struct object_change object = {.what = OBJECT_SET};
	const struct store_change change = {
		.kind = STORE_OBJECT, .object = &object};
	struct audit_entry entry = {
		.category = "replays", .action = "cancelled", .type = "replay"};
	enum err err = ERR_CONFLICT;

	/* Each time that it comes too late, the job has made a step. */
	for (int i = 0; i < CANCEL_TRIES && err == ERR_CONFLICT; i++) {
		err = replay_find(replay, workspace, id, arena, ret);
		if (err)
			return err;
		if (!replay_job_end(ret, REPLAY_ENDED_CANCELLED,
			    STR("A user cancelled it."), clock_now()))
			return ERR_CONFLICT;
		ret->revision++;
		replay_job_to_row(ret, arena, &object.row);
		entry.id = object.row.id;
		entry.after = object.row.body;
		err = audit_commit(replay->hub->writer, &change, 1, &entry, 1);
	}
	return err ? ERR_IO : ERR_OK;
}

/* ---- looking ---- */

enum err
replay_find(struct replay *replay, uint32_t workspace, struct uuid id,
	struct arena *arena, struct replay_job *ret)
{
	struct object_row row;
	char text[UUID_TEXT_SIZE];
	enum err err = store_object(replay->hub->store, workspace,
		OBJECT_REPLAY, str_of(uuid_format(id, text)), arena, &row);

	if (!err)
		err = replay_job_from_row(&row, arena, ret);
	return err == ERR_OK || err == ERR_NOT_FOUND ? err : ERR_IO;
}

static int
compare_age(const void *a, const void *b)
{
	const struct replay_job *left = a, *right = b;

	return left->created > right->created ? -1
					      : left->created < right->created;
}

enum err
replay_list(struct replay *replay, uint32_t workspace, struct arena *arena,
	struct replay_job **ret, size_t *ret_count)
{
	const struct object_query query = {.workspace = workspace,
		.kind = OBJECT_REPLAY,
		.limit = OBJECT_PAGE_MAX};
	struct object_list list;
	size_t count = 0;

	if (store_objects(replay->hub->store, &query, arena, &list))
		return ERR_IO;
	*ret = arena_alloc_array(arena, list.count, sizeof(**ret));
	for (size_t i = 0; i < list.count; i++) {
		if (replay_job_from_row(&list.rows[i], arena, &(*ret)[count]) ==
			ERR_OK)
			count++;
	}
	qsort(*ret, count, sizeof(**ret), compare_age);
	*ret_count = count;
	return ERR_OK;
}

bool
replay_is_paused(struct replay *replay, const struct replay_job *job)
{
	const struct webhook *webhook = webhooks_find(
		replay->hub->webhooks, job->workspace, job->webhook);
	bool is_sending = webhook && health_is_sending(&webhook->health);

	webhook_unref(webhook);
	return job->state == REPLAY_RUNNING && !is_sending;
}

/* ---- life ---- */

static void
take_up(struct replay *replay, const struct object_row *row)
{
	struct replay_task *task;

	if (replay_task_new(row, &task))
		log_warning("replay.load", "replay=%.*s cannot be read",
			STR_ARG(row->id));
	else if (task->job.state == REPLAY_RUNNING)
		add_task(replay, task);
	else
		replay_task_free(task);
}

/** Of all workspaces. */
static enum err
load(struct replay *replay)
{
	struct object_query query = {
		.kind = OBJECT_REPLAY, .limit = OBJECT_PAGE_MAX};
	struct object_list list = {.count = OBJECT_PAGE_MAX};
	struct arena arena = {0};
	enum err err = ERR_OK;

	while (!err && list.count == query.limit) {
		err = store_objects(replay->hub->store, &query, &arena, &list);
		for (size_t i = 0; !err && i < list.count; i++)
			take_up(replay, &list.rows[i]);
		if (!err && list.count > 0) {
			query.after_id = list.rows[list.count - 1].id;
			query.after_workspace =
				list.rows[list.count - 1].workspace;
		}
	}
	arena_release(&arena);
	return err;
}

static void
release(struct replay *replay)
{
	while (replay->tasks) {
		struct replay_task *task = replay->tasks;

		replay->tasks = task->next;
		replay_task_free(task);
	}
	pthread_cond_destroy(&replay->changed);
	pthread_mutex_destroy(&replay->lock);
	pthread_mutex_destroy(&replay->asking);
	mem_free(replay);
}

enum err
replay_start(struct hub *hub, struct replay **ret, struct buf *why)
{
	struct replay *replay = MEM_NEW(struct replay);
	pthread_condattr_t attributes;

	replay->hub = hub;
	pthread_mutex_init(&replay->lock, NULL);
	pthread_mutex_init(&replay->asking, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&replay->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	if (load(replay)) {
		release(replay);
		buf_append(why, STR("the replays cannot be taken up"));
		return ERR_IO;
	}
	if (pthread_create(&replay->thread, NULL, replay_run, replay) != 0)
		abort();
	*ret = replay;
	return ERR_OK;
}

void
replay_stop(struct replay *replay)
{
	if (replay == NULL)
		return;
	pthread_mutex_lock(&replay->lock);
	replay->is_stopping = true;
	pthread_cond_signal(&replay->changed);
	pthread_mutex_unlock(&replay->lock);
	pthread_join(replay->thread, NULL);
	release(replay);
}
