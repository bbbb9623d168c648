#include "api/connection_routes.h"

#include "api/api.h"
#include "api/collection.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "flow/connection.h"
#include "flow/object_audit.h"
#include "pipeline/hub.h"

#define ALL "/v1/connections"
#define ONE ALL "/{id}"

static void
respond_row(struct api_call *call, int status, const struct object_row *row)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);

	connection_write(row, &out);
	http_call_add_header(call->http, "ETag",
		arena_printf(call->arena, "\"%llu\"",
			(unsigned long long)row->revision));
	api_respond_json(call, status, &body);
}

static void
refuse_disk(struct api_call *call)
{
	struct api_problem problem = {.status = 503,
		.message = STR("the store does not answer"),
		.retry_after = 1 * SECONDS};

	api_respond_problem(call, &problem);
}

static enum err
load_all(struct api_call *call, struct object_list *ret)
{
	struct object_query query = {.workspace = call->who.workspace,
		.kind = OBJECT_CONNECTION,
		.limit = CONNECTIONS_MAX};

	return store_objects(call->api->store, &query, call->arena, ret);
}

static void
list_all(struct api_call *call)
{
	CLEANUP(arena_release) struct arena scratch = {0};
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct collection_query query;
	struct object_list list;
	struct str *items;

	if (!collection_read(call, &query))
		return;
	if (load_all(call, &list)) {
		refuse_disk(call);
		return;
	}
	items = arena_alloc_array(call->arena, list.count + 1, sizeof(*items));
	for (size_t i = 0; i < list.count; i++) {
		CLEANUP(buf_release) struct buf item = buf_make(0);
		struct json_out out = json_out_make(&item);

		connection_write(&list.rows[i], &out);
		items[i] = arena_copy(call->arena, buf_str(&item));
	}
	collection_write(&query, items, list.count, &scratch, &body);
	api_respond_json(call, 200, &body);
}

/** False when that was answered. */
static bool
find(struct api_call *call, struct object_row *ret)
{
	enum err err = store_object(call->api->store, call->who.workspace,
		OBJECT_CONNECTION, call->parameters[0], call->arena, ret);

	if (err == ERR_NOT_FOUND)
		api_refuse(call, 404, NULL, "there is no such connection");
	else if (err)
		refuse_disk(call);
	return err == ERR_OK;
}

static void
get_one(struct api_call *call)
{
	struct object_row row;

	if (find(call, &row))
		respond_row(call, 200, &row);
}

/* ---- changing ---- */

/** The members of a body besides those that are shown only. */
static bool
knows_members(struct api_call *call)
{
	static const char *const names[] = {
		"id", "name", "type", "members", "createdAt", "updatedAt"};
	struct json_walk walk = json_walk(call->json);

	while (json_walk_next(&walk)) {
		bool is_known = false;

		for (size_t i = 0; i < COUNT_OF(names); i++)
			is_known = is_known || json_string_equal(walk.key,
						       str_of(names[i]));
		if (is_known)
			continue;
		api_refuse(call, 400, NULL,
			"a connection has no member \"%.*s\"",
			STR_ARG(str_head(json_raw_string(walk.key), 64)));
		return false;
	}
	return true;
}

static void
refuse_type(struct api_call *call)
{
	CLEANUP(buf_release) struct buf names = {0};
	const struct connection_type *type;

	for (size_t i = 0; (type = connection_type_at(i)) != NULL; i++)
		buf_printf(&names, " %s", type->name);
	api_refuse(call, 400, "type", "expected one of:%s", buf_text(&names));
}

/** Takes the body over what is there; false when a refusal was answered. */
static bool
read_body(struct api_call *call, struct connection *connection)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct json name = json_member(call->json, STR("name"));
	const struct connection_type *type;
	struct value change;

	if (!knows_members(call))
		return false;
	if (!json_is_missing(name))
		connection->name = json_string(name, call->arena);
	if (connection->name.len == 0 ||
		connection->name.len > CONNECTION_NAME_MAX) {
		api_refuse(call, 400, "name",
			"expected a text of 1 to %d bytes",
			CONNECTION_NAME_MAX);
		return false;
	}
	type = connection_type_find(connection->type);
	if (!type) {
		refuse_type(call);
		return false;
	}
	if (value_from_json(json_member(call->json, STR("members")),
		    VALUE_JSON_PLAIN, call->arena, &change)) {
		api_refuse(call, 400, "members", "nested too deep");
		return false;
	}
	if (!value_is_empty(change) && change.kind != VALUE_COLLECTION) {
		api_refuse(call, 400, "members", "expected an object");
		return false;
	}
	connection->members =
		connection_merge(connection->members, change, call->arena);
	if (connection_check(type, connection->members, &why) == ERR_OK)
		return true;
	api_refuse(call, 400, "members", "%s", buf_text(&why));
	return false;
}

