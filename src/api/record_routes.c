#include "api/data_store_routes.h"

#include "api/api.h"
#include "api/collection.h"
#include "base/json_out.h"
#include "flow/datastore_search.h"
#include "net/form.h"

#define ONE "/v1/data-stores/{id}"
#define RECORDS ONE "/records"
#define RECORD RECORDS "/{key}"

/* How often a write is decided again when a run was faster. */
enum { TRIES_MAX = 100 };

/* ---- one record ---- */

static void
write_record(const struct datastore_record *record, struct json_out *out)
{
	CLEANUP(buf_release) struct buf data = {0};

	value_append_json(&data, record->data, VALUE_JSON_TYPED);
	json_out_object(out, NULL);
	json_out_string(out, "key", record->key);
	json_out_raw(out, "data", buf_str(&data));
	json_out_time(out, "createdAt", record->created);
	json_out_time(out, "updatedAt", record->updated);
	json_out_end(out);
}

static void
respond(struct api_call *call, int status,
	const struct datastore_record *record)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);

	write_record(record, &out);
	api_respond_json(call, status, &body);
}

/** Of the path; false when it is none, which is answered. */
static bool
read_key(struct api_call *call, struct str *ret)
{
	*ret = call->parameters[1];
	if (ret->len > 0 && ret->len <= DATASTORE_KEY_MAX &&
		!str_has_control(*ret) && str_is_utf8(*ret))
		return true;
	api_refuse(call, 400, "key",
		"expected 1 to %d bytes without control characters",
		DATASTORE_KEY_MAX);
	return false;
}

static void
get_one(struct api_call *call)
{
	struct run_host host;
	struct datastore datastore = data_store_of_call(call, &host);
	struct datastore_record record;
	enum err err;
	struct str key;

	if (!read_key(call, &key))
		return;
	err = datastore_read(&datastore, key, call->arena, &record);
	if (err == ERR_NOT_FOUND)
		api_refuse(call, 404, NULL, "there is no such record");
	else if (err)
		data_store_refuse_disk(call);
	else
		respond(call, 200, &record);
}

static bool
has_member(struct value collection, struct str name)
{
	for (size_t i = 0; collection.kind == VALUE_COLLECTION &&
			   i < collection.as.collection.count;
		i++) {
		if (str_equal(collection.as.collection.members[i].key, name))
			return true;
	}
	return false;
}

/** The given members over those that are there; null takes one away. */
static struct value
merge(struct value before, struct value change, struct arena *arena)
{
	struct value_builder data = value_builder_make(arena);
	const struct value layers[] = {before, change};

	for (size_t l = 0; l < COUNT_OF(layers); l++) {
		for (size_t i = 0; layers[l].kind == VALUE_COLLECTION &&
				   i < layers[l].as.collection.count;
			i++) {
			struct str name =
				layers[l].as.collection.members[i].key;
			struct value value =
				layers[l].as.collection.members[i].value;

			if (has_member(change, name))
				value = value_member(change, name);
			if (!value_is_empty(value) || !has_member(change, name))
				value_builder_set(&data, name, value);
		}
	}
	return value_builder_collection(&data);
}

static void
refuse(struct api_call *call, enum err err, const struct buf *why)
{
	if (err == ERR_INVALID)
		api_refuse(call, 400, NULL, "%s", buf_text(why));
	else if (err == ERR_LIMIT)
		api_refuse(call, 507, NULL, "%s", buf_text(why));
	else
		data_store_refuse_disk(call);
}

static void
write_one(struct api_call *call, bool is_patch)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct run_host host;
	struct datastore datastore = data_store_of_call(call, &host);
	struct datastore_record record = {0};
	struct datastore_own own;
	struct value data;
	enum err err = ERR_CONFLICT;
	bool is_new = false;
	struct str key;

	if (!read_key(call, &key) || !data_store_find(call, &datastore, &own))
		return;
	if (json_kind(call->json) != JSON_OBJECT ||
		value_from_json(
			call->json, VALUE_JSON_TYPED, call->arena, &data)) {
		api_refuse(call, 400, NULL,
			"expected the record's data, an object");
		return;
	}
	for (int i = 0; i < TRIES_MAX && err == ERR_CONFLICT; i++) {
		err = datastore_read(&datastore, key, call->arena, &record);
		is_new = err == ERR_NOT_FOUND;
		if (is_new && is_patch) {
			api_refuse(call, 404, NULL, "there is no such record");
			return;
		}
		if (err && !is_new)
			break;
		record.data =
			is_patch ? merge(record.data, data, call->arena) : data;
		record.made_by = STR("");
		buf_clear(&why);
		err = datastore_write(
			&datastore, &record, NULL, call->arena, &why);
	}
	if (err)
		refuse(call, err, &why);
	else
		respond(call, is_new ? 201 : 200, &record);
}

