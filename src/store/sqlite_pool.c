#include "store/sqlite_pool.h"

#include <assert.h>
#include <pthread.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/sqlite_packed.h"

/*
 * The schema and the statements of a connection take half a megabyte, and one
 * is enough for a hub that idles: the others are made ready when they are
 * first taken.
 */
struct reader {
	struct sqlite_db db;
	bool is_ready;
};

struct sqlite_pool {
	pthread_mutex_t lock;
	pthread_cond_t given; /* idle_count rose */
	struct reader *connections;
	unsigned count;
	struct sqlite_db **idle; /* a stack: the warmest cache goes first */
	unsigned idle_count;
};

/* A reader's cache grows to this, in KiB, when the work calls for it. */
static const char settings[] = "PRAGMA query_only = 1;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA cache_size = -2048;";

static enum err
make_ready(struct reader *reader, struct buf *why)
{
	enum err err = sqlite_db_run(&reader->db, settings, why);

	if (err == ERR_OK)
		err = sqlite_packed_register(&reader->db, why);
	if (err == ERR_OK)
		err = sqlite_db_prepare(&reader->db, SQLITE_DB_READER, why);
	reader->is_ready = err == ERR_OK;
	return err;
}

enum err
sqlite_pool_open(const char *path, unsigned count, struct sqlite_pool **ret,
	struct buf *why)
{
	struct sqlite_pool *pool = MEM_NEW(struct sqlite_pool);
	enum err err = ERR_OK;

	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->given, NULL);
	pool->connections = mem_alloc_array(count, sizeof(struct reader));
	pool->idle = mem_alloc_array(count, sizeof(struct sqlite_db *));
	while (err == ERR_OK && pool->count < count) {
		struct reader *reader = &pool->connections[pool->count];

		err = sqlite_db_open(path, SQLITE_DB_READER, &reader->db, why);
		if (err)
			break;
		pool->idle[pool->count++] = &reader->db;
		/* The one that is taken first; what is wrong with it would be
		   with all. */
		if (pool->count == count)
			err = make_ready(reader, why);
	}
	pool->idle_count = pool->count;
	if (err)
		sqlite_pool_close(pool);
	else
		*ret = pool;
	return err;
}

void
sqlite_pool_close(struct sqlite_pool *pool)
{
	if (pool == NULL)
		return;
	assert(pool->idle_count == pool->count);
	for (unsigned i = 0; i < pool->count; i++)
		sqlite_db_close(&pool->connections[i].db);
	mem_free(pool->connections);
	mem_free(pool->idle);
	pthread_cond_destroy(&pool->given);
	pthread_mutex_destroy(&pool->lock);
	mem_free(pool);
}

struct sqlite_db *
sqlite_pool_take(struct sqlite_pool *pool)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct reader *reader;
	struct sqlite_db *db;

	pthread_mutex_lock(&pool->lock);
	while (pool->idle_count == 0)
		pthread_cond_wait(&pool->given, &pool->lock);
	db = pool->idle[--pool->idle_count];
	pthread_mutex_unlock(&pool->lock);
	reader = CONTAINER_OF(db, struct reader, db);
	/* Without its statements every reading fails, until the next try. */
	if (!reader->is_ready && make_ready(reader, &why))
		log_error("store.reader", "error=\"%s\"", buf_text(&why));
	return db;
}

void
sqlite_pool_give(struct sqlite_pool *pool, struct sqlite_db *db)
{
	pthread_mutex_lock(&pool->lock);
	assert(pool->idle_count < pool->count);
	pool->idle[pool->idle_count++] = db;
	pthread_cond_signal(&pool->given);
	pthread_mutex_unlock(&pool->lock);
}
