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

#include "base/mem.h"
#include "rule/filter_index.h"

enum { ROUNDS_MIN = 5, SAMPLE_MAX = 5000, BATCH = 1000 };
static const double seconds_min = 1.0;

struct event {
	struct str text;
	struct filter_event view;
	struct json_doc doc;
};

struct bench {
	struct str *filters; /* by id */
	uint32_t filter_count;
	struct event *events;
	size_t event_count;
	size_t event_bytes;
	struct filter_index *index;
	struct arena kept; /* of events read for matching alone */
	double match_seconds;
};

static double
cpu_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static _Noreturn void
fail(const char *what, const char *detail)
{
	fprintf(stderr, "filter_bench: %s: %s\n", what, detail);
	exit(1);
}

/* ---- input ---- */

static struct str
read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *bytes;
	long size;

	if (file == NULL || fseek(file, 0, SEEK_END) ||
		(size = ftell(file)) < 0)
		fail(path, "cannot be read");
	rewind(file);
	bytes = mem_alloc((size_t)size + 1);
	if (fread(bytes, 1, (size_t)size, file) != (size_t)size)
		fail(path, "cannot be read");
	fclose(file);
	return str_make(bytes, (size_t)size);
}

static size_t
count_lines(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.ptr[i] == '\n';
	return count;
}

static void
read_inputs(struct bench *bench, const char *filters, const char *events)
{
	struct str text = read_file(filters);

	bench->filter_count = (uint32_t)count_lines(text);
	bench->filters =
		mem_alloc_array(bench->filter_count, sizeof(struct str));
	for (uint32_t i = 0; i < bench->filter_count; i++) {
		bench->filters[i] = str_split(&text, '\n');
		str_split(&bench->filters[i], '\t');
	}
	text = read_file(events);
	bench->event_bytes = text.len;
	bench->event_count = count_lines(text);
	bench->events =
		mem_alloc_array(bench->event_count, sizeof(struct event));
	for (size_t i = 0; i < bench->event_count; i++)
		bench->events[i].text = str_split(&text, '\n');
}

static void
read_event(struct str text, struct arena *arena, struct json_doc *doc,
	struct filter_event *ret)
{
	struct json_walk walk;

	if (json_read(text, arena, doc, NULL))
		fail("event", "not JSON");
	*ret = (struct filter_event){0};
	walk = json_walk(json_root(doc));
	while (json_walk_next(&walk)) {
		struct str key = json_raw_string(walk.key);

		if (str_equal(key, STR("type")))
			ret->type = json_string(walk.value, arena);
		else if (str_equal(key, STR("operation")))
			ret->operation = json_string(walk.value, arena);
		else if (json_kind(walk.value) != JSON_OBJECT)
			continue;
		else if (str_equal(key, STR("new")))
			ret->new_state = walk.value;
		else if (str_equal(key, STR("old")))
			ret->old_state = walk.value;
	}
}

