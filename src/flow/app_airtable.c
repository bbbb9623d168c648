#include "flow/apps.h"
#include "flow/service.h"

/* Airtable, Web API v0. */
enum { RECORDS_MAX = 1000, PAGE_SIZE = 100 };

#define PLACE \
	{.name = "base", .type = "text", .is_required = true}, \
		{.name = "table", .type = "text", .is_required = true}, \
	{ \
		.name = "useColumnId", .type = "boolean" \
	}

static const struct module_field write_fields[] = {PLACE,
	{.name = "id", .type = "text"}, {.name = "recordId", .type = "text"},
	{.name = "record"}, {.name = "typecast", .type = "boolean"},
	{.name = "fieldsToMergeOn"}, {.name = NULL}};
static const struct module_field one_fields[] = {
	PLACE, {.name = "id", .type = "text"}, {.name = NULL}};
static const struct module_field search_fields[] = {PLACE,
	{.name = "formula", .type = "text"},
	{.name = "maxRecords", .type = "uinteger"}, {.name = "sort"},
	{.name = "view", .type = "text"}, {.name = "fields"}, {.name = NULL}};

/** "/v0/BASE/TABLE[/ID]"; `id` may be empty. */
static enum failure_kind
make_path(const struct module_call *call, struct str id, struct str *ret,
	struct failure *failure)
{
	struct str base, table;
	enum failure_kind kind = service_need_connection(call, failure);

	if (!kind)
		kind = service_need_text(call, "base", &base, failure);
	if (!kind)
		kind = service_need_text(call, "table", &table, failure);
	if (kind)
		return kind;
	*ret = arena_printf(call->arena, "/v0/%s/%s%s%s",
		service_escape(call->arena, base).ptr,
		service_escape(call->arena, table).ptr, id.len ? "/" : "",
		id.len ? service_escape(call->arena, id).ptr : "");
	return FAILURE_NONE;
}

static enum failure_kind
ask(const struct module_call *call, struct service_request *request,
	struct module_result *result, struct value *ret,
	struct failure *failure)
{
	struct service_answer answer;
	enum failure_kind kind;

	request->authorization =
		service_bearer(call->arena, service_secret(call, "token"));
	request->said = "error.message errors.1.message error";
	kind = service_send(call, request, result, &answer, failure);
	*ret = answer.body;
	return kind;
}

/** id, createdTime and the fields beside them. */
static struct value
flatten(const struct module_call *call, struct value record)
{
	struct value_builder bundle = value_builder_make(call->arena);
	struct value fields = value_member(record, STR("fields"));

	value_builder_set(&bundle, STR("id"), value_member(record, STR("id")));
	value_builder_set(&bundle, STR("createdTime"),
		value_member(record, STR("createdTime")));
	for (size_t i = 0; fields.kind == VALUE_COLLECTION &&
			   i < fields.as.collection.count;
		i++)
		value_builder_set(&bundle, fields.as.collection.members[i].key,
			fields.as.collection.members[i].value);
	return value_builder_collection(&bundle);
}

/* ---- writing ---- */

/** Without members that are empty; `erase` sends null. */
static enum failure_kind
read_record(const struct module_call *call, struct value *ret,
	struct failure *failure)
{
	struct value_builder kept = value_builder_make(call->arena);
	struct value record;
	enum failure_kind kind = service_json(call, "record", &record, failure);

	if (kind)
		return kind;
	if (record.kind != VALUE_COLLECTION)
		return failure_set(failure, call->arena, FAILURE_DATA,
			"record: expected a collection, found %s",
			value_kind_name(record));
	for (size_t i = 0; i < record.as.collection.count; i++) {
		struct value_member member = record.as.collection.members[i];

		if (!value_is_empty(member.value) ||
			member.value.shade == VALUE_ERASE)
			value_builder_set(&kept, member.key, member.value);
	}
	*ret = value_builder_collection(&kept);
	return FAILURE_NONE;
}

static void
put_options(const struct module_call *call, struct value_builder *body)
{
	if (value_to_boolean(value_member(call->input, STR("typecast"))))
		value_builder_set(body, STR("typecast"), value_boolean(true));
	if (value_to_boolean(value_member(call->input, STR("useColumnId"))))
		value_builder_set(body, STR("returnFieldsByFieldId"),
			value_boolean(true));
}

/** One record that is new, or has this id. */
static enum failure_kind
write_one(const struct module_call *call, struct str id,
	struct module_result *result, struct failure *failure)
{
	struct value_builder body = value_builder_make(call->arena);
	struct service_request request = {.method = id.len ? "PATCH" : "POST"};
	struct value record, answer;
	enum failure_kind kind = make_path(call, id, &request.path, failure);

	if (!kind)
		kind = read_record(call, &record, failure);
	if (kind)
		return kind;
	value_builder_set(&body, STR("fields"), record);
	put_options(call, &body);
	request.body = value_builder_collection(&body);
	kind = ask(call, &request, result, &answer, failure);
	if (!kind)
		module_result_one(call, result, flatten(call, answer));
	return kind;
}

static enum failure_kind
create_record(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	return write_one(call, STR(""), result, failure);
}

static enum failure_kind
update_record(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct str id;
	enum failure_kind kind = service_need_text(call, "id", &id, failure);

	return kind ? kind : write_one(call, id, result, failure);
}

