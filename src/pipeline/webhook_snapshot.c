#include "pipeline/webhook_snapshot.h"

#include <assert.h>
#include <stddef.h>

#include "base/json_out.h"
#include "base/mem.h"
#include "pipeline/live.h"

enum { ARENA_FIRST = 528, ARENA_STEP = 256 };

unsigned
webhook_rate(const struct webhook *webhook)
{
	unsigned wanted = webhook->options.rate;
	unsigned granted = webhook->allowed_rate;

	return !wanted || (granted && granted < wanted) ? granted : wanted;
}

bool
webhook_asks_rate(const struct webhook *webhook)
{
	return webhook->options.handshake == HANDSHAKE_GREENLAKE ||
	       str_equal(webhook->dialect, STR("greenlake"));
}

bool
webhook_has_second_secret(const struct webhook *webhook, int64_t now)
{
	return webhook->old_until > now;
}

void
webhook_ref(const struct webhook *webhook)
{
	struct webhook *counted = webhook_unconst(webhook);

	atomic_fetch_add_explicit(&counted->refs, 1, memory_order_relaxed);
}

void
webhook_unref(const struct webhook *webhook)
{
	struct webhook *counted = webhook_unconst(webhook);

	if (webhook == NULL || atomic_fetch_sub_explicit(&counted->refs, 1,
				       memory_order_acq_rel) > 1)
		return;
	live_unref(counted->live);
	for (size_t i = 0; i < counted->subscription_count; i++)
		subscription_unref(counted->subscriptions[i]);
	arena_release(&counted->arena);
	mem_free(counted);
}

struct webhook *
webhook_new(void)
{
	struct webhook *webhook = MEM_NEW(struct webhook);

	atomic_init(&webhook->refs, 1);
	/* There may be very many, and each is as it is for long. */
	webhook->arena.first = ARENA_FIRST;
	webhook->arena.step = ARENA_STEP;
	return webhook;
}

static void
copy_headers(struct webhook *webhook, const struct webhook_header *headers,
	size_t count)
{
	struct webhook_header *copy =
		arena_alloc_array(&webhook->arena, count, sizeof(*copy));

	for (size_t i = 0; i < count; i++) {
		copy[i].name = arena_copy(&webhook->arena, headers[i].name);
		copy[i].value = arena_copy(&webhook->arena, headers[i].value);
	}
	webhook->headers = copy;
	webhook->header_count = count;
}

static enum err
read_key(enum signature_scheme scheme, struct str secret,
	struct signature_key *ret)
{
	return signature_is_text(scheme)
		       ? signature_read_text(scheme, secret, ret)
		       : signature_read_secret(secret, ret);
}

enum err
webhook_set_secret(struct webhook *webhook, struct str secret)
{
	enum err err =
		read_key(webhook->options.signing, secret, &webhook->key);

	if (err == ERR_OK)
		webhook->secret = arena_copy(&webhook->arena, secret);
	return err;
}

/** Few webhooks have a second secret. */
static void
set_old_key(struct webhook *webhook, const struct signature_key *key)
{
	struct signature_key *copy =
		ARENA_NEW(&webhook->arena, struct signature_key);

	*copy = *key;
	webhook->old_key = copy;
}

static void
set_enables(struct webhook *webhook, const int64_t *enables, unsigned count)
{
	int64_t *copy = arena_alloc_array(
		&webhook->arena, count, sizeof(*webhook->enables));

	if (count)
		memcpy(copy, enables, count * sizeof(*copy));
	webhook->enables = copy;
	webhook->enable_count = count;
}

void
webhook_add_enable(struct webhook *webhook, int64_t now)
{
	int64_t enables[WEBHOOK_ENABLES_KEPT] = {now};
	unsigned count = webhook->enable_count;

	if (count == WEBHOOK_ENABLES_KEPT)
		count--;
	if (count)
		memcpy(enables + 1, webhook->enables, count * sizeof(*enables));
	set_enables(webhook, enables, count + 1);
}

