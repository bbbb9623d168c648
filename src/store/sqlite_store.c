#include "store/sqlite_store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/sqlite_lock.h"
#include "store/sqlite_mover.h"
#include "store/sqlite_pool.h"
#include "store/sqlite_resources.h"
#include "store/sqlite_retain.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_write.h"

/* docs/decisions/store-sqlite.md has the measurements behind these. */
enum {
	READERS = 4,
	PAGE_SIZE = 4096,
	LOG_PAGES = 4096,
	LOG_SIZE_LIMIT = 32 << 20,
	USED_PAGES = 256,
	MOVE_STEPS = 2,
	REST_PAGES = 256,
};

static const char writer_settings[] = "PRAGMA synchronous = FULL;"
				      "PRAGMA wal_autocheckpoint = 0;"
				      "PRAGMA foreign_keys = 0;"
				      "PRAGMA secure_delete = 0;"
				      "PRAGMA temp_store = MEMORY;"
				      "PRAGMA cache_size = -16384;";

/*
 * SQLite's own count of memory is a lock that all threads share. Too late
 * (somebody used SQLite before) does no harm.
 */
static void
configure_library(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int
note_log_size(void *context, sqlite3 *handle, const char *name, int frames)
{
	struct store *store = context;
	unsigned pages = (unsigned)frames, former = store->log_pages;

	(void)handle;
	(void)name;
	store->pages_since += pages > former ? pages - former : pages;
	store->log_pages = pages;
	return SQLITE_OK;
}

static bool
sync_folder(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_good = fd >= 0 && fsync(fd) == 0;
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return is_good;
}

/**
 * Made here and not by SQLite, so that nobody else may read it. It stays open
 * until SQLite has closed it: closing it would end the process's locks on it.
 */
static enum err
create_file(const char *directory, const char *path, int *ret, struct buf *why)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(path, flags | O_CREAT | O_EXCL, 0600);
	bool is_new = fd >= 0;
	int error;

	if (fd < 0 && errno == EEXIST)
		fd = open(path, flags);
	*ret = fd;
	if (fd >= 0 && (!is_new || sync_folder(directory)))
		return ERR_OK;
	error = errno;
	buf_printf(why, "%s", strerrordesc_np(error));
	return error == ENOSPC || error == EDQUOT ? ERR_LIMIT : ERR_IO;
}

/** A file system without shared memory would leave another mode. */
static enum err
check_mode(struct sqlite_db *db, struct buf *why)
{
	int64_t is_wal = 0;
	enum err err = sqlite_db_number(db,
		"SELECT journal_mode = 'wal' FROM pragma_journal_mode", &is_wal,
		why);

	if (err || is_wal)
		return err;
	buf_printf(why, "a write-ahead log is not possible here (is this a "
			"network file system?)");
	return ERR_IO;
}

static enum err
note_used(struct store *store, struct buf *why)
{
	uint64_t used;
	enum err err = sqlite_retain_used(&store->writer, &used, why);

	if (err)
		return err;
	atomic_store_explicit(&store->used, used, memory_order_relaxed);
	store->pages_since = 0;
	return ERR_OK;
}

/**
 * Not with each commit, as it costs as much as a small one: when it may have
 * changed by a mebibyte, or the limit (of which retention begins at nine
 * tenths) may be near.
 */
static bool
is_used_to_be_looked_at(const struct store *store)
{
	uint64_t most =
		atomic_load_explicit(&store->used, memory_order_relaxed) +
		store->pages_since * PAGE_SIZE;

	return store->pages_since >= USED_PAGES ||
	       (store->bytes_max && most >= store->bytes_max / 10 * 9);
}

static bool
is_full(const struct store *store)
{
	return store->bytes_max &&
	       atomic_load_explicit(&store->used, memory_order_relaxed) >=
		       store->bytes_max;
}

void
store_room(const struct store *store, struct store_room *ret)
{
	ret->used = atomic_load_explicit(&store->used, memory_order_relaxed);
	ret->max = store->bytes_max;
}

static enum err
read_state(struct store *store, struct buf *why)
{
	struct sqlite_db *db = &store->writer;
	sqlite3_stmt *stmt = db->statements[SQL_WAITING_COUNT];
	enum err err = sqlite_purge_load(&store->purge, db, why);
	int code;

	if (err == ERR_OK)
		err = sqlite_resources_load(store->resources, db, why);
	if (err == ERR_OK)
		err = sqlite_feeds_load(&store->feeds, db, why);
	if (err == ERR_OK)
		err = sqlite_late_load(&store->late, db, why);
	if (err == ERR_OK)
		err = note_used(store, why);
	if (err)
		return err;
	sqlite_attempts_init(&store->attempts, &store->feeds);
	code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		store->waiting = sqlite3_column_int64(stmt, 0) +
				 (int64_t)store->late.ring.count;
	else
		err = sqlite_db_error(db, code, why);
	sqlite3_reset(stmt);
	/* What waits of removed webhooks is not counted. */
	for (size_t i = 0; err == ERR_OK && i < store->purge.count; i++) {
		int64_t count;

		err = sqlite_write_waiting_of(
			db, store->purge.removed[i], &count, why);
		if (err == ERR_OK)
			store->waiting -= count;
	}
	return err;
}

