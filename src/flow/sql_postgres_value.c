#include "flow/sql_postgres_private.h"

/* Types of the server's catalog (pg_type.dat), which never change. */
enum type {
	TYPE_BOOL = 16,
	TYPE_BYTEA = 17,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_OID = 26,
	TYPE_JSON = 114,
	TYPE_FLOAT4 = 700,
	TYPE_FLOAT8 = 701,
	TYPE_DATE = 1082,
	TYPE_TIMESTAMP = 1114,
	TYPE_TIMESTAMPTZ = 1184,
	TYPE_NUMERIC = 1700,
	TYPE_JSONB = 3802,
};

/* ---- parameters ---- */

static enum failure_kind
bind_one(const struct sql_work *work, struct value value,
	struct sql_postgres_parameters *ret)
{
	CLEANUP(buf_release) struct buf json = {0};
	struct arena *arena = work->call->arena;
	int at = ret->count++;
	struct str text;

	/* The type is left to the statement: $1::date, a column, … */
	ret->types[at] = 0;
	ret->values[at] = NULL;
	if (value.kind == VALUE_EMPTY)
		return FAILURE_NONE;
	if (value.kind == VALUE_BUFFER) {
		ret->types[at] = TYPE_BYTEA;
		ret->formats[at] = 1;
		text = value.as.text;
	} else if (value.kind == VALUE_ARRAY ||
		   value.kind == VALUE_COLLECTION) {
		value_append_json(&json, value, VALUE_JSON_PLAIN);
		text = buf_str(&json);
	} else {
		text = service_value_text(work->call, value);
	}
	if (!ret->formats[at] && memchr(text.ptr ? text.ptr : "", 0, text.len))
		return failure_set(work->failure, arena, FAILURE_DATA,
			"parameters: a NUL is in the text of number %d",
			at + 1);
	text = arena_copy(arena, text);
	ret->values[at] = text.ptr ? text.ptr : "";
	ret->lengths[at] = (int)text.len;
	return FAILURE_NONE;
}

enum failure_kind
sql_postgres_bind(
	const struct sql_work *work, struct sql_postgres_parameters *ret)
{
	struct arena *arena = work->call->arena;
	struct value list = value_to_array(work->parameters, arena);
	size_t count = list.as.array.count;
	enum failure_kind kind = FAILURE_NONE;

	if (work->parameters.kind == VALUE_COLLECTION)
		return failure_set(work->failure, arena, FAILURE_DATA,
			"parameters: expected an array: PostgreSQL numbers "
			"them ($1, $2, …)");
	if (count > SQL_POSTGRES_PARAMETERS_MAX)
		return failure_set(work->failure, arena, FAILURE_DATA,
			"parameters: over %d", SQL_POSTGRES_PARAMETERS_MAX);
	*ret = (struct sql_postgres_parameters){
		.types = arena_alloc_array(
			arena, count + 1, sizeof(*ret->types)),
		.values = arena_alloc_array(
			arena, count + 1, sizeof(*ret->values)),
		.lengths = arena_alloc_array(
			arena, count + 1, sizeof(*ret->lengths)),
		.formats = arena_alloc_array(
			arena, count + 1, sizeof(*ret->formats))};
	for (size_t i = 0; i < count && !kind; i++)
		kind = bind_one(work, list.as.array.items[i], ret);
	return kind;
}

/* ---- columns ---- */

static struct value
read_boolean(struct arena *arena, struct str text)
{
	(void)arena;
	return value_boolean(str_equal(text, STR("t")));
}

/** A number that a double cannot hold stays the text that it is. */
static struct value
read_number(struct arena *arena, struct str text)
{
	enum { EXACT_DIGITS = 15 };
	size_t digits = 0;
	double number;

	for (size_t i = 0; i < text.len; i++)
		digits += text.ptr[i] >= '0' && text.ptr[i] <= '9';
	if (digits > EXACT_DIGITS ||
		!value_to_number(value_text(text), &number))
		return value_from_text(text, arena);
	return value_number(number);
}

/** Of floats all digits count: there are never more than it has. */
static struct value
read_float(struct arena *arena, struct str text)
{
	double number;

	return value_to_number(value_text(text), &number)
		       ? value_number(number)
		       : value_from_text(text, arena); /* NaN, Infinity */
}

/** The session's zone is UTC. */
static struct value
read_date(struct arena *arena, struct str text)
{
	int64_t milliseconds;

	return value_to_date(value_text(text), NULL, &milliseconds)
		       ? value_date(milliseconds)
		       : value_from_text(text, arena); /* infinity, 44 BC */
}

static struct value
read_json(struct arena *arena, struct str text)
{
	struct json_doc doc;
	struct value value;

	if (json_read(text, arena, &doc, NULL) ||
		value_from_json(
			json_root(&doc), VALUE_JSON_PLAIN, arena, &value))
		return value_from_text(text, arena);
	return value;
}

static struct value
read_bytes(struct arena *arena, struct str text)
{
	size_t len = 0;
	unsigned char *bytes =
		PQunescapeBytea((const unsigned char *)text.ptr, &len);
	struct value value = value_empty();

	if (bytes)
		value = value_buffer(
			arena_copy(arena, str_make((const char *)bytes, len)),
			VALUE_BINARY);
	PQfreemem(bytes);
	return value;
}

static const struct reader {
	enum type type;
	struct value (*read)(struct arena *arena, struct str text);
} readers[] = {
	{TYPE_BOOL, read_boolean},
	{TYPE_BYTEA, read_bytes},
	{TYPE_INT8, read_number},
	{TYPE_INT2, read_number},
	{TYPE_INT4, read_number},
	{TYPE_OID, read_number},
	{TYPE_JSON, read_json},
	{TYPE_FLOAT4, read_float},
	{TYPE_FLOAT8, read_float},
	{TYPE_DATE, read_date},
	{TYPE_TIMESTAMP, read_date},
	{TYPE_TIMESTAMPTZ, read_date},
	{TYPE_NUMERIC, read_number},
	{TYPE_JSONB, read_json},
};

struct value
sql_postgres_column(
	struct sql_work *work, const PGresult *result, int row, int column)
{
	struct arena *arena = work->call->arena;
	struct str text;

	if (PQgetisnull(result, row, column))
		return value_empty();
	text = str_make(PQgetvalue(result, row, column),
		(size_t)PQgetlength(result, row, column));
	work->bytes += text.len;
	if (work->bytes > SQL_BYTES_MAX)
		return value_empty(); /* sql_add_row() tells */
	text = arena_copy(arena, text);
	for (size_t i = 0; i < COUNT_OF(readers); i++) {
		if (PQftype(result, column) == (Oid)readers[i].type)
			return readers[i].read(arena, text);
	}
	return value_from_text(text, arena);
}
