#include "api/keys.h"

#include <stdatomic.h>

#include "api/keys_private.h"
#include "api/token.h"
#include "base/clock.h"
#include "base/mem.h"

enum {
	ID_LEN = 15, /* gk_ and 12 digits */
	SECRET_LEN = 43,
	TEXT_LEN = ID_LEN + 1 + SECRET_LEN,
	FAILURES_MAX = 5, /* in failure_time */
	RECALLED_MAX = 128,
};

static const int64_t failure_time = MINUTES;

static struct str
digest_str(const uint8_t digest[DIGEST_SHA256_LEN])
{
	return str_make((const char *)digest, DIGEST_SHA256_LEN);
}

/* ---- in memory; under the lock ---- */

static void
begin_generation(struct keys *keys)
{
	static _Atomic uint64_t last;

	keys->generation = atomic_fetch_add(&last, 1) + 1;
}

/*
 * The text that proved right last in this thread. A publisher sends the same
 * one with each request, and to hash it is dearer than to compare it. It counts
 * only while the keys are what they were.
 */
static _Thread_local struct {
	uint64_t generation; /* 0: none */
	const struct key *key;
	size_t len;
	char text[RECALLED_MAX];
} recalled;

static const struct key *
recall(const struct keys *keys, struct str text)
{
	if (recalled.generation != keys->generation ||
		!digest_equal(str_make(recalled.text, recalled.len), text))
		return NULL;
	return recalled.key;
}

static void
keep_for_recall(const struct keys *keys, const struct key *key, struct str text)
{
	if (text.len > RECALLED_MAX)
		return;
	recalled.generation = keys->generation;
	recalled.key = key;
	recalled.len = text.len;
	memcpy(recalled.text, text.ptr, text.len);
}

static void
forget_digest(struct keys *keys, struct key *key)
{
	if (key->has_digest &&
		map_get(&keys->by_digest, digest_str(key->digest)) == key)
		map_remove(&keys->by_digest, digest_str(key->digest));
	key->has_digest = false;
}

void
keys_erase(struct keys *keys, struct str id)
{
	struct key *key = map_remove(&keys->by_id, id);

	if (key == NULL)
		return;
	forget_digest(keys, key);
	begin_generation(keys);
	arena_release(&key->arena);
	mem_free(key);
}

static void
remember(struct keys *keys, struct key *key, const uint8_t *digest)
{
	forget_digest(keys, key);
	begin_generation(keys);
	memcpy(key->digest, digest, DIGEST_SHA256_LEN);
	key->has_digest = true;
	map_put(&keys->by_digest, digest_str(key->digest), key);
}

void
keys_insert(struct keys *keys, const struct key_row *row, const uint8_t *digest)
{
	struct key *key = MEM_NEW(struct key);

	key->row = *row;
	key->row.id = arena_copy(&key->arena, row->id);
	key->row.name = arena_copy(&key->arena, row->name);
	map_put(&keys->by_id, key->row.id, key);
	if (digest)
		remember(keys, key, digest);
}

/** ERR_TIMEOUT when the key has ended; also then it says whose it was. */
static enum err
tell_identity(
	const struct key *key, struct arena *arena, struct api_identity *ret)
{
	bool has_ended = key->row.expires && key->row.expires <= clock_now();

	ret->workspace = key->row.workspace;
	ret->role = key->row.role;
	ret->key_id = arena_copy(arena, key->row.id);
	ret->key_name = arena_copy(arena, key->row.name);
	ret->key_expires = key->row.expires;
	return has_ended ? ERR_TIMEOUT : ERR_OK;
}

/** Whether another wrong secret may still be hashed for this key. */
static bool
may_try(struct key *key)
{
	int64_t now = clock_monotonic();

	if (now - key->failures_since >= failure_time) {
		key->failures_since = now;
		key->failures = 0;
	}
	return key->failures < FAILURES_MAX;
}

/* ---- opening ---- */

static bool
load_one(void *context, const struct key_row *row)
{
	keys_insert(context, row, NULL);
	return true;
}

enum err
keys_open(
	const struct keys_options *options, struct keys **ret, struct buf *why)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct keys *keys = MEM_NEW(struct keys);
	enum err err;

	begin_generation(keys);
	keys->store = options->store;
	keys->writer = options->writer;
	seal_key_derive(options->master, STR("token"), &keys->token_key);
	pthread_mutex_init(&keys->changing, NULL);
	pthread_mutex_init(&keys->lock, NULL);
	err = store_each_key(keys->store, &arena, load_one, keys);
	if (err) {
		buf_printf(why, "the API keys cannot be read from the store");
		keys_close(keys);
		return err;
	}
	*ret = keys;
	return ERR_OK;
}

void
keys_close(struct keys *keys)
{
	size_t at = 0;
	struct key *key;

	if (keys == NULL)
		return;
	while ((key = map_next(&keys->by_id, &at))) {
		arena_release(&key->arena);
		mem_free(key);
	}
	map_release(&keys->by_id);
	map_release(&keys->by_digest);
	pthread_mutex_destroy(&keys->lock);
	pthread_mutex_destroy(&keys->changing);
	mem_free(keys);
}

size_t
keys_count(struct keys *keys)
{
	size_t count;

	pthread_mutex_lock(&keys->lock);
	count = keys->by_id.count;
	pthread_mutex_unlock(&keys->lock);
	return count;
}

/* ---- verifying ---- */

static bool
is_key_text(struct str text)
{
	return text.len == TEXT_LEN && str_starts_with(text, STR("gk_")) &&
	       text.ptr[ID_LEN] == '_';
}

