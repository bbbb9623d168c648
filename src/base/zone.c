#include "base/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/zone_rule.h"

#define ZONE_FOLDER "/usr/share/zoneinfo"

enum {
	HEAD_LEN = 44,
	CHANGES_MAX = 4096,
	TYPES_MAX = 256,
	OFFSET_MAX = 26 * 3600, /* RFC 8536 §3.2 asks for 25 and 26 hours */
};

struct zone {
	struct str name;
	size_t change_count;
	int64_t *changes; /* ascending instants, in seconds */
	int32_t *offsets; /* change_count + 1: before the first, after each */
	bool has_rule;
	struct zone_rule rule; /* after the last change */
};

/* ---- TZif ---- */

struct head {
	uint32_t isut_count, isstd_count, leap_count, change_count;
	uint32_t type_count, name_bytes;
	char version;
};

static int64_t
big_endian(const char *at, size_t size)
{
	uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;

	for (size_t i = 0; i < size; i++)
		value = value << 8 | (unsigned char)at[i];
	return (int64_t)value;
}

static bool
read_head(struct str bytes, struct head *ret)
{
	uint32_t counts[6];

	if (bytes.len < HEAD_LEN || memcmp(bytes.ptr, "TZif", 4))
		return false;
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		int64_t count = big_endian(bytes.ptr + 20 + 4 * i, 4);

		if (count < 0 || count > ZONE_FILE_MAX)
			return false;
		counts[i] = (uint32_t)count;
	}
	*ret = (struct head){counts[0], counts[1], counts[2], counts[3],
		counts[4], counts[5], bytes.ptr[4]};
	return ret->change_count <= CHANGES_MAX && ret->type_count > 0 &&
	       ret->type_count <= TYPES_MAX;
}

static size_t
body_len(const struct head *head, size_t time_size)
{
	return head->change_count * (time_size + 1) + head->type_count * 6 +
	       head->name_bytes + head->leap_count * (time_size + 4) +
	       head->isstd_count + head->isut_count;
}

static bool
read_offset(struct str types, size_t index, int32_t *ret)
{
	if (index >= types.len / 6)
		return false;
	*ret = (int32_t)big_endian(types.ptr + index * 6, 4);
	return *ret >= -OFFSET_MAX && *ret <= OFFSET_MAX;
}

/** `body` is behind the head and long enough. */
static bool
read_body(struct zone *zone, const struct head *head, struct str body,
	size_t time_size, struct arena *arena)
{
	size_t count = head->change_count;
	const char *indices = body.ptr + count * time_size;
	struct str types =
		str_make(indices + count, head->type_count * (size_t)6);

	zone->change_count = count;
	zone->changes = arena_alloc_array(arena, count, sizeof(int64_t));
	zone->offsets = arena_alloc_array(arena, count + 1, sizeof(int32_t));
	if (!read_offset(types, 0, &zone->offsets[0]))
		return false;
	for (size_t i = 0; i < count; i++) {
		zone->changes[i] =
			big_endian(body.ptr + i * time_size, time_size);
		if (i > 0 && zone->changes[i] <= zone->changes[i - 1])
			return false;
		if (!read_offset(types, (unsigned char)indices[i],
			    &zone->offsets[i + 1]))
			return false;
	}
	return true;
}

/** The rule between two line feeds; empty means that there is none. */
static bool
read_footer(struct zone *zone, struct str footer)
{
	struct str rule;

	if (footer.len < 2 || footer.ptr[0] != '\n')
		return false;
	footer = str_skip(footer, 1);
	rule = str_split(&footer, '\n');
	if (footer.ptr == NULL)
		return false;
	zone->has_rule = rule.len > 0;
	return rule.len == 0 || !zone_rule_parse(rule, &zone->rule);
}

enum err
zone_parse(struct str bytes, struct arena *arena, const struct zone **ret)
{
	struct zone *zone = ARENA_NEW(arena, struct zone);
	struct head head;
	size_t time_size = 4;

	if (!read_head(bytes, &head))
		return ERR_INVALID;
	bytes = str_skip(bytes, HEAD_LEN);
	if (bytes.len < body_len(&head, time_size))
		return ERR_INVALID;
	if (head.version >= '2') {
		bytes = str_skip(bytes, body_len(&head, time_size));
		time_size = 8;
		if (!read_head(bytes, &head))
			return ERR_INVALID;
		bytes = str_skip(bytes, HEAD_LEN);
		if (bytes.len < body_len(&head, time_size) ||
			!read_footer(zone,
				str_skip(bytes, body_len(&head, time_size))))
			return ERR_INVALID;
	}
	if (!read_body(zone, &head, bytes, time_size, arena))
		return ERR_INVALID;
	*ret = zone;
	return ERR_OK;
}