static const struct filter *
compile(struct str text, struct arena *arena)
{
	CLEANUP(buf_release) struct buf why = buf_make(0);
	const struct filter *filter;
	size_t column;

	if (filter_compile(text, arena, &filter, &column, &why))
		fail("filter", buf_text(&why));
	return filter;
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

enum what { READ = 1, MATCH = 2 };

/** CPU seconds of one pass over all events. */
static double
pass(struct bench *bench, struct filter_reader *reader, int what)
{
	struct arena arena = {0};
	double start = cpu_now();

	for (size_t i = 0; i < bench->event_count; i++) {
		struct event *event = &bench->events[i];
		struct json_doc doc;
		struct filter_event view;
		size_t count;

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

	printf("reading       %10.2f GB/s   %.0f events/s\n",
		(double)bench->event_bytes / seconds / 1e9,
		(double)bench->event_count / seconds);
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

	bench->index = filter_index_new();
	for (uint32_t i = 0; i < bench->filter_count;) {
		uint32_t n = 0;
		double start = cpu_now(), middle;

		for (; n < BATCH && i + n < bench->filter_count; n++)
			batch[n] = compile(bench->filters[i + n], &arena);
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
	printf("adding        %10.0f filters/s from text; %.0f compiled/s, "
	       "%.0f added/s\n",
		bench->filter_count / (compiling + adding),
		bench->filter_count / compiling, bench->filter_count / adding);
	printf("memory        %10.1f bytes a filter beyond its text\n",
		(double)(heap_used() - before) / bench->filter_count);
	printf("index         %10u filters, %u distinct, %u scanned, "
	       "%u predicates, %u paths\n",
		counts.filters, counts.rules, counts.scanned, counts.predicates,
		counts.slots);
}

static void
report_matching(struct bench *bench)
{
	double whole = measure(bench, READ | MATCH);

	bench->match_seconds = measure(bench, MATCH);
	printf("events/s      %10.0f  (text in, ids out)\n",
		(double)bench->event_count / whole);
	printf("matching      %10.2f us an event\n",
		bench->match_seconds / (double)bench->event_count * 1e6);
}

/** Microseconds of each match. */
static double *
time_matches(struct bench *bench, struct filter_reader *reader)
{
	double *times = mem_alloc_array(bench->event_count, sizeof(*times));
	struct arena arena = {0};

	for (size_t i = 0; i < bench->event_count; i++) {
		double start = cpu_now();
		size_t count;

		filter_index_match(
			reader, &bench->events[i].view, &arena, &count);
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
	printf("one match     %10.2f us p50, %.2f us p99\n",
		at_share(times, bench->event_count, 0.5),
		at_share(times, bench->event_count, 0.99));
	printf("an event      %10.1f candidates, %.1f predicates\n",
		(double)(after.candidates - before.candidates) / events,
		(double)(after.evaluations - before.evaluations) / events);
	filter_index_leave(reader);
	mem_free(times);
}

/* ---- against the tree evaluator ---- */

/** A sample of filters against a sample of events, both ways. */
static void
report_factor(struct bench *bench)
{
	uint32_t step = (bench->filter_count + SAMPLE_MAX - 1) / SAMPLE_MAX;
	struct filter_reader *reader = filter_index_enter(bench->index);
	struct arena filters = {0}, arena = {0};
	const struct filter *sample[SAMPLE_MAX];
	bool is_true[SAMPLE_MAX];
	uint32_t count = 0, pairs = 0;
	double seconds = 0;

	for (uint32_t id = 0; id < bench->filter_count; id += step)
		sample[count++] = compile(bench->filters[id], &filters);
	for (size_t e = 0; e < bench->event_count && seconds < 2; e += 17) {
		const struct filter_event *event = &bench->events[e].view;
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
					bench->filters[i * step].ptr);
		}
		arena_reset(&arena);
	}
	printf("tree          %10.0f ns a filter and event; the index is "
	       "%.0f times as fast\n",
		seconds / pairs * 1e9,
		seconds / pairs * bench->filter_count /
			(bench->match_seconds / (double)bench->event_count));
	filter_index_leave(reader);
	arena_release(&filters);
	arena_release(&arena);
}

/* ---- while filters are replaced ---- */

struct replacing {
	struct bench *bench;
	_Atomic bool is_over;
	uint32_t to; /* ids that were touched, from 0 */
};

static void
replace(struct bench *bench, uint32_t id, uint32_t by, struct arena *arena)
{
	filter_index_set(bench->index, id, compile(bench->filters[by], arena));
	arena_reset(arena);
}

/** 1 % a second, in steps of 5 ms. */
static void *
replace_filters(void *argument)
{
	struct replacing *replacing = argument;
	struct bench *bench = replacing->bench;
	struct timespec pause = {.tv_nsec = 5000000};
	double a_step = bench->filter_count * 0.01 * 0.005, due = 0;
	struct arena arena = {0};

	while (!atomic_load(&replacing->is_over)) {
		nanosleep(&pause, NULL);
		for (due += a_step; due >= 1; due--) {
			uint32_t id = replacing->to++ % bench->filter_count;

			replace(bench, id, (id + 7919) % bench->filter_count,
				&arena);
		}
	}
	arena_release(&arena);
	return NULL;
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
	printf("replacing 1%%/s%9.0f events/s; one match %.2f us p50, %.2f us "
	       "p99; %u replaced\n",
		(double)(bench->event_count * passes) / seconds,
		at_share(times, bench->event_count, 0.5),
		at_share(times, bench->event_count, 0.99), replacing.to);
	for (uint32_t i = 0; i < replacing.to; i++)
		replace(bench, i % bench->filter_count, i % bench->filter_count,
			&arena);
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
		event >= bench->event_count)
		fail("expected", "no such event");
	ids = filter_index_match(
		reader, &bench->events[event].view, &arena, &count);
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
	printf("expected      %10zu events match what they should\n", lines);
}

int
main(int argc, char **argv)
{
	struct bench bench = {0};

	if (argc < 3)
		fail("usage", "filter_bench FILTERS EVENTS [EXPECTED]");
	setvbuf(stdout, NULL, _IOLBF, 0);
	read_inputs(&bench, argv[1], argv[2]);
	report_adding(&bench);
	for (size_t i = 0; i < bench.event_count; i++)
		read_event(bench.events[i].text, &bench.kept,
			&bench.events[i].doc, &bench.events[i].view);
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