/** By id, or by the values of some fields, or as a new one. */
static enum failure_kind
upsert_record(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct value merge = value_member(call->input, STR("fieldsToMergeOn"));
	struct value_builder body = value_builder_make(call->arena);
	struct value_builder one = value_builder_make(call->arena);
	struct value_builder by = value_builder_make(call->arena);
	struct service_request request = {.method = "PATCH"};
	struct value record, answer, records;
	enum failure_kind kind;

	if (value_is_blank(merge) || service_text(call, "recordId").len)
		return write_one(
			call, service_text(call, "recordId"), result, failure);
	kind = make_path(call, STR(""), &request.path, failure);
	if (!kind)
		kind = read_record(call, &record, failure);
	if (kind)
		return kind;
	value_builder_set(&by, STR("fieldsToMergeOn"),
		value_to_array(merge, call->arena));
	value_builder_set(&one, STR("fields"), record);
	records = value_builder_collection(&one);
	value_builder_set(
		&body, STR("performUpsert"), value_builder_collection(&by));
	value_builder_set(&body, STR("records"), value_array(&records, 1));
	put_options(call, &body);
	request.body = value_builder_collection(&body);
	kind = ask(call, &request, result, &answer, failure);
	if (!kind)
		module_result_one(call, result,
			flatten(call,
				value_item(value_member(answer, STR("records")),
					1)));
	return kind;
}

/* ---- reading ---- */

static enum failure_kind
get_record(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	bool is_delete = str_equal(
		str_of(call->kind->name), STR("airtable:ActionDeleteRecord"));
	struct service_request request = {
		.method = is_delete ? "DELETE" : "GET"};
	struct value answer;
	struct str id;
	enum failure_kind kind = service_need_text(call, "id", &id, failure);

	if (!kind)
		kind = make_path(call, id, &request.path, failure);
	if (!kind)
		kind = ask(call, &request, result, &answer, failure);
	if (!kind)
		module_result_one(call, result,
			is_delete ? answer : flatten(call, answer));
	return kind;
}

static void
put_sort(const struct module_call *call, struct buf *path)
{
	struct value sort = value_to_array(
		value_member(call->input, STR("sort")), call->arena);

	for (size_t i = 0; i < sort.as.array.count; i++) {
		static const char *const names[] = {"field", "direction"};

		for (size_t n = 0; n < COUNT_OF(names); n++) {
			struct value value = value_member(
				sort.as.array.items[i], str_of(names[n]));
			struct str name = arena_printf(call->arena,
				"sort%%5B%zu%%5D%%5B%s%%5D", i, names[n]);

			if (!value_is_blank(value))
				service_query(path, name.ptr,
					service_value_text(call, value));
		}
	}
}

static void
make_query(const struct module_call *call, int64_t limit, struct buf *path)
{
	struct value fields = value_to_array(
		value_member(call->input, STR("fields")), call->arena);
	struct str formula = service_text(call, "formula");
	struct str view = service_text(call, "view");

	service_query(path, "pageSize", STR("100"));
	service_query(path, "maxRecords",
		arena_printf(call->arena, "%lld", (long long)limit));
	if (formula.len)
		service_query(path, "filterByFormula", formula);
	if (view.len)
		service_query(path, "view", view);
	for (size_t i = 0; i < fields.as.array.count; i++)
		service_query(path, "fields%5B%5D",
			service_value_text(call, fields.as.array.items[i]));
	if (value_to_boolean(value_member(call->input, STR("useColumnId"))))
		service_query(path, "returnFieldsByFieldId", STR("true"));
	put_sort(call, path);
}

static enum failure_kind
search_records(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct value_builder found = value_builder_make(call->arena);
	struct str place = STR(""), offset = STR("");
	int64_t limit;
	enum failure_kind kind =
		service_integer(call, "maxRecords", PAGE_SIZE, &limit, failure);

	if (!kind)
		kind = make_path(call, STR(""), &place, failure);
	if (limit == 0 || limit > RECORDS_MAX)
		limit = RECORDS_MAX;
	buf_append(&path, place);
	make_query(call, limit, &path);
	while (!kind && (int64_t)found.count < limit) {
		size_t len = path.len;
		struct service_request request = {.method = "GET"};
		struct value answer, records;

		if (offset.len)
			service_query(&path, "offset", offset);
		request.path = buf_str(&path);
		kind = ask(call, &request, result, &answer, failure);
		buf_truncate(&path, len);
		records = value_to_array(
			value_member(answer, STR("records")), call->arena);
		for (size_t i = 0; i < records.as.array.count &&
				   (int64_t)found.count < limit;
			i++)
			value_builder_add(&found,
				flatten(call, records.as.array.items[i]));
		offset = service_value_text(
			call, value_member(answer, STR("offset")));
		if (offset.len == 0)
			break;
	}
	service_results(result, &found);
	return kind;
}

#define ROW(name_, fields, run_) \
	{ \
		.name = "airtable:" name_, .nature = MODULE_EFFECT, \
		.connection = "airtable", .mapper = fields, .run = run_ \
	}

const struct module_kind app_airtable[] = {
	ROW("ActionCreateRecord", write_fields, create_record),
	ROW("ActionUpdateRecords", write_fields, update_record),
	ROW("upsertRecord", write_fields, upsert_record),
	ROW("ActionGetRecord", one_fields, get_record),
	ROW("ActionDeleteRecord", one_fields, get_record),
	ROW("ActionSearchRecords", search_fields, search_records),
	{.name = NULL},
};