enum err
webhook_set_second_secret(
	struct webhook *webhook, struct str secret, int64_t until)
{
	struct signature_key key;

	if (!str_is_empty(secret)) {
		if (read_key(webhook->options.signing, secret, &key))
			return ERR_INVALID;
		set_old_key(webhook, &key);
	}
	webhook->old_secret = arena_copy(&webhook->arena, secret);
	webhook->old_until = str_is_empty(secret) ? 0 : until;
	return ERR_OK;
}

void
webhook_new_secret(struct webhook *webhook, int64_t old_until)
{
	CLEANUP(buf_release) struct buf secret = buf_make(0);
	enum err err;

	webhook->old_secret = old_until ? webhook->secret : STR("");
	if (old_until)
		set_old_key(webhook, &webhook->key);
	webhook->old_until = old_until;
	signature_make_secret(webhook->options.signing, &secret);
	err = webhook_set_secret(webhook, buf_str(&secret));
	assert(err == ERR_OK); /* we made it */
	webhook->is_secret_read = false;
}

void
webhook_set_way(struct webhook *webhook)
{
	static const enum http_proxy_use uses[] = {
		[WEBHOOK_PROXY_COMMON] = HTTP_PROXY_COMMON,
		[WEBHOOK_PROXY_NONE] = HTTP_PROXY_NONE,
		[WEBHOOK_PROXY_OWN] = HTTP_PROXY_OWN,
	};
	const struct webhook_tls *tls = &webhook->options.tls;
	const struct webhook_proxy *proxy = &webhook->options.proxy;
	struct http_way way = {
		.tls = {tls->is_1_3_needed ? HTTP_TLS_1_3 : HTTP_TLS_1_2,
			tls->authorities, tls->certificate, tls->key},
		.proxy_use = uses[proxy->use],
		.proxy = {proxy->url, proxy->username, proxy->password,
			proxy->is_looking_up},
	};
	struct http_way *kept;

	webhook->way = NULL;
	if (!http_way_is_needed(&way))
		return;
	http_way_identify(&way);
	kept = ARENA_NEW(&webhook->arena, struct http_way);
	*kept = way;
	webhook->way = kept;
}

enum err
webhook_set_filter(struct webhook *webhook, struct str text, size_t *ret_column,
	struct buf *why)
{
	webhook->filter_text = arena_copy(&webhook->arena, text);
	webhook->filter = NULL;
	if (str_is_empty(text))
		return ERR_OK;
	return filter_compile(webhook->filter_text, &webhook->arena,
		&webhook->filter, ret_column, why);
}

struct webhook *
webhook_copy(const struct webhook *webhook)
{
	CLEANUP(buf_release) struct buf why = buf_make(256);
	struct webhook *copy = webhook_new();
	struct arena *arena = &copy->arena;
	size_t column;
	enum err err;

	copy->live = webhook->live ? live_ref(webhook->live) : live_new();
	copy->number = webhook->number;
	copy->id = webhook->id;
	copy->workspace = webhook->workspace;
	copy->revision = webhook->revision;
	copy->dialect = arena_copy(arena, webhook->dialect);
	copy->name = arena_copy(arena, webhook->name);
	copy->description = arena_copy(arena, webhook->description);
	copy->created_by = arena_copy(arena, webhook->created_by);
	copy->destination = arena_copy(arena, webhook->destination);
	copy->health = webhook->health;
	copy->status_reason = arena_copy(arena, webhook->status_reason);
	copy->generation = webhook->generation;
	copy->created = webhook->created;
	copy->updated = webhook->updated;
	copy->secret = arena_copy(arena, webhook->secret);
	copy->key = webhook->key;
	copy->is_secret_read = webhook->is_secret_read;
	copy->old_secret = arena_copy(arena, webhook->old_secret);
	if (webhook->old_key)
		set_old_key(copy, webhook->old_key);
	copy->old_until = webhook->old_until;
	copy->options = webhook_options_copy(&webhook->options, arena);
	webhook_set_way(copy);
	copy->allowed_rate = webhook->allowed_rate;
	copy->is_rate_unlimited = webhook->is_rate_unlimited;
	copy->verified = webhook->verified;
	copy->handshake = webhook->handshake;
	copy->probe_at = webhook->probe_at;
	copy->probes_failed = webhook->probes_failed;
	copy->gap_from = webhook->gap_from;
	copy->news_since = webhook->news_since;
	copy->news_count = webhook->news_count;
	copy->news_left_off = webhook->news_left_off;
	set_enables(copy, webhook->enables, webhook->enable_count);
	copy_headers(copy, webhook->headers, webhook->header_count);
	err = webhook_set_filter(copy, webhook->filter_text, &column, &why);
	assert(err == ERR_OK); /* it has compiled before */
	webhook_copy_subscriptions(copy, webhook);
	return copy;
}

