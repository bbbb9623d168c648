/* Changing webhooks: one change at a time, on disk before anybody sees it. */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_local.h"
#include "pipeline/allow_lists.h"
#include "pipeline/match.h"
#include "pipeline/webhook_audit.h"
#include "pipeline/webhook_draft.h"
#include "pipeline/webhook_news.h"
#include "pipeline/webhook_snapshot.h"
#include "pipeline/webhooks_private.h"
#include "pipeline/writer.h"

bool
webhooks_move_health(struct webhook *webhook, enum health_trigger trigger)
{
	const char *reason;

	if (!health_move(&webhook->health, trigger, &reason))
		return false;
	webhook->status_reason = arena_copy(&webhook->arena, str_of(reason));
	return true;
}

/** Without a handshake to make it is active at once. */
static void
pass_if_none_is_asked(struct webhook *webhook)
{
	if (webhook->options.handshake != HANDSHAKE_NONE ||
		!health_is_waiting(&webhook->health))
		return;
	webhooks_move_health(webhook, HEALTH_HANDSHAKE_ACCEPTED);
	webhook->status_reason = STR("No handshake is asked for.");
	webhook->allowed_rate = 0;
}

/** Notes an enabling; ERR_BUSY when there were too many in the window. */
static enum err
note_enable(struct webhooks *webhooks, struct webhook *webhook,
	struct webhook_problem *problem)
{
	int64_t now = clock_now();
	int64_t since = now - webhooks->options.enables_window;
	unsigned max = webhooks->options.enables_max;
	const int64_t *enables = webhook->enables;
	unsigned recent = 0;

	if (max > WEBHOOK_ENABLES_KEPT)
		max = WEBHOOK_ENABLES_KEPT;
	while (recent < webhook->enable_count && enables[recent] > since)
		recent++;
	if (recent >= max) {
		problem->field = "state";
		problem->retry_after = max ? enables[max - 1] - since
					   : webhooks->options.enables_window;
		buf_printf(&problem->why,
			"enabled %u times in the last %lld minutes, which is "
			"the most allowed",
			recent,
			(long long)(webhooks->options.enables_window /
				    MINUTES));
		return ERR_BUSY;
	}
	webhook_add_enable(webhook, now);
	return ERR_OK;
}

/** Whom `notify` names must be there, and be another one. */
static enum err
check_notify(struct webhooks *webhooks, const struct webhook *former,
	const struct webhook *webhook, struct webhook_problem *problem)
{
	struct str notify = webhook->options.notify;
	const struct webhook *other = NULL;
	struct uuid id;

	if (str_is_empty(notify) ||
		(former && str_equal(notify, former->options.notify)))
		return ERR_OK;
	if (uuid_parse(notify, &id) == ERR_OK && !uuid_equal(id, webhook->id))
		other = webhooks_find(webhooks, webhook->workspace, id);
	webhook_unref(other);
	if (other)
		return ERR_OK;
	problem->field = "notify";
	buf_append(&problem->why,
		STR("expected the id of another webhook of the workspace"));
	return ERR_INVALID;
}

/* ---- what may be reached ---- */

/** The hub's policy, and what the webhook's allow-lists open besides. */
struct reach {
	struct address_policy policy;
	struct arena arena;
	struct webhook_options options;
};

static void
reach_release(struct reach *reach)
{
	arena_release(&reach->arena);
}

/** `former` may be NULL; the draft's own allow-lists go before its. */
static void
reach_of(struct webhooks *webhooks, uint32_t workspace,
	const struct webhook_draft *draft, const struct webhook *former,
	struct reach *ret)
{
	struct webhook_issues issues = {.arena = &ret->arena};

	ret->policy = *webhooks->options.policy;
	if (former)
		ret->options = former->options;
	/* What is wrong with them is told when they are applied. */
	if (draft->has_options)
		webhook_options_read(draft->options, &ret->options, &issues);
	ret->policy.list = allow_lists_for(webhooks->options.allow_lists,
		workspace, &ret->options, &ret->arena);
}

/** Names of lists that are not there are most likely mistyped. */
static enum err
check_allow_lists(struct webhooks *webhooks, const struct webhook *webhook,
	struct webhook_problem *problem)
{
	const struct webhook_options *options = &webhook->options;
	CLEANUP(arena_release) struct arena arena = {0};
	struct allow_list list;

	for (size_t i = 0; i < options->allow_list_count; i++) {
		struct str name = options->allow_lists[i];

		if (webhooks->options.allow_lists &&
			allow_lists_get(webhooks->options.allow_lists,
				webhook->workspace, name, &arena, &list))
			continue;
		problem->field = "allowLists";
		buf_printf(&problem->why, "there is no allow-list \"%.*s\"",
			STR_ARG(name));
		return ERR_INVALID;
	}
	return ERR_OK;
}

