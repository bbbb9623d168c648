#include "api/collection.h"

#include <ctype.h>
#include <stdlib.h>

#include "api/route.h"
#include "base/json_out.h"
#include "base/timestamp.h"
#include "rule/filter.h"

/* ---- reading the parameters ---- */

static enum err
parse_count(struct str text, uint64_t max, uint64_t *ret, struct buf *why)
{
	uint64_t value;

	if (text.ptr == NULL)
		return ERR_OK;
	if (str_to_u64(text, &value) == ERR_OK && value <= max) {
		*ret = value;
		return ERR_OK;
	}
	buf_printf(why,
		"expected a whole number from 0 to %llu, found \"%.*s\"",
		(unsigned long long)max, STR_ARG(str_head(text, 32)));
	return ERR_INVALID;
}

static bool
is_path(struct str path)
{
	while (path.ptr != NULL) {
		struct str name = str_split(&path, '/');

		if (str_is_empty(name))
			return false;
		for (size_t i = 0; i < name.len; i++) {
			unsigned char c = (unsigned char)name.ptr[i];

			/* What filters take in names: letters of any script,
			   and the signs of tag keys. */
			if (c < 0x80 && !isalnum(c) && !strchr("_-.", c))
				return false;
		}
	}
	return true;
}

/* The first word of `*rest`; blanks around it are taken off too. */
static struct str
take_word(struct str *rest)
{
	struct str text = str_trim(*rest);
	size_t len = 0;

	while (len < text.len && text.ptr[len] != ' ' && text.ptr[len] != '\t')
		len++;
	*rest = str_trim(str_skip(text, len));
	return str_head(text, len);
}

/* `why` gets the expectation only; the caller knows the column. */
static enum err
parse_sort_key(struct str text, struct collection_sort *ret, const char **why)
{
	struct str path = take_word(&text);
	struct str direction = take_word(&text);

	*why = "expected a property name";
	if (str_is_empty(path) || !is_path(path))
		return ERR_INVALID;
	ret->path = path;
	ret->is_descending = str_equal_nocase(direction, STR("desc"));
	*why = "expected asc or desc behind the property";
	if (!str_is_empty(direction) && !ret->is_descending &&
		!str_equal_nocase(direction, STR("asc")))
		return ERR_INVALID;
	*why = "expected a comma before the next property";
	return str_is_empty(text) ? ERR_OK : ERR_INVALID;
}

static enum err
parse_sort(struct str text, struct collection_query *query, struct buf *why)
{
	struct str rest = text;

	if (text.len > COLLECTION_SORT_TEXT_MAX) {
		buf_printf(
			why, "longer than %d bytes", COLLECTION_SORT_TEXT_MAX);
		return ERR_INVALID;
	}
	while (rest.ptr != NULL) {
		const char *expected;
		size_t column = (size_t)(rest.ptr - text.ptr) + 1;
		struct str key = str_split(&rest, ',');

		if (query->sort_count == COLLECTION_SORT_MAX) {
			buf_printf(why, "more than %d properties",
				COLLECTION_SORT_MAX);
			return ERR_INVALID;
		}
		if (parse_sort_key(
			    key, &query->sort[query->sort_count], &expected)) {
			buf_printf(why, "column %zu: %s, found \"%.*s\"",
				column, expected, STR_ARG(str_head(key, 64)));
			return ERR_INVALID;
		}
		query->sort_count++;
	}
	return ERR_OK;
}

static enum err
parse_filter(struct str text, struct arena *arena, const struct filter **ret,
	struct buf *why)
{
	size_t column = 0;

	if (text.ptr == NULL)
		return ERR_OK;
	return filter_compile(text, arena, ret, &column, why) ? ERR_INVALID
							      : ERR_OK;
}

enum err
collection_parse(const struct collection_parameters *parameters,
	struct arena *arena, struct collection_query *ret,
	const char **ret_name, struct buf *why)
{
	struct collection_query query = {.limit = COLLECTION_LIMIT_DEFAULT};

	*ret_name = "limit";
	if (parse_count(
		    parameters->limit, COLLECTION_LIMIT_MAX, &query.limit, why))
		return ERR_INVALID;
	*ret_name = "offset";
	if (parse_count(parameters->offset, INT64_MAX, &query.offset, why))
		return ERR_INVALID;
	*ret_name = "filter";
	if (parse_filter(parameters->filter, arena, &query.filter, why))
		return ERR_INVALID;
	*ret_name = "sort";
	if (parse_sort(parameters->sort, &query, why))
		return ERR_INVALID;
	*ret = query;
	return ERR_OK;
}

static bool
refuse_parameter(struct api_call *call, const char *name, struct str why)
{
	struct api_problem problem = {
		.status = 400,
		.message = why,
		.source = "query.parameter",
		.subject = str_of(name),
	};

	api_respond_problem(call, &problem);
	return false;
}

bool
collection_read(struct api_call *call, struct collection_query *ret)
{
	struct collection_parameters given = {0};
	const struct {
		const char *name;
		struct str *value;
	} rows[] = {
		{"limit", &given.limit},
		{"offset", &given.offset},
		{"filter", &given.filter},
		{"sort", &given.sort},
	};
	CLEANUP(buf_release) struct buf why = buf_make(4096);
	const char *name;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum err err = http_call_parameter(
			call->http, rows[i].name, rows[i].value);

		if (err == ERR_NOT_FOUND)
			*rows[i].value = (struct str){0};
		else if (err)
			return refuse_parameter(call, rows[i].name,
				STR("given twice, or not well percent-encoded"));
		else if (rows[i].value->ptr == NULL)
			*rows[i].value = STR(""); /* "?sort=" is given */
	}
	if (collection_parse(&given, call->arena, ret, &name, &why))
		return refuse_parameter(call, name, buf_str(&why));
	return true;
}