/* ---- the row's JSON columns ---- */

static void
write_options(const struct webhook *webhook, struct buf *out)
{
	struct json_out json = json_out_make(out);

	json_out_object(&json, NULL);
	json_out_boolean(&json, "secretRead", webhook->is_secret_read);
	json_out_array(&json, "enables");
	for (unsigned i = 0; i < webhook->enable_count; i++)
		json_out_integer(&json, NULL, webhook->enables[i]);
	json_out_end(&json);
	json_out_integer(&json, "oldSecretUntil", webhook->old_until);
	json_out_integer(&json, "allowedRate", webhook->allowed_rate);
	json_out_integer(&json, "gapFrom", webhook->gap_from);
	json_out_integer(&json, "probeAt", webhook->probe_at);
	json_out_integer(&json, "probesFailed", webhook->probes_failed);
	json_out_boolean(&json, "rateUnlimited", webhook->is_rate_unlimited);
	json_out_integer(&json, "verified", webhook->verified);
	json_out_integer(&json, "oldScheme",
		webhook->old_key ? webhook->old_key->scheme : SIGNATURE_V1);
	json_out_string(&json, "description", webhook->description);
	json_out_string(&json, "createdBy", webhook->created_by);
	webhook_options_write(&webhook->options, &json);
	json_out_end(&json);
}

/* Secrets that few webhooks have: written when they are there. */
static const struct {
	const char *name;
	size_t offset; /* of its struct str in webhook_options */
} way_secrets[] = {
	{"tlsAuthorities", offsetof(struct webhook_options, tls.authorities)},
	{"tlsCertificate", offsetof(struct webhook_options, tls.certificate)},
	{"tlsKey", offsetof(struct webhook_options, tls.key)},
	{"proxyPassword", offsetof(struct webhook_options, proxy.password)},
};

static struct str *
way_secret(struct webhook_options *options, size_t index)
{
	char *start = (char *)options;

	return (struct str *)(void *)(start + way_secrets[index].offset);
}

static void
write_secrets(const struct webhook *webhook, struct buf *out)
{
	struct webhook_options copy = webhook->options, *options = &copy;
	struct json_out json = json_out_make(out);

	json_out_object(&json, NULL);
	json_out_string(&json, "secret", webhook->secret);
	json_out_string(&json, "oldSecret", webhook->old_secret);
	json_out_string(&json, "authSecret", webhook->options.auth.secret);
	for (size_t i = 0; i < COUNT_OF(way_secrets); i++) {
		struct str text = *way_secret(options, i);

		if (text.len > 0)
			json_out_string(&json, way_secrets[i].name, text);
	}
	json_out_object(&json, "headers");
	for (size_t i = 0; i < webhook->header_count; i++) {
		json_out_key(&json, webhook->headers[i].name);
		json_out_string(&json, NULL, webhook->headers[i].value);
	}
	json_out_end(&json);
	json_out_end(&json);
}

static struct str
id_context(const struct uuid *id)
{
	return str_make((const char *)id->bytes, sizeof(id->bytes));
}