/** A hook is most likely mistyped if it is not there. */
static enum err
check_hook(struct webhooks *webhooks, const struct webhook *former,
	const struct webhook *webhook, struct webhook_problem *problem)
{
	struct str destination = webhook->destination;
	enum err err;

	if (!http_local_is(destination) ||
		(former && str_equal(former->destination, destination)))
		return ERR_OK;
	err = http_local_check(webhooks->options.local, webhook->workspace,
		destination, &problem->why);
	if (err)
		problem->field = "destination";
	return err;
}

/** A new webhook from a checked draft, not known to anybody yet. */
static enum err
build(struct webhooks *webhooks, uint32_t workspace,
	const struct webhook_draft *draft, struct webhook *webhook,
	struct webhook_problem *problem)
{
	CLEANUP(reach_release) struct reach reach = {0};
	bool is_enabled = draft->state == WEBHOOK_ENABLED;
	struct webhook_edit edit;
	enum err err;

	webhook->id = uuid_random();
	webhook->workspace = workspace;
	webhook->dialect = arena_copy(&webhook->arena,
		draft->dialect.len ? draft->dialect : STR("com"));
	webhook->revision = webhook->generation = 1;
	webhook->created = webhook->updated = clock_now();
	webhook->handshake = is_enabled ? 1 : 0;
	webhook->created_by = arena_copy(&webhook->arena, draft->who);
	reach_of(webhooks, workspace, draft, NULL, &reach);
	err = webhook_draft_check(draft, &reach.policy, problem);
	if (!err)
		err = webhook_draft_apply(draft, webhook, &edit, problem);
	if (!err)
		err = check_hook(webhooks, NULL, webhook, problem);
	if (!err)
		err = webhook_draft_apply_options(
			draft, &reach.policy, webhook, &edit, problem);
	if (!err)
		err = check_allow_lists(webhooks, webhook, problem);
	if (!err)
		err = check_notify(webhooks, NULL, webhook, problem);
	if (!err) {
		webhook_new_secret(webhook, 0);
		err = webhook_draft_apply_secrets(draft, webhook, problem);
	}
	if (!err && is_enabled)
		err = note_enable(webhooks, webhook, problem);
	if (err)
		return err;
	webhooks_move_health(webhook,
		is_enabled ? HEALTH_CREATED_ENABLED : HEALTH_CREATED_DISABLED);
	pass_if_none_is_asked(webhook);
	return ERR_OK;
}

static enum err
create_locked(struct webhooks *webhooks, uint32_t workspace,
	const struct webhook_draft *draft, struct webhook *webhook,
	struct webhook_problem *problem)
{
	struct arena arena = {0};
	struct webhook_row row;
	struct webhooks_unit unit = {
		.changes = {{.kind = STORE_WEBHOOK_ADD, .webhook = &row}},
		.count = 1};
	const struct webhook_cause cause = {
		.kind = WEBHOOK_BY_KEY, .key_id = draft->key_id};
	enum err err =
		webhooks_check_count(webhooks, workspace, draft, problem);

	if (!err)
		err = build(webhooks, workspace, draft, webhook, problem);
	if (err)
		return err;
	webhook->number = ++webhooks->last_number;
	if (webhook->health.state == WEBHOOK_DISABLED)
		webhook->gap_from = webhook->created;
	webhook_to_row(webhook, webhooks->options.key, &arena, &row);
	unit.news[0] = webhook_news_change(webhooks, NULL, webhook, &cause);
	unit.news[2] = webhook_audit_new(NULL, webhook);
	err = webhooks_commit_unit(webhooks, &unit, problem);
	arena_release(&arena);
	if (err)
		return err == ERR_LIMIT ? ERR_IO : err;
	webhooks_log_status(NULL, webhook);
	webhook_ref(webhook);
	webhooks_put(webhooks, webhook);
	webhooks_tell(webhooks, webhook, true);
	return ERR_OK;
}

enum err
webhooks_create(struct webhooks *webhooks, uint32_t workspace,
	const struct webhook_draft *draft, const struct webhook **ret,
	struct webhook_problem *problem)
{
	struct webhook *webhook;
	enum err err;

	webhook = webhook_new();
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

/** GreenLake names who did it. */
static void
name_who(struct webhook *webhook, const struct webhook_draft *draft)
{
	if (webhook->health.rules == FAILURES_GREENLAKE &&
		!str_is_empty(draft->who))
		webhook->status_reason = arena_printf(&webhook->arena,
			"%.*s: user:%.*s", STR_ARG(webhook->status_reason),
			STR_ARG(draft->who));
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
		*ret_is_fresh =
			webhooks_move_health(next, HEALTH_USER_DISABLED);
		if (*ret_is_fresh)
			name_who(next, draft);
	} else if (draft->has_state) {
		err = note_enable(webhooks, next, problem);
		if (err)
			return err;
		webhooks_move_health(next, HEALTH_USER_ENABLED);
		*ret_is_fresh = true;
	} else if (draft->verifies) {
		*ret_is_fresh =
			webhooks_move_health(next, HEALTH_USER_VERIFIES);
	} else if (changes_target && is_enabled) {
		webhooks_move_health(next, HEALTH_USER_CHANGED_TARGET);
		*ret_is_fresh = true;
	}
	pass_if_none_is_asked(next);
	return ERR_OK;
}

