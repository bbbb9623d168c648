#include "base/desk.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/thread.h"

enum { THREADS = 2, THREADS_MAX = 64, QUEUE_MAX = 1024 };

struct desk {
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t work;
	struct desk_job *first;
	struct desk_job **last; /* where the next one is linked */
	size_t waiting;
	size_t queue_max;
	bool is_stopping;
	unsigned thread_count;
	unsigned named; /* of the threads */
	pthread_t threads[THREADS_MAX];
};

/** Under the lock: the next job, or NULL when the desk is to end. */
static struct desk_job *
take(struct desk *desk)
{
	struct desk_job *job;

	while (desk->first == NULL && !desk->is_stopping)
		pthread_cond_wait(&desk->work, &desk->lock);
	job = desk->first;
	if (job == NULL)
		return NULL;
	desk->first = job->next;
	if (desk->first == NULL)
		desk->last = &desk->first;
	desk->waiting--;
	return job;
}

static void *
serve(void *context)
{
	struct desk *desk = context;
	struct desk_job *job;

	pthread_mutex_lock(&desk->lock);
	thread_name_of("desk", desk->named++);
	while ((job = take(desk))) {
		pthread_mutex_unlock(&desk->lock);
		job->run(job);
		pthread_mutex_lock(&desk->lock);
	}
	pthread_mutex_unlock(&desk->lock);
	return NULL;
}

struct desk *
desk_start(unsigned threads, size_t queue_max)
{
	struct desk *desk = MEM_NEW(struct desk);

	pthread_mutex_init(&desk->lock, NULL);
	pthread_cond_init(&desk->work, NULL);
	desk->last = &desk->first;
	desk->queue_max = queue_max ? queue_max : QUEUE_MAX;
	desk->thread_count = threads ? threads : THREADS;
	if (desk->thread_count > THREADS_MAX)
		desk->thread_count = THREADS_MAX;
	for (unsigned i = 0; i < desk->thread_count; i++)
		if (pthread_create(&desk->threads[i], NULL, serve, desk))
			abort(); /* like lack of memory */
	return desk;
}

void
desk_stop(struct desk *desk)
{
	if (desk == NULL)
		return;
	pthread_mutex_lock(&desk->lock);
	desk->is_stopping = true;
	pthread_cond_broadcast(&desk->work);
	pthread_mutex_unlock(&desk->lock);
	for (unsigned i = 0; i < desk->thread_count; i++)
		pthread_join(desk->threads[i], NULL);
	pthread_cond_destroy(&desk->work);
	pthread_mutex_destroy(&desk->lock);
	mem_free(desk);
}

enum err
desk_post(struct desk *desk, struct desk_job *job)
{
	enum err err = ERR_LIMIT;

	job->next = NULL;
	pthread_mutex_lock(&desk->lock);
	if (desk->waiting < desk->queue_max) {
		*desk->last = job;
		desk->last = &job->next;
		desk->waiting++;
		pthread_cond_signal(&desk->work);
		err = ERR_OK;
	}
	pthread_mutex_unlock(&desk->lock);
	return err;
}

size_t
desk_waiting(struct desk *desk)
{
	size_t waiting;

	pthread_mutex_lock(&desk->lock);
	waiting = desk->waiting;
	pthread_mutex_unlock(&desk->lock);
	return waiting;
}