void
webhook_to_row(const struct webhook *webhook, const struct seal_key *key,
	struct arena *arena, struct webhook_row *ret)
{
	CLEANUP(buf_release) struct buf options = buf_make(0);
	CLEANUP(buf_release) struct buf secrets = buf_make(0);
	CLEANUP(buf_release) struct buf sealed = buf_make(0);

	write_options(webhook, &options);
	write_secrets(webhook, &secrets);
	seal_close(key, id_context(&webhook->id), buf_str(&secrets), &sealed);
	*ret = (struct webhook_row){
		.number = webhook->number,
		.id = webhook->id,
		.workspace = webhook->workspace,
		.revision = webhook->revision,
		.dialect = webhook->dialect,
		.name = webhook->name,
		.destination = webhook->destination,
		.filter = webhook->filter_text,
		.health = webhook->health,
		.status_reason = webhook->status_reason,
		.generation = webhook->generation,
		.created = webhook->created,
		.updated = webhook->updated,
		.options = arena_copy(arena, buf_str(&options)),
		.sealed = arena_copy(arena, buf_str(&sealed)),
	};
}

static void
read_headers(struct webhook *webhook, struct json headers)
{
	struct json_walk walk = json_walk(headers);
	size_t count = json_count(headers);
	struct webhook_header *list =
		arena_alloc_array(&webhook->arena, count, sizeof(*list));

	webhook->headers = list;
	while (json_walk_next(&walk)) {
		struct webhook_header *header = &list[webhook->header_count++];

		header->name = arena_copy(&webhook->arena,
			json_string(walk.key, &webhook->arena));
		header->value = arena_copy(&webhook->arena,
			json_string(walk.value, &webhook->arena));
	}
}

static struct str
read_string(const struct json_doc *doc, const char *name, struct arena *scratch)
{
	return json_string(json_member(json_root(doc), str_of(name)), scratch);
}

static enum err
read_secrets(struct webhook *webhook, const struct webhook_row *row,
	const struct seal_key *key, struct arena *scratch)
{
	struct json_doc doc;
	struct str plain;
	enum err err;

	err = seal_open(
		key, id_context(&row->id), row->sealed, scratch, &plain);
	if (err)
		return err;
	err = json_read(plain, scratch, &doc, NULL);
	if (err)
		return err;
	read_headers(webhook, json_member(json_root(&doc), STR("headers")));
	webhook->options.auth.secret = arena_copy(
		&webhook->arena, read_string(&doc, "authSecret", scratch));
	webhook->secret = arena_copy(
		&webhook->arena, read_string(&doc, "secret", scratch));
	for (size_t i = 0; i < COUNT_OF(way_secrets); i++)
		*way_secret(&webhook->options, i) = arena_copy(&webhook->arena,
			read_string(&doc, way_secrets[i].name, scratch));
	webhook->old_secret = arena_copy(
		&webhook->arena, read_string(&doc, "oldSecret", scratch));
	return ERR_OK;
}

/** What the scheme makes of the secrets, once the options are known. */
static enum err
read_keys(struct webhook *webhook, int64_t old_scheme)
{
	enum signature_scheme scheme = old_scheme == SIGNATURE_GREENLAKE
					       ? SIGNATURE_GREENLAKE
					       : SIGNATURE_V1;
	struct signature_key old_key;
	enum err err = read_key(
		webhook->options.signing, webhook->secret, &webhook->key);

	if (!err && webhook->old_secret.len > 0)
		err = read_key(scheme, webhook->old_secret, &old_key);
	if (!err && webhook->old_secret.len > 0)
		set_old_key(webhook, &old_key);
	return err;
}

/**
 * What an older version wrote lacks members: they are the defaults. Secrets
 * are not among them, they have been unsealed before.
 */
static void
read_delivery_options(
	struct webhook *webhook, struct json json, struct arena *scratch)
{
	struct webhook_issues issues = {.arena = scratch};
	struct webhook_options unsealed = webhook->options;
	int64_t rate = 0, failed = 0;

