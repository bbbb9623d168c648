#include "pipeline/event_type.h"

#include "base/clock.h"
#include "base/json_out.h"
#include "base/mem.h"

/* 2026-01-01T00:00:00Z: when the types that ship were put together. */
#define BUILTIN_TIME (INT64_C(1767225600) * SECONDS)

static const char *const validations[] = {
	[VALIDATION_OFF] = "off",
	[VALIDATION_WARN] = "warn",
	[VALIDATION_REFUSE] = "refuse",
};

const char *
event_type_validation_name(enum event_type_validation validation)
{
	return validations[validation];
}

enum err
event_type_validation_parse(struct str text, enum event_type_validation *ret)
{
	for (size_t i = 0; i < COUNT_OF(validations); i++) {
		if (str_equal(text, str_of(validations[i]))) {
			*ret = (enum event_type_validation)i;
			return ERR_OK;
		}
	}
	return ERR_INVALID;
}

static struct event_type *
unconst(const struct event_type *type)
{
	return (struct event_type *)(uintptr_t)type;
}

void
event_type_ref(const struct event_type *type)
{
	atomic_fetch_add_explicit(
		&unconst(type)->refs, 1, memory_order_relaxed);
}

void
event_type_unref(const struct event_type *type)
{
	struct event_type *counted = unconst(type);

	if (counted == NULL || atomic_fetch_sub_explicit(&counted->refs, 1,
				       memory_order_acq_rel) > 1)
		return;
	arena_release(&counted->arena);
	mem_free(counted);
}

/* ---- making one ---- */

static struct event_type *
event_type_new(void)
{
	struct event_type *type = MEM_NEW(struct event_type);

	atomic_init(&type->refs, 1);
	type->arena.first = 1024;
	return type;
}

static void
copy_facts(struct event_type *type, const struct event_type_facts *facts)
{
	struct arena *arena = &type->arena;
	struct event_type_facts *own = &type->facts;

	*own = *facts;
	own->name = arena_copy(arena, facts->name);
	own->friendly_name = arena_copy(arena, facts->friendly_name);
	own->description = arena_copy(arena, facts->description);
	own->service_manager = arena_copy(arena, facts->service_manager);
	own->api_group = arena_copy(arena, facts->api_group);
	own->schema = arena_copy(arena, facts->schema);
	own->sample = arena_copy(arena, facts->sample);
	own->dataschema = arena_copy(arena, facts->dataschema);
	own->deprecated_from = arena_copy(arena, facts->deprecated_from);
	own->sunset = arena_copy(arena, facts->sunset);
	own->migration = arena_copy(arena, facts->migration);
}

static enum err
add_version(struct event_type *type, uint32_t number, int64_t created,
	struct str schema, struct buf *why)
{
	struct event_type_version *version =
		&type->versions[type->version_count];

	*version = (struct event_type_version){
		.number = number,
		.created = created,
		.schema = arena_copy(&type->arena, schema),
	};
	type->version_count++;
	return json_schema_compile(
		version->schema, &type->arena, &version->compiled, why);
}

/** Compiled anew, like everything else in a snapshot. */
static enum err
copy_versions(struct event_type *type, const struct event_type *former,
	size_t kept, struct buf *why)
{
	size_t from =
		former->version_count > kept ? former->version_count - kept : 0;
	enum err err = ERR_OK;

	for (size_t i = from; !err && i < former->version_count; i++)
		err = add_version(type, former->versions[i].number,
			former->versions[i].created, former->versions[i].schema,
			why);
	return err;
}

static bool
is_same_json(struct str a, struct str b)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct json_doc first, second;

	if (json_read(a, &arena, &first, NULL) ||
		json_read(b, &arena, &second, NULL))
		return false;
	return json_equal(json_root(&first), json_root(&second));
}

static enum err
set_versions(struct event_type *type, const struct event_type *former,
	struct buf *why)
{
	struct str schema = type->facts.schema;
	bool is_new = schema.len > 0;
	enum err err = ERR_OK;

