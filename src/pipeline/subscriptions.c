#include "pipeline/subscriptions.h"

#include "base/mem.h"
#include "pipeline/audit.h"
#include "pipeline/match.h"
#include "pipeline/webhook_snapshot.h"
#include "pipeline/webhooks_private.h"

/* One webhook that a call changes: its copy with other subscriptions. */
struct edit {
	const struct webhook *former; /* reference */
	struct webhook *next;
};

/* A call while it is put together; the change lock is held. */
struct editing {
	struct webhooks *webhooks;
	struct subscription_change *change;
	struct edit *edits;
	size_t edit_count;
	struct object_change *objects;
	struct store_change *changes;
	struct audit_entry *entries; /* one for each of them */
	size_t object_count;
	const struct subscription **made; /* references */
	size_t made_count;
};

void
subscription_list_release(struct subscription_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		subscription_unref(list->rows[i]);
	list->count = 0;
}

/* ---- looking ---- */

const struct subscription *
subscriptions_find(
	struct webhooks *webhooks, uint32_t workspace, struct uuid id)
{
	const struct subscription *found;

	pthread_rwlock_rdlock(&webhooks->table);
	found = map_get(&webhooks->subscriptions, webhooks_id_key(&id));
	if (found && found->workspace != workspace)
		found = NULL;
	if (found)
		subscription_ref(found);
	pthread_rwlock_unlock(&webhooks->table);
	return found;
}

struct subscription_list
subscriptions_list(
	struct webhooks *webhooks, uint32_t workspace, struct arena *arena)
{
	struct subscription_list list = {0};
	size_t count, total = 0;
	const struct webhook **all =
		webhooks_list(webhooks, workspace, arena, &count);

	for (size_t i = 0; i < count; i++)
		total += all[i]->subscription_count;
	list.rows = arena_alloc_array(arena, total, sizeof(*list.rows));
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < all[i]->subscription_count; k++) {
			list.rows[list.count] = all[i]->subscriptions[k];
			subscription_ref(list.rows[list.count++]);
		}
		webhook_unref(all[i]);
	}
	return list;
}

/* ---- a call's parts ---- */

static enum err
refuse(struct editing *editing, const char *field, enum err err,
	const char *sentence)
{
	editing->change->problem.field = field;
	buf_append(&editing->change->problem.why, str_of(sentence));
	return err;
}

/** The webhook's copy; NULL, refused, when there is none to change. */
static struct webhook *
edit(struct editing *editing, struct uuid id)
{
	const struct webhook *former;

	for (size_t i = 0; i < editing->edit_count; i++) {
		if (uuid_equal(editing->edits[i].former->id, id))
			return editing->edits[i].next;
	}
	former = webhooks_find(
		editing->webhooks, editing->change->workspace, id);
	if (former == NULL)
		return NULL;
	editing->edits[editing->edit_count] =
		(struct edit){former, webhook_copy(former)};
	return editing->edits[editing->edit_count++].next;
}

static enum err
edit_target(
	struct editing *editing, struct uuid id, struct webhook **ret_webhook)
{
	*ret_webhook = edit(editing, id);
	if (*ret_webhook == NULL)
		return refuse(editing, "webhook", ERR_NOT_FOUND,
			"there is no such webhook");
	if (!webhook_is_by_subscription(*ret_webhook))
		return refuse(editing, "webhook", ERR_CONFLICT,
			"the webhook has a filter of its own and takes no "
			"subscriptions");
	return ERR_OK;
}

static struct str
body_of(struct editing *editing, const struct subscription *subscription)
{
	struct object_row row;

	if (subscription == NULL)
		return STR("");
	subscription_to_row(subscription, editing->change->arena, &row);
	return row.body;
}