	webhook_options_read(json, &webhook->options, &issues);
	webhook->options =
		webhook_options_copy(&webhook->options, &webhook->arena);
	webhook_options_take_secrets(&webhook->options, &unsealed);
	webhook_set_way(webhook);
	json_to_integer(
		json_member(json, STR("oldSecretUntil")), &webhook->old_until);
	json_to_integer(json_member(json, STR("gapFrom")), &webhook->gap_from);
	json_to_integer(json_member(json, STR("probeAt")), &webhook->probe_at);
	json_to_integer(json_member(json, STR("probesFailed")), &failed);
	webhook->probes_failed =
		failed > 0 && failed <= UINT32_MAX ? (unsigned)failed : 0;
	json_to_integer(json_member(json, STR("verified")), &webhook->verified);
	webhook->is_rate_unlimited =
		json_kind(json_member(json, STR("rateUnlimited"))) == JSON_TRUE;
	webhook->description = arena_copy(&webhook->arena,
		json_string(json_member(json, STR("description")), scratch));
	webhook->created_by = arena_copy(&webhook->arena,
		json_string(json_member(json, STR("createdBy")), scratch));
	webhook->health.rules = webhook->options.failures;
	json_to_integer(json_member(json, STR("allowedRate")), &rate);
	webhook->allowed_rate =
		rate > 0 && rate <= UINT32_MAX ? (unsigned)rate : 0;
}

static enum err
read_options(struct webhook *webhook, struct str options, struct arena *scratch)
{
	struct json_doc doc;
	struct json_walk walk;
	int64_t enables[WEBHOOK_ENABLES_KEPT];
	unsigned count = 0;
	int64_t old_scheme = SIGNATURE_V1;
	enum err err = json_read(options, scratch, &doc, NULL);

	if (err)
		return err;
	webhook->is_secret_read = json_kind(json_member(json_root(&doc),
					  STR("secretRead"))) == JSON_TRUE;
	read_delivery_options(webhook, json_root(&doc), scratch);
	walk = json_walk(json_member(json_root(&doc), STR("enables")));
	while (count < WEBHOOK_ENABLES_KEPT && json_walk_next(&walk)) {
		if (json_to_integer(walk.value, &enables[count]))
			count++;
	}
	set_enables(webhook, enables, count);
	json_to_integer(
		json_member(json_root(&doc), STR("oldScheme")), &old_scheme);
	return read_keys(webhook, old_scheme);
}

static void
read_columns(struct webhook *webhook, const struct webhook_row *row)
{
	struct arena *arena = &webhook->arena;

	webhook->number = row->number;
	webhook->id = row->id;
	webhook->workspace = row->workspace;
	webhook->revision = row->revision;
	webhook->dialect = arena_copy(arena, row->dialect);
	webhook->name = arena_copy(arena, row->name);
	webhook->destination = arena_copy(arena, row->destination);
	webhook->health = row->health;
	webhook->status_reason = arena_copy(arena, row->status_reason);
	webhook->generation = row->generation;
	webhook->created = row->created;
	webhook->updated = row->updated;
}

enum err
webhook_from_row(const struct webhook_row *row, const struct seal_key *key,
	const struct webhook **ret, struct buf *why)
{
	struct webhook *webhook = webhook_new();
	struct arena scratch = {0};
	size_t column;
	enum err err;

	webhook->live = live_new();
	read_columns(webhook, row);
	err = read_secrets(webhook, row, key, &scratch);
	if (err)
		buf_printf(why, "its secrets do not open with this key file");
	if (!err)
		err = read_options(webhook, row->options, &scratch);
	if (!err)
		err = webhook_set_filter(webhook, row->filter, &column, why);
	arena_release(&scratch);
	if (err) {
		webhook_unref(webhook);
		return err;
	}
	*ret = webhook;
	return ERR_OK;
}
