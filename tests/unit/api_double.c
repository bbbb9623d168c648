#include "api_double.h"

#include "api/route.h"

enum { ROWS_MAX = 64, TEXT_MAX = 128 };

struct stored_key {
	struct key_row row;
	char id[TEXT_MAX];
	char name[TEXT_MAX];
};

struct api_double api_double;
static struct stored_key stored[ROWS_MAX];
static size_t stored_count;
static char place; /* something to point at */

void
api_double_reset(void)
{
	api_double = (struct api_double){0};
	stored_count = 0;
}

struct store *
api_double_store(void)
{
	return (struct store *)(void *)&place;
}

struct writer *
api_double_writer(void)
{
	return (struct writer *)(void *)&place;
}

static size_t
find_key(struct str id)
{
	size_t i = 0;

	while (i < stored_count && !str_equal(stored[i].row.id, id))
		i++;
	return i;
}

static void
link_texts(struct stored_key *key, struct str id, struct str name)
{
	memmove(key->id, id.ptr, id.len);
	memmove(key->name, name.ptr, name.len);
	key->row.id = str_make(key->id, id.len);
	key->row.name = str_make(key->name, name.len);
}

static enum err
apply(const struct store_change *change)
{
	size_t at;

	if (change->kind == STORE_KEY_ADD) {
		if (find_key(change->key->id) < stored_count)
			return ERR_CONFLICT;
		stored[stored_count].row = *change->key;
		link_texts(&stored[stored_count], change->key->id,
			change->key->name);
		stored_count++;
	} else if (change->kind == STORE_KEY_REMOVE) {
		at = find_key(change->key_id);
		if (at == stored_count)
			return ERR_CONFLICT;
		stored_count--;
		if (at != stored_count) {
			stored[at].row = stored[stored_count].row;
			link_texts(&stored[at], stored[stored_count].row.id,
				stored[stored_count].row.name);
		}
	}
	return ERR_OK;
}

enum err
writer_commit(
	struct writer *writer, const struct store_change *changes, size_t count)
{
	enum err err = api_double.commit_error;

	(void)writer;
	api_double.commits++;
	for (size_t i = 0; i < count && !err; i++)
		err = apply(&changes[i]);
	return err;
}

enum err
writer_submit(struct writer *writer, struct writer_item *item, bool is_urgent)
{
	(void)writer;
	(void)is_urgent;
	if (api_double.is_stuck) {
		api_double.stuck = item;
		return ERR_OK;
	}
	item->unit.result = api_double.commit_error;
	item->done(item);
	return ERR_OK;
}

void
writer_stats(const struct writer *writer, struct writer_stats *ret)
{
	(void)writer;
	*ret = (struct writer_stats){.is_healthy = true,
		.commits = 7,
		.last_commit_time = 1500000,
		.commit_times = {.counts = {5, 2}, .sum = 9000},
		.holds = 3,
		.held_time = 12500};
}

enum err
store_each_key(struct store *store, struct arena *arena,
	bool (*each)(void *context, const struct key_row *row), void *context)
{
	(void)store;
	(void)arena;
	for (size_t i = 0; i < stored_count; i++)
		if (!each(context, &stored[i].row))
			break;
	return ERR_OK;
}

enum err
store_stats(struct store *store, struct store_stats *ret)
{
	(void)store;
	*ret = (struct store_stats){.waiting = 3, .bytes = 4096};
	return ERR_OK;
}

const char *
key_role_name(enum key_role role)
{
	static const char *const names[] = {"viewer", "publisher", "admin"};

	return names[role];
}

enum err
key_role_parse(struct str text, enum key_role *ret)
{
	for (int role = ROLE_VIEWER; role <= ROLE_ADMIN; role++) {
		*ret = (enum key_role)role;
		if (str_equal(text, str_of(key_role_name(*ret))))
			return ERR_OK;
	}
	return ERR_INVALID;
}

void
webhooks_count(struct webhooks *webhooks, size_t ret[WEBHOOK_STATUS_COUNT])
{
	(void)webhooks;
	memset(ret, 0, WEBHOOK_STATUS_COUNT * sizeof(*ret));
	ret[WEBHOOK_ACTIVE] = 1;
}

const struct webhook **
webhooks_list(struct webhooks *webhooks, uint32_t workspace,
	struct arena *arena, size_t *ret_count)
{
	static const struct webhook webhook = {
		.health = {.status = WEBHOOK_ACTIVE}};
	const struct webhook **all = arena_alloc_array(arena, 1, sizeof(*all));

	(void)webhooks;
	(void)workspace;
	all[0] = &webhook;
	*ret_count = 1;
	return all;
}

void
webhook_unref(const struct webhook *webhook)
{
	(void)webhook;
}

const char *
webhook_status_name(enum webhook_status status)
{
	static const char *const names[] = {
		"PENDING", "ACTIVE", "WARNING", "ERROR", "DISABLED"};

	return names[status];
}
