#include "pipeline/webhooks.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "pipeline/match.h"
#include "pipeline/webhook_draft.h"
#include "pipeline/webhook_snapshot.h"
#include "pipeline/writer.h"
#include "rule/signature.h"

/*
 * Two locks. `change` is held through a whole change, commit included, so
 * that changes come one after another. `table` guards the maps for the moment
 * of a look-up or an edit; it is never held while waiting.
 */
struct webhooks {
	struct webhooks_options options;
	pthread_mutex_t change;
	pthread_rwlock_t table;
	struct map by_id;     /* 16 bytes */
	struct map by_number; /* 8 bytes */
	uint64_t last_number;
};

static struct str
id_key(const struct webhook *webhook)
{
	return str_make(
		(const char *)webhook->id.bytes, sizeof(webhook->id.bytes));
}

static struct str
number_key(const uint64_t *number)
{
	return str_make((const char *)number, sizeof(*number));
}

/* ---- looking ---- */

const struct webhook *
webhooks_find(struct webhooks *webhooks, uint32_t workspace, struct uuid id)
{
	struct str key = str_make((const char *)id.bytes, sizeof(id.bytes));
	const struct webhook *webhook;

	pthread_rwlock_rdlock(&webhooks->table);
	webhook = map_get(&webhooks->by_id, key);
	if (webhook && webhook->workspace != workspace)
		webhook = NULL;
	if (webhook)
		webhook_ref(webhook);
	pthread_rwlock_unlock(&webhooks->table);
	return webhook;
}

static const struct webhook *
find_by_number(struct webhooks *webhooks, uint64_t number)
{
	const struct webhook *webhook;

	pthread_rwlock_rdlock(&webhooks->table);
	webhook = map_get(&webhooks->by_number, number_key(&number));
	if (webhook)
		webhook_ref(webhook);
	pthread_rwlock_unlock(&webhooks->table);
	return webhook;
}

static int
compare_age(const void *a, const void *b)
{
	const struct webhook *const *first = a;
	const struct webhook *const *second = b;

	return (*first)->number < (*second)->number
		       ? -1
		       : (*first)->number > (*second)->number;
}

const struct webhook **
webhooks_list(struct webhooks *webhooks, uint32_t workspace,
	struct arena *arena, size_t *ret_count)
{
	const struct webhook **list, *webhook;
	size_t at = 0, count = 0;

	pthread_rwlock_rdlock(&webhooks->table);
	list = arena_alloc_array(
		arena, webhooks->by_number.count, sizeof(const void *));
	while ((webhook = map_next(&webhooks->by_number, &at))) {
		if (webhook->workspace != workspace)
			continue;
		webhook_ref(webhook);
		list[count++] = webhook;
	}
	pthread_rwlock_unlock(&webhooks->table);
	qsort(list, count, sizeof(const void *), compare_age);
	*ret_count = count;
	return list;
}

/* ---- making a change known (change lock held) ---- */

/** Takes over the caller's reference to `webhook`. */
static void
put_in_table(struct webhooks *webhooks, const struct webhook *webhook)
{
	const struct webhook *former;

	pthread_rwlock_wrlock(&webhooks->table);
	former = map_put(
		&webhooks->by_id, id_key(webhook), webhook_unconst(webhook));
	map_put(&webhooks->by_number, number_key(&webhook->number),
		webhook_unconst(webhook));
	pthread_rwlock_unlock(&webhooks->table);
	webhook_unref(former);
}

static void
tell_changed(
	struct webhooks *webhooks, const struct webhook *webhook, bool is_fresh)
{
	const struct webhooks_listener *listener = &webhooks->options.listener;

	match_set(webhooks->options.match, webhook);
	listener->changed(listener->context, webhook, is_fresh);
	if (is_fresh && health_is_waiting(&webhook->health))
		listener->handshake(listener->context, webhook);
}

