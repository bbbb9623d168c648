#include "flow/datastore.h"

#include "base/clock.h"
#include "flow/field.h"
#include "flow/object_audit.h"
#include "flow/structure.h"
#include "pipeline/writer.h"

enum {
	PAGE = 100,
	/* In a row, when others write into what is being cleared. */
	CONFLICTS_MAX = 100,
};

/** Ids of objects are one set for all data stores of a workspace. */
static struct str
record_id(
	const struct datastore *datastore, struct str key, struct arena *arena)
{
	return arena_printf(
		arena, "%.*s/%.*s", STR_ARG(datastore->id), STR_ARG(key));
}

/* ---- reading ---- */

static enum err
read_value(struct str json, struct arena *arena, struct value *ret)
{
	struct json_doc doc;
	enum err err = json_read(json, arena, &doc, NULL);

	return err ? err
		   : value_from_json(
			     json_root(&doc), VALUE_JSON_TYPED, arena, ret);
}

static enum err
record_of(const struct object_row *row, struct arena *arena,
	struct datastore_record *ret)
{
	struct value body;
	enum err err = read_value(row->body, arena, &body);

	if (err)
		return err;
	*ret = (struct datastore_record){.key = field_text(body, "key", arena),
		.data = value_member(body, STR("data")),
		.made_by = field_text(body, "madeBy", arena),
		.revision = row->revision,
		.size = row->body.len,
		.created = row->created,
		.updated = row->updated};
	return ERR_OK;
}

enum err
datastore_read(const struct datastore *datastore, struct str key,
	struct arena *arena, struct datastore_record *ret)
{
	struct object_row row;
	enum err err;

	*ret = (struct datastore_record){.key = key};
	err = store_object(datastore->host->store, datastore->workspace,
		OBJECT_RECORD, record_id(datastore, key, arena), arena, &row);
	return err ? err : record_of(&row, arena, ret);
}

enum err
datastore_scan(const struct datastore *datastore, struct str after_key,
	bool (*see)(void *context, const struct datastore_record *record),
	void *context)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf after = {0};
	struct object_query query = {.workspace = datastore->workspace,
		.kind = OBJECT_RECORD,
		.owner = datastore->id,
		.limit = PAGE};
	struct object_list list = {.count = PAGE};

	if (after_key.len)
		buf_append(&after, record_id(datastore, after_key, &arena));
	while (list.count == PAGE) {
		enum err err;

		arena_reset(&arena);
		query.after_id = buf_str(&after);
		err = store_objects(
			datastore->host->store, &query, &arena, &list);
		if (err)
			return err;
		for (size_t i = 0; i < list.count; i++) {
			struct datastore_record record;

			err = record_of(&list.rows[i], &arena, &record);
			if (err)
				return err;
			if (!see(context, &record))
				return ERR_OK;
		}
		buf_clear(&after);
		if (list.count)
			buf_append(&after, list.rows[list.count - 1].id);
	}
	return ERR_OK;
}

/* ---- the data store itself ---- */

enum err
datastore_load(const struct datastore *datastore, struct arena *arena,
	struct datastore_own *ret)
{
	struct object_row row;
	enum err err =
		store_object(datastore->host->store, datastore->workspace,
			OBJECT_DATASTORE, datastore->id, arena, &row);

	*ret = datastore_own_usual(datastore->id);
	return err ? err : datastore_own_from_object(&row, arena, ret);
}

/** The same for those who write: one that is not there is made. */
static enum err
load_for_writing(const struct datastore *datastore, struct arena *arena,
	struct datastore_own *ret)
{
	enum err err = datastore_load(datastore, arena, ret);

	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/** The first change is what somebody has done. */
static enum err
commit(const struct datastore *datastore, const char *type,
	const struct object_change *first, const struct object_change *second)
{
	const struct store_change changes[] = {
		{.kind = STORE_OBJECT, .object = first},
		{.kind = STORE_OBJECT, .object = second},
	};
	const struct object_audit audit = {.store = datastore->host->store,
		.writer = datastore->host->writer,
		.category = "data_stores",
		.type = type};
	size_t count = second ? 2 : 1;

	return datastore->is_audited
		       ? object_audit_commit(&audit, changes, count)
		       : writer_commit(datastore->host->writer, changes, count);
}

enum err
datastore_set(
	const struct datastore *datastore, const struct datastore_own *own)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct object_change change =
		datastore_own_to_object(datastore->workspace, own, &arena);