static enum err
commit(const struct api_call *call, const struct store_change *change)
{
	const struct object_audit audit = {.store = call->api->hub->store,
		.writer = call->api->writer,
		.category = "connections",
		.type = "connection"};

	return object_audit_commit(&audit, change, 1);
}

static void
keep(struct api_call *call, int status, const struct connection *connection,
	const struct object_row *before)
{
	struct object_change object = {.what = OBJECT_SET};
	struct store_change change = {.kind = STORE_OBJECT, .object = &object};
	enum err err;

	connection_to_object(connection, &call->api->hub->store_key,
		call->arena, &object.row);
	object.row.workspace = call->who.workspace;
	object.row.revision = before ? before->revision + 1 : 1;
	object.row.updated = clock_now();
	object.row.created = before ? before->created : object.row.updated;
	err = commit(call, &change);
	if (err == ERR_CONFLICT) {
		api_refuse(call, 409, NULL,
			before ? "the connection has changed meanwhile"
			       : "there is a connection with this id");
		return;
	}
	if (err) {
		refuse_disk(call);
		return;
	}
	if (status == 201)
		http_call_add_header(call->http, "Location",
			arena_printf(call->arena, ALL "/%.*s",
				STR_ARG(connection->id)));
	respond_row(call, status, &object.row);
}

/** False when that was answered. */
static bool
has_room(struct api_call *call)
{
	struct object_list list;

	if (load_all(call, &list)) {
		refuse_disk(call);
		return false;
	}
	if (list.count < CONNECTIONS_MAX)
		return true;
	api_refuse(call, 409, NULL,
		"this workspace has %d connections, as many as it may have: "
		"delete one first",
		CONNECTIONS_MAX);
	return false;
}

static void
create_one(struct api_call *call)
{
	struct json id = json_member(call->json, STR("id"));
	struct json type = json_member(call->json, STR("type"));
	struct connection connection = {.type = json_string(type, call->arena),
		.members = value_empty()};
	char text[UUID_TEXT_SIZE];

	/* An imported blueprint names its connections: then those ids. */
	if (json_is_missing(id))
		connection.id = arena_copy(
			call->arena, str_of(uuid_format(uuid_random(), text)));
	else
		connection.id = json_string(id, call->arena);
	if (!connection_id_is_valid(connection.id)) {
		api_refuse(call, 400, "id",
			"expected letters, digits and \"-_.\", at most %d",
			CONNECTION_ID_MAX);
		return;
	}
	if (read_body(call, &connection) && has_room(call))
		keep(call, 201, &connection, NULL);
}

static void
patch_one(struct api_call *call)
{
	struct json type = json_member(call->json, STR("type"));
	struct json id = json_member(call->json, STR("id"));
	struct connection connection;
	struct object_row row;

	if (!find(call, &row))
		return;
	if (connection_from_object(&row, &call->api->hub->store_key,
		    call->arena, &connection)) {
		api_refuse(call, 409, NULL,
			"the connection cannot be opened with this hub's key: "
			"delete it and make it anew");
		return;
	}
	if ((!json_is_missing(type) &&
		    !json_string_equal(type, connection.type)) ||
		(!json_is_missing(id) &&
			!json_string_equal(id, connection.id))) {
		api_refuse(call, 400, NULL,
			"the id and the type of a connection stay");
		return;
	}
	if (read_body(call, &connection))
		keep(call, 200, &connection, &row);
}

static void
delete_one(struct api_call *call)
{
	struct object_change object = {.what = OBJECT_REMOVE,
		.row = {.workspace = call->who.workspace,
			.kind = OBJECT_CONNECTION,
			.id = call->parameters[0]}};
	struct store_change change = {.kind = STORE_OBJECT, .object = &object};
	enum err err = commit(call, &change);

	if (err == ERR_CONFLICT)
		api_refuse(call, 404, NULL, "there is no such connection");
	else if (err)
		refuse_disk(call);
	else
		http_call_respond(call->http, 204, NULL, STR(""));
}

const struct route api_connection_routes[] = {
	{"GET", ALL, API_NATIVE, ACCESS_VIEWER, BODY_NONE, true, false,
		list_all},
	{"POST", ALL, API_NATIVE, ACCESS_ADMIN, BODY_JSON, true, false,
		create_one},
	{"GET", ONE, API_NATIVE, ACCESS_VIEWER, BODY_NONE, true, false,
		get_one},
	{"PATCH", ONE, API_NATIVE, ACCESS_ADMIN, BODY_MERGE_PATCH, true, false,
		patch_one},
	{"DELETE", ONE, API_NATIVE, ACCESS_ADMIN, BODY_NONE, true, false,
		delete_one},
};
const size_t api_connection_route_count = COUNT_OF(api_connection_routes);