static enum err
patch_locked(struct webhooks *webhooks, const struct webhook *former,
	const struct webhook_draft *draft, const struct webhook **ret,
	struct webhook_problem *problem)
{
	const struct webhook_cause cause = {
		.kind = WEBHOOK_BY_KEY, .key_id = draft->key_id};
	struct webhook_step step = {.cause = &cause, .problem = problem};
	CLEANUP(reach_release) struct reach reach = {0};
	struct webhook *next = webhook_copy(former);
	struct webhook_edit edit;
	enum err err;

	reach_of(webhooks, former->workspace, draft, former, &reach);
	err = webhook_draft_check(draft, &reach.policy, problem);
	if (!err)
		err = webhooks_check_name(webhooks, former, draft, problem);
	if (!err)
		err = webhook_draft_apply(draft, next, &edit, problem);
	if (!err)
		err = check_hook(webhooks, former, next, problem);
	if (!err)
		err = webhook_draft_apply_options(
			draft, &reach.policy, next, &edit, problem);
	if (!err && draft->has_options)
		err = check_allow_lists(webhooks, next, problem);
	if (!err)
		err = check_notify(webhooks, former, next, problem);
	if (!err)
		err = webhook_draft_apply_secrets(draft, next, problem);
	if (!err)
		err = apply_state(webhooks, draft, edit.changes_target, next,
			&step.is_fresh, problem);
	if (err) {
		webhook_unref(next);
		return err;
	}
	next->generation++;
	webhook_ref(next);
	err = webhooks_commit_next(webhooks, former, next, &step);
	if (err) {
		webhook_unref(next);
		return err == ERR_LIMIT ? ERR_IO : err;
	}
	*ret = next;
	return ERR_OK;
}

enum err
webhooks_patch(struct webhooks *webhooks, uint32_t workspace, struct uuid id,
	const struct webhook_draft *draft, const struct webhook **ret,
	struct webhook_problem *problem)
{
	const struct webhook *former;
	enum err err;

	pthread_mutex_lock(&webhooks->change);
	former = webhooks_find(webhooks, workspace, id);
	if (former == NULL) {
		err = ERR_NOT_FOUND;
	} else if (draft->expected_generation &&
		   draft->expected_generation != former->generation) {
		buf_printf(&problem->why, "generation is %llu, expected %llu",
			(unsigned long long)former->generation,
			(unsigned long long)draft->expected_generation);
		err = ERR_CONFLICT;
	} else if (draft->has_filter && webhook_is_by_subscription(former)) {
		problem->field = "eventFilter";
		buf_append(&problem->why,
			STR("the webhook has subscriptions instead of a "
			    "filter; change those"));
		err = ERR_INVALID;
	} else {
		err = patch_locked(webhooks, former, draft, ret, problem);
	}
	pthread_mutex_unlock(&webhooks->change);
	webhook_unref(former);
	return err;
}

static enum err
delete_locked(struct webhooks *webhooks, const struct webhook *webhook,
	struct str key_id, struct webhook_problem *problem)
{
	const struct webhooks_listener *listener = &webhooks->options.listener;
	char id[UUID_TEXT_SIZE];
	const struct object_change subscriptions = {.what = OBJECT_REMOVE_OWNED,
		.row = {.workspace = webhook->workspace,
			.kind = OBJECT_SUBSCRIPTION,
			.owner = str_of(uuid_format(webhook->id, id))}};
	const struct webhook_cause cause = {
		.kind = WEBHOOK_BY_KEY, .key_id = key_id};
	const struct webhooks_unit unit = {
		.changes = {{.kind = STORE_WEBHOOK_REMOVE,
				    .webhook_number = webhook->number},
			{.kind = STORE_OBJECT, .object = &subscriptions}},
		.count = 2,
		.news = {webhook_news_change(webhooks, webhook, NULL, &cause),
			NULL, webhook_audit_new(webhook, NULL)}};
	enum err err = webhooks_commit_unit(webhooks, &unit, problem);

	if (err)
		return err == ERR_LIMIT ? ERR_IO : err;
	match_remove(webhooks->options.match, webhook->number);
	listener->removed(listener->context, webhook);
	webhooks_take_out(webhooks, webhook);
	return ERR_OK;
}

enum err
webhooks_delete(struct webhooks *webhooks, uint32_t workspace, struct uuid id,
	struct str key_id, struct webhook_problem *problem)
{
	const struct webhook *webhook;
	enum err err = ERR_NOT_FOUND;

	pthread_mutex_lock(&webhooks->change);
	webhook = webhooks_find(webhooks, workspace, id);
	if (webhook)
		err = delete_locked(webhooks, webhook, key_id, problem);
	pthread_mutex_unlock(&webhooks->change);
	webhook_unref(webhook);
	return err;
}
