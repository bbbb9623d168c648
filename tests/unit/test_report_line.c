#include <semaphore.h>

#include "check.h"
#include "pipeline/report_line.h"

enum { REPORTS = 2000 };

/* What is told to a registry; one at a time, so nothing here is locked. */
struct told {
	uint64_t webhooks[REPORTS];
	size_t count;
	sem_t entered; /* by the first */
	sem_t open;
};

static void
tell(void *context, const struct deliver_report *report)
{
	struct told *told = context;

	if (report->webhook == 0) {
		sem_post(&told->entered);
		sem_wait(&told->open);
	}
	if (told->count < REPORTS)
		told->webhooks[told->count++] = report->webhook;
}

static void
told_init(struct told *told)
{
	*told = (struct told){0};
	sem_init(&told->entered, 0, 0);
	sem_init(&told->open, 0, 0);
}

static void
post(struct report_line *line, uint64_t webhook)
{
	report_line_post(line, &(struct deliver_report){.what = DELIVER_RATE,
				       .webhook = webhook});
}

static void
check_order(const struct told *told, size_t count)
{
	CHECK_INT(told->count, count);
	for (size_t i = 0; i < told->count; i++)
		CHECK_INT(told->webhooks[i], i);
}

TEST(report_line, reports_do_not_overtake_one_another)
{
	static struct told told;
	struct desk *desk = desk_start(4, REPORTS);
	struct report_line *line = report_line_new(desk, tell, &told);

	told_init(&told);
	post(line, 0);
	sem_wait(&told.entered);
	/* All of the desk's threads come to wait for the first. */
	for (uint64_t i = 1; i < REPORTS; i++)
		post(line, i);
	sem_post(&told.open);
	desk_stop(desk);
	check_order(&told, REPORTS);
	report_line_free(line);
}

struct poster {
	struct desk_job job;
	struct told *told;
};

static void
open_first(struct desk_job *job)
{
	struct poster *poster = CONTAINER_OF(job, struct poster, job);

	sem_wait(&poster->told->entered);
	sem_post(&poster->told->open);
}

TEST(report_line, with_a_full_desk_the_caller_tells_the_oldest_first)
{
	static struct told told;
	/* This one has a thread for what opens the gate. */
	struct desk *opener = desk_start(1, 1);
	struct desk *desk = desk_start(1, 2);
	struct poster poster = {.job = {.run = open_first}, .told = &told};
	struct report_line *line = report_line_new(desk, tell, &told);

	told_init(&told);
	post(line, 0);
	CHECK_OK(desk_post(opener, &poster.job));
	/* Far more than the queue holds: some are told by this thread. */
	for (uint64_t i = 1; i < REPORTS; i++)
		post(line, i);
	desk_stop(desk);
	desk_stop(opener);
	check_order(&told, REPORTS);
	report_line_free(line);
}
