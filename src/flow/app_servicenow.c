#include "flow/apps.h"
#include "flow/service.h"

/* ServiceNow, Table API v1 (/api/now/table). */
enum { RECORDS_MAX = 1000, RECORDS_DEFAULT = 100 };

#define TABLE \
	{ \
		.name = "table", .type = "text", .is_required = true \
	}

static const struct module_field write_fields[] = {TABLE,
	{.name = "sys_id", .type = "text"}, {.name = "record"},
	{.name = "inputDisplayValue", .type = "boolean"}, {.name = NULL}};
static const struct module_field search_fields[] = {TABLE,
	{.name = "sys_id", .type = "text"}, {.name = "query", .type = "text"},
	{.name = "fields", .type = "text"},
	{.name = "displayValue", .type = "text"},
	{.name = "limit", .type = "uinteger"},
	{.name = "offset", .type = "uinteger"}, {.name = NULL}};

static enum failure_kind
make_path(const struct module_call *call, bool has_id, struct buf *path,
	struct failure *failure)
{
	struct str table, id;
	enum failure_kind kind = service_need_connection(call, failure);

	if (!kind)
		kind = service_need_text(call, "table", &table, failure);
	if (!kind && has_id)
		kind = service_need_text(call, "sys_id", &id, failure);
	if (kind)
		return kind;
	buf_append(path, STR("/api/now/table/"));
	buf_append(path, service_escape(call->arena, table));
	if (has_id) {
		buf_append_char(path, '/');
		buf_append(path, service_escape(call->arena, id));
	}
	return FAILURE_NONE;
}

static enum failure_kind
ask(const struct module_call *call, struct service_request *request,
	struct module_result *result, struct value *ret,
	struct failure *failure)
{
	struct str token = service_secret(call, "token");
	struct service_answer answer;
	enum failure_kind kind;

	request->authorization =
		token.len ? service_bearer(call->arena, token)
			  : service_basic(call->arena,
				    service_secret(call, "username"),
				    service_secret(call, "password"));
	request->said = "error.message";
	kind = service_send(call, request, result, &answer, failure);
	*ret = value_member(answer.body, STR("result"));
	return kind;
}

static enum failure_kind
write_record(const struct module_call *call, bool has_id,
	struct module_result *result, struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct service_request request = {.method = has_id ? "PATCH" : "POST"};
	struct value answer;
	enum failure_kind kind = make_path(call, has_id, &path, failure);

	if (!kind)
		kind = service_json(call, "record", &request.body, failure);
	if (kind)
		return kind;
	if (request.body.kind != VALUE_COLLECTION)
		return failure_set(failure, call->arena, FAILURE_DATA,
			"record: expected a collection, found %s",
			value_kind_name(request.body));
	if (value_to_boolean(
		    value_member(call->input, STR("inputDisplayValue"))))
		service_query(
			&path, "sysparm_input_display_value", STR("true"));
	request.path = buf_str(&path);
	kind = ask(call, &request, result, &answer, failure);
	if (!kind)
		module_result_one(call, result, answer);
	return kind;
}

static enum failure_kind
create_record(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	return write_record(call, false, result, failure);
}

static enum failure_kind
update_record(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	return write_record(call, true, result, failure);
}

static void
put_query(const struct module_call *call, const char *field,
	const char *parameter, struct buf *path)
{
	struct str value = service_text(call, field);

	if (value.len)
		service_query(path, parameter, value);
}

static enum failure_kind
get_record(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct service_request request = {.method = "GET"};
	struct value answer;
	enum failure_kind kind = make_path(call, true, &path, failure);

	if (kind)
		return kind;
	put_query(call, "fields", "sysparm_fields", &path);
	put_query(call, "displayValue", "sysparm_display_value", &path);
	request.path = buf_str(&path);
	kind = ask(call, &request, result, &answer, failure);
	if (!kind)
		module_result_one(call, result, answer);
	return kind;
}

static enum failure_kind
search_records(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct value_builder found = value_builder_make(call->arena);
	struct service_request request = {.method = "GET"};
	struct value answer, all;
	int64_t limit = 0;
	enum failure_kind kind = make_path(call, false, &path, failure);

	if (!kind)
		kind = service_integer(
			call, "limit", RECORDS_DEFAULT, &limit, failure);
	if (kind)
		return kind;
	if (limit == 0 || limit > RECORDS_MAX)
		limit = RECORDS_MAX;
	put_query(call, "query", "sysparm_query", &path);
	put_query(call, "fields", "sysparm_fields", &path);
	put_query(call, "displayValue", "sysparm_display_value", &path);
	put_query(call, "offset", "sysparm_offset", &path);
	service_query(&path, "sysparm_limit",
		arena_printf(call->arena, "%lld", (long long)limit));
	request.path = buf_str(&path);
	kind = ask(call, &request, result, &answer, failure);
	all = value_to_array(answer, call->arena);
	for (size_t i = 0; !kind && i < all.as.array.count; i++)
		value_builder_add(&found, all.as.array.items[i]);
	service_results(result, &found);
	return kind;
}

#define ROW(name_, fields, run_) \
	{ \
		.name = "servicenow:" name_, .nature = MODULE_EFFECT, \
		.connection = "servicenow", .mapper = fields, .run = run_ \
	}

const struct module_kind app_servicenow[] = {
	ROW("createRecord", write_fields, create_record),
	ROW("updateRecord", write_fields, update_record),
	ROW("getRecord", search_fields, get_record),
	ROW("searchRecords", search_fields, search_records),
	{.name = NULL},
};
