/* The signing secret: shown once, and replaced. */
#include "pipeline/webhook_news.h"
#include "pipeline/webhook_snapshot.h"
#include "pipeline/webhooks_private.h"

enum err
webhooks_read_secret(struct webhooks *webhooks, uint32_t workspace,
	struct uuid id, struct arena *arena, struct str *ret,
	struct webhook_problem *problem)
{
	const struct webhook *former;
	enum err err = ERR_NOT_FOUND;

	pthread_mutex_lock(&webhooks->change);
	former = webhooks_find(webhooks, workspace, id);
	if (former && former->is_secret_read) {
		buf_append(&problem->why,
			STR("the secret has been read already; it is shown "
			    "once"));
		err = ERR_DENIED;
	} else if (former) {
		const struct webhook_step step = {.problem = problem};
		struct webhook *next = webhook_copy(former);

		next->is_secret_read = true;
		err = webhooks_commit_next(webhooks, former, next, &step);
		if (!err)
			*ret = arena_copy(arena, former->secret);
	}
	pthread_mutex_unlock(&webhooks->change);
	webhook_unref(former);
	return err;
}

static enum err
rotate_locked(struct webhooks *webhooks, const struct webhook *former,
	const struct webhook_rotation *rotation, struct arena *arena,
	struct str *ret, struct webhook_problem *problem)
{
	const struct webhook_cause cause = {
		.kind = WEBHOOK_BY_KEY, .key_id = rotation->key_id};
	const struct webhook_step step = {.cause = &cause, .problem = problem};
	int64_t overlap = rotation->overlap;
	struct webhook *next = webhook_copy(former);
	enum err err;

	webhook_new_secret(next, overlap ? clock_now() + overlap : 0);
	next->is_secret_read = true;
	next->generation++;
	webhook_ref(next);
	err = webhooks_commit_next(webhooks, former, next, &step);
	if (!err)
		*ret = arena_copy(arena, next->secret);
	webhook_unref(next);
	return err == ERR_LIMIT ? ERR_IO : err;
}

enum err
webhooks_rotate_secret(struct webhooks *webhooks, const struct webhook *webhook,
	const struct webhook_rotation *rotation, struct arena *arena,
	struct str *ret, struct webhook_problem *problem)
{
	const struct webhook *former;
	enum err err = ERR_NOT_FOUND;

	pthread_mutex_lock(&webhooks->change);
	former = webhooks_find_number(webhooks, webhook->number);
	if (former)
		err = rotate_locked(
			webhooks, former, rotation, arena, ret, problem);
	pthread_mutex_unlock(&webhooks->change);
	webhook_unref(former);
	return err;
}