static void
put_one(struct api_call *call)
{
	write_one(call, false);
}

static void
patch_one(struct api_call *call)
{
	write_one(call, true);
}

static void
delete_one(struct api_call *call)
{
	struct run_host host;
	struct datastore datastore = data_store_of_call(call, &host);
	struct datastore_record record;
	enum err err = ERR_CONFLICT;
	struct str key;

	if (!read_key(call, &key))
		return;
	for (int i = 0; i < TRIES_MAX && err == ERR_CONFLICT; i++) {
		err = datastore_read(&datastore, key, call->arena, &record);
		if (!err)
			err = datastore_remove(&datastore, &record);
	}
	if (err == ERR_NOT_FOUND)
		api_refuse(call, 404, NULL, "there is no such record");
	else if (err)
		data_store_refuse_disk(call);
	else
		http_call_respond(call->http, 204, NULL, STR(""));
}

/* ---- many ---- */

struct listing {
	struct json_out out;
	struct buf last; /* key of the last one that was written */
	uint64_t limit;
	uint64_t count;
	bool has_more;
};

static bool
see(void *context, const struct datastore_record *record)
{
	struct listing *listing = context;

	listing->has_more = listing->count == listing->limit;
	if (listing->has_more)
		return false;
	write_record(record, &listing->out);
	listing->count++;
	buf_clear(&listing->last);
	buf_append(&listing->last, record->key);
	return true;
}

/** `limit` and `after`; false when a refusal was answered. */
static bool
read_page(struct api_call *call, uint64_t *ret_limit, struct str *ret_after)
{
	struct str query = http_call_query(call->http), limit;
	enum err err = form_value(query, STR("limit"), call->arena, &limit);

	*ret_limit = COLLECTION_LIMIT_DEFAULT;
	*ret_after = STR("");
	if (err == ERR_INVALID ||
		(!err && (str_to_u64(limit, ret_limit) || *ret_limit < 1 ||
				 *ret_limit > COLLECTION_LIMIT_MAX))) {
		api_refuse(call, 400, "limit",
			"expected a whole number from 1 to %d",
			COLLECTION_LIMIT_MAX);
		return false;
	}
	if (form_value(query, STR("after"), call->arena, ret_after) !=
		ERR_INVALID)
		return true;
	api_refuse(call, 400, "after", "expected the key of a record");
	return false;
}

static void
list_all(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct listing listing = {.out = json_out_make(&body)};
	struct run_host host;
	struct datastore datastore = data_store_of_call(call, &host);
	struct datastore_own own;
	struct str after;
	enum err err;

	if (!read_page(call, &listing.limit, &after) ||
		!data_store_find(call, &datastore, &own))
		return;
	json_out_object(&listing.out, NULL);
	json_out_array(&listing.out, "items");
	err = datastore_scan(&datastore, after, see, &listing);
	json_out_end(&listing.out);
	json_out_integer(&listing.out, "count", (int64_t)listing.count);
	json_out_integer(&listing.out, "total", (int64_t)own.records);
	if (listing.has_more)
		json_out_string(&listing.out, "next", buf_str(&listing.last));
	else
		json_out_null(&listing.out, "next");
	json_out_end(&listing.out);
	buf_release(&listing.last);
	if (err)
		data_store_refuse_disk(call);
	else
		api_respond_json(call, 200, &body);
}

static void
delete_all(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	struct run_host host;
	struct datastore datastore = data_store_of_call(call, &host);
	struct datastore_own own;
	size_t count = 0;

	if (!data_store_find(call, &datastore, &own))
		return;
	if (datastore_clear(&datastore, &count)) {
		data_store_refuse_disk(call);
		return;
	}
	json_out_object(&out, NULL);
	json_out_integer(&out, "deleted", (int64_t)count);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}

/* ---- searching ---- */

/** What a search may ask: false when that was answered. */
static bool
is_filter(struct api_call *call, struct json filter)
{
	struct json_walk any = json_walk(filter);
	bool is_right = json_kind(filter) == JSON_ARRAY;

	while (is_right && json_walk_next(&any)) {
		struct json_walk all = json_walk(any.value);

		is_right = json_kind(any.value) == JSON_ARRAY;
		while (is_right && json_walk_next(&all))
			is_right =
				json_kind(json_member(all.value, STR("a"))) ==
					JSON_STRING &&
				json_kind(json_member(all.value, STR("o"))) ==
					JSON_STRING;
	}
	if (!is_right)
		api_refuse(call, 400, "filter",
			"expected a list of lists of {\"a\": a field's name, "
			"\"o\": an operator, \"b\": a value}");
	return is_right;
}