/** From `former` (NULL: it is new) to `next` (NULL: it goes). */
static void
add_object(struct editing *editing, const struct subscription *former,
	const struct subscription *next)
{
	struct object_change *object = &editing->objects[editing->object_count];

	subscription_to_row(
		next ? next : former, editing->change->arena, &object->row);
	if (next)
		object->what = OBJECT_SET;
	else
		object->what = OBJECT_REMOVE;
	editing->entries[editing->object_count] =
		(struct audit_entry){.category = "subscriptions",
			.action = former == NULL ? "created"
				  : next	 ? "updated"
						 : "deleted",
			.type = "subscription",
			.id = object->row.id,
			.name = next ? next->type : former->type,
			.before = body_of(editing, former),
			.after = body_of(editing, next)};
	editing->changes[editing->object_count++] =
		(struct store_change){.kind = STORE_OBJECT, .object = object};
}

/** Makes the snapshot and puts it into its webhook's copy. */
static enum err
put(struct editing *editing, const struct subscription_facts *facts,
	const struct subscription *former, struct webhook *webhook)
{
	struct subscription_problem *problem = &editing->change->problem;
	const struct subscription *made;
	struct subscription_fault fault;
	enum err err = subscription_new(facts, &made, &fault, &problem->why);

	if (err) {
		problem->field = fault.is_type ? "eventType" : "eventFilter";
		problem->column = fault.column;
		return err;
	}
	add_object(editing, former, made);
	subscription_ref(made);
	webhook_add_subscription(webhook, made);
	editing->made[editing->made_count++] = made;
	return ERR_OK;
}

static enum err
create_one(struct editing *editing, const struct subscription_draft *draft)
{
	struct subscription_change *change = editing->change;
	int64_t now = clock_now();
	struct subscription_facts facts = {
		.id = uuid_random(),
		.workspace = change->workspace,
		.webhook = draft->webhook,
		.type = draft->type,
		.condition = draft->condition,
		.generation = 1,
		/* So that a list is in the order in which it was given. */
		.created = now + (int64_t)editing->made_count,
		.updated = now,
		.created_by = change->who,
		.updated_by = change->who,
	};
	struct webhook *webhook;
	enum err err = edit_target(editing, draft->webhook, &webhook);

	return err ? err : put(editing, &facts, NULL, webhook);
}

/** Whether an earlier one of the list is about the same subscription. */
static bool
is_repeated(const struct editing *editing, struct uuid id)
{
	const struct subscription_change *change = editing->change;

	for (size_t i = 0; i < change->problem.item; i++) {
		if (uuid_equal(change->drafts[i].id, id))
			return true;
	}
	return false;
}

/** The subscription as it is; NULL, refused, when there is none. */
static const struct subscription *
find_former(struct editing *editing, struct uuid id)
{
	const struct subscription *former = subscriptions_find(
		editing->webhooks, editing->change->workspace, id);

	if (former == NULL)
		refuse(editing, "id", ERR_NOT_FOUND,
			"there is no such subscription");
	return former;
}

static enum err
patch_former(struct editing *editing, const struct subscription_draft *draft,
	const struct subscription *former)
{
	struct subscription_facts facts = {
		.id = former->id,
		.workspace = former->workspace,
		.webhook = draft->webhook,
		.type = draft->type,
		.condition = draft->has_condition ? draft->condition
						  : former->condition,
		.generation = former->generation + 1,
		.created = former->created,
		.updated = clock_now(),
		.created_by = former->created_by,
		.updated_by = editing->change->who,
	};
	struct webhook *source = edit(editing, former->webhook);
	struct webhook *target;
	enum err err = edit_target(editing, draft->webhook, &target);

	if (err)
		return err;
	webhook_remove_subscription(source, former->id);
	return put(editing, &facts, former, target);
}

static enum err
patch_one(struct editing *editing, const struct subscription_draft *draft)
{
	const struct subscription *former;
	enum err err;

	if (is_repeated(editing, draft->id))
		return refuse(editing, "id", ERR_CONFLICT,
			"the subscription is in the list twice");
	former = find_former(editing, draft->id);
	if (former == NULL)
		return ERR_NOT_FOUND;
	err = patch_former(editing, draft, former);
	subscription_unref(former);
	return err;
}

/** One that is in the list twice is removed once. */
static enum err
delete_one(struct editing *editing, const struct subscription_draft *draft)
{
	const struct subscription *former;
	struct webhook *webhook;

	if (is_repeated(editing, draft->id))
		return ERR_OK;
	former = find_former(editing, draft->id);
	if (former == NULL)
		return ERR_NOT_FOUND;
	webhook = edit(editing, former->webhook);
	add_object(editing, former, NULL);
	webhook_remove_subscription(webhook, former->id);
	subscription_unref(former);
	return ERR_OK;
}