static void
log_status(const struct webhook *former, const struct webhook *webhook)
{
	char id[UUID_TEXT_SIZE];

	if (former && former->health.state == webhook->health.state &&
		former->health.status == webhook->health.status)
		return;
	log_info("webhook.status",
		"webhook=%s name=\"%.*s\" state=%s status=%s was=%s "
		"reason=\"%.*s\"",
		uuid_format(webhook->id, id), STR_ARG(webhook->name),
		webhook_state_name(webhook->health.state),
		webhook_status_name(webhook->health.status),
		former ? webhook_status_name(former->health.status) : "new",
		STR_ARG(webhook->status_reason));
}

/* ---- changing ---- */

static enum err
commit_changes(struct webhooks *webhooks, const struct store_change *changes,
	size_t count, struct webhook_problem *problem)
{
	enum err err = writer_commit(webhooks->options.writer, changes, count);

	if (err && problem)
		buf_printf(&problem->why, "the change could not be stored (%s)",
			err_name(err));
	return err;
}

/**
 * Stores the next revision of a webhook, tells of it, and takes over the
 * caller's reference to `next` (also on failure). Waiting deliveries become
 * SKIPPED when it neither sends nor waits any more.
 */
static enum err
commit_next(struct webhooks *webhooks, const struct webhook *former,
	struct webhook *next, bool is_fresh, struct webhook_problem *problem)
{
	struct arena arena = {0};
	struct webhook_row row;
	struct store_change changes[2] = {
		{.kind = STORE_WEBHOOK_SET, .webhook = &row}};
	size_t count = 1;
	enum err err;

	next->revision = former->revision + 1;
	next->updated = clock_now();
	if (is_fresh && health_is_waiting(&next->health))
		next->handshake = next->revision;
	if (!health_is_sending(&next->health) &&
		!health_is_waiting(&next->health))
		changes[count++] =
			(struct store_change){.kind = STORE_DELIVERIES_SKIP,
				.webhook_number = next->number,
				.reason = next->status_reason,
				.now = next->updated};
	webhook_to_row(next, webhooks->options.key, &arena, &row);
	err = commit_changes(webhooks, changes, count, problem);
	arena_release(&arena);
	if (err) {
		webhook_unref(next);
		return err;
	}
	log_status(former, next);
	webhook_ref(next);
	put_in_table(webhooks, next);
	tell_changed(webhooks, next, is_fresh);
	webhook_unref(next);
	return ERR_OK;
}

/** Moves the health and writes the reason; true when something changed. */
static bool
move_health(struct webhook *webhook, enum health_trigger trigger)
{
	const char *reason;

	if (!health_move(&webhook->health, trigger, &reason))
		return false;
	webhook->status_reason = arena_copy(&webhook->arena, str_of(reason));
	return true;
}

/** Notes an enabling; ERR_BUSY when there were too many in the window. */
static enum err
note_enable(struct webhooks *webhooks, struct webhook *webhook,
	struct webhook_problem *problem)
{
	int64_t now = clock_now();
	int64_t since = now - webhooks->options.enables_window;
	unsigned max = webhooks->options.enables_max;
	unsigned recent = 0;

	if (max > WEBHOOK_ENABLES_KEPT)
		max = WEBHOOK_ENABLES_KEPT;
	while (recent < WEBHOOK_ENABLES_KEPT &&
		webhook->enables[recent] > since)
		recent++;
	if (recent >= max) {
		problem->field = "state";
		problem->retry_after = max ? webhook->enables[max - 1] - since
					   : webhooks->options.enables_window;
		buf_printf(&problem->why,
			"enabled %u times in the last %lld minutes, which is "
			"the most allowed",
			recent,
			(long long)(webhooks->options.enables_window /
				    MINUTES));
		return ERR_BUSY;
	}
	memmove(webhook->enables + 1, webhook->enables,
		sizeof(webhook->enables) - sizeof(webhook->enables[0]));
	webhook->enables[0] = now;
	return ERR_OK;
}

static unsigned
count_of_workspace(struct webhooks *webhooks, uint32_t workspace)
{
	struct arena arena = {0};
	size_t count;
	const struct webhook **list =
		webhooks_list(webhooks, workspace, &arena, &count);

	for (size_t i = 0; i < count; i++)
		webhook_unref(list[i]);
	arena_release(&arena);
	return (unsigned)count;
}

