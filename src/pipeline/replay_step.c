/* The thread that takes the steps of all running jobs. */
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "pipeline/replay_private.h"

#define STEP_PAUSE_MIN (2 * MILLISECONDS)
#define STEP_PAUSE_MAX (50 * MILLISECONDS)
/* Until a webhook is looked at again that does not send, or the disk. */
#define HELD_PAUSE (500 * MILLISECONDS)

/* One step's memory. */
struct step {
	struct replay *replay;
	struct replay_task *task;
	const struct webhook *webhook;
	struct arena arena;
	struct replay_found found;
	uint64_t walked_to;
	bool is_complete;
	int64_t now;
	struct replay_job next; /* the job behind the step */
	struct store_change changes[1 + REPLAY_STEP_MAX];
	struct store_unit unit;
};

/* ---- what is written ---- */

/** A found row as the delivery that is to wait. */
static void
make_wait(struct hub *hub, struct delivery_row *row, int64_t now)
{
	row->state = DELIVERY_WAITING;
	row->due = row->updated = now;
	if (row->sequence == 0) {
		ingest_number(hub->ingest, NULL, &row->sequence);
		row->created = now;
		return;
	}
	row->since = now;
	row->spent = row->attempts;
	row->reason = STR("It is sent again by a replay.");
}

/** What was counted at the beginning and did not come up is gone. */
static void
settle_counts(struct replay_job *job)
{
	if (job->spec.which == REPLAY_ALL) /* there were gaps in sequences */
		job->total = job->sent + job->passed + job->gone;
	else
		job->gone += replay_job_left(job);
}

static void
advance(struct step *step)
{
	struct replay_job *next = &step->next;

	*next = step->task->job;
	next->revision++;
	next->updated = step->now;
	next->next = step->walked_to;
	next->sent += step->found.count;
	next->passed += step->found.passed;
	next->gone += step->found.gone;
	if (!step->is_complete)
		return;
	settle_counts(next);
	replay_job_end(next, REPLAY_ENDED_DONE,
		next->gone ? STR("Some could not be sent again: what they "
				 "carried is not kept any more.")
			   : STR(""),
		step->now);
}

static enum err
commit(struct step *step)
{
	struct replay_found *found = &step->found;
	struct object_change object = {.what = OBJECT_SET};
	size_t count = 0;

	replay_job_to_row(&step->next, &step->arena, &object.row);
	step->changes[count++] =
		(struct store_change){.kind = STORE_OBJECT, .object = &object};
	for (size_t i = 0; i < found->count; i++)
		step->changes[count++] = (struct store_change){
			.kind = found->rows[i].since ? STORE_DELIVERY_AGAIN
						     : STORE_DELIVERY_ADD,
			.delivery = &found->rows[i]};
	step->unit =
		(struct store_unit){.changes = step->changes, .count = count};
	return writer_commit_unit(step->replay->hub->writer, &step->unit);
}

/**
 * Rows that have changed since they were read need nothing any more: the unit
 * goes without them. A conflict that is returned is about the job itself.
 */
static enum err
commit_what_stands(struct step *step)
{
	struct replay_found *found = &step->found;

	for (;;) {
		size_t at;
		enum err err;

		advance(step);
		err = commit(step);
		at = step->unit.conflicted;
		if (err != ERR_CONFLICT || at == 0)
			return err;
		found->count--;
		found->rows[at - 1] = found->rows[found->count];
		found->passed++;
	}
}

/* ---- a step ---- */

/** How many it may find, so that the rate is kept. */
static size_t
step_size(const struct replay_job *job)
{
	unsigned a_second = job->spec.rate / 60;

	if (job->spec.rate == 0 || a_second >= REPLAY_STEP_MAX)
		return REPLAY_STEP_MAX;
	return a_second ? a_second : 1;
}

static enum err
walk(struct step *step)
{
	const struct replay_job *job = &step->task->job;
	struct replay_walk walk = {
		.store = step->replay->hub->store,
		.webhook = step->webhook,
		.spec = &job->spec,
		.filter = step->task->filter,
		.next = job->next,
		.last = job->last,
	};
	enum err err = replay_walk_step(
		&walk, step_size(job), &step->arena, &step->found);

	step->walked_to = walk.next;
	step->is_complete = replay_walk_is_complete(&walk);
	replay_walk_release(&walk);
	for (size_t i = 0; !err && i < step->found.count; i++)
		make_wait(step->replay->hub, &step->found.rows[i], step->now);
	return err;
}

static void
log_end(const struct replay_job *job)
{
	char id[UUID_TEXT_SIZE], webhook[UUID_TEXT_SIZE];

	log_info("replay.end",
		"replay=%s webhook=%s state=%s sent=%llu gone=%llu",
		uuid_format(job->id, id), uuid_format(job->webhook, webhook),
		replay_state_name(job->state), (unsigned long long)job->sent,
		(unsigned long long)job->gone);
}

