#include "net/http_client_pool.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

enum { KEY_LEN = 64, AUTHORITIES_MAX = 1024 * 1024 };

/* ---- the client's own authorities ---- */

static bool
read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char bytes[16384];
	ssize_t count;

	if (fd < 0)
		return false;
	while ((count = read(fd, bytes, sizeof(bytes))) > 0)
		buf_append(out, str_make(bytes, (size_t)count));
	close(fd);
	return count == 0 && !buf_is_overflown(out);
}

/** They are read when they are first needed, and again when that failed. */
static enum err
read_authorities(struct http_pools *pools, struct buf *why)
{
	CLEANUP(buf_release) struct buf text = buf_make(AUTHORITIES_MAX);
	const char *path = pools->options->ca_file;

	if (path == NULL)
		path = curl_version_info(CURLVERSION_NOW)->cainfo;
	if (pools->authorities || path == NULL)
		return ERR_OK;
	buf_printf(why, "the authorities in %s: ", path);
	if (!read_file(path, &text)) {
		buf_append(why, STR("cannot be read"));
		return ERR_IO;
	}
	if (certificates_read(buf_str(&text), &pools->authorities, why))
		return ERR_INVALID;
	buf_clear(why);
	return ERR_OK;
}

/* ---- making one ---- */

static enum err
proxy_read(const struct http_proxy *from, const struct address_policy *policy,
	struct arena *arena, struct http_proxy_way *ret, struct buf *why)
{
	enum err err =
		http_proxy_read(from->url, policy, arena, &ret->url, why);

	if (err)
		return err;
	ret->username = arena_copy(arena, from->username);
	ret->password = arena_copy(arena, from->password);
	ret->is_literal = url_host_is_address(ret->url.host);
	ret->is_vetted = policy != NULL;
	ret->is_looking_up = from->is_looking_up;
	return ERR_OK;
}

static void
copy_list(struct http_pool *pool, const struct address_list *list)
{
	struct arena *arena = &pool->arena;
	struct address_network *networks = arena_alloc_array(
		arena, list->network_count, sizeof(*networks));
	struct str *hosts =
		arena_alloc_array(arena, list->host_count, sizeof(*hosts));

	if (list->network_count)
		memcpy(networks, list->networks,
			list->network_count * sizeof(*networks));
	for (size_t i = 0; i < list->host_count; i++)
		hosts[i] = arena_copy(arena, list->hosts[i]);
	pool->list = *list;
	pool->list.networks = networks;
	pool->list.hosts = hosts;
	pool->own_policy = *pool->policy;
	pool->own_policy.list = &pool->list;
	pool->policy = &pool->own_policy;
	pool->destinations.policy = pool->policy;
}

static enum http_failure
set_way(struct http_pools *pools, struct http_pool *pool,
	const struct http_way *way, struct buf *why)
{
	struct http_proxy_way *proxy;
	enum err err = ERR_OK;

	if (way->tls.minimum == HTTP_TLS_1_3)
		pool->tls_minimum = CURL_SSLVERSION_TLSv1_3;
	if (way->tls.authorities.len > 0 &&
		read_authorities(pools, why) != ERR_OK)
		return HTTP_OUR_FAULT;
	if (way->tls.authorities.len > 0 || way->tls.certificate.len > 0)
		err = http_tls_context_new(
			&way->tls, pools->authorities, &pool->tls, why);
	if (err)
		return HTTP_OUR_FAULT;
	if (way->proxy_use == HTTP_PROXY_COMMON)
		return HTTP_NO_FAILURE;
	pool->proxy = NULL;
	if (way->proxy_use == HTTP_PROXY_NONE)
		return HTTP_NO_FAILURE;
	proxy = ARENA_NEW(&pool->arena, struct http_proxy_way);
	err = proxy_read(&way->proxy, pool->policy, &pool->arena, proxy, why);
	pool->proxy = proxy;
	if (err)
		return err == ERR_DENIED ? HTTP_NOT_ALLOWED : HTTP_BAD_URL;
	return HTTP_NO_FAILURE;
}