/** A new webhook from a checked draft, not known to anybody yet. */
static enum err
build(struct webhooks *webhooks, uint32_t workspace,
	const struct webhook_draft *draft, struct webhook *webhook,
	struct webhook_problem *problem)
{
	CLEANUP(buf_release) struct buf secret = buf_make(0);
	bool is_enabled = draft->state == WEBHOOK_ENABLED;
	struct webhook_edit edit;
	enum err err;

	webhook->id = uuid_random();
	webhook->workspace = workspace;
	webhook->dialect = STR("com");
	webhook->revision = webhook->generation = 1;
	webhook->created = webhook->updated = clock_now();
	webhook->handshake = is_enabled ? 1 : 0;
	signature_make_secret(&secret);
	err = webhook_set_secret(webhook, buf_str(&secret));
	if (!err)
		err = webhook_draft_apply(draft, webhook, &edit, problem);
	if (!err && is_enabled)
		err = note_enable(webhooks, webhook, problem);
	if (err)
		return err;
	move_health(webhook,
		is_enabled ? HEALTH_CREATED_ENABLED : HEALTH_CREATED_DISABLED);
	return ERR_OK;
}

static enum err
create_locked(struct webhooks *webhooks, uint32_t workspace,
	const struct webhook_draft *draft, struct webhook *webhook,
	struct webhook_problem *problem)
{
	struct arena arena = {0};
	struct webhook_row row;
	struct store_change change = {
		.kind = STORE_WEBHOOK_ADD, .webhook = &row};
	enum err err;

	if (count_of_workspace(webhooks, workspace) >=
		webhooks->options.webhooks_max) {
		buf_printf(&problem->why,
			"this workspace has %u webhooks, which is the most "
			"allowed: delete one first",
			webhooks->options.webhooks_max);
		return ERR_LIMIT;
	}
	err = build(webhooks, workspace, draft, webhook, problem);
	if (err)
		return err;
	webhook->number = ++webhooks->last_number;
	webhook_to_row(webhook, webhooks->options.key, &arena, &row);
	err = commit_changes(webhooks, &change, 1, problem);
	arena_release(&arena);
	if (err)
		return err == ERR_LIMIT ? ERR_IO : err;
	log_status(NULL, webhook);
	webhook_ref(webhook);
	put_in_table(webhooks, webhook);
	tell_changed(webhooks, webhook, true);
	return ERR_OK;
}

enum err
webhooks_create(struct webhooks *webhooks, uint32_t workspace,
	const struct webhook_draft *draft, const struct webhook **ret,
	struct webhook_problem *problem)
{
	struct webhook *webhook;
	enum err err =
		webhook_draft_check(draft, webhooks->options.policy, problem);

	if (err)
		return err;
	webhook = MEM_NEW(struct webhook);
	atomic_init(&webhook->refs, 1);
	pthread_mutex_lock(&webhooks->change);
	err = create_locked(webhooks, workspace, draft, webhook, problem);
	pthread_mutex_unlock(&webhooks->change);
	if (err) {
		webhook_unref(webhook);
		return err;
	}
	*ret = webhook;
	return ERR_OK;
}

/** What the draft's state, or a new target, does to the webhook's health. */
static enum err
apply_state(struct webhooks *webhooks, const struct webhook_draft *draft,
	bool changes_target, struct webhook *next, bool *ret_is_fresh,
	struct webhook_problem *problem)
{
	bool is_enabled = next->health.state == WEBHOOK_ENABLED;
	enum err err;

	*ret_is_fresh = false;
	if (draft->has_state && draft->state == WEBHOOK_DISABLED) {
		*ret_is_fresh = move_health(next, HEALTH_USER_DISABLED);
	} else if (draft->has_state) {
		err = note_enable(webhooks, next, problem);
		if (err)
			return err;
		move_health(next, HEALTH_USER_ENABLED);
		*ret_is_fresh = true;
	} else if (changes_target && is_enabled) {
		move_health(next, HEALTH_USER_CHANGED_TARGET);
		*ret_is_fresh = true;
	}
	return ERR_OK;
}

