#include "pipeline/webhooks.h"

#include <stdlib.h>

#include "base/mem.h"
#include "pipeline/match.h"
#include "pipeline/subscriptions.h"
#include "pipeline/webhook_snapshot.h"
#include "pipeline/webhooks_private.h"

/* ---- looking ---- */

const struct webhook *
webhooks_find(struct webhooks *webhooks, uint32_t workspace, struct uuid id)
{
	const struct webhook *webhook;

	pthread_rwlock_rdlock(&webhooks->table);
	webhook = map_get(&webhooks->by_id, webhooks_id_key(&id));
	if (webhook && webhook->workspace != workspace)
		webhook = NULL;
	if (webhook)
		webhook_ref(webhook);
	pthread_rwlock_unlock(&webhooks->table);
	return webhook;
}

const struct webhook *
webhooks_find_number(struct webhooks *webhooks, uint64_t number)
{
	const struct webhook *webhook;

	pthread_rwlock_rdlock(&webhooks->table);
	webhook = map_get(&webhooks->by_number, webhooks_number_key(&number));
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

void
webhooks_count(struct webhooks *webhooks, size_t ret[WEBHOOK_STATUS_COUNT])
{
	pthread_rwlock_rdlock(&webhooks->table);
	memcpy(ret, webhooks->by_status, sizeof(webhooks->by_status));
	pthread_rwlock_unlock(&webhooks->table);
}

/* ---- making a change known (change lock held) ---- */

/** Table lock held: what it has is found, what it had before is not. */
static void
put_subscriptions(struct webhooks *webhooks, const struct webhook *former,
	const struct webhook *next)
{
	for (size_t i = 0; former && i < former->subscription_count; i++)
		map_remove(&webhooks->subscriptions,
			webhooks_id_key(&former->subscriptions[i]->id));
	for (size_t i = 0; next && i < next->subscription_count; i++)
		map_put(&webhooks->subscriptions,
			webhooks_id_key(&next->subscriptions[i]->id),
			(void *)(uintptr_t)next->subscriptions[i]);
}

void
webhooks_put(struct webhooks *webhooks, const struct webhook *webhook)
{
	const struct webhook *former;

	pthread_rwlock_wrlock(&webhooks->table);
	former = map_put(&webhooks->by_id, webhooks_id_key(&webhook->id),
		webhook_unconst(webhook));
	map_put(&webhooks->by_number, webhooks_number_key(&webhook->number),
		webhook_unconst(webhook));
	put_subscriptions(webhooks, former, webhook);
	webhooks->by_status[webhook->health.status]++;
	if (former)
		webhooks->by_status[former->health.status]--;
	pthread_rwlock_unlock(&webhooks->table);
	webhook_unref(former);
}

void
webhooks_take_out(struct webhooks *webhooks, const struct webhook *webhook)
{
	pthread_rwlock_wrlock(&webhooks->table);
	map_remove(&webhooks->by_id, webhooks_id_key(&webhook->id));
	map_remove(&webhooks->by_number, webhooks_number_key(&webhook->number));
	put_subscriptions(webhooks, webhook, NULL);
	webhooks->by_status[webhook->health.status]--;
	pthread_rwlock_unlock(&webhooks->table);
	webhook_unref(webhook); /* the table's */
}

void
webhooks_tell(
	struct webhooks *webhooks, const struct webhook *webhook, bool is_fresh)
{
	const struct webhooks_listener *listener = &webhooks->options.listener;

	/* Its lane first: once it matches, its deliveries may come any time. */
	listener->changed(listener->context, webhook, is_fresh);
	match_set(webhooks->options.match, webhook);
	if (is_fresh && (health_is_waiting(&webhook->health) ||
				health_is_probing(&webhook->health)))
		listener->handshake(listener->context, webhook);
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
	webhooks_put(load->webhooks, webhook);
	if (row->number > load->webhooks->last_number)
		load->webhooks->last_number = row->number;
	return true;
}

static enum err
count_failures(struct webhooks *webhooks, struct buf *why)
{
	struct webhook *webhook;
	enum err err = ERR_OK;
	size_t at = 0;

	while (!err && (webhook = map_next(&webhooks->by_number, &at)))
		err = webhooks_count_failures(webhooks, webhook);
	if (err)
		buf_append(why, STR("the webhooks' failures cannot be read"));
	return err;
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
	if (webhooks->options.subscriptions_max == 0)
		webhooks->options.subscriptions_max = SUBSCRIPTIONS_MAX;
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
	if (!err)
		err = webhooks_load_subscriptions(webhooks, why);
	arena_release(&arena);
	if (!err)
		err = count_failures(webhooks, why);
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
		webhooks_tell(webhooks, webhook, true);
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
	map_release(&webhooks->subscriptions);
	pthread_rwlock_destroy(&webhooks->table);
	pthread_mutex_destroy(&webhooks->change);
	mem_free(webhooks);
}
