#include "base/digest.h"
#include "base/encode.h"
#include "flow/apps.h"
#include "flow/datastore.h"
#include "flow/datastore_search.h"
#include "flow/field.h"

/* Records kept from run to run. */

/* How often a write is decided again when others were faster. */
enum { TRIES_MAX = 100, KEY_BYTES = 6 };

static const struct module_field parameters[] = {
	{.name = "datastore", .is_required = true}, {.name = NULL}};
static const struct module_field search_parameters[] = {
	{.name = "datastore", .is_required = true},
	{.name = "limit", .type = "uinteger"},
	{.name = "continueWhenNoRes", .type = "boolean"}, {.name = NULL}};
static const struct module_field add_mapper[] = {
	{.name = "key", .type = "text"}, {.name = "data", .type = "collection"},
	{.name = "overwrite", .type = "boolean"}, {.name = NULL}};
static const struct module_field update_mapper[] = {
	{.name = "key", .type = "text", .is_required = true},
	{.name = "data", .type = "collection"},
	{.name = "insertMissing", .type = "boolean"}, {.name = NULL}};
static const struct module_field key_mapper[] = {
	{.name = "key", .type = "text", .is_required = true}, {.name = NULL}};
static const struct module_field get_mapper[] = {
	{.name = "key", .type = "text", .is_required = true},
	{.name = "returnWrapped", .type = "boolean"}, {.name = NULL}};
static const struct module_field search_mapper[] = {
	{.name = "filter", .type = "array"}, {.name = "sort", .type = "array"},
	{.name = "limit", .type = "uinteger"}, {.name = NULL}};

/* ---- what all of them need ---- */

static enum failure_kind
open_datastore(const struct module_call *call, struct datastore *ret,
	struct failure *failure)
{
	struct str id = field_text(call->parameters, "datastore", call->arena);

	*ret = (struct datastore){.host = run_host_of(call->run),
		.workspace = run_workspace(call->run),
		.id = id};
	if (!ret->host->store || !ret->host->writer)
		return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
			"there are no data stores here");
	if (!datastore_id_is_valid(id))
		return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
			"parameters.datastore: expected an id of 1 to %d bytes "
			"without a slash",
			DATASTORE_KEY_MAX);
	return FAILURE_NONE;
}

/** An id of its own for what has no key, the same at every try. */
static struct str
make_key(const struct module_call *call)
{
	CLEANUP(buf_release) struct buf text = {0};
	uint8_t hash[DIGEST_SHA256_LEN];

	digest_sha256(call->idempotency_key, hash);
	encode_hex(&text, str_make((const char *)hash, KEY_BYTES));
	return arena_copy(call->arena, buf_str(&text));
}

static enum failure_kind
read_key(const struct module_call *call, struct str *ret,
	struct failure *failure)
{
	*ret = field_text(call->input, "key", call->arena);
	if (ret->len == 0)
		*ret = make_key(call);
	if (ret->len > DATASTORE_KEY_MAX || str_has_control(*ret))
		return failure_set(failure, call->arena, FAILURE_DATA,
			"key: expected at most %d bytes without control "
			"characters",
			DATASTORE_KEY_MAX);
	return FAILURE_NONE;
}

static enum failure_kind
refuse(const struct module_call *call, enum err err, const struct buf *why,
	struct failure *failure)
{
	if (why && why->len)
		return failure_set(failure, call->arena,
			err == ERR_LIMIT ? FAILURE_OUT_OF_SPACE : FAILURE_DATA,
			"%s", buf_text(why));
	return failure_set(failure, call->arena, FAILURE_CONNECTION,
		"the data store cannot be used at the moment: %s",
		err_name(err));
}

static void
give(const struct module_call *call, struct module_result *result,
	const char *name, struct value value, struct str key)
{
	struct value_builder bundle = value_builder_make(call->arena);

	if (key.len)
		value_builder_set(&bundle, STR("key"), value_text(key));
	value_builder_set(&bundle, str_of(name), value);
	module_result_one(call, result, value_builder_collection(&bundle));
}

