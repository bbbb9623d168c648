#include "flow/hooks_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "flow/hook_memory.h"
#include "flow/object_audit.h"
#include "pipeline/writer.h"
#include "store/object.h"

enum { HOOKS_MAX = 1000 };

static struct counted *
counted_of(const struct hook *hook)
{
	return CONTAINER_OF((uintptr_t)hook, struct counted, hook);
}

const struct hook *
hook_ref(const struct hook *hook)
{
	atomic_fetch_add(&counted_of(hook)->refs, 1);
	return hook;
}

void
hook_unref(const struct hook *hook)
{
	struct counted *counted;

	if (!hook)
		return;
	counted = counted_of(hook);
	if (atomic_fetch_sub(&counted->refs, 1) > 1)
		return;
	hook_life_unref(counted->hook.life);
	arena_release(&counted->arena);
	mem_free(counted);
}

const struct hooks_options *
hooks_settings(const struct hooks *hooks)
{
	return &hooks->options;
}

static struct str
token_key(const struct counted *counted)
{
	return str_make((const char *)counted->digest, DIGEST_SHA256_LEN);
}

/** With one reference. */
static struct counted *
counted_new(struct str token)
{
	struct counted *counted = MEM_NEW(struct counted);

	atomic_init(&counted->refs, 1);
	counted->hook.token = arena_copy(&counted->arena, token);
	digest_sha256(token, counted->digest);
	return counted;
}

/** Takes over a reference; gives up the former one's. */
static void
put(struct hooks *hooks, struct counted *take_counted)
{
	struct hook *hook = &take_counted->hook;
	struct hook *former;

	pthread_mutex_lock(&hooks->lock);
	former = map_remove(&hooks->by_id, hooks_key(&hook->id));
	if (former)
		map_remove(&hooks->by_token, token_key(counted_of(former)));
	map_put(&hooks->by_id, hooks_key(&hook->id), hook);
	map_put(&hooks->by_token, token_key(take_counted), hook);
	pthread_mutex_unlock(&hooks->lock);
	hook_unref(former);
}

static void
take_out(struct hooks *hooks, const struct uuid *id)
{
	struct hook *former;

	pthread_mutex_lock(&hooks->lock);
	former = map_remove(&hooks->by_id, hooks_key(id));
	if (former)
		map_remove(&hooks->by_token, token_key(counted_of(former)));
	pthread_mutex_unlock(&hooks->lock);
	hook_unref(former);
}

/* ---- from and to the store ---- */

/** The members of one JSON text over `options`. */
static enum err
read_part(struct str text, struct hook_options *options, struct arena *arena,
	struct buf *why)
{
	struct webhook_issues issues = {.arena = arena};
	struct json_doc doc;
	enum err err = json_read(text, arena, &doc, why);

	if (err)
		return err;
	hook_options_read(json_root(&doc), options, &issues);
	if (issues.count == 0)
		return ERR_OK;
	buf_printf(why, "%.*s: %.*s", STR_ARG(issues.rows[0].field),
		STR_ARG(issues.rows[0].sentence));
	return ERR_INVALID;
}

static enum err
load_row(struct hooks *hooks, const struct object_row *row, struct buf *why)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct hook_options options;
	struct counted *counted;
	struct str secrets, token;
	struct json_doc doc;
	struct uuid id;
	enum err err = uuid_parse(row->id, &id);

	if (!err)
		err = json_read(row->body, &arena, &doc, why);
	if (!err)
		err = seal_open(hooks->options.key, row->id, row->sealed,
			&arena, &secrets);
	if (err)
		return err;
	token = json_string(json_member(json_root(&doc), STR("token")), &arena);
	hook_options_init(&options);
	err = read_part(row->body, &options, &arena, why);
	if (!err)
		err = read_part(secrets, &options, &arena, why);
	if (err)
		return err;
	counted = counted_new(token);
	counted->hook.id = id;
	counted->hook.workspace = row->workspace;
	counted->hook.revision = row->revision;
	counted->hook.created = row->created;
	counted->hook.updated = row->updated;
	counted->hook.life = hook_life_new();
	counted->hook.options = hook_options_copy(&options, &counted->arena);
	hook_memory_load(hooks->options.store, &counted->hook);
	put(hooks, counted);
	return ERR_OK;
}

