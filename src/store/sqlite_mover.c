#include "store/sqlite_mover.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/sqlite_spread.h"

struct sqlite_mover {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* is_stopping, or something to do */
	bool is_stopping;
	atomic_bool is_under_way;
	atomic_uint moved;
	/* The thread's, once it runs. */
	struct sqlite_db db;
	struct sqlite_spread spread;
};

/* A page is written to be read by others: nothing is worth caching here. */
static const char settings[] = "PRAGMA synchronous = FULL;"
			       "PRAGMA wal_autocheckpoint = 0;"
			       "PRAGMA cache_size = -64;";

static int
move_pages(struct sqlite_db *db, unsigned *ret)
{
	int moved = 0;
	int code = sqlite3_wal_checkpoint_v2(
		db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, &moved);

	*ret = code == SQLITE_OK && moved > 0 ? (unsigned)moved : 0;
	return code;
}

static void
tell(struct sqlite_db *db, int code)
{
	CLEANUP(buf_release) struct buf why = {0};

	sqlite_db_error(db, code, &why);
	log_warning("store.checkpoint", "error=\"%s\"", buf_text(&why));
}

unsigned
sqlite_mover_move(struct sqlite_db *db)
{
	unsigned moved;
	int code = move_pages(db, &moved);

	if (code != SQLITE_OK)
		tell(db, code);
	return moved;
}

/*
 * It is busy as well when the writer was amid writing the head of the log's
 * index, and may then be asked again. Where that cannot be, and it is another
 * program that keeps the log, sqlite_mover_move() tells.
 */
static unsigned
move_beside_writer(struct sqlite_db *db)
{
	unsigned moved;
	int code = move_pages(db, &moved);

	if (code != SQLITE_OK && (code & 0xFF) != SQLITE_BUSY)
		tell(db, code);
	return moved;
}

/*
 * SQLite syncs the database only when all of the log was moved. Done here, so
 * that whoever moves the rest has little left to sync.
 */
static void
sync_database(struct sqlite_db *db)
{
	sqlite3_file *file = NULL;
	int code = sqlite3_file_control(
		db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);

	if (code == SQLITE_OK && file && file->pMethods)
		code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
	if (code != SQLITE_OK)
		log_warning("store.checkpoint", "error=\"%s\"",
			sqlite3_errstr(code));
}

static bool
wait_for_work(struct sqlite_mover *mover)
{
	bool is_stopping;

	pthread_mutex_lock(&mover->lock);
	while (!mover->is_stopping && !atomic_load(&mover->is_under_way))
		pthread_cond_wait(&mover->changed, &mover->lock);
	is_stopping = mover->is_stopping;
	pthread_mutex_unlock(&mover->lock);
	return !is_stopping;
}

static void *
run(void *context)
{
	struct sqlite_mover *mover = context;

	thread_name("log-mover");
	sqlite_spread_use(&mover->spread);
	while (wait_for_work(mover)) {
		atomic_store(&mover->moved, move_beside_writer(&mover->db));
		sync_database(&mover->db);
		atomic_store(&mover->is_under_way, false);
	}
	return NULL;
}

enum err
sqlite_mover_start(
	const char *path, int fd, struct sqlite_mover **ret, struct buf *why)
{
	struct sqlite_mover *mover = MEM_NEW(struct sqlite_mover);
	enum err err = sqlite_db_open(path, SQLITE_DB_WRITER, &mover->db, why);

	if (err == ERR_OK)
		err = sqlite_db_run(&mover->db, settings, why);
	if (err) {
		sqlite_db_close(&mover->db);
		mem_free(mover);
		return err;
	}
	mover->spread.fd = fd;
	pthread_mutex_init(&mover->lock, NULL);
	pthread_cond_init(&mover->changed, NULL);
	if (pthread_create(&mover->thread, NULL, run, mover) != 0)
		abort();
	*ret = mover;
	return ERR_OK;
}

void
sqlite_mover_stop(struct sqlite_mover *mover)
{
	if (mover == NULL)
		return;
	pthread_mutex_lock(&mover->lock);
	mover->is_stopping = true;
	pthread_cond_signal(&mover->changed);
	pthread_mutex_unlock(&mover->lock);
	pthread_join(mover->thread, NULL);
	pthread_cond_destroy(&mover->changed);
	pthread_mutex_destroy(&mover->lock);
	sqlite_db_close(&mover->db);
	mem_free(mover);
}

void
sqlite_mover_ask(struct sqlite_mover *mover)
{
	assert(!sqlite_mover_is_under_way(mover));
	pthread_mutex_lock(&mover->lock);
	atomic_store(&mover->is_under_way, true);
	pthread_cond_signal(&mover->changed);
	pthread_mutex_unlock(&mover->lock);
}

bool
sqlite_mover_is_under_way(const struct sqlite_mover *mover)
{
	return atomic_load(&mover->is_under_way);
}

unsigned
sqlite_mover_moved(const struct sqlite_mover *mover)
{
	return atomic_load(&mover->moved);
}
