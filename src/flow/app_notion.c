#include "flow/apps.h"
#include "flow/notion_property.h"
#include "flow/service.h"
#include "flow/service_cache.h"

/*
 * Notion: items of databases (API 2022-06-28) and of data sources (API
 * 2025-09-03), pages, and searches. What a field's value becomes depends on
 * the property's type, so the schema is asked for and kept for a minute.
 */
enum { SCHEMA_SECONDS = 60, PAGE_SIZE = 100, RESULTS_MAX = 1000 };

static const struct module_field create_fields[] = {
	{.name = "database", .type = "text"},
	{.name = "data_source", .type = "text"}, {.name = "fields"},
	{.name = NULL}};
static const struct module_field update_fields[] = {
	{.name = "page", .type = "text", .is_required = true},
	{.name = "database", .type = "text"},
	{.name = "data_source", .type = "text"}, {.name = "fields"},
	{.name = NULL}};
static const struct module_field get_fields[] = {
	{.name = "page", .type = "text"}, {.name = "database", .type = "text"},
	{.name = NULL}};
static const struct module_field search_fields[] = {
	{.name = "select", .type = "text"},
	{.name = "database", .type = "text"},
	{.name = "data_source", .type = "text"},
	{.name = "query", .type = "text"}, {.name = "filter"},
	{.name = "sorts"}, {.name = "limit", .type = "uinteger"},
	{.name = NULL}};

/** What an item belongs to. */
struct parent {
	const char *field;	/* of the input */
	const char *collection; /* in paths */
	const char *member;	/* of `parent` in a request */
	const char *version;
};

static const struct parent database = {
	"database", "databases", "database_id", "2022-06-28"};
static const struct parent data_source = {
	"data_source", "data_sources", "data_source_id", "2025-09-03"};

static const struct parent *
parent_of(const struct module_call *call)
{
	return service_text(call, data_source.field).len ? &data_source
							 : &database;
}

static enum failure_kind
ask(const struct module_call *call, const struct parent *parent,
	struct service_request *request, struct module_result *result,
	struct service_answer *answer, struct failure *failure)
{
	struct str version = service_secret(call, "version");

	request->authorization =
		service_bearer(call->arena, service_secret(call, "token"));
	request->headers[0] = (struct http_header){STR("Notion-Version"),
		version.len ? version : str_of(parent->version)};
	request->header_count = 1;
	request->said = "message";
	return service_send(call, request, result, answer, failure);
}

/* ---- the schema ---- */

/** The properties of the database, from the cache or the service. */
static enum failure_kind
find_schema(const struct module_call *call, const struct parent *parent,
	struct str path, struct value *ret, struct failure *failure)
{
	struct service_request request = {.method = "GET", .path = path};
	struct module_result unused = {0};
	struct service_answer answer;
	enum failure_kind kind;
	struct str kept;

	if (service_cache_get(call, path, &kept)) {
		struct json_doc doc;

		if (!json_read(kept, call->arena, &doc, NULL) &&
			!value_from_json(json_root(&doc), VALUE_JSON_PLAIN,
				call->arena, ret))
			return FAILURE_NONE;
	}
	kind = ask(call, parent, &request, &unused, &answer, failure);
	if (kind)
		return kind;
	*ret = value_member(answer.body, STR("properties"));
	if (ret->kind == VALUE_COLLECTION) {
		CLEANUP(buf_release) struct buf text = {0};

		value_append_json(&text, *ret, VALUE_JSON_PLAIN);
		service_cache_put(
			call, path, buf_str(&text), SCHEMA_SECONDS * SECONDS);
		return FAILURE_NONE;
	}
	return failure_set(failure, call->arena, FAILURE_DATA,
		"Notion's %s has no properties: name a data source instead",
		parent->field);
}