	return commit(datastore, "data-store", &change, NULL);
}

/* ---- writing ---- */

static struct str
record_body(const struct datastore_record *record, struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = buf_make(DATASTORE_RECORD_MAX);
	struct value_builder body = value_builder_make(arena);

	value_builder_set(&body, STR("key"), value_text(record->key));
	value_builder_set(&body, STR("madeBy"), value_text(record->made_by));
	value_builder_set(&body, STR("data"), record->data);
	value_append_json(
		&text, value_builder_collection(&body), VALUE_JSON_TYPED);
	return buf_is_overflown(&text) ? STR("")
				       : arena_copy(arena, buf_str(&text));
}

/** Whether another record, or a longer one, is still within the limits. */
static enum err
check_room(const struct datastore_own *own, bool is_new, size_t bytes,
	struct buf *why)
{
	if (is_new && own->records >= own->records_max)
		buf_printf(why,
			"the data store has %zu records and takes no "
			"more",
			own->records);
	else if (bytes > own->bytes_max && bytes > own->bytes)
		buf_printf(why,
			"the data store has %zu bytes of at most %zu "
			"and takes no more",
			own->bytes, own->bytes_max);
	else
		return ERR_OK;
	return ERR_LIMIT;
}

static size_t
without(size_t all, size_t part)
{
	return all > part ? all - part : 0;
}

enum err
datastore_write(const struct datastore *datastore,
	struct datastore_record *record, const struct zone *zone,
	struct arena *arena, struct buf *why)
{
	bool is_new = record->revision == 0;
	struct structure_rules rules = {.zone = zone};
	struct object_change change = {.what = OBJECT_SET}, own_change;
	struct datastore_own own;
	struct str body = STR("");
	enum err err = load_for_writing(datastore, arena, &own);

	rules.fields = own.structure;
	rules.is_strict = own.is_strict;
	if (!err)
		err = structure_fit(
			&rules, record->data, arena, &record->data, why);
	if (err)
		return err;
	body = record_body(record, arena);
	if (body.len == 0) {
		buf_printf(why, "data: the record is over %d KiB",
			DATASTORE_RECORD_MAX >> 10);
		return ERR_INVALID;
	}
	err = check_room(
		&own, is_new, without(own.bytes, record->size) + body.len, why);
	if (err)
		return err;
	own.records += is_new;
	own.bytes = without(own.bytes, record->size) + body.len;
	own_change = datastore_own_to_object(datastore->workspace, &own, arena);
	record->updated = own_change.row.updated;
	record->created = is_new ? record->updated : record->created;
	change.row = (struct object_row){.workspace = datastore->workspace,
		.kind = OBJECT_RECORD,
		.id = record_id(datastore, record->key, arena),
		.owner = datastore->id,
		.revision = record->revision + 1,
		.created = record->created,
		.updated = record->updated,
		.body = body};
	return commit(datastore, "record", &change, &own_change);
}

enum err
datastore_remove(const struct datastore *datastore,
	const struct datastore_record *record)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct object_change own_change, change = {.what = OBJECT_REMOVE};
	struct datastore_own own;
	enum err err = load_for_writing(datastore, &arena, &own);

	if (err)
		return err;
	own.records = without(own.records, 1);
	own.bytes = without(own.bytes, record->size);
	own_change =
		datastore_own_to_object(datastore->workspace, &own, &arena);
	change.row = (struct object_row){.workspace = datastore->workspace,
		.kind = OBJECT_RECORD,
		.id = record_id(datastore, record->key, &arena),
		.revision = record->revision};
	return commit(datastore, "record", &change, &own_change);
}

