/* The subscriptions that the store has, at the start. */
#include "base/log.h"
#include "pipeline/subscriptions.h"
#include "pipeline/webhook_snapshot.h"
#include "pipeline/webhooks_private.h"

static enum err
load_one(struct webhooks *webhooks, const struct object_row *row,
	struct buf *why)
{
	const struct subscription *subscription;
	const struct webhook *webhook;
	enum err err;

	buf_printf(why, "subscription %.*s: ", STR_ARG(row->id));
	err = subscription_from_row(row, &subscription, why);
	if (err)
		return err;
	buf_clear(why);
	webhook = webhooks_find(
		webhooks, subscription->workspace, subscription->webhook);
	if (webhook == NULL) {
		log_warning("subscription.load",
			"subscription=%.*s webhook=%.*s there is no such "
			"webhook",
			STR_ARG(row->id), STR_ARG(row->owner));
		subscription_unref(subscription);
		return ERR_OK;
	}
	/* Nobody else has seen the webhook yet. */
	webhook_add_subscription(webhook_unconst(webhook), subscription);
	map_put(&webhooks->subscriptions, webhooks_id_key(&subscription->id),
		(void *)(uintptr_t)subscription);
	webhook_unref(webhook);
	return ERR_OK;
}

enum err
webhooks_load_subscriptions(struct webhooks *webhooks, struct buf *why)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct object_query query = {
		.kind = OBJECT_SUBSCRIPTION, .limit = OBJECT_PAGE_MAX};
	CLEANUP(buf_release) struct buf after = buf_make(0);
	struct object_list list;
	enum err err;

	do {
		arena_reset(&arena);
		query.after_id = buf_str(&after);
		err = store_objects(
			webhooks->options.store, &query, &arena, &list);
		if (err) {
			buf_append(
				why, STR("the subscriptions cannot be read"));
			return err;
		}
		for (size_t i = 0; !err && i < list.count; i++)
			err = load_one(webhooks, &list.rows[i], why);
		if (list.count) {
			buf_clear(&after);
			buf_append(&after, list.rows[list.count - 1].id);
			query.after_workspace =
				list.rows[list.count - 1].workspace;
		}
	} while (!err && list.count == query.limit);
	return err;
}
