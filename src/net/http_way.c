#include "net/http_way.h"

#include <stdio.h>

#include "base/digest.h"

bool
http_way_is_needed(const struct http_way *way)
{
	return way->tls.minimum != HTTP_TLS_1_2 ||
	       way->tls.authorities.len > 0 || way->tls.certificate.len > 0 ||
	       way->proxy_use != HTTP_PROXY_COMMON;
}

void
http_way_identify(struct http_way *way)
{
	const struct str texts[] = {
		way->tls.authorities,
		way->tls.certificate,
		way->tls.key,
		way->proxy.url,
		way->proxy.username,
		way->proxy.password,
	};
	CLEANUP(buf_release) struct buf all = buf_make(0);

	buf_printf(&all, "%d %d %d", (int)way->tls.minimum, (int)way->proxy_use,
		way->proxy.is_looking_up);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		buf_printf(&all, " %zu:", texts[i].len);
		buf_append(&all, texts[i]);
	}
	digest_sha256(buf_str(&all), way->id);
}

/* For proxies that the operator has set. */
static const struct address_policy any_address = {
	.allowed = {{.bytes = {[10] = 0xff, 0xff}, .prefix = 96},
		{.prefix = 0}},
	.allowed_count = 2,
	.allow_http = true,
};

enum err
http_proxy_read(struct str text, const struct address_policy *policy,
	struct arena *arena, struct url *ret, struct buf *why)
{
	struct address_policy vetting = policy ? *policy : any_address;
	enum err err;

	vetting.allow_http = true;
	err = url_parse_destination(text, &vetting, arena, ret, why);
	if (err)
		return err;
	if (!str_equal(ret->scheme, STR("http"))) {
		buf_append(why, STR("a proxy's URL begins with http://"));
		return ERR_INVALID;
	}
	if (!str_equal(ret->path, STR("/")) || ret->query.len > 0) {
		buf_append(why, STR("a proxy's URL ends with its port: "
				    "http://host:port"));
		return ERR_INVALID;
	}
	return ERR_OK;
}

bool
http_no_proxy_holds(struct str entry, struct str host)
{
	CLEANUP(buf_release) struct buf why = buf_make(256);
	struct address_network network;

	if (str_equal(entry, STR("*")))
		return true;
	if (address_network_parse(entry, &network, &why) == ERR_OK)
		return address_network_holds(&network, host);
	if (str_ends_with(host, STR(".")))
		host.len--;
	if (entry.len > 0 && entry.ptr[0] == '.')
		entry = str_skip(entry, 1);
	if (entry.len == 0 || host.len < entry.len)
		return false;
	if (!str_equal_nocase(str_skip(host, host.len - entry.len), entry))
		return false;
	return host.len == entry.len ||
	       host.ptr[host.len - entry.len - 1] == '.';
}