	type->versions = arena_alloc_array(
		&type->arena, EVENT_TYPE_VERSIONS_MAX, sizeof(*type->versions));
	if (former && former->version_count > 0) {
		is_new = is_new &&
			 !is_same_json(schema,
				 former->versions[former->version_count - 1]
					 .schema);
		type->last_version = former->last_version;
		err = copy_versions(type, former,
			EVENT_TYPE_VERSIONS_MAX - (is_new ? 1 : 0), why);
	}
	if (!err && is_new)
		err = add_version(
			type, ++type->last_version, clock_now(), schema, why);
	return err;
}

static enum err
check_sample(const struct event_type *type, struct buf *why)
{
	const struct event_type_version *version = event_type_version(type);
	CLEANUP(arena_release) struct arena arena = {0};
	struct json_doc doc;
	enum err err;

	if (type->facts.sample.len == 0)
		return ERR_OK;
	err = json_read(type->facts.sample, &arena, &doc, why);
	if (err || version == NULL)
		return err;
	return json_schema_check(version->compiled, json_root(&doc), "sample",
		       &arena, why)
		       ? ERR_OK
		       : ERR_INVALID;
}

enum err
event_type_next(const struct event_type_facts *facts,
	const struct event_type *former, const struct event_type **ret,
	const char **ret_member, struct buf *why)
{
	struct event_type *type = event_type_new();
	enum err err;

	copy_facts(type, facts);
	*ret_member = "schema";
	err = set_versions(type, former, why);
	if (!err) {
		*ret_member = "sample";
		err = check_sample(type, why);
	}
	if (err) {
		event_type_unref(type);
		return ERR_INVALID;
	}
	type->updated = clock_now();
	type->created = former ? former->created : type->updated;
	type->generation = former ? former->generation + 1 : 1;
	if (former) {
		type->workspace = former->workspace;
		type->created_by = arena_copy(&type->arena, former->created_by);
	}
	*ret = type;
	return ERR_OK;
}

const struct event_type *
event_type_builtin(const struct catalog_type *row)
{
	struct event_type *type = event_type_new();
	const struct event_type_facts facts = {
		.name = row->name,
		.friendly_name = row->friendly_name,
		.description = row->description,
		.service_manager = row->service_manager,
		.api_group = row->api_group,
		.is_resource = row->is_resource,
		.schema = row->schema,
		.sample = row->sample,
	};

	copy_facts(type, &facts);
	type->generation = 1;
	type->created = type->updated = BUILTIN_TIME;
	type->created_by = type->updated_by = STR("grapnel");
	/* For reading only: events are not held against it. */
	if (facts.schema.len > 0) {
		type->versions =
			ARENA_NEW(&type->arena, struct event_type_version);
		type->versions[0] = (struct event_type_version){
			.number = 1,
			.created = BUILTIN_TIME,
			.schema = type->facts.schema,
		};
		type->version_count = type->last_version = 1;
	}
	return type;
}

const struct event_type_version *
event_type_version(const struct event_type *type)
{
	if (type->facts.schema.len == 0 || type->version_count == 0)
		return NULL;
	return &type->versions[type->version_count - 1];
}

const struct event_type_version *
event_type_version_at(const struct event_type *type, uint32_t number)
{
	for (size_t i = 0; i < type->version_count; i++) {
		if (type->versions[i].number == number)
			return &type->versions[i];
	}
	return NULL;
}

/* ---- its row ---- */

/* The texts of a type, by their members in the row. */
static const struct text {
	const char *name;
	size_t offset;
} texts[] = {
	{"friendlyName", offsetof(struct event_type_facts, friendly_name)},
	{"description", offsetof(struct event_type_facts, description)},
	{"serviceManager", offsetof(struct event_type_facts, service_manager)},
	{"apiGroup", offsetof(struct event_type_facts, api_group)},
	{"schema", offsetof(struct event_type_facts, schema)},
	{"sample", offsetof(struct event_type_facts, sample)},
	{"dataschema", offsetof(struct event_type_facts, dataschema)},
	{"deprecatedFrom", offsetof(struct event_type_facts, deprecated_from)},
	{"sunset", offsetof(struct event_type_facts, sunset)},
	{"migration", offsetof(struct event_type_facts, migration)},
};

