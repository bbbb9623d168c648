#include "flow/http_url.h"

#include "base/encode.h"

static bool
must_be_encoded(char c)
{
	return (unsigned char)c <= 0x20 || (unsigned char)c >= 0x7F ||
	       str_find_char(STR("\\\"<>^`{|}"), c) != SIZE_MAX;
}

struct str
http_url_clean(struct str url, struct arena *arena)
{
	CLEANUP(buf_release) struct buf out = {0};

	url = str_trim(url);
	url = str_head(url, str_find_char(url, '#'));
	for (size_t i = 0; i < url.len; i++) {
		if (must_be_encoded(url.ptr[i]))
			encode_percent(&out, str_make(url.ptr + i, 1));
		else
			buf_append_char(&out, url.ptr[i]);
	}
	return arena_copy(arena, buf_str(&out));
}

struct str
http_url_add(
	struct str url, struct str name, struct str value, struct arena *arena)
{
	CLEANUP(buf_release) struct buf out = {0};

	buf_append(&out, url);
	if (str_find_char(url, '?') == SIZE_MAX)
		buf_append_char(&out, '?');
	else if (!str_ends_with(url, STR("?")) && !str_ends_with(url, STR("&")))
		buf_append_char(&out, '&');
	encode_percent(&out, name);
	buf_append_char(&out, '=');
	encode_percent(&out, value);
	return arena_copy(arena, buf_str(&out));
}

/** How long "https://host:port" at its front is; 0: it is none. */
static size_t
origin_length(struct str url)
{
	size_t at = 0;

	if (str_equal_nocase(str_head(url, 7), STR("http://")))
		at = 7;
	else if (str_equal_nocase(str_head(url, 8), STR("https://")))
		at = 8;
	else
		return 0;
	while (at < url.len && url.ptr[at] != '/' && url.ptr[at] != '?' &&
		url.ptr[at] != '#')
		at++;
	return at;
}

bool
http_url_is_same_origin(struct str a, struct str b)
{
	return str_equal_nocase(
		str_head(a, origin_length(a)), str_head(b, origin_length(b)));
}

/** Without the query. */
static struct str
path_of(struct str url)
{
	return str_head(url, str_find_char(url, '?'));
}

/** Whether it begins with a scheme, as in RFC 3986 §4.2. */
static bool
has_scheme(struct str location)
{
	struct str first = str_head(location, str_find_char(location, '/'));

	first = str_head(first, str_find_char(first, '?'));
	return str_find_char(first, ':') != SIZE_MAX;
}

/** Without what follows its last '/'; that of the origin stays. */
static struct str
directory_of(struct str url)
{
	struct str path = path_of(url);
	size_t origin = origin_length(url);

	while (path.len > origin && path.ptr[path.len - 1] != '/')
		path.len--;
	return path;
}

enum err
http_url_follow(struct str url, struct str location, struct arena *arena,
	struct str *ret)
{
	struct str base = directory_of(url);
	const char *between = "";

	location = http_url_clean(location, arena);
	if (has_scheme(location)) {
		*ret = location;
		return origin_length(location) ? ERR_OK : ERR_INVALID;
	}
	if (str_starts_with(location, STR("//")))
		base = str_head(url, str_find_char(url, '/'));
	else if (str_starts_with(location, STR("/")))
		base = str_head(url, origin_length(url));
	else if (str_starts_with(location, STR("?")))
		base = path_of(url);
	else if (!str_ends_with(base, STR("/")))
		between = "/";
	*ret = arena_printf(
		arena, "%.*s%s%.*s", STR_ARG(base), between, STR_ARG(location));
	return ERR_OK;
}

struct str
http_url_file_name(struct str url, struct arena *arena)
{
	struct str path = path_of(url);
	struct str name = str_skip(path, directory_of(url).len);

	if (path.len <= origin_length(url))
		return STR("");
	(void)!encode_percent_read(name, false, arena, &name);
	return name;
}
