#include "flow/cookies.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "flow/field.h"

/** A cookie of its own: the slot's arena holds its texts. */
struct slot {
	struct cookie cookie;
	struct arena arena;
	uint64_t age; /* 0: empty */
};

struct cookies {
	struct slot slots[COOKIES_MAX];
	uint64_t last_age;
};

/* ---- addresses ---- */

struct place {
	struct str host; /* lower case */
	struct str path;
	bool is_secure;
};

static struct place
place_of(struct str url, struct arena *arena)
{
	struct place place = {
		.is_secure = str_starts_with(url, STR("https://"))};
	size_t end = 0;

	url = str_skip(url, str_find(url, STR("://")) + 3);
	while (end < url.len && !strchr("/?#", url.ptr[end]))
		end++;
	place.host = arena_copy_lower(arena, str_head(url, end));
	place.path = str_skip(url, end);
	place.path = str_head(place.path, str_find_char(place.path, '?'));
	place.path = str_head(place.path, str_find_char(place.path, '#'));
	if (!str_ends_with(place.host, STR("]")))
		place.host =
			str_head(place.host, str_find_char(place.host, ':'));
	return place;
}

static bool
is_address(struct str host)
{
	for (size_t i = 0; i < host.len; i++) {
		if (!ascii_is_digit(host.ptr[i]) && host.ptr[i] != '.')
			return host.ptr[0] == '[';
	}
	return true;
}

/** §5.1.3 */
static bool
is_below(struct str host, struct str domain)
{
	if (str_equal(host, domain))
		return true;
	return host.len > domain.len && str_ends_with(host, domain) &&
	       host.ptr[host.len - domain.len - 1] == '.' && !is_address(host);
}

/** §5.1.4 */
static bool
is_on_path(struct str path, struct str cookie)
{
	if (path.len == 0)
		path = STR("/");
	return str_starts_with(path, cookie) &&
	       (path.len == cookie.len || str_ends_with(cookie, STR("/")) ||
		       path.ptr[cookie.len] == '/');
}

static struct str
usual_path(struct str path)
{
	size_t end = path.len;

	while (end > 0 && path.ptr[end - 1] != '/')
		end--;
	return end < 2 ? STR("/") : str_head(path, end - 1);
}

/* ---- attributes ---- */

struct reading {
	struct place place;
	struct arena *arena;
	struct cookie *cookie;
	int64_t now;
	bool has_max_age;
	bool is_wrong;
};

static void
read_domain(struct reading *reading, struct str value)
{
	struct str domain = arena_copy_lower(reading->arena,
		str_skip(value, str_starts_with(value, STR("."))));

	if (domain.len == 0)
		return;
	reading->cookie->is_for_host = is_address(domain);
	reading->cookie->domain = domain;
	if (!is_below(reading->place.host, domain) ||
		(!str_equal(domain, reading->place.host) &&
			str_find_char(domain, '.') == SIZE_MAX))
		reading->is_wrong = true;
}

static void
read_path(struct reading *reading, struct str value)
{
	if (str_starts_with(value, STR("/")))
		reading->cookie->path = value;
}

static void
read_max_age(struct reading *reading, struct str value)
{
	int64_t seconds;

	if (str_to_i64(value, &seconds))
		return;
	reading->has_max_age = true;
	if (seconds <= 0)
		reading->cookie->expires = 0;
	else if (seconds < (INT64_MAX - reading->now) / SECONDS)
		reading->cookie->expires = reading->now + seconds * SECONDS;
	else
		reading->cookie->expires = INT64_MAX;
}

static void
read_expires(struct reading *reading, struct str value)
{
	char text[64];
	int64_t seconds;

	if (reading->has_max_age || value.len >= sizeof(text))
		return;
	/* "21-Oct-2015" is as frequent as "21 Oct 2015". */
	for (size_t i = 0; i < value.len; i++)
		text[i] = value.ptr[i];
	if (timestamp_parse_http(value, &seconds)) {
		for (size_t i = 0; i < value.len; i++)
			text[i] = text[i] == '-' ? ' ' : text[i];
		if (timestamp_parse_http(str_make(text, value.len), &seconds))
			return;
	}
	reading->cookie->expires = seconds * SECONDS;
}

static void
read_secure(struct reading *reading, struct str value)
{
	(void)value;
	reading->cookie->is_for_secure = true;
}

static const struct attribute {
	const char *name;
	void (*read)(struct reading *reading, struct str value);
} attributes[] = {
	{"Domain", read_domain},
	{"Path", read_path},
	{"Max-Age", read_max_age},
	{"Expires", read_expires},
	{"Secure", read_secure},
};

static void
read_attribute(struct reading *reading, struct str part)
{
	struct str name = str_trim(str_split(&part, '='));

	for (size_t i = 0; i < COUNT_OF(attributes); i++) {
		if (str_equal_nocase(name, str_of(attributes[i].name)))
			attributes[i].read(reading, str_trim(part));
	}
}

enum err
cookie_read(struct str line, struct str url, int64_t now, struct arena *arena,
	struct cookie *ret)
{
	struct reading reading = {.place = place_of(url, arena),
		.arena = arena,
		.cookie = ret,
		.now = now};
	struct str pair = str_split(&line, ';');
	struct str name = str_trim(str_split(&pair, '='));

