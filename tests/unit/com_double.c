#include "com_double.h"

#include "base/mem.h"

/* ---- the hub ---- */

void
com_hub_init(struct com_hub *hub)
{
	*hub = (struct com_hub){0};
}

static void
webhook_free(struct webhook *webhook)
{
	arena_release(&webhook->arena);
	mem_free(webhook);
}

void
com_hub_release(struct com_hub *hub)
{
	CHECK_INT(hub->references, 0);
	for (size_t i = 0; i < hub->webhook_count; i++)
		webhook_free(hub->webhooks[i]);
	arena_release(&hub->arena);
}

struct webhook *
com_hub_add(struct com_hub *hub, const char *name)
{
	struct webhook *webhook = MEM_NEW(struct webhook);

	CHECK(hub->webhook_count < COM_WEBHOOKS_MAX);
	webhook->number = hub->webhook_count + 1;
	webhook->id = uuid_random();
	webhook->workspace = WORKSPACE_DEFAULT;
	webhook->dialect = STR("com");
	webhook->name = arena_copy(&webhook->arena, str_of(name));
	webhook->destination = STR("https://example.com/webhookDestination");
	webhook->filter_text = STR("type eq 'compute-ops/server'");
	webhook->health.status = WEBHOOK_ACTIVE;
	webhook->status_reason = STR("Webhook handshake accepted.");
	webhook->generation = 1;
	webhook->created =
		INT64_C(1713280978205785) + (int64_t)hub->webhook_count;
	webhook->updated = INT64_C(1713280978245366);
	hub->webhooks[hub->webhook_count++] = webhook;
	return webhook;
}

static struct com_hub *hub_of_references;

void
com_hub_watch(struct com_hub *hub)
{
	hub_of_references = hub;
}

void
webhook_ref(const struct webhook *webhook)
{
	(void)webhook;
	hub_of_references->references++;
}

void
webhook_unref(const struct webhook *webhook)
{
	if (webhook)
		hub_of_references->references--;
}

const struct webhook *
webhooks_find(struct webhooks *webhooks, uint32_t workspace, struct uuid id)
{
	struct com_hub *hub = webhooks->hub;

	for (size_t i = 0; i < hub->webhook_count; i++) {
		struct webhook *webhook = hub->webhooks[i];

		if (webhook->workspace == workspace &&
			uuid_equal(webhook->id, id)) {
			webhook_ref(webhook);
			return webhook;
		}
	}
	return NULL;
}

const struct webhook **
webhooks_list(struct webhooks *webhooks, uint32_t workspace,
	struct arena *arena, size_t *ret_count)
{
	struct com_hub *hub = webhooks->hub;
	const struct webhook **list = arena_alloc_array(
		arena, hub->webhook_count, sizeof(struct webhook *));

	*ret_count = 0;
	for (size_t i = 0; i < hub->webhook_count; i++) {
		if (hub->webhooks[i]->workspace != workspace)
			continue;
		webhook_ref(hub->webhooks[i]);
		list[(*ret_count)++] = hub->webhooks[i];
	}
	return list;
}

static enum err
refuse(struct com_hub *hub, struct webhook_problem *problem)
{
	enum err err = hub->refusal;

	hub->refusal = ERR_OK;
	if (err == ERR_OK)
		return ERR_OK;
	problem->field = hub->refusal_field;
	problem->retry_after = hub->refusal_retry_after;
	buf_append(&problem->why, str_of(hub->refusal_why));
	return err;
}

static void
set_header(struct webhook *webhook, const struct webhook_header *header)
{
	struct webhook_header *headers = arena_alloc_array(
		&webhook->arena, webhook->header_count + 1, sizeof(*headers));
	size_t count = 0;

	for (size_t i = 0; i < webhook->header_count; i++)
		if (!str_equal_nocase(webhook->headers[i].name, header->name))
			headers[count++] = webhook->headers[i];
	if (header->value.ptr) {
		headers[count].name = arena_copy(&webhook->arena, header->name);
		headers[count++].value =
			arena_copy(&webhook->arena, header->value);
	}
	webhook->headers = headers;
	webhook->header_count = count;
}

static void
apply(struct webhook *webhook, const struct webhook_draft *draft)
{
	struct arena *arena = &webhook->arena;

	if (draft->has_name)
		webhook->name = arena_copy(arena, draft->name);
	if (draft->has_destination)
		webhook->destination = arena_copy(arena, draft->destination);
	if (draft->has_filter)
		webhook->filter_text = arena_copy(arena, draft->filter);
	for (size_t i = 0; draft->has_headers && i < draft->header_count; i++)
		set_header(webhook, &draft->headers[i]);
	if (!draft->has_state)
		return;
	webhook->health.state = draft->state;
	webhook->health.status =
		draft->state == WEBHOOK_ENABLED ? WEBHOOK_PENDING : WEBHOOK_OFF;
	webhook->status_reason = draft->state == WEBHOOK_ENABLED
					 ? STR("User enabled the webhook.")
					 : STR("User disabled the webhook.");
}

