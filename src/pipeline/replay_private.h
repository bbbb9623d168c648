#pragma once
#include <pthread.h>

#include "pipeline/replay.h"

/*
 * Private to replay.c (jobs as people ask for them) and replay_step.c (the
 * thread).
 */

/** A job that runs. The thread's own, but for `next` and `is_ended`. */
struct replay_task {
	struct replay_task *next;
	struct arena arena;
	struct replay_job job; /* as it is in the store */
	const struct filter *filter;
	int64_t step_at; /* monotonic */
	bool is_ended;	 /* the thread takes it out */
};

struct replay {
	struct hub *hub;
	pthread_t thread;
	pthread_mutex_t lock; /* of what stands below */
	pthread_cond_t changed;
	bool is_stopping;
	struct replay_task *tasks;
	size_t active;
	/* One request is made at a time. */
	pthread_mutex_t asking;
};

/** A task for a job that is stored; ERR_INVALID: its filter is none. */
enum err replay_task_new(const struct object_row *row, struct replay_task **ret)
	MUST_USE;
void replay_task_free(struct replay_task *task);

/** The thread. */
void *replay_run(void *context);
