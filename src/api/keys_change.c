#include <stdlib.h>

#include "api/key_watch.h"
#include "api/keys_private.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/json_out.h"
#include "base/random.h"
#include "pipeline/audit.h"
#include "pipeline/writer.h"

static bool
is_valid_name(struct str name)
{
	return name.len > 0 && name.len <= KEY_NAME_MAX && str_is_utf8(name) &&
	       !str_has_control(name);
}

static struct key_view
view_of(const struct key_row *row, struct arena *arena)
{
	return (struct key_view){.id = arena_copy(arena, row->id),
		.workspace = row->workspace,
		.role = row->role,
		.name = arena_copy(arena, row->name),
		.is_seeded = row->is_seeded,
		.created = row->created,
		.expires = row->expires};
}

/** A random id of 12 digits, and a secret, put together in `text`. */
static struct str
draw_text(struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	uint8_t bytes[32];

	buf_append(&text, STR("gk_"));
	random_bytes(bytes, 6);
	encode_hex(&text, str_make((const char *)bytes, 6));
	buf_append_char(&text, '_');
	random_bytes(bytes, sizeof(bytes));
	encode_base64_url(&text, str_make((const char *)bytes, sizeof(bytes)));
	return arena_copy(arena, buf_str(&text));
}

/** What the audit log says of a key. */
static struct str
write_facts(const struct key_row *row, struct buf *text)
{
	struct json_out out = json_out_make(text);

	if (row == NULL)
		return STR("");
	json_out_object(&out, NULL);
	json_out_text(&out, "role", key_role_name(row->role));
	json_out_string(&out, "name", row->name);
	if (row->expires)
		json_out_time(&out, "expiresAt", row->expires);
	else
		json_out_null(&out, "expiresAt");
	json_out_end(&out);
	return buf_str(text);
}

/** From `former` (NULL: it is new) to `next` (NULL: it goes). */
static enum err
commit(struct keys *keys, const struct store_change *change,
	const struct key_row *former, const struct key_row *next)
{
	CLEANUP(buf_release) struct buf before = buf_make(0);
	CLEANUP(buf_release) struct buf after = buf_make(0);
	const struct key_row *about = next ? next : former;
	const struct audit_entry entry = {.category = "keys",
		.action = next ? "created" : "revoked",
		.type = "key",
		.id = about->id,
		.name = about->name,
		.before = write_facts(former, &before),
		.after = write_facts(next, &after)};

	return audit_commit(keys->writer, change, 1, &entry, 1);
}

enum err
keys_create(struct keys *keys, const struct key_draft *draft,
	struct arena *arena, struct key_view *ret, struct str *ret_text)
{
	struct key_row row = {.workspace = draft->workspace,
		.role = draft->role,
		.name = draft->name,
		.created = clock_now(),
		.expires = draft->expires};
	struct store_change change = {.kind = STORE_KEY_ADD, .key = &row};
	uint8_t digest[DIGEST_SHA256_LEN];
	struct str text, secret;
	enum err err;

	if (!is_valid_name(draft->name))
		return ERR_INVALID;
	if (keys_count(keys) >= KEYS_MAX)
		return ERR_LIMIT;
	text = draw_text(arena);
	row.id = keys_split_text(text, &secret);
	random_bytes(row.salt, sizeof(row.salt));
	keys_hash_secret(secret, row.salt, row.hash);
	digest_sha256(text, digest);
	pthread_mutex_lock(&keys->changing);
	err = commit(keys, &change, NULL, &row);
	if (!err) {
		pthread_mutex_lock(&keys->lock);
		keys_insert(keys, &row, digest);
		pthread_mutex_unlock(&keys->lock);
		*ret = view_of(&row, arena);
		*ret_text = text;
	}
	pthread_mutex_unlock(&keys->changing);
	if (!err && draft->expires)
		key_watch_wake(keys->watch);
	return err;
}

static int
compare_views(const void *a, const void *b)
{
	const struct key_view *x = a, *y = b;

	if (x->created != y->created)
		return x->created < y->created ? -1 : 1;
	return str_compare(x->id, y->id);
}

struct key_view *
keys_list(struct keys *keys, uint32_t workspace, struct arena *arena,
	size_t *ret_count)
{
	struct key_view *views;
	struct key *key;
	size_t at = 0, count = 0;

	pthread_mutex_lock(&keys->lock);
	views = arena_alloc_array(arena, keys->by_id.count + 1, sizeof(*views));
	while ((key = map_next(&keys->by_id, &at)))
		if (key->row.workspace == workspace)
			views[count++] = view_of(&key->row, arena);
	pthread_mutex_unlock(&keys->lock);
	qsort(views, count, sizeof(*views), compare_views);
	*ret_count = count;
	return views;
}