struct str
keys_split_text(struct str text, struct str *ret_secret)
{
	if (!is_key_text(text)) {
		*ret_secret = text;
		return KEYS_SEEDED_ID;
	}
	*ret_secret = str_skip(text, ID_LEN + 1);
	return str_head(text, ID_LEN);
}

void
keys_hash_secret(struct str secret, const uint8_t salt[16],
	uint8_t hash[DIGEST_SHA256_LEN])
{
	digest_scrypt(secret, str_make((const char *)salt, 16), hash);
}

/**
 * The slow way, without the lock while hashing. A key that was removed or
 * replaced meanwhile does not count.
 */
static enum err
verify_by_hash(struct keys *keys, struct str text, const uint8_t *digest,
	struct arena *arena, struct api_identity *ret)
{
	struct key_row row = {0};
	struct str secret, id = keys_split_text(text, &secret);
	uint8_t hash[DIGEST_SHA256_LEN];
	bool is_tried = false, is_right;
	enum err err = ERR_DENIED;
	struct key *key;

	pthread_mutex_lock(&keys->lock);
	key = map_get(&keys->by_id, id);
	if (key && key->row.is_seeded == str_equal(id, KEYS_SEEDED_ID) &&
		may_try(key)) {
		key->failures++; /* taken back when it proves right */
		row = key->row;
		is_tried = true;
	}
	pthread_mutex_unlock(&keys->lock);
	if (!is_tried)
		return ERR_DENIED;
	keys_hash_secret(secret, row.salt, hash);
	is_right = digest_equal(digest_str(hash), digest_str(row.hash));
	if (!is_right)
		return ERR_DENIED;
	pthread_mutex_lock(&keys->lock);
	key = map_get(&keys->by_id, id);
	is_right = key && !memcmp(key->row.hash, row.hash, sizeof(row.hash));
	if (is_right) {
		key->failures = 0;
		remember(keys, key, digest);
		err = tell_identity(key, arena, ret);
	}
	pthread_mutex_unlock(&keys->lock);
	return err;
}

enum err
keys_verify_text(struct keys *keys, struct str text, struct arena *arena,
	struct api_identity *ret)
{
	uint8_t digest[DIGEST_SHA256_LEN];
	enum err err = ERR_OK;
	const struct key *key;

	pthread_mutex_lock(&keys->lock);
	key = recall(keys, text);
	if (key)
		err = tell_identity(key, arena, ret);
	pthread_mutex_unlock(&keys->lock);
	if (key)
		return err;
	digest_sha256(text, digest);
	pthread_mutex_lock(&keys->lock);
	key = map_get(&keys->by_digest, digest_str(digest));
	if (key) {
		keep_for_recall(keys, key, text);
		err = tell_identity(key, arena, ret);
	}
	pthread_mutex_unlock(&keys->lock);
	return key ? err : verify_by_hash(keys, text, digest, arena, ret);
}

static enum err
verify_token(struct keys *keys, struct str text, struct arena *arena,
	struct api_identity *ret)
{
	enum err err = ERR_DENIED;
	struct str id;
	struct key *key;

	if (token_verify(&keys->token_key, text, clock_now(), arena, &id))
		return ERR_DENIED;
	pthread_mutex_lock(&keys->lock);
	key = map_get(&keys->by_id, id);
	if (key)
		err = tell_identity(key, arena, ret);
	pthread_mutex_unlock(&keys->lock);
	return err;
}

enum err
keys_identify(struct keys *keys, struct str bearer, struct arena *arena,
	struct api_identity *ret)
{
	enum err err = ERR_DENIED;

	if (bearer.len == 0 || bearer.len > KEYS_BEARER_MAX)
		return ERR_DENIED;
	if (!is_key_text(bearer))
		err = verify_token(keys, bearer, arena, ret);
	if (err != ERR_DENIED)
		return err;
	return keys_verify_text(keys, bearer, arena, ret);
}

enum err
keys_identify_client(struct keys *keys, struct str id, struct str secret,
	struct arena *arena, struct api_identity *ret)
{
	struct str text = secret;
	enum err err;

	if (id.len == 0 || id.len > KEYS_BEARER_MAX || secret.len == 0 ||
		secret.len > KEYS_BEARER_MAX)
		return ERR_DENIED;
	if (!str_equal(id, KEYS_SEEDED_ID) && !is_key_text(secret))
		text = arena_printf(
			arena, "%.*s_%.*s", STR_ARG(id), STR_ARG(secret));
	/* An id of another shape must not become the seeded key's secret. */
	if (!str_equal(id, KEYS_SEEDED_ID) && !is_key_text(text))
		return ERR_DENIED;
	err = keys_verify_text(keys, text, arena, ret);
	if (err == ERR_DENIED || !str_equal(ret->key_id, id))
		return ERR_DENIED;
	return err;
}

struct str
keys_issue_token(
	struct keys *keys, const struct api_identity *who, struct arena *arena)
{
	return token_make(&keys->token_key, who->key_id,
		str_of(key_role_name(who->role)), clock_now(), arena);
}

bool
keys_role_allows(enum key_role role, enum api_access access)
{
	static const bool allowed[][ACCESS_METRICS + 1] = {
		[ROLE_VIEWER] = {[ACCESS_PUBLIC] = true,
			[ACCESS_VIEWER] = true,
			[ACCESS_METRICS] = true},
		[ROLE_PUBLISHER] =
			{[ACCESS_PUBLIC] = true, [ACCESS_PUBLISHER] = true},
		[ROLE_ADMIN] = {true, true, true, true, true},
	};

	return allowed[role][access];
}