static enum err
load_all(struct hooks *hooks)
{
	struct object_query query = {
		.kind = OBJECT_HOOK, .limit = OBJECT_PAGE_MAX};
	CLEANUP(arena_release) struct arena arena = {0};
	struct object_list list;
	enum err err;

	do {
		err = store_objects(
			hooks->options.store, &query, &arena, &list);
		for (size_t i = 0; !err && i < list.count; i++) {
			CLEANUP(buf_release) struct buf why = {0};
			enum err problem = load_row(hooks, &list.rows[i], &why);

			if (problem)
				log_error("hooks.load",
					"hook=%.*s error=\"%s %s\"",
					STR_ARG(list.rows[i].id),
					err_name(problem), buf_text(&why));
			query.after_id = list.rows[i].id;
			query.after_workspace = list.rows[i].workspace;
		}
	} while (!err && list.count == query.limit);
	return err;
}

enum err
hooks_open(const struct hooks_options *options, struct hooks **ret,
	struct buf *why)
{
	struct hooks *hooks = MEM_NEW(struct hooks);
	enum err err;

	hooks->options = *options;
	if (hooks->options.hooks_max == 0)
		hooks->options.hooks_max = HOOKS_MAX;
	pthread_mutex_init(&hooks->changing, NULL);
	pthread_mutex_init(&hooks->lock, NULL);
	err = load_all(hooks);
	if (err) {
		buf_printf(why, "the hooks cannot be read: %s", err_name(err));
		hooks_close(hooks);
		return err;
	}
	*ret = hooks;
	return ERR_OK;
}

void
hooks_close(struct hooks *hooks)
{
	struct hook *hook;
	size_t at = 0;

	if (!hooks)
		return;
	while (hooks->links) {
		struct hook_link *link = hooks->links;

		hooks_unlink(hooks, link);
		link->release(link);
	}
	map_release(&hooks->by_token);
	while ((hook = map_next(&hooks->by_id, &at)))
		hook_unref(hook);
	map_release(&hooks->by_id);
	pthread_mutex_destroy(&hooks->changing);
	pthread_mutex_destroy(&hooks->lock);
	mem_free(hooks);
}

void
hooks_link(struct hooks *hooks, struct hook_link *link)
{
	pthread_mutex_lock(&hooks->lock);
	link->next = hooks->links;
	link->at = &hooks->links;
	if (link->next)
		link->next->at = &link->next;
	hooks->links = link;
	pthread_mutex_unlock(&hooks->lock);
}

void
hooks_unlink(struct hooks *hooks, struct hook_link *link)
{
	pthread_mutex_lock(&hooks->lock);
	*link->at = link->next;
	if (link->next)
		link->next->at = link->at;
	pthread_mutex_unlock(&hooks->lock);
}

static enum err
commit_changes(
	struct hooks *hooks, const struct store_change *changes, size_t count)
{
	const struct object_audit audit = {.store = hooks->options.store,
		.writer = hooks->options.writer,
		.category = "hooks",
		.type = "hook"};

	return object_audit_commit(&audit, changes, count);
}

static enum err
commit(struct hooks *hooks, const struct hook *hook)
{
	CLEANUP(buf_release) struct buf body = {0};
	CLEANUP(buf_release) struct buf secrets = {0};
	CLEANUP(buf_release) struct buf sealed = {0};
	struct json_out out = json_out_make(&body);
	struct object_change object = {.what = OBJECT_SET};
	struct store_change change = {.kind = STORE_OBJECT, .object = &object};
	char id[UUID_TEXT_SIZE];

	json_out_object(&out, NULL);
	hook_options_write(&hook->options, &out);
	json_out_string(&out, "token", hook->token);
	json_out_end(&out);
	out = json_out_make(&secrets);
	hook_options_write_secrets(&hook->options, &out);
	uuid_format(hook->id, id);
	seal_close(hooks->options.key, str_of(id), buf_str(&secrets), &sealed);
	object.row = (struct object_row){.workspace = hook->workspace,
		.kind = OBJECT_HOOK,
		.id = str_of(id),
		.revision = hook->revision,
		.created = hook->created,
		.updated = hook->updated,
		.body = buf_str(&body),
		.sealed = buf_str(&sealed)};
	return commit_changes(hooks, &change, 1);
}