static enum err
patch_locked(struct webhooks *webhooks, const struct webhook *former,
	const struct webhook_draft *draft, const struct webhook **ret,
	struct webhook_problem *problem)
{
	struct webhook *next = webhook_copy(former);
	struct webhook_edit edit;
	bool is_fresh = false;
	enum err err = webhook_draft_apply(draft, next, &edit, problem);

	if (!err)
		err = apply_state(webhooks, draft, edit.changes_target, next,
			&is_fresh, problem);
	if (err) {
		webhook_unref(next);
		return err;
	}
	next->generation++;
	webhook_ref(next);
	err = commit_next(webhooks, former, next, is_fresh, problem);
	if (err) {
		webhook_unref(next);
		return err == ERR_LIMIT ? ERR_IO : err;
	}
	*ret = next;
	return ERR_OK;
}

enum err
webhooks_patch(struct webhooks *webhooks, uint32_t workspace, struct uuid id,
	const struct webhook_draft *draft, uint64_t expected_generation,
	const struct webhook **ret, struct webhook_problem *problem)
{
	const struct webhook *former;
	enum err err =
		webhook_draft_check(draft, webhooks->options.policy, problem);

	if (err)
		return err;
	pthread_mutex_lock(&webhooks->change);
	former = webhooks_find(webhooks, workspace, id);
	if (former == NULL) {
		err = ERR_NOT_FOUND;
	} else if (expected_generation &&
		   expected_generation != former->generation) {
		buf_printf(&problem->why, "generation is %llu, expected %llu",
			(unsigned long long)former->generation,
			(unsigned long long)expected_generation);
		err = ERR_CONFLICT;
	} else {
		err = patch_locked(webhooks, former, draft, ret, problem);
	}
	pthread_mutex_unlock(&webhooks->change);
	webhook_unref(former);
	return err;
}

static enum err
delete_locked(struct webhooks *webhooks, const struct webhook *webhook,
	struct webhook_problem *problem)
{
	const struct webhooks_listener *listener = &webhooks->options.listener;
	struct store_change change = {.kind = STORE_WEBHOOK_REMOVE,
		.webhook_number = webhook->number};
	enum err err = commit_changes(webhooks, &change, 1, problem);

	if (err)
		return err == ERR_LIMIT ? ERR_IO : err;
	pthread_rwlock_wrlock(&webhooks->table);
	map_remove(&webhooks->by_id, id_key(webhook));
	map_remove(&webhooks->by_number, number_key(&webhook->number));
	pthread_rwlock_unlock(&webhooks->table);
	match_remove(webhooks->options.match, webhook->number);
	listener->removed(listener->context, webhook);
	webhook_unref(webhook); /* the table's */
	return ERR_OK;
}

enum err
webhooks_delete(struct webhooks *webhooks, uint32_t workspace, struct uuid id,
	struct webhook_problem *problem)
{
	const struct webhook *webhook;
	enum err err = ERR_NOT_FOUND;

	pthread_mutex_lock(&webhooks->change);
	webhook = webhooks_find(webhooks, workspace, id);
	if (webhook)
		err = delete_locked(webhooks, webhook, problem);
	pthread_mutex_unlock(&webhooks->change);
	webhook_unref(webhook);
	return err;
}

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
		struct webhook *next = webhook_copy(former);

		next->is_secret_read = true;
		err = commit_next(webhooks, former, next, false, problem);
		if (!err)
			*ret = arena_copy(arena, former->secret);
	}
	pthread_mutex_unlock(&webhooks->change);
	webhook_unref(former);
	return err;
}

/* ---- what the deliverers report ---- */

/** Stores what happened by itself; a failure is told here, to the log. */
static void
report(struct webhooks *webhooks, const struct webhook *former,
	struct webhook *next, bool is_fresh)
{
	enum err err;

