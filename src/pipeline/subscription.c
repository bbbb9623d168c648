#include "pipeline/subscription.h"

#include "base/json_out.h"
#include "base/mem.h"

static struct subscription *
unconst(const struct subscription *subscription)
{
	return (struct subscription *)(uintptr_t)subscription;
}

void
subscription_ref(const struct subscription *subscription)
{
	atomic_fetch_add_explicit(
		&unconst(subscription)->refs, 1, memory_order_relaxed);
}

void
subscription_unref(const struct subscription *subscription)
{
	struct subscription *counted = unconst(subscription);

	if (counted == NULL || atomic_fetch_sub_explicit(&counted->refs, 1,
				       memory_order_acq_rel) > 1)
		return;
	arena_release(&counted->arena);
	mem_free(counted);
}

static void
copy_facts(struct subscription *subscription,
	const struct subscription_facts *facts)
{
	struct arena *arena = &subscription->arena;

	subscription->id = facts->id;
	subscription->workspace = facts->workspace;
	subscription->webhook = facts->webhook;
	subscription->type =
		arena_copy(arena, catalog_canonical(facts->type, arena));
	subscription->condition = arena_copy(arena, facts->condition);
	subscription->generation = facts->generation;
	subscription->created = facts->created;
	subscription->updated = facts->updated;
	subscription->created_by = arena_copy(arena, facts->created_by);
	subscription->updated_by = arena_copy(arena, facts->updated_by);
}

enum err
subscription_new(const struct subscription_facts *facts,
	const struct subscription **ret, struct subscription_fault *fault,
	struct buf *why)
{
	struct subscription *subscription = MEM_NEW(struct subscription);
	enum err err;

	atomic_init(&subscription->refs, 1);
	subscription->arena.first = 512; /* there may be very many */
	*fault = (struct subscription_fault){0};
	copy_facts(subscription, facts);
	err = filter_of_type_check(subscription->type, why);
	fault->is_type = err != ERR_OK;
	if (!err && filter_of_type_compile(subscription->type,
			    subscription->condition, &subscription->arena,
			    &subscription->filter, &fault->column, why))
		err = ERR_INVALID;
	if (err) {
		subscription_unref(subscription);
		return err;
	}
	*ret = subscription;
	return ERR_OK;
}

/* ---- its row ---- */

static struct str
id_text(struct uuid id, struct arena *arena)
{
	char text[UUID_TEXT_SIZE];

	return arena_copy(arena, str_of(uuid_format(id, text)));
}

void
subscription_to_row(const struct subscription *subscription,
	struct arena *arena, struct object_row *ret)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);

	json_out_object(&out, NULL);
	json_out_string(&out, "type", subscription->type);
	json_out_string(&out, "condition", subscription->condition);
	json_out_string(&out, "createdBy", subscription->created_by);
	json_out_string(&out, "updatedBy", subscription->updated_by);
	json_out_end(&out);
	*ret = (struct object_row){
		.workspace = subscription->workspace,
		.kind = OBJECT_SUBSCRIPTION,
		.id = id_text(subscription->id, arena),
		.owner = id_text(subscription->webhook, arena),
		.revision = subscription->generation,
		.created = subscription->created,
		.updated = subscription->updated,
		.body = arena_copy(arena, buf_str(&body)),
	};
}

static struct str
text_of(struct json body, const char *name, struct arena *arena)
{
	return json_string(json_member(body, str_of(name)), arena);
}

static enum err
from_body(const struct object_row *row, struct json body, struct arena *arena,
	const struct subscription **ret, struct buf *why)
{
	struct subscription_fault fault;
	struct subscription_facts facts = {
		.workspace = row->workspace,
		.type = text_of(body, "type", arena),
		.condition = text_of(body, "condition", arena),
		.generation = row->revision,
		.created = row->created,
		.updated = row->updated,
		.created_by = text_of(body, "createdBy", arena),
		.updated_by = text_of(body, "updatedBy", arena),
	};

	if (uuid_parse(row->id, &facts.id) ||
		uuid_parse(row->owner, &facts.webhook)) {
		buf_append(why, STR("its id or its webhook's is none"));
		return ERR_INVALID;
	}
	return subscription_new(&facts, ret, &fault, why);
}

enum err
subscription_from_row(const struct object_row *row,
	const struct subscription **ret, struct buf *why)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct json_doc doc;
	enum err err = json_read(row->body, &arena, &doc, why);

	if (err)
		return err;
	return from_body(row, json_root(&doc), &arena, ret, why);
}