static CURLSH *
new_share(void)
{
	CURLSH *share = curl_share_init();

	if (share == NULL ||
		curl_share_setopt(share, CURLSHOPT_SHARE,
			CURL_LOCK_DATA_CONNECT) != CURLSHE_OK ||
		curl_share_setopt(share, CURLSHOPT_SHARE,
			CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK)
		abort();
	return share;
}

static void
pool_init(struct http_pools *pools, struct http_pool *pool)
{
	const struct http_client_options *options = pools->options;

	pool->policy = options->policy;
	pool->proxy = pools->proxy;
	pool->tls_minimum = CURL_SSLVERSION_TLSv1_2;
	pool->destinations.policy = pool->policy;
	/* What is excepted from the common proxy only. */
	if (options->proxy && pool->proxy) {
		pool->destinations.no_proxy = options->no_proxy;
		pool->destinations.no_proxy_count = options->no_proxy_count;
	}
}

static void
pool_release(struct http_pools *pools, struct http_pool *pool)
{
	pools->release(pool);
	http_destinations_release(&pool->destinations);
	if (pool->share)
		curl_share_cleanup(pool->share);
	http_tls_context_free(pool->tls);
	arena_release(&pool->arena);
}

static enum http_failure
pool_new(struct http_pools *pools, const struct http_way *way,
	const struct address_list *list, struct http_pool **ret,
	struct buf *why)
{
	struct http_pool *pool = MEM_NEW(struct http_pool);
	enum http_failure failure = HTTP_NO_FAILURE;

	pool_init(pools, pool);
	pool->share = new_share();
	if (list)
		copy_list(pool, list);
	if (way)
		failure = set_way(pools, pool, way, why);
	if (way && way->proxy_use != HTTP_PROXY_COMMON)
		pool->destinations.no_proxy_count = 0;
	if (failure != HTTP_NO_FAILURE) {
		pool_release(pools, pool);
		mem_free(pool);
		return failure;
	}
	*ret = pool;
	return HTTP_NO_FAILURE;
}

/* ---- having many ---- */

static void
unlink_idle(struct http_pools *pools, struct http_pool *pool)
{
	*(pool->older ? &pool->older->newer : &pools->oldest) = pool->newer;
	*(pool->newer ? &pool->newer->older : &pools->newest) = pool->older;
	pool->older = NULL;
	pool->newer = NULL;
	pools->idle_count--;
}

static void
link_idle(struct http_pools *pools, struct http_pool *pool)
{
	pool->older = pools->newest;
	pool->newer = NULL;
	*(pools->newest ? &pools->newest->newer : &pools->oldest) = pool;
	pools->newest = pool;
	pools->idle_count++;
}

static void
drop_oldest(struct http_pools *pools)
{
	struct http_pool *pool = pools->oldest;

	unlink_idle(pools, pool);
	map_remove(&pools->by_key, pool->key);
	pool_release(pools, pool);
	mem_free(pool);
}

enum http_failure
http_pools_take(struct http_pools *pools, const struct http_way *way,
	const struct address_list *list, struct http_pool **ret,
	struct buf *why)
{
	char key[KEY_LEN] = {0};
	struct http_pool *pool;
	enum http_failure failure;

	*ret = &pools->plain;
	if (way == NULL && list == NULL)
		return HTTP_NO_FAILURE;
	if (way)
		memcpy(key, way->id, sizeof(way->id));
	if (list)
		memcpy(key + sizeof(way->id), list->id, sizeof(list->id));
	pool = map_get(&pools->by_key, str_make(key, sizeof(key)));
	if (pool == NULL) {
		failure = pool_new(pools, way, list, &pool, why);
		if (failure != HTTP_NO_FAILURE)
			return failure;
		pool->key =
			arena_copy(&pool->arena, str_make(key, sizeof(key)));
		map_put(&pools->by_key, pool->key, pool);
	} else if (pool->users == 0) {
		unlink_idle(pools, pool);
	}
	pool->users++;
	*ret = pool;
	return HTTP_NO_FAILURE;
}

void
http_pools_give_back(struct http_pools *pools, struct http_pool *pool)
{
	if (pool == &pools->plain)
		return;
	pool->users--;
	if (pool->users > 0)
		return;
	link_idle(pools, pool);
	if (pools->idle_count > HTTP_POOLS_IDLE)
		drop_oldest(pools);
}

void
http_pools_init(struct http_pools *pools,
	const struct http_client_options *options,
	void (*release)(struct http_pool *pool))
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	enum err err;

	*pools = (struct http_pools){.options = options, .release = release};
	if (options->proxy) {
		pools->proxy = ARENA_NEW(&pools->arena, struct http_proxy_way);
		err = proxy_read(options->proxy, NULL, &pools->arena,
			pools->proxy, &why);
		assert(err == ERR_OK); /* going past it would be worse */
	}
	pool_init(pools, &pools->plain);
}

void
http_pools_release(struct http_pools *pools)
{
	while (pools->oldest)
		drop_oldest(pools);
	map_release(&pools->by_key);
	pool_release(pools, &pools->plain);
	certificates_free(pools->authorities);
	arena_release(&pools->arena);
}
