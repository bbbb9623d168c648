#include "cli/filter_command.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json_out.h"
#include "base/mem.h"
#include "cli/file.h"
#include "cli/output.h"
#include "rule/filter_event.h"
#include "rule/filter_explain.h"

enum {
	EVENT_MAX = 64 * 1024 * 1024,
	EXIT_TRUE = 0,
	EXIT_FALSE = 1,
	EXIT_TROUBLE = 2,
};

/* ---- check ---- */

/** The caret stands under the column; a tab above it is a tab below. */
static void
print_caret(struct str filter, size_t column)
{
	size_t at = 0;

	printf("  %.*s\n  ", STR_ARG(filter));
	for (size_t i = 0; i < filter.len && at + 1 < column; i++) {
		unsigned char c = (unsigned char)filter.ptr[i];

		if ((c & 0xC0) == 0x80)
			continue;
		putchar(c == '\t' ? '\t' : ' ');
		at++;
	}
	puts("^");
}

/** On standard error: standard output has the verdict alone. */
static void
print_notes(struct str notes)
{
	while (notes.len) {
		struct str note = str_split(&notes, '\n');

		fprintf(stderr, "note: %.*s\n", STR_ARG(note));
	}
}

static bool
check_one(struct str text)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = {0};
	const struct filter *filter;
	size_t column;

	if (!filter_compile(text, &arena, &filter, &column, &why)) {
		puts("valid");
		filter_notes(filter, &why);
		print_notes(buf_str(&why));
		return true;
	}
	puts(buf_text(&why));
	print_caret(text, column);
	return false;
}

/** The line without its end; false at the end of the input. */
static bool
next_line(char **line, size_t *cap, struct str *ret)
{
	ssize_t len = getline(line, cap, stdin);

	if (len < 0)
		return false;
	*ret = str_make(*line, (size_t)len);
	while (ret->len && (ret->ptr[ret->len - 1] == '\n' ||
				   ret->ptr[ret->len - 1] == '\r'))
		ret->len--;
	return true;
}

static bool
check_lines(void)
{
	char *line = NULL;
	size_t cap = 0;
	bool all_valid = true;
	struct str text;

	while (next_line(&line, &cap, &text))
		all_valid = check_one(text) && all_valid;
	mem_free(line);
	return all_valid;
}

int
filter_command_check(int argc, char **argv)
{
	bool all_valid = true;

	if (argc < 1) {
		fputs("usage: grapnel filter check FILTER… | -\n", stderr);
		return EXIT_TROUBLE;
	}
	for (int i = 0; i < argc; i++) {
		bool is_valid = strcmp(argv[i], "-")
					? check_one(str_of(argv[i]))
					: check_lines();

		all_valid = is_valid && all_valid;
	}
	return all_valid ? EXIT_TRUE : EXIT_FALSE;
}

/* ---- eval ---- */

static void
answer_invalid(struct buf *out, size_t column, struct str error)
{
	struct json_out json = json_out_make(out);

	json_out_object(&json, NULL);
	json_out_boolean(&json, "valid", false);
	json_out_integer(&json, "column", (int64_t)column);
	json_out_string(&json, "error", error);
	json_out_end(&json);
}

static void
answer_result(struct buf *out, bool result)
{
	struct json_out json = json_out_make(out);

	json_out_object(&json, NULL);
	json_out_boolean(&json, "valid", true);
	json_out_boolean(&json, "result", result);
	json_out_end(&json);
}

static void
eval_line(struct str line, struct arena *arena, struct buf *out)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct json_doc doc;
	struct json text, event;
	const struct filter *filter;
	struct filter_event view;
	size_t column;

	if (json_read(line, arena, &doc, &why)) {
		answer_invalid(out, 0, buf_str(&why));
		return;
	}
	text = json_member(json_root(&doc), STR("filter"));
	event = json_member(json_root(&doc), STR("event"));
	if (json_kind(text) != JSON_STRING || json_kind(event) != JSON_OBJECT) {
		answer_invalid(out, 0,
			STR("expected an object {\"filter\":\"…\","
			    "\"event\":{…}}"));
		return;
	}
	if (filter_compile(
		    json_string(text, arena), arena, &filter, &column, &why)) {
		answer_invalid(out, column, buf_str(&why));
		return;
	}
	view = filter_event_read(event, arena);
	answer_result(out, filter_matches(filter, &view, arena));
}

