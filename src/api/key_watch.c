#include "api/key_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "api/keys_private.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/timestamp.h"
#include "pipeline/announce.h"
#include "rule/duration.h"

/* The wall clock may jump: it is looked at this often. */
#define LOOK_PAUSE (1 * MINUTES)
#define NOTICE_MAX (3650 * 24 * HOURS)

struct key_watch {
	struct key_watch_options options;
	pthread_t thread;
	pthread_mutex_t lock; /* of what stands below */
	pthread_cond_t changed;
	bool is_stopping;
	bool is_woken;
};

enum err
key_notices_parse(
	struct str text, struct key_watch_options *ret, struct buf *why)
{
	const char *end = text.ptr + text.len;
	bool is_last = str_equal(text, STR("none"));

	ret->notice_count = 0;
	while (!is_last) {
		struct str item = str_split(&text, ',');

		is_last = item.ptr + item.len == end;
		item = str_trim(item);
		if (ret->notice_count == KEY_NOTICES_MAX) {
			buf_printf(why, "expected at most %d times",
				KEY_NOTICES_MAX);
			return ERR_INVALID;
		}
		if (duration_read(item, NOTICE_MAX,
			    &ret->notices[ret->notice_count]) ||
			ret->notices[ret->notice_count] <= 0) {
			buf_printf(why,
				"\"%.*s\" is no time; expected none, or times "
				"like 30d,7d, of 3650d at most",
				STR_ARG(str_head(
					item, item.len < 40 ? item.len : 40)));
			return ERR_INVALID;
		}
		ret->notice_count++;
	}
	return ERR_OK;
}

/** The notice that is due now; 0: none that was not told of. */
static int64_t
due_notice(const struct key_watch_options *options, const struct key_row *row,
	int64_t now)
{
	int64_t due = 0;

	if (row->expires == 0 || row->expires <= now)
		return 0;
	for (size_t i = 0; i < options->notice_count; i++) {
		int64_t notice = options->notices[i];

		if (row->expires - now <= notice && (!due || notice < due))
			due = notice;
	}
	return row->warned == 0 || due < row->warned ? due : 0;
}

static void
write_date(struct json_out *out, int64_t time)
{
	char text[TIMESTAMP_TEXT_SIZE], date[16];

	/* 2026-10-25T…: the kind of event says 10/25/2026. */
	timestamp_format(time, text);
	snprintf(
		date, sizeof(date), "%.2s/%.2s/%.4s", text + 5, text + 8, text);
	json_out_text(out, "expirydate", date);
}

static void
write_data(struct buf *data, const struct key_row *row)
{
	struct json_out out = json_out_make(data);
	char workspace[33];

	snprintf(workspace, sizeof(workspace), "%032x",
		(unsigned)row->workspace);
	json_out_object(&out, NULL);
	json_out_string(&out, "key", row->id);
	write_date(&out, row->expires);
	json_out_text(&out, "sku", "");
	json_out_text(&out, "licensetier", key_role_name(row->role));
	json_out_integer(&out, "quantity", 1);
	json_out_string(&out, "username", row->name);
	json_out_integer(&out, "subscriptionendinsecs", row->expires / SECONDS);
	json_out_text(&out, "subscriptiontype", "API client");
	json_out_text(&out, "producttype", "API_CLIENT");
	json_out_text(&out, "platformcustomerid", workspace);
	json_out_array(&out, "devices");
	json_out_end(&out);
	json_out_end(&out);
}

/** The row with its notice, and the event, as one; `changing` is held. */
static enum err
tell(const struct key_watch_options *options, const struct key_row *row)
{
	CLEANUP(buf_release) struct buf data = buf_make(0);
	const struct store_change changes[] = {
		{.kind = STORE_KEY_REMOVE, .key_id = row->id},
		{.kind = STORE_KEY_ADD, .key = row}};
	struct announcement announcement = {
		.workspace = row->workspace,
		.type = KEY_WATCH_TYPE,
		.source = ANNOUNCE_SOURCE "subscriptions",
		.subject = row->id,
	};
	struct announced *announced;

	write_data(&data, row);
	announcement.data = buf_str(&data);
	announced = announce_new(options->ingest, &announcement);
	return announce_commit(
		options->ingest, changes, COUNT_OF(changes), &announced, 1);
}

/** A key that is to be told of, copied; false: there is none. */
static bool
find_due(const struct key_watch_options *options, int64_t now,
	struct arena *arena, struct key_row *ret)
{
	struct keys *keys = options->keys;
	struct key *key;
	size_t at = 0;
	bool is_found = false;

	pthread_mutex_lock(&keys->lock);
	while (!is_found && (key = map_next(&keys->by_id, &at))) {
		int64_t notice = due_notice(options, &key->row, now);

		is_found = notice > 0;
		if (!is_found)
			continue;
		*ret = key->row;
		ret->id = arena_copy(arena, key->row.id);
		ret->name = arena_copy(arena, key->row.name);
		ret->warned = notice;
	}
	pthread_mutex_unlock(&keys->lock);
	return is_found;
}

size_t
key_watch_look(const struct key_watch_options *options, int64_t now)
{
	struct keys *keys = options->keys;
	struct arena arena = {0};
	struct key_row row;
	size_t count = 0;
	enum err err = ERR_OK;

	pthread_mutex_lock(&keys->changing);
	while (!err && find_due(options, now, &arena, &row)) {
		struct key *key;

		err = tell(options, &row);
		if (err)
			break;
		pthread_mutex_lock(&keys->lock);
		key = map_get(&keys->by_id, row.id);
		key->row.warned = row.warned;
		pthread_mutex_unlock(&keys->lock);
		count++;
	}
	pthread_mutex_unlock(&keys->changing);
	if (err)
		log_warning("keys.notice",
			"the end of key %.*s could not be told of (%s)",
			STR_ARG(row.id), err_name(err));
	arena_release(&arena);
	return count;
}

/* ---- the thread ---- */

static void
wait_for_change(struct key_watch *watch)
{
	int64_t at = clock_monotonic() + LOOK_PAUSE;
	struct timespec until = {
		.tv_sec = at / SECONDS, .tv_nsec = at % SECONDS * 1000};

	if (!watch->is_woken && !watch->is_stopping)
		pthread_cond_timedwait(&watch->changed, &watch->lock, &until);
	watch->is_woken = false;
}

static void *
run(void *context)
{
	struct key_watch *watch = context;

	thread_name("key-watch");
	pthread_mutex_lock(&watch->lock);
	while (!watch->is_stopping) {
		pthread_mutex_unlock(&watch->lock);
		key_watch_look(&watch->options, clock_now());
		pthread_mutex_lock(&watch->lock);
		wait_for_change(watch);
	}
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

struct key_watch *
key_watch_start(const struct key_watch_options *options)
{
	struct key_watch *watch = MEM_NEW(struct key_watch);
	pthread_condattr_t attributes;

	watch->options = *options;
	pthread_mutex_init(&watch->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	options->keys->watch = watch;
	if (pthread_create(&watch->thread, NULL, run, watch) != 0)
		abort();
	return watch;
}

void
key_watch_stop(struct key_watch *watch)
{
	if (watch == NULL)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->is_stopping = true;
	pthread_cond_signal(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
	pthread_join(watch->thread, NULL);
	watch->options.keys->watch = NULL;
	pthread_cond_destroy(&watch->changed);
	pthread_mutex_destroy(&watch->lock);
	mem_free(watch);
}

void
key_watch_wake(struct key_watch *watch)
{
	if (watch == NULL)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->is_woken = true;
	pthread_cond_signal(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
}