/** `fields` as `properties` of a request. */
static enum failure_kind
make_properties(const struct module_call *call, const struct parent *parent,
	struct value *ret, struct failure *failure)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct value fields, schema;
	struct str id, path;
	enum failure_kind kind = service_json(call, "fields", &fields, failure);

	if (!kind)
		kind = service_need_text(call, parent->field, &id, failure);
	if (kind)
		return kind;
	if (fields.kind != VALUE_COLLECTION)
		return failure_set(failure, call->arena, FAILURE_DATA,
			"fields: expected a collection, found %s",
			value_kind_name(fields));
	path = arena_printf(call->arena, "/v1/%s/%s", parent->collection,
		service_escape(call->arena, id).ptr);
	kind = find_schema(call, parent, path, &schema, failure);
	if (kind)
		return kind;
	if (notion_properties(schema, fields, call->scope->zone, call->arena,
		    ret, &why) == ERR_OK)
		return FAILURE_NONE;
	/* It may have got the property just now. */
	service_cache_drop(call, path);
	return failure_set(
		failure, call->arena, FAILURE_DATA, "%s", buf_text(&why));
}

/* ---- modules ---- */

static enum failure_kind
create_item(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	const struct parent *parent = parent_of(call);
	struct service_request request = {
		.method = "POST", .path = STR("/v1/pages")};
	struct value_builder body = value_builder_make(call->arena);
	struct value_builder of = value_builder_make(call->arena);
	struct service_answer answer;
	struct value properties;
	enum failure_kind kind = service_need_connection(call, failure);

	if (!kind)
		kind = make_properties(call, parent, &properties, failure);
	if (kind)
		return kind;
	if (parent == &data_source)
		value_builder_set(
			&of, STR("type"), value_text(str_of(parent->member)));
	value_builder_set(&of, str_of(parent->member),
		value_text(str_trim(service_text(call, parent->field))));
	value_builder_set(&body, STR("parent"), value_builder_collection(&of));
	value_builder_set(&body, STR("properties"), properties);
	request.body = value_builder_collection(&body);
	kind = ask(call, parent, &request, result, &answer, failure);
	if (!kind)
		module_result_one(call, result, answer.body);
	return kind;
}

static enum failure_kind
update_item(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	const struct parent *parent = parent_of(call);
	struct service_request request = {.method = "PATCH"};
	struct value_builder body = value_builder_make(call->arena);
	struct service_answer answer;
	struct value properties;
	struct str page;
	enum failure_kind kind = service_need_connection(call, failure);

	if (!kind)
		kind = service_need_text(call, "page", &page, failure);
	if (!kind)
		kind = make_properties(call, parent, &properties, failure);
	if (kind)
		return kind;
	request.path = arena_printf(call->arena, "/v1/pages/%s",
		service_escape(call->arena, page).ptr);
	value_builder_set(&body, STR("properties"), properties);
	request.body = value_builder_collection(&body);
	kind = ask(call, parent, &request, result, &answer, failure);
	if (!kind)
		module_result_one(call, result, answer.body);
	return kind;
}

static enum failure_kind
get_one(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	bool is_database =
		str_equal(str_of(call->kind->name), STR("notion:getADatabase"));
	const char *name = is_database ? "database" : "page";
	struct service_request request = {.method = "GET"};
	struct service_answer answer;
	struct str id;
	enum failure_kind kind = service_need_connection(call, failure);

	if (!kind)
		kind = service_need_text(call, name, &id, failure);
	if (kind)
		return kind;
	request.path = arena_printf(call->arena, "/v1/%ss/%s", name,
		service_escape(call->arena, id).ptr);
	kind = ask(call, &database, &request, result, &answer, failure);
	if (!kind)
		module_result_one(call, result, answer.body);
	return kind;
}

/* ---- searching ---- */

/** What `select` searches. */
static const struct target {
	const char *name;
	const struct parent *parent; /* whose items; NULL: anything shared */
	const char *object;	     /* then what kind of object */
} targets[] = {
	{"item", &database, NULL},
	{"data_source_item", &data_source, NULL},
	{"page", NULL, "page"},
	{"database", NULL, "database"},
};

static const struct target *
find_target(const struct module_call *call)
{
	struct str name = service_text(call, "select");

	if (name.len == 0)
		return &targets[0];
	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		if (str_equal(name, str_of(targets[i].name)))
			return &targets[i];
	}
	return NULL;
}

static enum failure_kind
make_search(const struct module_call *call, const struct target *target,
	struct service_request *request, struct value_builder *body,
	struct failure *failure)
{
	struct value_builder only = value_builder_make(call->arena);
	struct value filter, sorts;
	struct str id;
	enum failure_kind kind;