	if (next->health.state != former->health.state)
		next->generation++;
	err = commit_next(webhooks, former, next, is_fresh, NULL);
	if (err)
		log_error("webhook.status",
			"number=%llu err=%s its new status is not stored",
			(unsigned long long)former->number, err_name(err));
}

void
webhooks_end_handshake(struct webhooks *webhooks, uint64_t number,
	uint64_t handshake, bool is_accepted)
{
	const struct webhook *former;

	pthread_mutex_lock(&webhooks->change);
	former = find_by_number(webhooks, number);
	if (former && former->handshake == handshake &&
		health_is_waiting(&former->health)) {
		struct webhook *next = webhook_copy(former);

		move_health(next, is_accepted ? HEALTH_HANDSHAKE_ACCEPTED
					      : HEALTH_HANDSHAKE_FAILED);
		report(webhooks, former, next, true);
	}
	pthread_mutex_unlock(&webhooks->change);
	webhook_unref(former);
}

void
webhooks_set_health(struct webhooks *webhooks, uint64_t number,
	uint64_t revision, const struct health *health, const char *reason)
{
	const struct webhook *former;

	pthread_mutex_lock(&webhooks->change);
	former = find_by_number(webhooks, number);
	if (former && former->revision == revision) {
		struct webhook *next = webhook_copy(former);

		next->health = *health;
		next->status_reason = arena_copy(&next->arena, str_of(reason));
		report(webhooks, former, next, false);
	}
	pthread_mutex_unlock(&webhooks->change);
	webhook_unref(former);
}

/* ---- life ---- */

struct load {
	struct webhooks *webhooks;
	struct buf *why;
	enum err err;
};

static bool
load_one(void *context, const struct webhook_row *row)
{
	struct load *load = context;
	const struct webhook *webhook;
	char id[UUID_TEXT_SIZE];

	buf_printf(load->why, "webhook %s: ", uuid_format(row->id, id));
	load->err = webhook_from_row(
		row, load->webhooks->options.key, &webhook, load->why);
	if (load->err)
		return false;
	buf_clear(load->why);
	((struct webhook *)webhook_unconst(webhook))->handshake = row->revision;
	put_in_table(load->webhooks, webhook);
	if (row->number > load->webhooks->last_number)
		load->webhooks->last_number = row->number;
	return true;
}

enum err
webhooks_open(const struct webhooks_options *options, struct webhooks **ret,
	struct buf *why)
{
	struct webhooks *webhooks = MEM_NEW(struct webhooks);
	struct load load = {.webhooks = webhooks, .why = why};
	struct store_counters counters;
	struct arena arena = {0};
	enum err err;

	webhooks->options = *options;
	pthread_mutex_init(&webhooks->change, NULL);
	pthread_rwlock_init(&webhooks->table, NULL);
	err = store_counters(options->store, &counters, why);
	if (!err) {
		webhooks->last_number = counters.webhook;
		err = store_each_webhook(
			options->store, &arena, load_one, &load);
	}
	if (!err)
		err = load.err;
	arena_release(&arena);
	if (err) {
		webhooks_close(webhooks);
		return err;
	}
	*ret = webhooks;
	return ERR_OK;
}

void
webhooks_start(struct webhooks *webhooks)
{
	struct webhook *webhook;
	size_t at = 0;

	pthread_mutex_lock(&webhooks->change);
	while ((webhook = map_next(&webhooks->by_number, &at)))
		tell_changed(webhooks, webhook, true);
	pthread_mutex_unlock(&webhooks->change);
}

void
webhooks_close(struct webhooks *webhooks)
{
	struct webhook *webhook;
	size_t at = 0;

	if (webhooks == NULL)
		return;
	while ((webhook = map_next(&webhooks->by_number, &at)))
		webhook_unref(webhook);
	map_release(&webhooks->by_id);
	map_release(&webhooks->by_number);
	pthread_rwlock_destroy(&webhooks->table);
	pthread_mutex_destroy(&webhooks->change);
	mem_free(webhooks);
}
