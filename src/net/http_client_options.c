#include "net/http_client_options.h"

#include "net/http_way.h"

static const char *
copy_text(struct arena *arena, const char *text)
{
	return text ? arena_copy(arena, str_of(text)).ptr : NULL;
}

static void
copy_proxy(struct http_client_options *options, struct arena *arena)
{
	struct http_proxy *proxy = ARENA_NEW(arena, struct http_proxy);
	struct str *entries = arena_alloc_array(
		arena, options->no_proxy_count, sizeof(*entries));

	*proxy = *options->proxy;
	proxy->url = arena_copy(arena, proxy->url);
	proxy->username = arena_copy(arena, proxy->username);
	proxy->password = arena_copy(arena, proxy->password);
	for (size_t i = 0; i < options->no_proxy_count; i++)
		entries[i] = arena_copy(arena, options->no_proxy[i]);
	options->proxy = proxy;
	options->no_proxy = entries;
}

void
http_options_copy(const struct http_client_options *options,
	struct arena *arena, struct http_client_options *ret)
{
	*ret = *options;
	ret->user_agent = copy_text(arena, options->user_agent);
	ret->ca_file = copy_text(arena, options->ca_file);
	if (options->proxy)
		copy_proxy(ret, arena);
}
