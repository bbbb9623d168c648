#include <pthread.h>
#include <semaphore.h>

#include "base/desk.h"
#include "check.h"

struct count_job {
	struct desk_job job;
	int *order;
	int *next;
	int number;
};

static void
note_order(struct desk_job *job)
{
	struct count_job *count = (struct count_job *)job;

	count->order[(*count->next)++] = count->number;
}

struct gate_job {
	struct desk_job job;
	sem_t entered;
	sem_t open;
};

static void
wait_at_gate(struct desk_job *job)
{
	struct gate_job *gate = (struct gate_job *)job;

	sem_post(&gate->entered);
	sem_wait(&gate->open);
}

static void
gate_init(struct gate_job *gate)
{
	gate->job.run = wait_at_gate;
	sem_init(&gate->entered, 0, 0);
	sem_init(&gate->open, 0, 0);
}

TEST(desk, jobs_run_in_order_and_all_before_stop_returns)
{
	enum { JOBS = 100 };
	struct desk *desk = desk_start(1, JOBS);
	struct count_job jobs[JOBS];
	int order[JOBS], next = 0;

	for (int i = 0; i < JOBS; i++) {
		jobs[i] =
			(struct count_job){{NULL, note_order}, order, &next, i};
		CHECK_OK(desk_post(desk, &jobs[i].job));
	}
	desk_stop(desk);
	CHECK_INT(next, JOBS);
	for (int i = 0; i < JOBS; i++)
		CHECK_INT(order[i], i);
}

TEST(desk, full_desk_refuses)
{
	struct desk *desk = desk_start(1, 1);
	struct gate_job running, waiting, extra;

	gate_init(&running);
	gate_init(&waiting);
	gate_init(&extra);
	CHECK_OK(desk_post(desk, &running.job));
	sem_wait(&running.entered);
	CHECK_OK(desk_post(desk, &waiting.job));
	CHECK_INT(desk_waiting(desk), 1);
	CHECK_INT(desk_post(desk, &extra.job), ERR_LIMIT);
	sem_post(&running.open);
	sem_wait(&waiting.entered);
	CHECK_OK(desk_post(desk, &extra.job));
	sem_post(&waiting.open);
	sem_post(&extra.open);
	desk_stop(desk);
}

TEST(desk, as_many_run_at_once_as_there_are_threads)
{
	struct desk *desk = desk_start(3, 0);
	struct gate_job gates[3];

	for (int i = 0; i < 3; i++) {
		gate_init(&gates[i]);
		CHECK_OK(desk_post(desk, &gates[i].job));
	}
	for (int i = 0; i < 3; i++)
		sem_wait(&gates[i].entered);
	for (int i = 0; i < 3; i++)
		sem_post(&gates[i].open);
	desk_stop(desk);
}
