#include "flow/datastore.h"

#include "base/clock.h"
#include "flow/field.h"
#include "pipeline/writer.h"
#include "store/object.h"

enum { PAGE = 100 };

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
		.revision = row->revision};
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
datastore_scan(const struct datastore *datastore,
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

/* ---- the data store's own object ---- */

struct own {
	uint64_t revision;
	int64_t created;
	struct value body;
	size_t count;
};

static enum err
read_own(
	const struct datastore *datastore, struct arena *arena, struct own *ret)
{
	struct object_row row;
	enum err err =
		store_object(datastore->host->store, datastore->workspace,
			OBJECT_DATASTORE, datastore->id, arena, &row);

	*ret = (struct own){.body = value_empty()};
	if (err == ERR_NOT_FOUND)
		return ERR_OK;
	if (!err)
		err = read_value(row.body, arena, &ret->body);
	if (err)
		return err;
	ret->revision = row.revision;
	ret->count = (size_t)field_number(ret->body, "records", 0);
	return ERR_OK;
}

/** Its next revision, with another count; the other members stay. */
static struct object_change
write_own(const struct datastore *datastore, const struct own *own,
	size_t count, struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct value_builder body = value_builder_make(arena);
	int64_t now = clock_now();

	if (own->revision == 0)
		value_builder_set(
			&body, STR("name"), value_text(datastore->id));
	for (size_t i = 0; own->body.kind == VALUE_COLLECTION &&
			   i < own->body.as.collection.count;
		i++)
		value_builder_set(&body, own->body.as.collection.members[i].key,
			own->body.as.collection.members[i].value);
	value_builder_set(&body, STR("records"), value_number((double)count));
	value_append_json(
		&text, value_builder_collection(&body), VALUE_JSON_TYPED);
	return (struct object_change){.what = OBJECT_SET,
		.row = {.workspace = datastore->workspace,
			.kind = OBJECT_DATASTORE,
			.id = datastore->id,
			.revision = own->revision + 1,
			.created = now,
			.updated = now,
			.body = arena_copy(arena, buf_str(&text))}};
}

enum err
datastore_count(const struct datastore *datastore, size_t *ret)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct own own;
	enum err err = read_own(datastore, &arena, &own);

	*ret = own.count;
	return err;
}

/* ---- writing ---- */

static enum err
commit(const struct datastore *datastore, const struct object_change *own,
	const struct object_change *record)
{
	const struct store_change changes[] = {
		{.kind = STORE_OBJECT, .object = own},
		{.kind = STORE_OBJECT, .object = record},
	};

	return writer_commit(
		datastore->host->writer, changes, COUNT_OF(changes));
}

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

enum err
datastore_write(const struct datastore *datastore,
	const struct datastore_record *record, bool *ret_is_full)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct object_change own_change, change = {.what = OBJECT_SET};
	struct str body = record_body(record, &arena);
	bool is_new = record->revision == 0;
	struct own own;
	enum err err = read_own(datastore, &arena, &own);

	*ret_is_full = is_new && own.count >= DATASTORE_RECORDS_MAX;
	if (err)
		return err;
	if (*ret_is_full || body.len == 0)
		return ERR_LIMIT;
	own_change = write_own(datastore, &own, own.count + is_new, &arena);
	change.row = (struct object_row){.workspace = datastore->workspace,
		.kind = OBJECT_RECORD,
		.id = record_id(datastore, record->key, &arena),
		.owner = datastore->id,
		.revision = record->revision + 1,
		.created = clock_now(),
		.updated = clock_now(),
		.body = body};
	return commit(datastore, &own_change, &change);
}

enum err
datastore_remove(
	const struct datastore *datastore, struct str key, uint64_t revision)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct object_change own_change, change = {.what = OBJECT_REMOVE};
	struct own own;
	enum err err = read_own(datastore, &arena, &own);

	if (err)
		return err;
	own_change = write_own(
		datastore, &own, own.count ? own.count - 1 : 0, &arena);
	change.row = (struct object_row){.workspace = datastore->workspace,
		.kind = OBJECT_RECORD,
		.id = record_id(datastore, key, &arena),
		.revision = revision};
	return commit(datastore, &own_change, &change);
}

enum err
datastore_clear(const struct datastore *datastore, size_t *ret_count)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct object_change own_change, change = {.what = OBJECT_REMOVE_OWNED};
	struct own own;
	enum err err = read_own(datastore, &arena, &own);

	*ret_count = own.count;
	if (err)
		return err;
	own_change = write_own(datastore, &own, 0, &arena);
	change.row = (struct object_row){.workspace = datastore->workspace,
		.kind = OBJECT_RECORD,
		.owner = datastore->id};
	return commit(datastore, &own_change, &change);
}