/* ---- writing ---- */

struct writing {
	const struct module_call *call;
	struct datastore datastore;
	struct datastore_record record; /* as it is there, then as it will be */
	struct failure *failure;
	/** Decides from the record that is there; FAILURE_NONE to write. */
	enum failure_kind (*decide)(struct writing *writing);
};

/** A step that is run again after a crash finds what it wrote itself. */
static bool
is_own(const struct writing *writing)
{
	return writing->record.revision &&
	       str_equal(
		       writing->record.made_by, writing->call->idempotency_key);
}

static enum failure_kind
decide_add(struct writing *writing)
{
	const struct module_call *call = writing->call;

	if (writing->record.revision && !is_own(writing) &&
		!field_flag(call->input, "overwrite", false))
		return failure_set(writing->failure, call->arena,
			FAILURE_DUPLICATE_DATA,
			"the data store has a record with the key \"%.*s\"",
			STR_ARG(writing->record.key));
	writing->record.data = value_member(call->input, STR("data"));
	return FAILURE_NONE;
}

/** The given fields over those that are there. */
static enum failure_kind
decide_update(struct writing *writing)
{
	const struct module_call *call = writing->call;
	struct value_builder data = value_builder_make(call->arena);
	const struct value layers[] = {
		writing->record.data, value_member(call->input, STR("data"))};

	if (!writing->record.revision &&
		!field_flag(call->input, "insertMissing", false))
		return failure_set(writing->failure, call->arena, FAILURE_DATA,
			"the data store has no record with the key \"%.*s\"",
			STR_ARG(writing->record.key));
	for (size_t l = 0; l < COUNT_OF(layers); l++) {
		for (size_t i = 0; layers[l].kind == VALUE_COLLECTION &&
				   i < layers[l].as.collection.count;
			i++)
			value_builder_set(&data,
				layers[l].as.collection.members[i].key,
				layers[l].as.collection.members[i].value);
	}
	writing->record.data = value_builder_collection(&data);
	return FAILURE_NONE;
}

static enum failure_kind
write_record(struct writing *writing, struct str key)
{
	const struct module_call *call = writing->call;
	CLEANUP(buf_release) struct buf why = {0};
	enum err err = ERR_CONFLICT;

	for (int i = 0; i < TRIES_MAX && err == ERR_CONFLICT; i++) {
		enum failure_kind kind;

		err = datastore_read(&writing->datastore, key, call->arena,
			&writing->record);
		if (err && err != ERR_NOT_FOUND)
			break;
		kind = writing->decide(writing);
		if (kind)
			return kind;
		if (writing->record.data.kind != VALUE_COLLECTION)
			writing->record.data = value_collection(NULL, 0);
		writing->record.made_by = call->idempotency_key;
		err = datastore_write(&writing->datastore, &writing->record,
			call->scope->zone, call->arena, &why);
	}
	return err ? refuse(call, err, &why, writing->failure) : FAILURE_NONE;
}

static enum failure_kind
run_write(const struct module_call *call,
	enum failure_kind (*decide)(struct writing *writing),
	struct module_result *result, struct failure *failure)
{
	struct writing writing = {
		.call = call, .failure = failure, .decide = decide};
	enum failure_kind kind =
		open_datastore(call, &writing.datastore, failure);
	struct str key = STR("");

	if (!kind)
		kind = read_key(call, &key, failure);
	if (!kind)
		kind = write_record(&writing, key);
	if (!kind)
		give(call, result, "data", writing.record.data, key);
	return kind;
}

static enum failure_kind
run_add(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	return run_write(call, decide_add, result, failure);
}

static enum failure_kind
run_update(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	return run_write(call, decide_update, result, failure);
}

/* ---- reading ---- */

/** ERR_NOT_FOUND is no failure: the record's revision is 0. */
static enum failure_kind
find_record(const struct module_call *call, struct datastore *datastore,
	struct datastore_record *ret, struct failure *failure)
{
	enum failure_kind kind = open_datastore(call, datastore, failure);
	struct str key = STR("");
	enum err err;