/** The step is on disk. */
static void
settle(struct step *step)
{
	struct replay_task *task = step->task;
	const struct replay_found *found = &step->found;

	/* Texts of the next job are the former's, but for a static reason. */
	task->job = step->next;
	task->is_ended = task->job.state != REPLAY_RUNNING;
	if (task->is_ended)
		log_end(&task->job);
	for (size_t i = 0; i < found->count; i++)
		deliver_offer(
			step->replay->hub->deliver, &found->rows[i], NULL);
}

/** Somebody else wrote the job: it was cancelled, or removed. */
static void
give_up_task(struct replay_task *task)
{
	task->is_ended = true;
}

static int64_t
pause_after(const struct step *step, int64_t took)
{
	unsigned rate = step->task->job.spec.rate;
	int64_t pause = took < STEP_PAUSE_MIN ? STEP_PAUSE_MIN : took;

	if (pause > STEP_PAUSE_MAX)
		pause = STEP_PAUSE_MAX;
	if (rate > 0 && step->found.count > 0)
		pause = (int64_t)step->found.count * MINUTES / rate;
	return pause;
}

static void
take_step(struct replay *replay, struct replay_task *task,
	const struct webhook *webhook)
{
	struct step *step = MEM_NEW(struct step);
	int64_t start = clock_monotonic();
	enum err err;

	step->replay = replay;
	step->task = task;
	step->webhook = webhook;
	step->now = clock_now();
	err = walk(step);
	if (!err)
		err = commit_what_stands(step);
	if (err == ERR_OK)
		settle(step);
	else if (err == ERR_CONFLICT)
		give_up_task(task);
	task->step_at = clock_monotonic() +
			(err ? HELD_PAUSE
			     : pause_after(step, clock_monotonic() - start));
	arena_release(&step->arena);
	mem_free(step);
}

/** Its webhook is gone: so is what it could send. */
static void
fail(struct replay *replay, struct replay_task *task)
{
	struct replay_job next = task->job;
	struct object_change object = {.what = OBJECT_SET};
	const struct store_change change = {
		.kind = STORE_OBJECT, .object = &object};
	struct arena arena = {0};
	enum err err;

	next.revision++;
	replay_job_end(&next, REPLAY_ENDED_FAILED,
		STR("The webhook was deleted."), clock_now());
	replay_job_to_row(&next, &arena, &object.row);
	err = writer_commit(replay->hub->writer, &change, 1);
	arena_release(&arena);
	task->is_ended = err == ERR_OK || err == ERR_CONFLICT;
	task->step_at = clock_monotonic() + HELD_PAUSE;
	if (err == ERR_OK)
		log_end(&next);
}

static void
take_turn(struct replay *replay, struct replay_task *task)
{
	const struct webhook *webhook = webhooks_find(
		replay->hub->webhooks, task->job.workspace, task->job.webhook);

	if (webhook == NULL)
		fail(replay, task);
	else if (health_is_sending(&webhook->health))
		take_step(replay, task, webhook);
	else
		task->step_at = clock_monotonic() + HELD_PAUSE;
	webhook_unref(webhook);
}

/* ---- turns (lock held) ---- */

static void
remove_ended(struct replay *replay)
{
	struct replay_task **at = &replay->tasks;

	while (*at) {
		struct replay_task *task = *at;

		if (!task->is_ended) {
			at = &task->next;
			continue;
		}
		*at = task->next;
		replay->active--;
		replay_task_free(task);
	}
}

/** The one whose step has been due longest, or will be first. */
static struct replay_task *
earliest(const struct replay *replay)
{
	struct replay_task *found = replay->tasks;

	for (struct replay_task *task = found; task; task = task->next) {
		if (task->step_at < found->step_at)
			found = task;
	}
	return found;
}

static void
wait_until(struct replay *replay, const struct replay_task *task)
{
	struct timespec until = {0};

	if (task == NULL) {
		pthread_cond_wait(&replay->changed, &replay->lock);
		return;
	}
	until.tv_sec = task->step_at / SECONDS;
	until.tv_nsec = task->step_at % SECONDS * 1000;
	pthread_cond_timedwait(&replay->changed, &replay->lock, &until);
}

void *
replay_run(void *context)
{
	struct replay *replay = context;

	thread_name("replays");
	pthread_mutex_lock(&replay->lock);
	while (!replay->is_stopping) {
		struct replay_task *task = earliest(replay);

		if (task == NULL || task->step_at > clock_monotonic()) {
			wait_until(replay, task);
			continue;
		}
		pthread_mutex_unlock(&replay->lock);
		take_turn(replay, task);
		pthread_mutex_lock(&replay->lock);
		remove_ended(replay);
	}
	pthread_mutex_unlock(&replay->lock);
	return NULL;
}
