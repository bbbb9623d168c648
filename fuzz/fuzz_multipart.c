#include "flow/multipart.h"
#include "fuzz.h"

/* Forms with files: what was read is written, and read again as the same. */

static void
check_same(struct multipart form, struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0}, why = {0};
	struct str boundary = multipart_new_boundary(arena);
	struct multipart again;

	for (size_t i = 0; i < form.count; i++)
		multipart_append(&text, boundary, &form.parts[i]);
	multipart_end(&text, boundary);
	if (multipart_read(buf_str(&text), boundary, arena, &again, &why) ||
		again.count != form.count)
		__builtin_trap();
	for (size_t i = 0; i < form.count; i++) {
		if (!str_equal(form.parts[i].data, again.parts[i].data) ||
			form.parts[i].is_file != again.parts[i].is_file)
			__builtin_trap();
	}
}

/* The first line is the Content-Type. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = {0};
	struct str text = str_make((const char *)data, size), boundary;
	struct str type = str_split(&text, '\n');
	struct multipart form;

	if (multipart_boundary(type, &arena, &boundary))
		return 0;
	if (!multipart_read(text, boundary, &arena, &form, &why))
		check_same(form, &arena);
	return 0;
}