	request->method = "POST";
	if (!target->parent) {
		request->path = STR("/v1/search");
		service_put(
			body, "query", value_member(call->input, STR("query")));
		value_builder_set(
			&only, STR("property"), value_text(STR("object")));
		value_builder_set(&only, STR("value"),
			value_text(str_of(target->object)));
		value_builder_set(
			body, STR("filter"), value_builder_collection(&only));
		return FAILURE_NONE;
	}
	kind = service_need_text(call, target->parent->field, &id, failure);
	if (!kind)
		kind = service_json(call, "filter", &filter, failure);
	if (!kind)
		kind = service_json(call, "sorts", &sorts, failure);
	if (kind)
		return kind;
	if (!value_is_empty(filter) && filter.kind != VALUE_COLLECTION)
		return failure_set(failure, call->arena, FAILURE_DATA,
			"filter: expected a filter object as Notion has it, "
			"found %s",
			value_kind_name(filter));
	service_put(body, "filter", filter);
	if (sorts.kind == VALUE_ARRAY && sorts.as.array.count)
		value_builder_set(body, STR("sorts"), sorts);
	request->path = arena_printf(call->arena, "/v1/%s/%s/query",
		target->parent->collection,
		service_escape(call->arena, id).ptr);
	return FAILURE_NONE;
}

/** Page after page, until there are enough. */
static enum failure_kind
collect(const struct module_call *call, const struct target *target,
	struct service_request *request, struct value_builder *body,
	struct module_result *result, struct failure *failure)
{
	struct value_builder found = value_builder_make(call->arena);
	struct value cursor = value_empty();
	int64_t limit;
	enum failure_kind kind =
		service_integer(call, "limit", PAGE_SIZE, &limit, failure);

	if (limit > RESULTS_MAX || limit == 0)
		limit = RESULTS_MAX;
	while (!kind && (int64_t)found.count < limit) {
		int64_t left = limit - (int64_t)found.count;
		struct service_answer answer;
		struct value items;

		value_builder_set(body, STR("page_size"),
			value_number(
				(double)(left < PAGE_SIZE ? left : PAGE_SIZE)));
		service_put(body, "start_cursor", cursor);
		request->body = value_builder_collection(body);
		kind = ask(call, target->parent ? target->parent : &database,
			request, result, &answer, failure);
		items = value_member(answer.body, STR("results"));
		for (size_t i = 0;
			items.kind == VALUE_ARRAY && i < items.as.array.count;
			i++)
			value_builder_add(&found, items.as.array.items[i]);
		cursor = value_member(answer.body, STR("next_cursor"));
		if (value_is_blank(cursor))
			break;
	}
	service_results(result, &found);
	if (result->count > (size_t)limit)
		result->count = (size_t)limit;
	return kind;
}

static enum failure_kind
search(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct value_builder body = value_builder_make(call->arena);
	const struct target *target = find_target(call);
	struct service_request request = {0};
	enum failure_kind kind = service_need_connection(call, failure);

	if (kind)
		return kind;
	if (!target)
		return failure_set(failure, call->arena, FAILURE_DATA,
			"select: expected item, data_source_item, page or "
			"database");
	kind = make_search(call, target, &request, &body, failure);
	if (kind)
		return kind;
	return collect(call, target, &request, &body, result, failure);
}

#define ROW(name_, fields, run_) \
	{ \
		.name = "notion:" name_, .nature = MODULE_EFFECT, \
		.connection = "notion", .mapper = fields, .run = run_ \
	}

const struct module_kind app_notion[] = {
	ROW("createAPage", create_fields, create_item),
	ROW("createADatabaseItem", create_fields, create_item),
	ROW("createDataSourceItem", create_fields, create_item),
	ROW("updateADatabaseItem", update_fields, update_item),
	ROW("updateDataSourceItem", update_fields, update_item),
	ROW("getADatabaseItem", get_fields, get_one),
	ROW("getADatabase", get_fields, get_one),
	ROW("searchObjects1", search_fields, search),
	{.name = NULL},
};