/** Nothing is written before the file is known to be ours. */
static enum err
open_writer(struct store *store, struct buf *why)
{
	CLEANUP(buf_release) struct buf settings = {0};
	struct sqlite_db *db = &store->writer;
	int64_t version = 0;
	enum err err = sqlite_db_open(
		buf_text(&store->path), SQLITE_DB_WRITER, db, why);

	if (err == ERR_OK)
		err = sqlite_schema_check(db, &version, why);
	if (err)
		return err;
	if (version == 0)
		buf_printf(&settings,
			"PRAGMA page_size = %d;"
			"PRAGMA auto_vacuum = INCREMENTAL;",
			PAGE_SIZE);
	buf_printf(&settings,
		"PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = %d; %s",
		LOG_SIZE_LIMIT, writer_settings);
	err = sqlite_db_run(db, buf_text(&settings), why);
	if (err == ERR_OK)
		err = check_mode(db, why);
	if (err == ERR_OK)
		err = sqlite_schema_migrate(db, version, why);
	if (err == ERR_OK)
		sqlite_retain_prepare(db);
	if (err == ERR_OK)
		err = sqlite_outcomes_register(&store->outcomes, db, why);
	if (err == ERR_OK)
		err = sqlite_feeds_register(&store->feeds, db, why);
	if (err == ERR_OK)
		err = sqlite_db_prepare(db, SQLITE_DB_WRITER, why);
	if (err == ERR_OK)
		err = read_state(store, why);
	sqlite3_wal_hook(db->handle, note_log_size, store);
	return err;
}

static enum err
open_files(struct store *store, const struct store_options *options,
	struct buf *why)
{
	const char *path = buf_text(&store->path);
	enum err err = create_file(options->directory, path, &store->file, why);

	if (err == ERR_OK)
		err = open_writer(store, why);
	if (err == ERR_OK)
		err = sqlite_mover_start(path, store->file, &store->mover, why);
	if (err == ERR_OK)
		err = sqlite_pool_open(path,
			options->readers ? options->readers : READERS,
			&store->pool, why);
	return err;
}

static void
write_path(const char *directory, struct buf *out)
{
	buf_printf(out, "%s/grapnel.db", directory);
}

bool
store_is_there(const char *directory)
{
	CLEANUP(buf_release) struct buf path = {0};

	write_path(directory, &path);
	return access(buf_text(&path), F_OK) == 0;
}

enum err
store_open(const struct store_options *options, struct store **ret,
	struct buf *why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	CLEANUP(buf_release) struct buf reason = {0};
	struct store *store = MEM_NEW(struct store);
	enum err err;

	pthread_once(&once, configure_library);
	store->file = -1;
	store->resources = sqlite_resources_new();
	sqlite_late_init(&store->late);
	store->log_limit = options->log_pages ? options->log_pages : LOG_PAGES;
	store->move_at = store->log_limit;
	store->bytes_max = options->bytes_max;
	write_path(options->directory, &store->path);
	buf_printf(&store->wal_path, "%s-wal", buf_text(&store->path));
	err = sqlite_lock_take(options->directory, &store->lock, &reason);
	if (err) {
		store->lock = -1;
		if (why)
			buf_append(why, buf_str(&reason));
	} else {
		err = open_files(store, options, &reason);
		if (err && why)
			buf_printf(why, "%s: %s", buf_text(&store->path),
				buf_text(&reason));
	}
	if (err)
		store_close(store);
	else
		*ret = store;
	return err;
}

/** What fails here is made up for at the next start. */
static void
flush_resources(struct store *store)
{
	CLEANUP(buf_release) struct buf why = {0};

	if (sqlite_resources_flush(store->resources, &store->writer, &why))
		log_warning("store.resources", "error=\"%s\"", buf_text(&why));
}