/* ---- the zones in use ---- */

static _Atomic(const struct zone *) zones[ZONES_MAX];
static atomic_size_t zone_count;
/* Guards additions and `zone_arena`. */
static pthread_mutex_t zones_lock = PTHREAD_MUTEX_INITIALIZER;
static struct arena zone_arena;

static const struct str utc_names[] = {
	STR_INIT("UTC"),
	STR_INIT("Etc/UTC"),
	STR_INIT("GMT"),
	STR_INIT("Etc/GMT"),
	STR_INIT("Z"),
};

static bool
is_utc(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(utc_names); i++) {
		if (str_equal(name, utc_names[i]))
			return true;
	}
	return false;
}

/** Names of tzdata's zones: no way out of its folder, no other file in it. */
static bool
is_name(struct str name)
{
	if (name.len == 0 || name.len > ZONE_NAME_MAX ||
		!ascii_is_letter(name.ptr[0]) ||
		str_starts_with(name, STR("right/")) ||
		str_starts_with(name, STR("posix/")))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!ascii_is_letter(c) && !ascii_is_digit(c) && c != '/' &&
			c != '_' && c != '-' && c != '+')
			return false;
	}
	return true;
}

static bool
read_file(struct str name, struct buf *out)
{
	char path[sizeof(ZONE_FOLDER) + 1 + ZONE_NAME_MAX + 1];
	ssize_t got = -1;
	int fd;

	snprintf(path, sizeof(path), ZONE_FOLDER "/%.*s", STR_ARG(name));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	do
		got = read(fd, buf_reserve(out, ZONE_FILE_MAX), ZONE_FILE_MAX);
	while (got < 0 && errno == EINTR);
	close(fd);
	if (got > 0)
		buf_filled(out, (size_t)got);
	return got > 0;
}

static const struct zone *
find_kept(struct str name)
{
	size_t count = atomic_load_explicit(&zone_count, memory_order_acquire);

	for (size_t i = 0; i < count; i++) {
		const struct zone *zone =
			atomic_load_explicit(&zones[i], memory_order_relaxed);

		if (str_equal(zone->name, name))
			return zone;
	}
	return NULL;
}

/** With zones_lock held. Only what is a zone takes memory for good. */
static const struct zone *
keep(struct str name, struct str bytes)
{
	CLEANUP(arena_release) struct arena trial = {0};
	size_t count = atomic_load(&zone_count);
	const struct zone *parsed;
	struct zone *zone;

	if (count == ZONES_MAX || zone_parse(bytes, &trial, &parsed) ||
		zone_parse(bytes, &zone_arena, &parsed))
		return NULL;
	zone = ARENA_NEW(&zone_arena, struct zone);
	*zone = *parsed;
	zone->name = arena_copy(&zone_arena, name);
	atomic_store_explicit(&zones[count], zone, memory_order_relaxed);
	atomic_store_explicit(&zone_count, count + 1, memory_order_release);
	return zone;
}

const struct zone *
zone_find(struct str name)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	const struct zone *zone;

	if (is_utc(name) || !is_name(name))
		return NULL;
	zone = find_kept(name);
	if (zone != NULL || !read_file(name, &bytes))
		return zone;
	pthread_mutex_lock(&zones_lock);
	zone = find_kept(name);
	if (zone == NULL)
		zone = keep(name, buf_str(&bytes));
	pthread_mutex_unlock(&zones_lock);
	return zone;
}

bool
zone_exists(struct str name)
{
	return is_utc(name) || zone_find(name) != NULL;
}

/* ---- offsets ---- */

/** How many changes are at or before the instant. */
static size_t
changes_until(const struct zone *zone, int64_t seconds)
{
	size_t low = 0, high = zone->change_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (zone->changes[middle] <= seconds)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int32_t
zone_offset(const struct zone *zone, int64_t seconds)
{
	size_t passed;

	if (zone == NULL)
		return 0;
	passed = changes_until(zone, seconds);
	if (passed == zone->change_count && zone->has_rule)
		return zone_rule_offset(&zone->rule, seconds);
	return zone->offsets[passed];
}

int64_t
zone_to_utc(const struct zone *zone, int64_t local_seconds)
{
	const int64_t day = 86400;
	int32_t before = zone_offset(zone, local_seconds - day);
	int32_t after = zone_offset(zone, local_seconds + day);
	int64_t with_before = local_seconds - before;
	int64_t with_after = local_seconds - after;

	if (zone_offset(zone, with_before) == before)
		return with_before;
	if (zone_offset(zone, with_after) == after)
		return with_after;
	return with_before;
}
