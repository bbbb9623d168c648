#include "pipeline/report_line.h"

#include <pthread.h>

#include "base/mem.h"

struct waiting_report {
	struct waiting_report *next;
	struct deliver_report report;
};

/*
 * Each turn on the desk tells the oldest report, whichever it was posted with:
 * there are as many turns as reports.
 */
struct report_turn {
	struct desk_job job;
	struct report_line *line;
};

struct report_line {
	struct desk *desk;
	report_teller tell;
	void *context;
	pthread_mutex_t telling; /* taken before `lock` */
	pthread_mutex_t lock;	 /* of what follows */
	struct waiting_report *first;
	struct waiting_report **last; /* where the next one is linked */
};

struct report_line *
report_line_new(struct desk *desk, report_teller tell, void *context)
{
	struct report_line *line = MEM_NEW(struct report_line);

	line->desk = desk;
	line->tell = tell;
	line->context = context;
	line->last = &line->first;
	pthread_mutex_init(&line->telling, NULL);
	pthread_mutex_init(&line->lock, NULL);
	return line;
}

void
report_line_free(struct report_line *line)
{
	if (line == NULL)
		return;
	pthread_mutex_destroy(&line->lock);
	pthread_mutex_destroy(&line->telling);
	mem_free(line);
}

static void
append(struct report_line *line, struct waiting_report *waiting)
{
	pthread_mutex_lock(&line->lock);
	*line->last = waiting;
	line->last = &waiting->next;
	pthread_mutex_unlock(&line->lock);
}

static struct waiting_report *
take_oldest(struct report_line *line)
{
	struct waiting_report *waiting;

	pthread_mutex_lock(&line->lock);
	waiting = line->first;
	line->first = waiting->next;
	if (line->first == NULL)
		line->last = &line->first;
	pthread_mutex_unlock(&line->lock);
	return waiting;
}

static void
take_turn(struct desk_job *job)
{
	struct report_turn *turn = CONTAINER_OF(job, struct report_turn, job);
	struct report_line *line = turn->line;
	struct waiting_report *waiting;

	pthread_mutex_lock(&line->telling);
	waiting = take_oldest(line);
	line->tell(line->context, &waiting->report);
	pthread_mutex_unlock(&line->telling);
	mem_free(waiting);
	mem_free(turn);
}

void
report_line_post(struct report_line *line, const struct deliver_report *report)
{
	struct waiting_report *waiting = MEM_NEW(struct waiting_report);
	struct report_turn *turn = MEM_NEW(struct report_turn);

	waiting->report = *report;
	turn->line = line;
	turn->job.run = take_turn;
	append(line, waiting);
	if (desk_post(line->desk, &turn->job))
		take_turn(&turn->job);
}