/** The same. */
static void
flush_late(struct store *store)
{
	CLEANUP(buf_release) struct buf why = {0};

	if (store->mover && sqlite_late_want(&store->late) &&
		store_commit(store, NULL, 0, &why))
		log_warning("store.late", "error=\"%s\"", buf_text(&why));
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	sqlite_pool_close(store->pool);
	flush_late(store);
	sqlite_mover_stop(store->mover);
	flush_resources(store);
	/* The last connection moves the log into the database. */
	sqlite_db_close(&store->writer);
	sqlite_purge_release(&store->purge);
	sqlite_resources_free(store->resources);
	sqlite_late_release(&store->late);
	if (store->file >= 0)
		close(store->file);
	sqlite_lock_release(store->lock);
	buf_release(&store->path);
	buf_release(&store->wal_path);
	mem_free(store);
}

static enum err
apply_units(struct store *store, struct sqlite_write *write,
	struct store_unit **units, size_t count)
{
	enum err err = sqlite_db_step(write->db, SQL_BEGIN, NULL, write->why);
	bool has_used = false;
	uint64_t used = 0;

	/* Within the transaction, as each query outside takes locks again. */
	if (err == ERR_OK && is_used_to_be_looked_at(store))
		err = note_used(store, write->why);
	write->is_full = is_full(store);
	if (err == ERR_OK)
		err = sqlite_write_units(write, units, count);
	if (err == ERR_OK)
		err = sqlite_purge_step(&store->purge, write->db, write->why);
	if (err == ERR_OK)
		err = sqlite_resources_step(
			store->resources, write->db, write->why);
	if (err == ERR_OK && (write->has_retained || store->purge.has_work))
		has_used = sqlite_retain_used(write->db, &used, NULL) == ERR_OK;
	if (err == ERR_OK)
		err = sqlite_db_step(write->db, SQL_COMMIT, NULL, write->why);
	if (err == ERR_OK && has_used) /* else it is as it was */
		atomic_store_explicit(&store->used, used, memory_order_relaxed);
	return err;
}

/** SQLite may have rolled back by itself. */
static void
roll_back(struct store *store, size_t removed)
{
	struct sqlite_db *db = &store->writer;

	if (!sqlite3_get_autocommit(db->handle))
		(void)!sqlite_db_step(db, SQL_ROLLBACK, NULL, NULL);
	sqlite_purge_forget(&store->purge, removed);
	sqlite_resources_forget(store->resources);
	sqlite_late_forget(&store->late);
	sqlite_attempts_forget(&store->attempts);
}

/** On this thread: between two commits, so that nothing is left. */
static void
move_rest(struct store *store)
{
	store->must_move = false;
	store->move_step = 0;
	store->move_at = store->log_pages + store->log_limit / 2;
	sqlite_mover_move(&store->writer);
}

/*
 * The log can only begin anew when all of it is in the database. So when it
 * has grown long enough another thread moves what is there, then again what
 * came meanwhile, which is little; and what came during that is moved between
 * two commits.
 */
static void
move_log(struct store *store)
{
	unsigned pages = store->log_pages;

	if (pages < store->log_limit)
		store->move_at = store->log_limit; /* the log began anew */
	if (sqlite_mover_is_under_way(store->mover))
		return;
	if (store->must_move) {
		move_rest(store);
	} else if (store->move_step == 0) {
		if (pages < store->move_at)
			return;
		store->move_step = 1;
		sqlite_mover_ask(store->mover);
	} else if (store->move_step == MOVE_STEPS ||
		   pages - sqlite_mover_moved(store->mover) <= REST_PAGES) {
		move_rest(store);
	} else {
		store->move_step++;
		sqlite_mover_ask(store->mover);
	}
}

enum err
store_commit(struct store *store, struct store_unit **units, size_t count,
	struct buf *why)
{
	struct sqlite_write write = {.db = &store->writer,
		.batch = {.db = &store->writer,
			.feeds = &store->feeds,
			.attempts = &store->attempts,
			.why = why},
		.outcomes = &store->outcomes,
		.purge = &store->purge,
		.resources = store->resources,
		.late = &store->late,
		.why = why};
	size_t removed = store->purge.count;
	enum err err = apply_units(store, &write, units, count);

	/*
	 * Purging makes room, but needs some first: on a full disk it must not
	 * take the units with it for ever.
	 */
	store->purge.is_held = err != ERR_OK;
	if (err) {
		roll_back(store, removed);
		for (size_t i = 0; i < count; i++) {
			units[i]->result = err;
			units[i]->conflicted = 0;
		}
		return err;
	}
	sqlite_purge_settle(&store->purge);
	sqlite_resources_settle(store->resources);
	sqlite_late_settle(&store->late);
	atomic_fetch_add(&store->waiting, write.waiting);
	store->must_move |= write.has_shrunk;
	move_log(store);
	return ERR_OK;
}
