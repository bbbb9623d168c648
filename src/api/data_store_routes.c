#include "api/data_store_routes.h"

#include "api/api.h"
#include "api/collection.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/json_out.h"
#include "base/uuid.h"

#define ALL "/v1/data-stores"
#define ONE ALL "/{id}"

/* How often a change is made again when a run was faster. */
enum { TRIES_MAX = 100 };

struct datastore
data_store_of_call(struct api_call *call, struct run_host *host)
{
	*host = (struct run_host){
		.store = call->api->store, .writer = call->api->writer};
	return (struct datastore){.host = host,
		.workspace = call->who.workspace,
		.id = call->parameters[0],
		.is_audited = true};
}

void
data_store_refuse_disk(struct api_call *call)
{
	struct api_problem problem = {.status = 503,
		.message = STR("the store does not answer"),
		.retry_after = 1 * SECONDS};

	api_respond_problem(call, &problem);
}

bool
data_store_find(struct api_call *call, const struct datastore *datastore,
	struct datastore_own *ret)
{
	enum err err = datastore_load(datastore, call->arena, ret);

	if (err == ERR_NOT_FOUND)
		api_refuse(call, 404, NULL, "there is no such data store");
	else if (err)
		data_store_refuse_disk(call);
	return err == ERR_OK;
}

static void
respond(struct api_call *call, int status, const struct datastore_own *own)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);

	datastore_own_write(own, &out);
	http_call_add_header(call->http, "ETag",
		arena_printf(call->arena, "\"%llu\"",
			(unsigned long long)own->revision));
	api_respond_json(call, status, &body);
}

static enum err
load_all(struct api_call *call, struct object_list *ret)
{
	struct object_query query = {.workspace = call->who.workspace,
		.kind = OBJECT_DATASTORE,
		.limit = DATA_STORES_MAX};

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
	size_t count = 0;

	if (!collection_read(call, &query))
		return;
	if (load_all(call, &list)) {
		data_store_refuse_disk(call);
		return;
	}
	items = arena_alloc_array(call->arena, list.count + 1, sizeof(*items));
	for (size_t i = 0; i < list.count; i++) {
		CLEANUP(buf_release) struct buf item = buf_make(0);
		struct json_out out = json_out_make(&item);
		struct datastore_own own;

		if (datastore_own_from_object(&list.rows[i], call->arena, &own))
			continue;
		datastore_own_write(&own, &out);
		items[count++] = arena_copy(call->arena, buf_str(&item));
	}
	collection_write(&query, items, count, &scratch, &body);
	api_respond_json(call, 200, &body);
}

static void
get_one(struct api_call *call)
{
	struct run_host host;
	struct datastore datastore = data_store_of_call(call, &host);
	struct datastore_own own;

	if (data_store_find(call, &datastore, &own))
		respond(call, 200, &own);
}

/**
 * What the body says over what is there. A run that writes a record meanwhile
 * moves the revision on and changes no setting: then once more.
 */
static enum err
change(struct api_call *call, const struct datastore *datastore,
	struct datastore_own *own, struct buf *why)
{
	bool is_new = own->revision == 0;
	enum err err = ERR_CONFLICT;

	for (int i = 0; i < TRIES_MAX && err == ERR_CONFLICT; i++) {
		err = ERR_OK;
		if (i)
			err = datastore_load(datastore, call->arena, own);
		if (!err)
			err = datastore_own_read(
				call->json, own, call->arena, why);
		if (!err)
			err = datastore_set(datastore, own);
		if (is_new)
			break;
	}
	return err;
}

/** Ids may have blanks and letters beyond ASCII. */
static void
add_location(struct api_call *call, struct str id)
{
	CLEANUP(buf_release) struct buf path = {0};

	buf_append(&path, STR(ALL "/"));
	encode_percent(&path, id);
	http_call_add_header(call->http, "Location",
		arena_copy(call->arena, buf_str(&path)));
}

/** Keeps what the body says over `own`, and answers. */
static void
keep(struct api_call *call, const struct datastore *datastore, int status,
	struct datastore_own *own)
{
	CLEANUP(buf_release) struct buf why = {0};
	bool is_new = own->revision == 0;
	enum err err = change(call, datastore, own, &why);

	if (why.len) {
		api_refuse(call, 400, NULL, "%s", buf_text(&why));
		return;
	}
	if (err == ERR_CONFLICT || err == ERR_NOT_FOUND) {
		api_refuse(call, 409, NULL,
			is_new ? "there is a data store with this id"
			       : "the data store has changed meanwhile");
		return;
	}
	if (err || datastore_load(datastore, call->arena, own)) {
		data_store_refuse_disk(call);
		return;
	}
	if (status == 201)
		add_location(call, own->id);
	respond(call, status, own);
}

/** The body's id, or a new one; false when a refusal was answered. */
static bool
read_id(struct api_call *call, struct str *ret)
{
	struct json id = json_member(call->json, STR("id"));
	char text[UUID_TEXT_SIZE];

	if (json_is_missing(id))
		*ret = arena_copy(
			call->arena, str_of(uuid_format(uuid_random(), text)));
	else
		*ret = json_string(id, call->arena);
	if (datastore_id_is_valid(*ret))
		return true;
	api_refuse(call, 400, "id",
		"expected 1 to %d bytes without a slash or a control "
		"character, and not \".\" or \"..\"",
		DATASTORE_KEY_MAX);
	return false;
}

/** False when that was answered. */
static bool
has_room(struct api_call *call)
{
	struct object_list list;

	if (load_all(call, &list)) {
		data_store_refuse_disk(call);
		return false;
	}
	if (list.count < DATA_STORES_MAX)
		return true;
	api_refuse(call, 409, NULL,
		"this workspace has %d data stores, as many as it may have: "
		"delete one first",
		DATA_STORES_MAX);
	return false;
}

static void
create_one(struct api_call *call)
{
	struct run_host host;
	struct datastore datastore = data_store_of_call(call, &host);
	struct datastore_own own;

	if (!read_id(call, &datastore.id) || !has_room(call))
		return;
	own = datastore_own_usual(datastore.id);
	keep(call, &datastore, 201, &own);
}

static void
patch_one(struct api_call *call)
{
	struct json id = json_member(call->json, STR("id"));
	struct run_host host;
	struct datastore datastore = data_store_of_call(call, &host);
	struct datastore_own own;

	if (!data_store_find(call, &datastore, &own))
		return;
	if (!json_is_missing(id) && !json_string_equal(id, own.id)) {
		api_refuse(call, 400, "id", "the id of a data store stays");
		return;
	}
	keep(call, &datastore, 200, &own);
}

static void
delete_one(struct api_call *call)
{
	struct run_host host;
	struct datastore datastore = data_store_of_call(call, &host);
	enum err err = datastore_drop(&datastore);

	if (err == ERR_CONFLICT)
		api_refuse(call, 404, NULL, "there is no such data store");
	else if (err)
		data_store_refuse_disk(call);
	else
		http_call_respond(call->http, 204, NULL, STR(""));
}

const struct route api_data_store_routes[] = {
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
const size_t api_data_store_route_count = COUNT_OF(api_data_store_routes);