static struct str *
text_at(struct event_type_facts *facts, const struct text *text)
{
	return (struct str *)(void *)((char *)facts + text->offset);
}

static void
write_versions(const struct event_type *type, struct json_out *out)
{
	json_out_integer(out, "lastVersion", type->last_version);
	json_out_array(out, "versions");
	for (size_t i = 0; i < type->version_count; i++) {
		json_out_object(out, NULL);
		json_out_integer(out, "number", type->versions[i].number);
		json_out_integer(out, "created", type->versions[i].created);
		json_out_string(out, "schema", type->versions[i].schema);
		json_out_end(out);
	}
	json_out_end(out);
}

void
event_type_to_row(const struct event_type *type, struct arena *arena,
	struct object_row *ret)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	struct event_type_facts facts = type->facts;

	json_out_object(&out, NULL);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		json_out_string(
			&out, texts[i].name, *text_at(&facts, &texts[i]));
	json_out_boolean(&out, "isResource", facts.is_resource);
	json_out_boolean(&out, "isDeprecated", facts.is_deprecated);
	json_out_text(&out, "validation",
		event_type_validation_name(facts.validation));
	json_out_string(&out, "createdBy", type->created_by);
	json_out_string(&out, "updatedBy", type->updated_by);
	write_versions(type, &out);
	json_out_end(&out);
	*ret = (struct object_row){
		.workspace = type->workspace,
		.kind = OBJECT_EVENT_TYPE,
		.id = type->facts.name,
		.revision = type->generation,
		.created = type->created,
		.updated = type->updated,
		.body = arena_copy(arena, buf_str(&body)),
	};
}

static struct str
read_text(struct json body, const char *name, struct arena *arena)
{
	return json_string(json_member(body, str_of(name)), arena);
}

static enum err
read_versions(struct event_type *type, struct json body, struct arena *scratch,
	struct buf *why)
{
	struct json_walk walk = json_walk(json_member(body, STR("versions")));
	int64_t last = 0;
	enum err err = ERR_OK;

	json_to_integer(json_member(body, STR("lastVersion")), &last);
	type->last_version = (uint32_t)last;
	type->versions = arena_alloc_array(
		&type->arena, EVENT_TYPE_VERSIONS_MAX, sizeof(*type->versions));
	while (!err && type->version_count < EVENT_TYPE_VERSIONS_MAX &&
		json_walk_next(&walk)) {
		int64_t number = 0, created = 0;

		json_to_integer(
			json_member(walk.value, STR("number")), &number);
		json_to_integer(
			json_member(walk.value, STR("created")), &created);
		err = add_version(type, (uint32_t)number, created,
			read_text(walk.value, "schema", scratch), why);
	}
	return err;
}

enum err
event_type_from_row(const struct object_row *row, const struct event_type **ret,
	struct buf *why)
{
	CLEANUP(arena_release) struct arena scratch = {0};
	struct event_type *type;
	struct event_type_facts facts = {.name = row->id};
	struct json_doc doc;
	struct json body;
	enum err err = json_read(row->body, &scratch, &doc, why);

	if (err)
		return err;
	body = json_root(&doc);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		*text_at(&facts, &texts[i]) =
			read_text(body, texts[i].name, &scratch);
	facts.is_resource =
		json_kind(json_member(body, STR("isResource"))) == JSON_TRUE;
	facts.is_deprecated =
		json_kind(json_member(body, STR("isDeprecated"))) == JSON_TRUE;
	if (event_type_validation_parse(
		    read_text(body, "validation", &scratch), &facts.validation))
		facts.validation = VALIDATION_OFF;
	type = event_type_new();
	copy_facts(type, &facts);
	type->workspace = row->workspace;
	type->generation = row->revision;
	type->created = row->created;
	type->updated = row->updated;
	type->created_by = arena_copy(
		&type->arena, read_text(body, "createdBy", &scratch));
	type->updated_by = arena_copy(
		&type->arena, read_text(body, "updatedBy", &scratch));
	err = read_versions(type, body, &scratch, why);
	if (err)
		event_type_unref(type);
	else
		*ret = type;
	return err;
}
