#include "flow/http_call_url.h"

#include "flow/connection.h"
#include "flow/field.h"
#include "flow/http_url.h"

/** Which of the parts with this name it is, and whether there are others. */
static size_t
place_among(struct value query, size_t at, struct arena *arena, bool *is_one)
{
	struct str name = field_text(query.as.array.items[at], "name", arena);
	size_t before = 0, all = 0;

	for (size_t i = 0; i < query.as.array.count; i++) {
		if (!str_equal(
			    field_text(query.as.array.items[i], "name", arena),
			    name))
			continue;
		before += i < at;
		all++;
	}
	*is_one = all == 1;
	return before;
}

static struct str
add_query(const struct http_call *http, struct str url, struct arena *arena)
{
	for (size_t i = 0; i < http->query.as.array.count; i++) {
		struct value part = http->query.as.array.items[i];
		struct str name = field_text(part, "name", arena);
		bool is_one = true;
		size_t place = 0;

		if (http->numbers_repeated)
			place = place_among(http->query, i, arena, &is_one);
		if (!is_one)
			name = arena_printf(
				arena, "%.*s[%zu]", STR_ARG(name), place);
		url = http_url_add(
			url, name, field_text(part, "value", arena), arena);
	}
	return url;
}

struct str
http_call_url(const struct module_call *call, const struct http_call *http)
{
	struct str url = http_url_clean(http->url, call->arena);
	struct str base = STR("");

	if (call->connection && str_starts_with(url, STR("/")))
		base = field_text(
			call->connection->members, "baseUrl", call->arena);
	if (str_ends_with(base, STR("/")))
		base.len--;
	if (base.len)
		url = arena_printf(
			call->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(url));
	return add_query(http, url, call->arena);
}