	if (pair.ptr == NULL || name.len == 0 || str_has_control(name) ||
		str_has_control(pair) ||
		name.len + pair.len + line.len > COOKIE_TEXT_MAX)
		return ERR_INVALID;
	*ret = (struct cookie){.name = name,
		.value = str_trim(pair),
		.domain = reading.place.host,
		.path = usual_path(reading.place.path),
		.is_for_host = true,
		.expires = INT64_MAX};
	while (line.ptr != NULL)
		read_attribute(&reading, str_split(&line, ';'));
	return reading.is_wrong || str_has_control(ret->path) ? ERR_INVALID
							      : ERR_OK;
}

/* ---- as a value ---- */

struct value
cookie_to_value(const struct cookie *cookie, struct arena *arena)
{
	struct value_builder builder = value_builder_make(arena);

	value_builder_set(
		&builder, STR("name"), value_from_text(cookie->name, arena));
	value_builder_set(
		&builder, STR("value"), value_from_text(cookie->value, arena));
	value_builder_set(&builder, STR("domain"),
		value_from_text(cookie->domain, arena));
	value_builder_set(
		&builder, STR("path"), value_from_text(cookie->path, arena));
	value_builder_set(
		&builder, STR("hostOnly"), value_boolean(cookie->is_for_host));
	value_builder_set(
		&builder, STR("secure"), value_boolean(cookie->is_for_secure));
	if (cookie->expires != INT64_MAX)
		value_builder_set(&builder, STR("expires"),
			value_date(cookie->expires / MILLISECONDS));
	return value_builder_collection(&builder);
}

enum err
cookie_from_value(struct value value, struct arena *arena, struct cookie *ret)
{
	struct value expires = value_member(value, STR("expires"));

	*ret = (struct cookie){.name = field_text(value, "name", arena),
		.value = field_text(value, "value", arena),
		.domain = field_text(value, "domain", arena),
		.path = field_text(value, "path", arena),
		.is_for_host = field_flag(value, "hostOnly", true),
		.is_for_secure = field_flag(value, "secure", false),
		.expires = INT64_MAX};
	if (expires.kind == VALUE_DATE)
		ret->expires = expires.as.date * MILLISECONDS;
	return ret->name.len && ret->domain.len && ret->path.len ? ERR_OK
								 : ERR_INVALID;
}

/* ---- the jar ---- */

struct cookies *
cookies_new(void)
{
	return MEM_NEW(struct cookies);
}

void
cookies_free(struct cookies *cookies)
{
	if (!cookies)
		return;
	for (size_t i = 0; i < COOKIES_MAX; i++)
		arena_release(&cookies->slots[i].arena);
	mem_free(cookies);
}

static bool
is_same(const struct cookie *a, const struct cookie *b)
{
	return str_equal(a->name, b->name) && str_equal(a->domain, b->domain) &&
	       str_equal(a->path, b->path);
}

/** The slot of this cookie, or an empty one, or the oldest. */
static struct slot *
slot_for(struct cookies *cookies, const struct cookie *cookie)
{
	struct slot *oldest = &cookies->slots[0];

	for (size_t i = 0; i < COOKIES_MAX; i++) {
		struct slot *slot = &cookies->slots[i];

		if (slot->age && is_same(&slot->cookie, cookie))
			return slot;
		if (slot->age < oldest->age)
			oldest = slot;
	}
	return oldest;
}

void
cookies_set(struct cookies *cookies, const struct cookie *cookie)
{
	struct slot *slot = slot_for(cookies, cookie);
	bool is_known = slot->age && is_same(&slot->cookie, cookie);
	struct arena arena = {0};

	slot->cookie = *cookie;
	slot->cookie.name = arena_copy(&arena, cookie->name);
	slot->cookie.value = arena_copy(&arena, cookie->value);
	slot->cookie.domain = arena_copy(&arena, cookie->domain);
	slot->cookie.path = arena_copy(&arena, cookie->path);
	/* Only now: it may have been this slot's own. */
	arena_release(&slot->arena);
	slot->arena = arena;
	if (!is_known)
		slot->age = ++cookies->last_age;
}

static bool
is_sent(const struct slot *slot, const struct place *place, int64_t now)
{
	const struct cookie *cookie = &slot->cookie;

	if (!slot->age || cookie->expires <= now ||
		(cookie->is_for_secure && !place->is_secure))
		return false;
	return (cookie->is_for_host ? str_equal(place->host, cookie->domain)
				    : is_below(place->host, cookie->domain)) &&
	       is_on_path(place->path, cookie->path);
}

/** The longer path, then the older one. */
static int
compare(const void *a, const void *b)
{
	const struct slot *left = *(const struct slot *const *)a;
	const struct slot *right = *(const struct slot *const *)b;

	if (left->cookie.path.len != right->cookie.path.len)
		return left->cookie.path.len < right->cookie.path.len ? 1 : -1;
	return left->age > right->age ? 1 : -1;
}

struct str
cookies_for(const struct cookies *cookies, struct str url, int64_t now,
	struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0};
	const struct slot *sent[COOKIES_MAX];
	struct place place = place_of(url, arena);
	size_t count = 0;

	for (size_t i = 0; i < COOKIES_MAX; i++) {
		if (is_sent(&cookies->slots[i], &place, now))
			sent[count++] = &cookies->slots[i];
	}
	qsort(sent, count, sizeof(*sent), compare);
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s%.*s=%.*s", i ? "; " : "",
			STR_ARG(sent[i]->cookie.name),
			STR_ARG(sent[i]->cookie.value));
	return arena_copy(arena, buf_str(&text));
}
