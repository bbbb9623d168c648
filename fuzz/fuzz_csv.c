#include "fuzz.h"
#include "rule/csv.h"

/* Tables: what was read is written, and read again as the same. */
static void
check_same(struct csv_row row, struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct csv_reader reader;
	struct csv_row again;

	csv_append(&text, row.cells, row.count, ';');
	reader = csv_reader_make(buf_str(&text), ';');
	if (csv_read(&reader, arena, &again, &text) ||
		again.count != row.count || reader.rest.len)
		__builtin_trap();
	for (size_t i = 0; i < row.count; i++) {
		if (!str_equal(row.cells[i], again.cells[i]))
			__builtin_trap();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = {0};
	struct csv_reader reader =
		csv_reader_make(str_make((const char *)data, size), ',');
	struct csv_row row;

	while (csv_read(&reader, &arena, &row, &why) == ERR_OK)
		check_same(row, &arena);
	return 0;
}