static int
eval_batch(void)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf out = {0};
	char *line = NULL;
	size_t cap = 0;
	struct str text;

	while (next_line(&line, &cap, &text)) {
		arena_reset(&arena);
		buf_clear(&out);
		eval_line(text, &arena, &out);
		puts(buf_text(&out));
	}
	mem_free(line);
	return EXIT_TRUE;
}

/** What `eval` and `explain` are about. */
struct subject {
	struct arena arena;
	struct buf bytes;
	struct json_doc doc; /* the event's file */
	const struct filter *filter;
	struct filter_event event;
};

static void
subject_release(struct subject *subject)
{
	buf_release(&subject->bytes);
	arena_release(&subject->arena);
}

/** False when it was said what cannot be read. */
static bool
subject_read(struct subject *subject, const char *text, const char *path)
{
	CLEANUP(buf_release) struct buf why = {0};
	size_t column;

	subject->bytes = buf_make(EVENT_MAX);
	if (filter_compile(str_of(text), &subject->arena, &subject->filter,
		    &column, &why)) {
		fprintf(stderr, "%s\n", buf_text(&why));
		return false;
	}
	if (file_read(path, &subject->bytes, &why)) {
		fprintf(stderr, "%s\n", buf_text(&why));
		return false;
	}
	if (json_read(buf_str(&subject->bytes), &subject->arena, &subject->doc,
		    &why)) {
		fprintf(stderr, "%s: %s\n", path, buf_text(&why));
		return false;
	}
	subject->event =
		filter_event_read(json_root(&subject->doc), &subject->arena);
	return true;
}

static int
eval_file(const char *text, const char *path)
{
	CLEANUP(subject_release) struct subject subject = {0};
	bool result;

	if (!subject_read(&subject, text, path))
		return EXIT_TROUBLE;
	result = filter_matches(subject.filter, &subject.event, &subject.arena);
	puts(result ? "true" : "false");
	return result ? EXIT_TRUE : EXIT_FALSE;
}

int
filter_command_eval(int argc, char **argv)
{
	if (argc == 1 && !strcmp(argv[0], "--batch"))
		return eval_batch();
	if (argc == 2)
		return eval_file(argv[0], argv[1]);
	fputs("usage: grapnel filter eval FILTER EVENT.json | --batch\n",
		stderr);
	return EXIT_TROUBLE;
}

/* ---- explain ---- */

/** Values come from the event: none of them may move the cursor. */
static void
print_lines(struct str lines)
{
	CLEANUP(buf_release) struct buf safe = {0};

	while (lines.len) {
		output_append_safe(&safe, str_split(&lines, '\n'), 0);
		buf_append_char(&safe, '\n');
	}
	fputs(buf_text(&safe), stdout);
}

static void
print_explanation(const struct filter_explanation *explanation, bool is_json)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct json_out out = json_out_make(&text);

	if (!is_json) {
		filter_explain_print(explanation, &text);
		print_lines(buf_str(&text));
		return;
	}
	json_out_object(&out, NULL);
	filter_explain_write(explanation, &out);
	json_out_end(&out);
	puts(buf_text(&text));
}

int
filter_command_explain(int argc, char **argv)
{
	CLEANUP(subject_release) struct subject subject = {0};
	const char *operands[2];
	int count = 0, extra = 0;
	bool is_json = false;
	const struct filter_explanation *explanation;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--json") || !strcmp(argv[i], "-j"))
			is_json = true;
		else if (count < 2)
			operands[count++] = argv[i];
		else
			extra++;
	}
	if (count < 2 || extra) {
		fputs("usage: grapnel filter explain [--json] FILTER "
		      "EVENT.json\n",
			stderr);
		return EXIT_TROUBLE;
	}
	if (!subject_read(&subject, operands[0], operands[1]))
		return EXIT_TROUBLE;
	explanation =
		filter_explain(subject.filter, &subject.event, &subject.arena);
	print_explanation(explanation, is_json);
	return explanation->truth == FILTER_IS_TRUE ? EXIT_TRUE : EXIT_FALSE;
}
