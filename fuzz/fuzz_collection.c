#include <assert.h>

#include "api/collection.h"

/*
 * The input is lines: limit, offset, filter, sort, then an item each. A
 * parameter that is "-" is not given; a line that is no JSON is no item.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ITEMS_MAX = 64 };

static size_t
read_items(struct str lines, struct arena *arena, struct str *ret)
{
	size_t count = 0;

	while (lines.ptr != NULL && count < ITEMS_MAX) {
		struct str line = str_split(&lines, '\n');
		struct json_doc doc;

		if (json_read(line, arena, &doc, NULL) == ERR_OK)
			ret[count++] = line;
	}
	return count;
}

static int64_t
integer_of(struct json object, struct str name)
{
	int64_t value = -1;

	assert(json_to_integer(json_member(object, name), &value));
	return value;
}

static void
check(const struct collection_query *query, struct str lines,
	struct arena *arena)
{
	struct str items[ITEMS_MAX];
	size_t count = read_items(lines, arena, items);
	struct buf out = {0};
	struct json_doc doc;
	struct json root;
	int64_t shown, total;

	collection_write(query, items, count, arena, &out);
	/* Two levels more than the items have: those may be at the limit. */
	if (json_read(buf_str(&out), arena, &doc, NULL) == ERR_OK) {
		root = json_root(&doc);
		shown = integer_of(root, STR("count"));
		total = integer_of(root, STR("total"));
		assert(shown >= 0 && shown <= total);
		assert(total <= (int64_t)count);
		assert((uint64_t)shown <= query->limit);
		assert(query->filter || total == (int64_t)count);
		assert(json_count(json_member(root, STR("items"))) ==
			(size_t)shown);
	}
	buf_release(&out);
}

static struct str
parameter(struct str *lines)
{
	struct str line = str_split(lines, '\n');

	return str_equal(line, STR("-")) ? (struct str){0} : line;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct str lines = str_make((const char *)data, size);
	struct collection_parameters given;
	struct collection_query query;
	struct buf why = {0};
	const char *name;

	given.limit = parameter(&lines);
	given.offset = parameter(&lines);
	given.filter = parameter(&lines);
	given.sort = parameter(&lines);
	if (collection_parse(&given, &arena, &query, &name, &why) == ERR_OK)
		check(&query, lines, &arena);
	else
		assert(name && why.len > 0);
	buf_release(&why);
	arena_release(&arena);
	return 0;
}
