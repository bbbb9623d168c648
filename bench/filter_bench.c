/*
 * filter_bench FILTERS.tsv EVENTS.jsonl [EXPECTED.tsv]
 *
 * Holds events against filters by the index, and says what it took, in CPU
 * time of one thread. FILTERS: id TAB filter. EVENTS: one
 * {"type","operation","new","old"} a line. EXPECTED: number of the event TAB
 * ids with commas. Fails on any wrong match.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "filter_bench_input.h"

enum { ROUNDS_MIN = 5, SAMPLE_MAX = 5000, BATCH = 1000 };
static const double seconds_min = 1.0;

struct bench {
	struct input in;
	struct filter_index *index;
	struct arena kept; /* of events read for matching alone */
	double match_seconds;
	double events_a_second;
	double reads_a_second;
};

/* ---- output ---- */

/** What is to be reached with so many filters or more; the last one counts. */
struct goal {
	uint32_t filters;
	double value;
};

static const struct goal reading_goals[] = {{0, 0.9}, {0, 0}};
static const struct goal event_goals[] = {
	{10000, 80000}, {100000, 60000}, {1000000, 40000}, {0, 0}};
static const struct goal matching_goals[] = {{1000000, 15}, {0, 0}};
static const struct goal tree_goals[] = {{10000, 20}, {1000000, 1000}, {0, 0}};
static const struct goal memory_goals[] = {{10000, 150}, {0, 0}};
static const struct goal adding_goals[] = {{0, 300000}, {0, 0}};
static const struct goal share_goals[] = {{0, 80}, {0, 0}};
static const struct goal spread_goals[] = {{0, 5}, {0, 0}};

/** `is_most`: the goal is not to be exceeded. `more` is the yardstick. */
static void
say(const struct bench *bench, const char *what, double value,
	const struct goal *goals, bool is_most, const char *more)
{
	double goal = 0;
	bool is_met;

	for (; goals->value > 0; goals++) {
		if (bench->in.filter_count >= goals->filters)
			goal = goals->value;
	}
	is_met = is_most ? value <= goal : value >= goal;
	if (goal > 0)
		printf("%-22s %10.*f  %s %7.*f %-7s %s\n", what,
			value < 1000 ? 2 : 0, value,
			is_most ? "<=" : ">=", goal < 10 ? 1 : 0, goal,
			is_met ? "met," : "MISSED,", more);
	else
		printf("%-22s %10.*f  %-18s %s\n", what, value < 1000 ? 2 : 0,
			value, "(no goal),", more);
}

static double
cpu_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* ---- what is measured ---- */

static int
compare_numbers(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return a < b ? -1 : a > b;
}

static double
at_share(double *values, size_t count, double share)
{
	qsort(values, count, sizeof(*values), compare_numbers);
	return values[(size_t)((double)(count - 1) * share)];
}

enum what { READ = 1, MATCH = 2, COPY = 4 };

/** CPU seconds of one pass over all events. */
static double
pass(struct bench *bench, struct filter_reader *reader, int what)
{
	struct arena arena = {0};
	double start = cpu_now();

	for (size_t i = 0; i < bench->in.event_count; i++) {
		struct event *event = &bench->in.events[i];
		struct json_doc doc;
		struct filter_event view;
		size_t count;

		if (what & COPY)
			arena_copy(&arena, event->text);
		if (what & READ)
			read_event(event->text, &arena, &doc, &view);
		if (what & MATCH)
			filter_index_match(reader,
				what & READ ? &view : &event->view, &arena,
				&count);
		arena_reset(&arena);
	}
	start = cpu_now() - start;
	arena_release(&arena);
	return start;
}

/** The median of several passes. */
static double
measure(struct bench *bench, int what)
{
	struct filter_reader *reader = filter_index_enter(bench->index);
	double *seconds = NULL, total = 0;
	size_t count = 0;

	pass(bench, reader, what);
	while (count < ROUNDS_MIN || total < seconds_min) {
		seconds = mem_resize(seconds, (count + 1) * sizeof(*seconds));
		seconds[count] = pass(bench, reader, what);
		total += seconds[count++];
	}
	filter_index_leave(reader);
	total = at_share(seconds, count, 0.5);
	mem_free(seconds);
	return total;
}