/* ---- ordering ---- */

/* A value as it is compared: rank first, then what belongs to the rank. */
enum rank {
	RANK_NOTHING,
	RANK_FALSE,
	RANK_TRUE,
	RANK_NUMBER,
	RANK_TIME,
	RANK_STRING,
	RANK_ARRAY,
	RANK_OBJECT,
};

struct sort_value {
	enum rank rank;
	struct number number;
	struct timestamp time;
	struct str text;
};

static struct sort_value
sort_value(struct json json, struct arena *scratch)
{
	static const enum rank ranks[] = {
		[JSON_MISSING] = RANK_NOTHING,
		[JSON_NULL] = RANK_NOTHING,
		[JSON_FALSE] = RANK_FALSE,
		[JSON_TRUE] = RANK_TRUE,
		[JSON_NUMBER] = RANK_NUMBER,
		[JSON_STRING] = RANK_STRING,
		[JSON_ARRAY] = RANK_ARRAY,
		[JSON_OBJECT] = RANK_OBJECT,
	};
	struct sort_value value = {.rank = ranks[json_kind(json)]};

	if (value.rank == RANK_NUMBER)
		value.number = json_number(json);
	if (value.rank != RANK_STRING)
		return value;
	value.text = json_string(json, scratch);
	/* A rank of its own keeps the order total: whether two strings are
	   compared as times must not hang on which two meet. */
	if (timestamp_parse(value.text, &value.time) == ERR_OK)
		value.rank = RANK_TIME;
	return value;
}

static int
sort_value_compare(const struct sort_value *a, const struct sort_value *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->rank == RANK_NUMBER)
		return number_compare(a->number, b->number);
	if (a->rank == RANK_TIME)
		return timestamp_compare(a->time, b->time);
	if (a->rank == RANK_STRING)
		return str_compare(a->text, b->text);
	return 0;
}

struct entry {
	struct str text;
	size_t position; /* in the list given: ties keep it */
	struct sort_value *values;
};

static int
entry_compare(const void *a_, const void *b_, void *context)
{
	const struct collection_query *query = context;
	const struct entry *a = a_, *b = b_;

	for (size_t i = 0; i < query->sort_count; i++) {
		int order = sort_value_compare(&a->values[i], &b->values[i]);

		if (order)
			return query->sort[i].is_descending ? -order : order;
	}
	return a->position < b->position ? -1 : 1;
}

/* ---- writing ---- */

static bool
is_selected(const struct collection_query *query, struct json item,
	struct arena *scratch)
{
	struct filter_event event = {.new_state = item, .attributes = item};
	struct str type;

	if (query->filter == NULL)
		return true;
	/* The words that name an event's envelope (type, id, …) mean the
	   item's own members here. */
	type = json_string(json_member(item, STR("type")), scratch);
	event.type = catalog_canonical(type, scratch);
	event.operation =
		json_string(json_member(item, STR("operation")), scratch);
	return filter_matches(query->filter, &event, scratch);
}

/* Those of `items` that pass the filter, in the query's order. */
static struct entry *
select_entries(const struct collection_query *query, const struct str *items,
	size_t count, struct arena *scratch, size_t *ret_count)
{
	bool looks_inside = query->filter != NULL || query->sort_count > 0;
	struct entry *entries =
		arena_alloc_array(scratch, count, sizeof(*entries));
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct entry entry = {.text = items[i], .position = i};
		struct json_doc *doc = ARENA_NEW(scratch, struct json_doc);
		struct json item = {0};

		/* An item is our own writing, but its members may be a
		   publisher's: one nested deeper than the reader goes is
		   shown, and has nothing to be found by. */
		if (looks_inside &&
			json_read(items[i], scratch, doc, NULL) == ERR_OK)
			item = json_root(doc);
		if (!is_selected(query, item, scratch))
			continue;
		entry.values = arena_alloc_array(
			scratch, query->sort_count, sizeof(*entry.values));
		for (size_t j = 0; j < query->sort_count; j++)
			entry.values[j] = sort_value(
				json_path(item, query->sort[j].path), scratch);
		entries[kept++] = entry;
	}
	*ret_count = kept;
	return entries;
}

void
collection_write(const struct collection_query *query, const struct str *items,
	size_t count, struct arena *scratch, struct buf *out)
{
	struct json_out json = json_out_make(out);
	struct collection_query order = *query; /* qsort_r takes no const */
	struct entry *entries;
	size_t total, first, shown;

	entries = select_entries(query, items, count, scratch, &total);
	if (query->sort_count > 0)
		qsort_r(entries, total, sizeof(*entries), entry_compare,
			&order);
	first = query->offset < total ? (size_t)query->offset : total;
	shown = total - first;
	if (shown > query->limit)
		shown = (size_t)query->limit;
	json_out_object(&json, NULL);
	json_out_integer(&json, "count", (int64_t)shown);
	json_out_integer(&json, "offset", (int64_t)query->offset);
	json_out_integer(&json, "total", (int64_t)total);
	json_out_array(&json, "items");
	for (size_t i = 0; i < shown; i++)
		json_out_raw(&json, NULL, entries[first + i].text);
	json_out_end(&json);
	json_out_end(&json);
}