/** Under the lock: whether it may go. */
static enum err
check_revocable(const struct keys *keys, uint32_t workspace, struct str id)
{
	const struct key *key = map_get(&keys->by_id, id), *other;
	size_t at = 0;

	if (key == NULL || key->row.workspace != workspace)
		return ERR_NOT_FOUND;
	if (key->row.role != ROLE_ADMIN)
		return ERR_OK;
	while ((other = map_next(&keys->by_id, &at)))
		if (other != key && other->row.role == ROLE_ADMIN &&
			(!other->row.expires ||
				other->row.expires > clock_now()))
			return ERR_OK;
	return ERR_CONFLICT;
}

enum err
keys_revoke(struct keys *keys, uint32_t workspace, struct str id)
{
	struct store_change change = {.kind = STORE_KEY_REMOVE, .key_id = id};
	const struct key_row *former = NULL;
	enum err err;

	pthread_mutex_lock(&keys->changing);
	pthread_mutex_lock(&keys->lock);
	err = check_revocable(keys, workspace, id);
	if (!err) {
		/* It stays while `changing` is held. */
		const struct key *key = map_get(&keys->by_id, id);

		former = &key->row;
	}
	pthread_mutex_unlock(&keys->lock);
	if (!err) {
		err = commit(keys, &change, former, NULL);
		if (err == ERR_CONFLICT)
			err = ERR_NOT_FOUND; /* gone from the store already */
		if (!err || err == ERR_NOT_FOUND) {
			pthread_mutex_lock(&keys->lock);
			keys_erase(keys, id);
			pthread_mutex_unlock(&keys->lock);
		}
	}
	pthread_mutex_unlock(&keys->changing);
	return err;
}

/* ---- seeding ---- */

static bool
is_valid_seed(struct str token)
{
	if (token.len < KEY_SEED_MIN || token.len > KEYS_BEARER_MAX)
		return false;
	for (size_t i = 0; i < token.len; i++)
		if (token.ptr[i] <= ' ' || token.ptr[i] > '~')
			return false;
	return true;
}

enum err
keys_seed_admin(struct keys *keys, struct str token, struct buf *why)
{
	struct key_row row = {.id = KEYS_SEEDED_ID,
		.workspace = WORKSPACE_DEFAULT,
		.role = ROLE_ADMIN,
		.name = STR("seeded from the environment"),
		.is_seeded = true,
		.created = clock_now()};
	struct store_change changes[] = {
		{.kind = STORE_KEY_REMOVE, .key_id = KEYS_SEEDED_ID},
		{.kind = STORE_KEY_ADD, .key = &row},
	};
	CLEANUP(arena_release) struct arena arena = {0};
	uint8_t digest[DIGEST_SHA256_LEN];
	struct api_identity who;
	bool is_there;
	enum err err;

	if (!is_valid_seed(token)) {
		buf_printf(why,
			"the admin token must be %d to %d printable "
			"characters without blanks",
			KEY_SEED_MIN, KEYS_BEARER_MAX);
		return ERR_INVALID;
	}
	if (!keys_verify_text(keys, token, &arena, &who)) {
		if (who.role == ROLE_ADMIN)
			return ERR_OK;
		buf_printf(why,
			"the admin token is the text of key %.*s, "
			"whose role is %s",
			STR_ARG(who.key_id), key_role_name(who.role));
		return ERR_INVALID;
	}
	random_bytes(row.salt, sizeof(row.salt));
	keys_hash_secret(token, row.salt, row.hash);
	digest_sha256(token, digest);
	pthread_mutex_lock(&keys->changing);
	pthread_mutex_lock(&keys->lock);
	is_there = map_get(&keys->by_id, KEYS_SEEDED_ID) != NULL;
	pthread_mutex_unlock(&keys->lock);
	err = writer_commit(keys->writer, is_there ? changes : changes + 1,
		is_there ? 2 : 1);
	if (err) {
		buf_printf(why, "the admin token cannot be stored (%s)",
			err_name(err));
	} else {
		pthread_mutex_lock(&keys->lock);
		keys_erase(keys, KEYS_SEEDED_ID);
		keys_insert(keys, &row, digest);
		pthread_mutex_unlock(&keys->lock);
	}
	pthread_mutex_unlock(&keys->changing);
	return err;
}

enum err
keys_ensure_admin(struct keys *keys, struct str token, struct arena *arena,
	struct str *ret_text, struct buf *why)
{
	struct key_view view;
	const struct key_draft first = {WORKSPACE_DEFAULT, ROLE_ADMIN,
		STR("made by the first start"), 0};
	struct str text = {0};
	enum err err = ERR_OK;

	*ret_text = (struct str){0};
	if (token.len > 0)
		return keys_seed_admin(keys, token, why);
	if (keys_count(keys) == 0)
		err = keys_create(keys, &first, arena, &view, &text);
	if (err)
		buf_printf(why, "the first admin key cannot be stored (%s)",
			err_name(err));
	else
		*ret_text = text;
	return err;
}
