/* The subscriptions in a webhook's snapshot. */
#include "pipeline/webhook_snapshot.h"

bool
webhook_has_subscription(
	const struct webhook *webhook, const struct subscription *subscription)
{
	for (size_t i = 0; i < webhook->subscription_count; i++) {
		if (webhook->subscriptions[i] == subscription)
			return true;
	}
	return false;
}

bool
webhook_wants(const struct webhook *webhook, const struct filter_event *event,
	struct arena *scratch)
{
	if (webhook->filter)
		return filter_matches(webhook->filter, event, scratch);
	for (size_t i = 0; i < webhook->subscription_count; i++) {
		if (filter_matches(
			    webhook->subscriptions[i]->filter, event, scratch))
			return true;
	}
	return false;
}

/** They are few, so a list that grows is made anew. */
static void
make_room(struct webhook *webhook, size_t count)
{
	const struct subscription **list = arena_alloc_array(
		&webhook->arena, count, sizeof(const struct subscription *));

	for (size_t i = 0; i < webhook->subscription_count; i++)
		list[i] = webhook->subscriptions[i];
	webhook->subscriptions = list;
}

void
webhook_copy_subscriptions(struct webhook *webhook, const struct webhook *from)
{
	if (from->subscription_count == 0)
		return;
	make_room(webhook, from->subscription_count);
	for (size_t i = 0; i < from->subscription_count; i++) {
		webhook->subscriptions[i] = from->subscriptions[i];
		subscription_ref(webhook->subscriptions[i]);
	}
	webhook->subscription_count = from->subscription_count;
}

static bool
is_older(const struct subscription *a, const struct subscription *b)
{
	if (a->created != b->created)
		return a->created < b->created;
	return memcmp(a->id.bytes, b->id.bytes, sizeof(a->id.bytes)) < 0;
}

void
webhook_add_subscription(
	struct webhook *webhook, const struct subscription *subscription)
{
	size_t at = webhook->subscription_count;

	make_room(webhook, at + 1);
	webhook->subscription_count++;
	for (; at > 0 && is_older(subscription, webhook->subscriptions[at - 1]);
		at--)
		webhook->subscriptions[at] = webhook->subscriptions[at - 1];
	webhook->subscriptions[at] = subscription;
}

void
webhook_remove_subscription(struct webhook *webhook, struct uuid id)
{
	const struct subscription **list = webhook->subscriptions;
	size_t at = 0;

	while (at < webhook->subscription_count &&
		!uuid_equal(list[at]->id, id))
		at++;
	if (at == webhook->subscription_count)
		return;
	subscription_unref(list[at]);
	webhook->subscription_count--;
	memmove(list + at, list + at + 1,
		(webhook->subscription_count - at) * sizeof(*list));
}