enum err
webhooks_create(struct webhooks *webhooks, uint32_t workspace,
	const struct webhook_draft *draft, const struct webhook **ret,
	struct webhook_problem *problem)
{
	struct com_hub *hub = webhooks->hub;
	enum err err = refuse(hub, problem);
	struct webhook *webhook;

	if (err)
		return err;
	CHECK(draft->has_name && draft->has_destination && draft->has_state &&
		(draft->has_secret ||
			(draft->has_filter && draft->has_headers)));
	webhook = com_hub_add(hub, "");
	if (draft->dialect.len)
		webhook->dialect = draft->dialect;
	webhook->workspace = workspace;
	apply(webhook, draft);
	hub->changes++;
	webhook_ref(webhook);
	*ret = webhook;
	return ERR_OK;
}

static struct webhook *
find(struct com_hub *hub, uint32_t workspace, struct uuid id)
{
	for (size_t i = 0; i < hub->webhook_count; i++)
		if (hub->webhooks[i]->workspace == workspace &&
			uuid_equal(hub->webhooks[i]->id, id))
			return hub->webhooks[i];
	return NULL;
}

enum err
webhooks_patch(struct webhooks *webhooks, uint32_t workspace, struct uuid id,
	const struct webhook_draft *draft, const struct webhook **ret,
	struct webhook_problem *problem)
{
	struct com_hub *hub = webhooks->hub;
	struct webhook *webhook = find(hub, workspace, id);
	enum err err = refuse(hub, problem);

	if (err)
		return err;
	if (webhook == NULL)
		return ERR_NOT_FOUND;
	if (hub->conflicts > 0) {
		hub->conflicts--;
		webhook->generation++;
	}
	if (draft->expected_generation != 0 &&
		draft->expected_generation != webhook->generation)
		return ERR_CONFLICT;
	apply(webhook, draft);
	webhook->generation++;
	hub->changes++;
	webhook_ref(webhook);
	*ret = webhook;
	return ERR_OK;
}

enum err
webhooks_delete(struct webhooks *webhooks, uint32_t workspace, struct uuid id,
	struct str key_id, struct webhook_problem *problem)
{
	struct com_hub *hub = webhooks->hub;
	enum err err = refuse(hub, problem);

	(void)key_id;
	if (err)
		return err;
	for (size_t i = 0; i < hub->webhook_count; i++) {
		if (hub->webhooks[i] != find(hub, workspace, id))
			continue;
		webhook_free(hub->webhooks[i]);
		hub->webhooks[i] = hub->webhooks[--hub->webhook_count];
		hub->changes++;
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}

enum err
webhooks_read_secret(struct webhooks *webhooks, uint32_t workspace,
	struct uuid id, struct arena *arena, struct str *ret,
	struct webhook_problem *problem)
{
	struct com_hub *hub = webhooks->hub;
	struct webhook *webhook = find(hub, workspace, id);
	enum err err = refuse(hub, problem);

	if (err)
		return err;
	if (webhook == NULL)
		return ERR_NOT_FOUND;
	if (webhook->is_secret_read)
		return ERR_DENIED;
	webhook->is_secret_read = true;
	*ret = arena_copy(arena, STR("whsec_dGVzdA=="));
	return ERR_OK;
}

/* ---- the store ---- */

enum err
store_attempts_shown(struct store *store, uint64_t webhook, size_t recent,
	size_t failed, struct arena *arena, struct attempt_list *ret)
{
	struct com_hub *hub = store->hub;

	hub->asked_recent = recent;
	hub->asked_failed = failed;
	if (hub->store_failure)
		return hub->store_failure;
	ret->rows = arena_alloc_array(
		arena, hub->attempt_count, sizeof(*ret->rows));
	ret->count = 0;
	for (size_t i = 0; i < hub->attempt_count; i++)
		if (hub->attempts[i].attempt.webhook == webhook)
			ret->rows[ret->count++] = hub->attempts[i];
	return ERR_OK;
}

enum err
store_attempt(struct store *store, uint64_t webhook, uint64_t delivery,
	uint32_t number, struct arena *arena, struct attempt_view *ret)
{
	struct com_hub *hub = store->hub;

	(void)arena;
	if (hub->store_failure)
		return hub->store_failure;
	for (size_t i = 0; i < hub->attempt_count; i++) {
		const struct attempt_row *row = &hub->attempts[i].attempt;

		if (row->webhook != webhook || row->delivery != delivery ||
			row->number != number)
			continue;
		*ret = hub->attempts[i];
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}