/* ---- the call as a whole ---- */

static enum err
check_limits(struct editing *editing)
{
	size_t max = editing->webhooks->options.subscriptions_max;

	for (size_t i = 0; i < editing->edit_count; i++) {
		const struct edit *one = &editing->edits[i];

		if (one->next->subscription_count <=
			one->former->subscription_count)
			continue;
		if (one->next->subscription_count <= max)
			continue;
		editing->change->problem.field = "webhook";
		buf_printf(&editing->change->problem.why,
			"the webhook \"%.*s\" would have %zu subscriptions, "
			"expected at most %zu",
			STR_ARG(one->former->name),
			one->next->subscription_count, max);
		return ERR_LIMIT;
	}
	return ERR_OK;
}

static enum err
commit(struct editing *editing)
{
	struct subscription_problem *problem = &editing->change->problem;
	enum err err = audit_commit(editing->webhooks->options.writer,
		editing->changes, editing->object_count, editing->entries,
		editing->object_count);

	if (err == ERR_OK)
		return ERR_OK;
	problem->field = NULL;
	buf_printf(&problem->why, "the change could not be stored (%s)",
		err_name(err));
	return ERR_IO;
}

/** Everybody sees the webhooks' next snapshots from here on. */
static void
show(struct editing *editing)
{
	for (size_t i = 0; i < editing->edit_count; i++) {
		struct webhook *next = editing->edits[i].next;

		webhook_ref(next);
		webhooks_put(editing->webhooks, next);
		match_set(editing->webhooks->options.match, next);
	}
	editing->change->list =
		(struct subscription_list){editing->made, editing->made_count};
	editing->made_count = 0;
}

static enum err
run_locked(struct editing *editing,
	enum err (*one)(struct editing *editing,
		const struct subscription_draft *draft))
{
	struct subscription_change *change = editing->change;
	enum err err = ERR_OK;

	for (size_t i = 0; !err && i < change->count; i++) {
		change->problem.item = i;
		err = one(editing, &change->drafts[i]);
	}
	if (!err)
		err = check_limits(editing);
	if (!err)
		err = commit(editing);
	if (!err)
		show(editing);
	return err;
}

static enum err
run(struct webhooks *webhooks, struct subscription_change *change,
	enum err (*one)(struct editing *editing,
		const struct subscription_draft *draft))
{
	struct arena *arena = change->arena;
	size_t count = change->count;
	struct editing editing = {
		.webhooks = webhooks,
		.change = change,
		/* A patch may move one from a webhook to another. */
		.edits = arena_alloc_array(
			arena, count * 2, sizeof(struct edit)),
		.objects = arena_alloc_array(
			arena, count, sizeof(struct object_change)),
		.changes = arena_alloc_array(
			arena, count, sizeof(struct store_change)),
		.entries = arena_alloc_array(
			arena, count, sizeof(struct audit_entry)),
		.made = arena_alloc_array(
			arena, count, sizeof(const struct subscription *)),
	};
	enum err err;

	pthread_mutex_lock(&webhooks->change);
	err = run_locked(&editing, one);
	pthread_mutex_unlock(&webhooks->change);
	for (size_t i = 0; i < editing.edit_count; i++) {
		webhook_unref(editing.edits[i].former);
		webhook_unref(editing.edits[i].next);
	}
	for (size_t i = 0; i < editing.made_count; i++)
		subscription_unref(editing.made[i]);
	return err;
}

enum err
subscriptions_create(
	struct webhooks *webhooks, struct subscription_change *change)
{
	return run(webhooks, change, create_one);
}

enum err
subscriptions_patch(
	struct webhooks *webhooks, struct subscription_change *change)
{
	return run(webhooks, change, patch_one);
}

enum err
subscriptions_delete(
	struct webhooks *webhooks, struct subscription_change *change)
{
	return run(webhooks, change, delete_one);
}