	if (!kind)
		kind = read_key(call, &key, failure);
	if (kind)
		return kind;
	err = datastore_read(datastore, key, call->arena, ret);
	return err && err != ERR_NOT_FOUND ? refuse(call, err, NULL, failure)
					   : FAILURE_NONE;
}

static enum failure_kind
run_get(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct datastore datastore;
	struct datastore_record record = {0};
	enum failure_kind kind =
		find_record(call, &datastore, &record, failure);

	if (kind || !record.revision)
		return kind;
	if (field_flag(call->input, "returnWrapped", false))
		give(call, result, "data", record.data, record.key);
	else
		module_result_one(call, result, record.data);
	return FAILURE_NONE;
}

static enum failure_kind
run_exist(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct datastore datastore;
	struct datastore_record record = {0};
	enum failure_kind kind =
		find_record(call, &datastore, &record, failure);

	if (!kind)
		give(call, result, "exist", value_boolean(record.revision != 0),
			STR(""));
	return kind;
}

static enum failure_kind
run_count(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct datastore datastore;
	enum failure_kind kind = open_datastore(call, &datastore, failure);
	struct datastore_own own;
	enum err err;

	if (kind)
		return kind;
	err = datastore_load(&datastore, call->arena, &own);
	if (err && err != ERR_NOT_FOUND)
		return refuse(call, err, NULL, failure);
	give(call, result, "count", value_number((double)own.records), STR(""));
	return FAILURE_NONE;
}

static enum failure_kind
run_search(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct datastore datastore;
	enum failure_kind kind = open_datastore(call, &datastore, failure);

	if (!kind)
		kind = datastore_search(call, &datastore, result, failure);
	if (!kind && result->count == 0 &&
		field_flag(call->parameters, "continueWhenNoRes", false))
		module_result_one(call, result, value_collection(NULL, 0));
	return kind;
}

/* ---- removing ---- */

static enum failure_kind
run_delete(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct datastore_record record = {0};
	struct datastore datastore;
	enum err err = ERR_CONFLICT;

	for (int i = 0; i < TRIES_MAX && err == ERR_CONFLICT; i++) {
		enum failure_kind kind =
			find_record(call, &datastore, &record, failure);

		if (kind)
			return kind;
		err = ERR_OK;
		if (record.revision)
			err = datastore_remove(&datastore, &record);
	}
	if (err)
		return refuse(call, err, NULL, failure);
	give(call, result, "deleted", value_boolean(record.revision != 0),
		record.key);
	return FAILURE_NONE;
}

static enum failure_kind
run_clear(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct datastore datastore;
	enum failure_kind kind = open_datastore(call, &datastore, failure);
	enum err err;
	size_t count = 0;

	if (kind)
		return kind;
	err = datastore_clear(&datastore, &count);
	if (err)
		return refuse(call, err, NULL, failure);
	give(call, result, "deleted", value_number((double)count), STR(""));
	return FAILURE_NONE;
}

#define ROW(name_, parameters_, mapper_, run_) \
	{ \
		.name = "datastore:" name_, .nature = MODULE_EFFECT, \
		.parameters = (parameters_), .mapper = (mapper_), \
		.run = (run_) \
	}

const struct module_kind app_datastore[] = {
	ROW("AddRecord", parameters, add_mapper, run_add),
	ROW("UpdateRecord", parameters, update_mapper, run_update),
	ROW("GetRecord", parameters, get_mapper, run_get),
	ROW("ExistRecord", parameters, key_mapper, run_exist),
	ROW("SearchRecord", search_parameters, search_mapper, run_search),
	ROW("DeleteRecord", parameters, key_mapper, run_delete),
	ROW("DeleteAllRecords", parameters, NULL, run_clear),
	ROW("CountRecord", parameters, NULL, run_count),
	{.name = NULL},
};