/** 160 random bits in RFC 4648's Base32, small letters. */
static struct str
make_token(char text[HOOK_TOKEN_LEN])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t bytes[HOOK_TOKEN_LEN];

	random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < HOOK_TOKEN_LEN; i++)
		text[i] = letters[bytes[i] % 32];
	return str_make(text, HOOK_TOKEN_LEN);
}

static size_t
count_of(struct hooks *hooks, uint32_t workspace)
{
	const struct hook *hook;
	size_t at = 0, count = 0;

	pthread_mutex_lock(&hooks->lock);
	while ((hook = map_next(&hooks->by_id, &at)))
		count += hook->workspace == workspace;
	pthread_mutex_unlock(&hooks->lock);
	return count;
}

/** Stores it and puts it in place; under `changing`. */
static enum err
keep(struct hooks *hooks, struct counted *next, const struct hook **ret)
{
	enum err err = commit(hooks, &next->hook);

	if (err) {
		hook_unref(&next->hook);
		return err == ERR_CONFLICT ? err : ERR_IO;
	}
	*ret = hook_ref(&next->hook);
	put(hooks, next);
	return ERR_OK;
}

enum err
hooks_create(struct hooks *hooks, uint32_t workspace,
	const struct hook_options *options, const struct hook **ret)
{
	char token[HOOK_TOKEN_LEN];
	struct counted *next;
	enum err err = ERR_LIMIT;

	pthread_mutex_lock(&hooks->changing);
	if (count_of(hooks, workspace) < hooks->options.hooks_max) {
		next = counted_new(make_token(token));
		next->hook.id = uuid_random();
		next->hook.workspace = workspace;
		next->hook.revision = 1;
		next->hook.created = next->hook.updated = clock_now();
		next->hook.life = hook_life_new();
		next->hook.options = hook_options_copy(options, &next->arena);
		err = keep(hooks, next, ret);
	}
	pthread_mutex_unlock(&hooks->changing);
	return err;
}

enum err
hooks_change(struct hooks *hooks, const struct hook *former,
	const struct hook_options *options, const struct hook **ret)
{
	const struct hook *present;
	struct counted *next;
	enum err err = ERR_NOT_FOUND;

	pthread_mutex_lock(&hooks->changing);
	present = hooks_get(hooks, former->workspace, former->id);
	if (present && present->revision != former->revision) {
		err = ERR_CONFLICT;
	} else if (present) {
		next = counted_new(former->token);
		next->hook.id = former->id;
		next->hook.workspace = former->workspace;
		next->hook.revision = former->revision + 1;
		next->hook.created = former->created;
		next->hook.updated = clock_now();
		next->hook.life = hook_life_ref(former->life);
		next->hook.options = hook_options_copy(options, &next->arena);
		err = keep(hooks, next, ret);
	}
	pthread_mutex_unlock(&hooks->changing);
	hook_unref(present);
	return err;
}

enum err
hooks_remove(struct hooks *hooks, uint32_t workspace, struct uuid id)
{
	char text[UUID_TEXT_SIZE];
	struct object_change object = {.what = OBJECT_REMOVE,
		.row = {.workspace = workspace,
			.kind = OBJECT_HOOK,
			.id = str_of(uuid_format(id, text))}};
	const struct hook_change forget = hook_memory_forget(object.row.id);
	struct store_change changes[] = {
		{.kind = STORE_OBJECT, .object = &object},
		{.kind = STORE_HOOK, .hook = &forget},
	};
	enum err err;

	pthread_mutex_lock(&hooks->changing);
	err = commit_changes(hooks, changes, COUNT_OF(changes));
	if (err == ERR_OK)
		take_out(hooks, &id);
	pthread_mutex_unlock(&hooks->changing);
	if (err == ERR_CONFLICT)
		return ERR_NOT_FOUND;
	return err ? ERR_IO : ERR_OK;
}
