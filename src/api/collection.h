#pragma once
#include "base/json.h"

/*
 * Lists as every dialect answers them: `limit`, `offset`, `filter` and `sort`
 * of the query (reference: GreenLake API standard, query parameters and
 * pagination), applied to items that are JSON objects already written. So a
 * member that is shown can be filtered and sorted by, and one that is not
 * shown cannot be found out that way.
 *
 *   {"count":2,"offset":0,"total":25,"items":[…]}
 *
 * `count` is the number of items in this answer, `total` that of all that
 * match the filter.
 */
struct api_call;
struct filter;

enum {
	COLLECTION_LIMIT_DEFAULT = 100,
	COLLECTION_LIMIT_MAX = 1000,
	COLLECTION_SORT_MAX = 8,
	COLLECTION_SORT_TEXT_MAX = 1024,
};

struct collection_sort {
	struct str path; /* members separated with '/' */
	bool is_descending;
};

struct collection_query {
	uint64_t limit;
	uint64_t offset;
	const struct filter *filter; /* NULL: all */
	struct collection_sort sort[COLLECTION_SORT_MAX];
	size_t sort_count;
};

/** The decoded parameters; a NULL pointer is one that was not given. */
struct collection_parameters {
	struct str limit;
	struct str offset;
	struct str filter;
	struct str sort;
};

/**
 * Reads the parameters. `sort` is `path [asc|desc]{, path [asc|desc]}`,
 * ascending unless said otherwise, at most COLLECTION_SORT_MAX of them; `limit`
 * is 0 to COLLECTION_LIMIT_MAX. On ERR_INVALID `*ret_name` is the parameter
 * that is wrong (static) and `why` says what is. The filter is compiled into
 * `arena`; the sort paths point into the text.
 */
enum err collection_parse(const struct collection_parameters *parameters,
	struct arena *arena, struct collection_query *ret,
	const char **ret_name, struct buf *why) MUST_USE;

/**
 * The same for a call's query. When it is wrong, the call is answered with a
 * 400 that names the parameter, and false is returned.
 */
bool collection_read(struct api_call *call, struct collection_query *ret);

/**
 * Writes the collection. Without a `sort` items keep their order, and so do
 * items that compare as equal. By value: absent and null come first, then
 * false, true, numbers, RFC 3339 times by instant, other strings by bytes,
 * arrays, objects. In the filter a bare path is a member of the item, and
 * `type`, `id` and the like are the item's own. `scratch` is used for reading
 * the items.
 */
void collection_write(const struct collection_query *query,
	const struct str *items, size_t count, struct arena *scratch,
	struct buf *out);
