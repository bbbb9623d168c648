#include "filter_bench_input.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void
fail(const char *what, const char *detail)
{
	fprintf(stderr, "filter_bench: %s: %s\n", what, detail);
	exit(1);
}

struct str
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

size_t
count_lines(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.ptr[i] == '\n';
	return count;
}

void
read_inputs(struct input *input, const char *filters, const char *events)
{
	struct str text = read_file(filters);

	input->filter_count = (uint32_t)count_lines(text);
	input->filters =
		mem_alloc_array(input->filter_count, sizeof(struct str));
	for (uint32_t i = 0; i < input->filter_count; i++) {
		input->filters[i] = str_split(&text, '\n');
		str_split(&input->filters[i], '\t');
		input->filter_bytes += input->filters[i].len;
	}
	text = read_file(events);
	input->event_bytes = text.len;
	input->event_count = count_lines(text);
	input->events =
		mem_alloc_array(input->event_count, sizeof(struct event));
	for (size_t i = 0; i < input->event_count; i++)
		input->events[i].text = str_split(&text, '\n');
}

void
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

const struct filter *
compile(struct str text, struct arena *arena)
{
	CLEANUP(buf_release) struct buf why = buf_make(0);
	const struct filter *filter;
	size_t column;

	if (filter_compile(text, arena, &filter, &column, &why))
		fail("filter", buf_text(&why));
	return filter;
}