static void
report_reading(struct bench *bench)
{
	double seconds = measure(bench, READ);
	double copying = measure(bench, COPY);
	char more[100];

	bench->reads_a_second = (double)bench->in.event_count / seconds;
	snprintf(more, sizeof(more), "copying the same bytes %.2f GB/s",
		(double)bench->in.event_bytes / copying / 1e9);
	say(bench, "reading, GB/s",
		(double)bench->in.event_bytes / seconds / 1e9, reading_goals,
		false, more);
}

static size_t
heap_used(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void
report_adding(struct bench *bench)
{
	struct arena arena = {0};
	const struct filter *batch[BATCH];
	size_t before = heap_used();
	double compiling = 0, adding = 0;
	struct filter_index_counts counts;
	char more[100];

	bench->index = filter_index_new();
	for (uint32_t i = 0; i < bench->in.filter_count;) {
		uint32_t n = 0;
		double start = cpu_now(), middle;

		for (; n < BATCH && i + n < bench->in.filter_count; n++)
			batch[n] = compile(bench->in.filters[i + n], &arena);
		middle = cpu_now();
		compiling += middle - start;
		for (uint32_t k = 0; k < n; k++)
			filter_index_set(bench->index, i + k, batch[k]);
		adding += cpu_now() - middle;
		i += n;
		arena_reset(&arena);
	}
	arena_release(&arena);
	counts = filter_index_count(bench->index);
	snprintf(more, sizeof(more),
		"compiling alone %.0f, adding what is compiled %.0f",
		bench->in.filter_count / compiling,
		bench->in.filter_count / adding);
	say(bench, "adding text, filters/s",
		bench->in.filter_count / (compiling + adding), adding_goals,
		false, more);
	snprintf(more, sizeof(more), "the text takes %.1f",
		(double)bench->in.filter_bytes / bench->in.filter_count);
	say(bench, "memory, bytes a filter",
		(double)(heap_used() - before) / bench->in.filter_count,
		memory_goals, true, more);
	printf("%-22s %10u  distinct %u, scanned %u, predicates %u, paths %u\n",
		"filters", counts.filters, counts.rules, counts.scanned,
		counts.predicates, counts.slots);
}

static void
report_matching(struct bench *bench)
{
	double whole = measure(bench, READ | MATCH);
	char more[100];

	bench->match_seconds = measure(bench, MATCH);
	bench->events_a_second = (double)bench->in.event_count / whole;
	snprintf(more, sizeof(more), "reading alone %.0f",
		bench->reads_a_second);
	say(bench, "text to ids, events/s", bench->events_a_second, event_goals,
		false, more);
}

/** Microseconds of each match. */
static double *
time_matches(struct bench *bench, struct filter_reader *reader)
{
	double *times = mem_alloc_array(bench->in.event_count, sizeof(*times));
	struct arena arena = {0};

	for (size_t i = 0; i < bench->in.event_count; i++) {
		double start = cpu_now();
		size_t count;

		filter_index_match(
			reader, &bench->in.events[i].view, &arena, &count);
		times[i] = (cpu_now() - start) * 1e6;
		arena_reset(&arena);
	}
	arena_release(&arena);
	return times;
}

static void
report_work(struct bench *bench)
{
	struct filter_reader *reader = filter_index_enter(bench->index);
	struct filter_index_work before, after;
	double *times, events;

	mem_free(time_matches(bench, reader));
	before = filter_index_work_done(reader);
	times = time_matches(bench, reader);
	after = filter_index_work_done(reader);
	events = (double)(after.events - before.events);
	printf("%-22s %10.2f  p99 %.2f; candidates %.1f, predicates %.1f\n",
		"one match, us, p50",
		at_share(times, bench->in.event_count, 0.5),
		at_share(times, bench->in.event_count, 0.99),
		(double)(after.candidates - before.candidates) / events,
		(double)(after.evaluations - before.evaluations) / events);
	filter_index_leave(reader);
	mem_free(times);
}

/* ---- against the tree evaluator ---- */

/** Of one match; `tree`: the seconds that all filters one by one take. */
static void
say_factor(struct bench *bench, double tree)
{
	double match = bench->match_seconds / (double)bench->in.event_count;
	char more[100];

	snprintf(more, sizeof(more), "the tree evaluator %.0f", tree * 1e6);
	say(bench, "matching alone, us", match * 1e6, matching_goals, true,
		more);
	snprintf(more, sizeof(more), "%.0f ns a filter and event",
		tree / bench->in.filter_count * 1e9);
	say(bench, "times the tree", tree / match, tree_goals, false, more);
}

/** A sample of filters against a sample of events, both ways. */
static void
report_factor(struct bench *bench)
{
	uint32_t step = (bench->in.filter_count + SAMPLE_MAX - 1) / SAMPLE_MAX;
	struct filter_reader *reader = filter_index_enter(bench->index);
	struct arena filters = {0}, arena = {0};
	const struct filter *sample[SAMPLE_MAX];
	bool is_true[SAMPLE_MAX];
	uint32_t count = 0, pairs = 0;
	double seconds = 0;

	for (uint32_t id = 0; id < bench->in.filter_count; id += step)
		sample[count++] = compile(bench->in.filters[id], &filters);
	for (size_t e = 0; e < bench->in.event_count && seconds < 2; e += 17) {
		const struct filter_event *event = &bench->in.events[e].view;
		double start = cpu_now();
		const uint32_t *ids;
		size_t found;

		for (uint32_t i = 0; i < count; i++)
			is_true[i] = filter_matches(sample[i], event, &arena);
		seconds += cpu_now() - start;
		pairs += count;
		ids = filter_index_match(reader, event, &arena, &found);
		for (uint32_t i = 0, at = 0; i < count; i++) {
			while (at < found && ids[at] < i * step)
				at++;
			if ((at < found && ids[at] == i * step) != is_true[i])
				fail("index and tree evaluator differ",
					bench->in.filters[i * step].ptr);
		}
		arena_reset(&arena);
	}
	say_factor(bench, seconds / pairs * bench->in.filter_count);
	filter_index_leave(reader);
	arena_release(&filters);
	arena_release(&arena);
}

/* ---- while filters are replaced ---- */

struct replacing {
	struct bench *bench;
	_Atomic bool is_over;
	uint32_t to;	/* ids that were touched, from 0 */
	double slowest; /* seconds of a change */
	double changing;
};

/** The seconds that the change took, without compiling. */
static double
replace(struct bench *bench, uint32_t id, uint32_t by, struct arena *arena)
{
	const struct filter *filter = compile(bench->in.filters[by], arena);
	double start = cpu_now();

	filter_index_set(bench->index, id, filter);
	start = cpu_now() - start;
	arena_reset(arena);
	return start;
}

/** 1 % a second, in steps of 5 ms. */
static void *
replace_filters(void *argument)
{
	struct replacing *replacing = argument;
	struct bench *bench = replacing->bench;
	struct timespec pause = {.tv_nsec = 5000000};
	double a_step = bench->in.filter_count * 0.01 * 0.005, due = 0;
	struct arena arena = {0};

	while (!atomic_load(&replacing->is_over)) {
		nanosleep(&pause, NULL);
		for (due += a_step; due >= 1; due--) {
			uint32_t id = replacing->to++ % bench->in.filter_count;

			double took = replace(bench, id,
				(id + 7919) % bench->in.filter_count, &arena);

			replacing->changing += took;
			if (took > replacing->slowest)
				replacing->slowest = took;
		}
	}
	arena_release(&arena);
	return NULL;
}

static void
say_replacing(const struct bench *bench, double events_a_second, double *times,
	uint32_t count)
{
	double p50 = at_share(times, bench->in.event_count, 0.5);
	double p99 = at_share(times, bench->in.event_count, 0.99);
	char more[100];

	snprintf(more, sizeof(more), "%.0f events/s of %.0f; %u replaced",
		events_a_second, bench->events_a_second, count);
	say(bench, "1 %/s replaced, rate %",
		events_a_second / bench->events_a_second * 100, share_goals,
		false, more);
	snprintf(more, sizeof(more), "p99 %.2f us, p50 %.2f us", p99, p50);
	say(bench, "meanwhile p99 / p50", p99 / p50, spread_goals, true, more);
}

static void
report_replacing(struct bench *bench)
{
	struct filter_reader *reader;
	struct replacing replacing = {.bench = bench};
	struct arena arena = {0};
	pthread_t thread;
	double seconds = 0, *times;
	size_t passes = 0;

	pthread_create(&thread, NULL, replace_filters, &replacing);
	while (seconds < 2 * seconds_min) {
		/* As the program does it: in and out at every event. */
		reader = filter_index_enter(bench->index);
		seconds += pass(bench, reader, READ | MATCH);
		filter_index_leave(reader);
		passes++;
	}
	reader = filter_index_enter(bench->index);
	times = time_matches(bench, reader);
	filter_index_leave(reader);
	atomic_store(&replacing.is_over, true);
	pthread_join(thread, NULL);
	say_replacing(bench, (double)(bench->in.event_count * passes) / seconds,
		times, replacing.to);
	if (replacing.to)
		printf("%-22s %10.2f  slowest %.0f\n", "one change, us",
			replacing.changing / replacing.to * 1e6,
			replacing.slowest * 1e6);
	for (uint32_t i = 0; i < replacing.to; i++)
		replace(bench, i % bench->in.filter_count,
			i % bench->in.filter_count, &arena);
	arena_release(&arena);
	mem_free(times);
}

/* ---- right or wrong ---- */

static void
check_line(struct bench *bench, struct filter_reader *reader, struct str line)
{
	CLEANUP(buf_release) struct buf found = buf_make(0);
	CLEANUP(arena_release) struct arena arena = {0};
	uint64_t event;
	const uint32_t *ids;
	size_t count;

	if (str_to_u64(str_split(&line, '\t'), &event) ||
		event >= bench->in.event_count)
		fail("expected", "no such event");
	ids = filter_index_match(
		reader, &bench->in.events[event].view, &arena, &count);
	for (size_t i = 0; i < count; i++)
		buf_printf(&found, i ? ",%u" : "%u", ids[i]);
	if (!str_equal(buf_str(&found), line)) {
		fprintf(stderr, "event %lu\nexpected %.*s\nfound    %s\n",
			event, STR_ARG(line), buf_text(&found));
		fail("wrong match", "see above");
	}
}

static void
check_expected(struct bench *bench, const char *path)
{
	struct filter_reader *reader = filter_index_enter(bench->index);
	struct str text = read_file(path);
	size_t lines = count_lines(text);

	for (size_t i = 0; i < lines; i++)
		check_line(bench, reader, str_split(&text, '\n'));
	filter_index_leave(reader);
	printf("%-22s %10zu  events matched what they should\n", "expected",
		lines);
}

int
main(int argc, char **argv)
{
	struct bench bench = {0};

	if (argc < 3)
		fail("usage", "filter_bench FILTERS EVENTS [EXPECTED]");
	setvbuf(stdout, NULL, _IOLBF, 0);
	read_inputs(&bench.in, argv[1], argv[2]);
	report_adding(&bench);
	for (size_t i = 0; i < bench.in.event_count; i++)
		read_event(bench.in.events[i].text, &bench.kept,
			&bench.in.events[i].doc, &bench.in.events[i].view);
	if (argc > 3)
		check_expected(&bench, argv[3]);
	report_reading(&bench);
	report_matching(&bench);
	report_work(&bench);
	report_factor(&bench);
	report_replacing(&bench);
	if (argc > 3)
		check_expected(&bench, argv[3]);
	filter_index_free(bench.index);
	return 0;
}