/* ---- many at once ---- */

/** The first page of the records; how many went. */
static enum err
remove_page(const struct datastore *datastore, struct datastore_own *own,
	struct arena *arena, size_t *ret_count)
{
	const struct object_query query = {.workspace = datastore->workspace,
		.kind = OBJECT_RECORD,
		.owner = datastore->id,
		.limit = PAGE};
	struct object_change gone[PAGE], own_change;
	struct store_change changes[PAGE + 1] = {
		{.kind = STORE_OBJECT, .object = &own_change}};
	struct object_list list;
	enum err err =
		store_objects(datastore->host->store, &query, arena, &list);

	if (err || list.count == 0)
		return err;
	for (size_t i = 0; i < list.count; i++) {
		gone[i] = (struct object_change){
			.what = OBJECT_REMOVE, .row = list.rows[i]};
		changes[i + 1] = (struct store_change){
			.kind = STORE_OBJECT, .object = &gone[i]};
		own->bytes = without(own->bytes, list.rows[i].body.len);
	}
	own->records = without(own->records, list.count);
	own_change = datastore_own_to_object(datastore->workspace, own, arena);
	*ret_count = list.count;
	return writer_commit(datastore->host->writer, changes, list.count + 1);
}

/**
 * Removes records until no more than a page is left: while one transaction
 * takes very many, nobody else's goes through. When others never cease to write
 * and are always first, it leaves off: the rest is the caller's to remove at
 * once. What it came to is in *ret_count, also when it fails.
 */
static enum err
thin_out(const struct datastore *datastore, size_t *ret_count)
{
	CLEANUP(arena_release) struct arena arena = {0};
	int conflicts = 0;

	*ret_count = 0;
	for (;;) {
		struct datastore_own own;
		size_t count = 0;
		enum err err;

		arena_reset(&arena);
		err = datastore_load(datastore, &arena, &own);
		if (err == ERR_NOT_FOUND || (!err && own.records <= PAGE))
			return ERR_OK;
		if (!err)
			err = remove_page(datastore, &own, &arena, &count);
		if (err == ERR_CONFLICT && ++conflicts < CONFLICTS_MAX)
			continue;
		if (err || count == 0)
			return err == ERR_CONFLICT ? ERR_OK : err;
		*ret_count += count;
		conflicts = 0;
	}
}

enum err
datastore_drop(const struct datastore *datastore)
{
	const struct object_change own = {.what = OBJECT_REMOVE,
		.row = {.workspace = datastore->workspace,
			.kind = OBJECT_DATASTORE,
			.id = datastore->id}};
	const struct object_change records = {.what = OBJECT_REMOVE_OWNED,
		.row = {.workspace = datastore->workspace,
			.kind = OBJECT_RECORD,
			.owner = datastore->id}};

	size_t count;
	enum err err = thin_out(datastore, &count);

	return err ? err : commit(datastore, "data-store", &own, &records);
}

/** What is left of them, which is little mostly. */
static enum err
clear_rest(const struct datastore *datastore, size_t *ret_count)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct object_change own_change, change = {.what = OBJECT_REMOVE_OWNED};
	struct datastore_own own;
	enum err err = load_for_writing(datastore, &arena, &own);

	*ret_count = own.records;
	if (err)
		return err;
	own.records = 0;
	own.bytes = 0;
	own_change =
		datastore_own_to_object(datastore->workspace, &own, &arena);
	change.row = (struct object_row){.workspace = datastore->workspace,
		.kind = OBJECT_RECORD,
		.owner = datastore->id};
	return commit(datastore, "data-store", &own_change, &change);
}

enum err
datastore_clear(const struct datastore *datastore, size_t *ret_count)
{
	size_t rest = 0;
	enum err err = thin_out(datastore, ret_count);

	for (int i = 0; !err; i++) {
		err = clear_rest(datastore, &rest);
		if (err != ERR_CONFLICT || i == CONFLICTS_MAX)
			break;
		err = ERR_OK;
	}
	*ret_count += rest;
	return err;
}