static bool
is_sort(struct api_call *call, struct json sort)
{
	struct json_walk walk = json_walk(sort);
	bool is_right = json_kind(sort) == JSON_ARRAY;

	while (is_right && json_walk_next(&walk)) {
		struct json order = json_member(walk.value, STR("order"));
		int64_t number = 1;

		is_right = json_kind(json_member(walk.value, STR("key"))) ==
				   JSON_STRING &&
			   (json_is_missing(order) ||
				   (json_to_integer(order, &number) &&
					   (number == 1 || number == -1)));
	}
	if (!is_right)
		api_refuse(call, 400, "sort",
			"expected a list of {\"key\": a field's name, "
			"\"order\": 1 or -1}");
	return is_right;
}

static bool
is_limit(struct api_call *call, struct json limit)
{
	int64_t number;

	if (json_to_integer(limit, &number) && number >= 1 &&
		number <= DATASTORE_FOUND_MAX)
		return true;
	api_refuse(call, 400, "limit", "expected a whole number from 1 to %d",
		DATASTORE_FOUND_MAX);
	return false;
}

static bool
is_search(struct api_call *call)
{
	static const struct {
		const char *name;
		bool (*is_right)(struct api_call *call, struct json value);
	} members[] = {
		{"filter", is_filter}, {"sort", is_sort}, {"limit", is_limit}};
	struct json_walk walk = json_walk(call->json);

	if (json_kind(call->json) != JSON_OBJECT) {
		api_refuse(call, 400, NULL, "expected an object");
		return false;
	}
	while (json_walk_next(&walk)) {
		size_t i = 0;

		while (i < COUNT_OF(members) &&
			!json_string_equal(walk.key, str_of(members[i].name)))
			i++;
		if (i == COUNT_OF(members)) {
			api_refuse(call, 400, NULL,
				"a search has filter, sort and limit, and no "
				"member %.*s",
				STR_ARG(json_raw(walk.key)));
			return false;
		}
		if (!members[i].is_right(call, walk.value))
			return false;
	}
	return true;
}

/** {"filter":[[{a, o, b}]],"sort":[{key, order}],"limit":n} */
static void
search(struct api_call *call)
{
	static const struct template_scope scope = {0};
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct run_host host;
	struct datastore datastore = data_store_of_call(call, &host);
	struct module_call module = {.parameters = value_empty(),
		.scope = &scope,
		.arena = call->arena};
	struct module_result result = {0};
	struct failure failure = {0};
	struct datastore_own own;

	if (!is_search(call))
		return;
	if (value_from_json(
		    call->json, VALUE_JSON_TYPED, call->arena, &module.input)) {
		api_refuse(call, 400, NULL, "nested too deep");
		return;
	}
	if (!data_store_find(call, &datastore, &own))
		return;
	if (datastore_search(&module, &datastore, &result, &failure)) {
		if (failure.kind == FAILURE_CONNECTION)
			data_store_refuse_disk(call);
		else
			api_refuse(call, 400, NULL, "%.*s",
				STR_ARG(failure.message));
		return;
	}
	buf_append(&body, STR("{\"items\":"));
	value_append_json(&body, value_array(result.bundles, result.count),
		VALUE_JSON_TYPED);
	buf_printf(&body, ",\"count\":%zu}", result.count);
	api_respond_json(call, 200, &body);
}

const struct route api_record_routes[] = {
	{"POST", ONE "/search", API_NATIVE, ACCESS_VIEWER, BODY_JSON, true,
		false, search},
	{"GET", RECORDS, API_NATIVE, ACCESS_VIEWER, BODY_NONE, true, false,
		list_all},
	{"DELETE", RECORDS, API_NATIVE, ACCESS_ADMIN, BODY_NONE, true, false,
		delete_all},
	{"GET", RECORD, API_NATIVE, ACCESS_VIEWER, BODY_NONE, true, false,
		get_one},
	{"PUT", RECORD, API_NATIVE, ACCESS_ADMIN, BODY_JSON, true, false,
		put_one},
	{"PATCH", RECORD, API_NATIVE, ACCESS_ADMIN, BODY_MERGE_PATCH, true,
		false, patch_one},
	{"DELETE", RECORD, API_NATIVE, ACCESS_ADMIN, BODY_NONE, true, false,
		delete_one},
};
const size_t api_record_route_count = COUNT_OF(api_record_routes);
