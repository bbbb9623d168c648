/* What the catalog has to say about an event that comes in. */
#include <stdatomic.h>

#include "base/json_out.h"
#include "pipeline/event_types.h"
#include "pipeline/ingest_work.h"

/* ---- attributes ---- */

struct addition {
	const char *name;
	struct str text; /* empty: nothing to add */
	bool is_true;	 /* the Boolean instead of a text */
};

/** Adds what is not there yet to the event's further attributes. */
static void
add_attributes(
	struct ingest_work *work, const struct addition *rows, size_t count)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct json_doc doc = {0};
	struct json present = {NULL, 0};
	struct json_walk walk;
	struct json_out out = json_out_make(&text);
	bool is_changed = false;

	if (work->event.attributes.len > 2 &&
		json_read(work->event.attributes, work->arena, &doc, NULL) ==
			ERR_OK)
		present = json_root(&doc);
	json_out_object(&out, NULL);
	walk = json_walk(present);
	while (json_walk_next(&walk)) {
		json_out_key(&out, json_string(walk.key, work->arena));
		json_out_raw(&out, NULL, json_raw(walk.value));
	}
	for (size_t i = 0; i < count; i++) {
		struct str name = str_of(rows[i].name);

		if ((rows[i].text.len == 0 && !rows[i].is_true) ||
			!json_is_missing(json_member(present, name)))
			continue;
		is_changed = true;
		if (rows[i].is_true)
			json_out_boolean(&out, rows[i].name, true);
		else
			json_out_string(&out, rows[i].name, rows[i].text);
	}
	json_out_end(&out);
	if (is_changed)
		work->event.attributes =
			arena_copy(work->arena, buf_str(&text));
}

static void
add_of_type(struct ingest_work *work, const struct event_type_facts *facts)
{
	bool is_deprecated = facts->is_deprecated;
	const struct addition rows[] = {
		{"dataschema", facts->dataschema, false},
		{"deprecated", STR(""), is_deprecated},
		{"deprecationfrom",
			is_deprecated ? facts->deprecated_from : STR(""),
			false},
		{"deprecationsunset", is_deprecated ? facts->sunset : STR(""),
			false},
		{"deprecationmigration",
			is_deprecated ? facts->migration : STR(""), false},
	};

	if (work->item->kind == PUBLISH_EVENT &&
		(is_deprecated || facts->dataschema.len > 0))
		add_attributes(work, rows, COUNT_OF(rows));
}

void
ingest_add_trace(struct ingest_work *work)
{
	const struct trace_context *trace = &work->publication->trace;
	const struct addition rows[] = {
		{"traceparent", trace->parent, false},
		{"tracestate", trace->state, false},
	};

	/* An event that has a trace of its own keeps it as it is. */
	if (trace->parent.len == 0 ||
		str_find(work->event.attributes, STR("\"traceparent\"")) !=
			SIZE_MAX)
		return;
	add_attributes(work, rows, COUNT_OF(rows));
}

/* ---- the schema ---- */

/** "…/versions/3/schema": the event says which version it is of. */
static const struct event_type_version *
version_of(const struct ingest_work *work, const struct event_type *type)
{
	struct str uri = work->item->kind == PUBLISH_EVENT
				 ? work->item->cloudevent.dataschema
				 : STR("");
	const struct str end = STR("/schema");
	const struct event_type_version *version = NULL;
	uint64_t number;
	size_t at;

	if (str_ends_with(uri, end)) {
		uri = str_head(uri, uri.len - end.len);
		at = str_find(uri, STR("/versions/"));
		if (at != SIZE_MAX &&
			str_to_u64(str_skip(uri, at + 10), &number) == ERR_OK &&
			number <= UINT32_MAX)
			version = event_type_version_at(type, (uint32_t)number);
	}
	return version ? version : event_type_version(type);
}

static bool
is_as_said(const struct ingest_work *work,
	const struct event_type_version *version, struct buf *why)
{
	bool is_event = work->event.form == EVENT_DATA;
	const char *name = is_event ? "data" : "state";

	if (is_event && json_is_missing(work->new_state)) {
		buf_append(why, STR("data: expected JSON as the event type's "
				    "schema has it, found none"));
		return false;
	}
	return json_schema_check(
		version->compiled, work->new_state, name, work->arena, why);
}

/** False: refused. */
static bool
hold_against_schema(struct ingest_work *work, const struct event_type *type)
{
	CLEANUP(buf_release) struct buf why = buf_make(4096);
	const struct event_type_version *version = version_of(work, type);
	bool is_warning = type->facts.validation == VALIDATION_WARN;

	if (version == NULL || type->facts.validation == VALIDATION_OFF ||
		work->event.operation == OPERATION_DELETED)
		return true;
	if (is_as_said(work, version, &why))
		return true;
	atomic_fetch_add_explicit(is_warning ? &work->ingest->schema_warnings
					     : &work->ingest->schema_refusals,
		1, memory_order_relaxed);
	if (is_warning) {
		work->item->warning =
			arena_copy(work->publication->arena, buf_str(&why));
		return true;
	}
	work->item->because = PUBLISH_SCHEMA;
	ingest_work_refuse(work, ERR_INVALID, "%s", buf_text(&why));
	return false;
}

bool
ingest_hold_type(struct ingest_work *work)
{
	const struct event_type *type =
		event_types_find_registered(work->ingest->options.event_types,
			work->event.workspace, work->event.type);
	bool is_good;

	if (type == NULL)
		return true;
	is_good = hold_against_schema(work, type);
	if (is_good)
		add_of_type(work, &type->facts);
	event_type_unref(type);
	return is_good;
}

bool
ingest_is_resource_type(
	struct ingest *ingest, uint32_t workspace, struct str canonical_type)
{
	const struct catalog_type *builtin =
		catalog_find(catalog_builtin(), canonical_type);
	const struct event_type *type;
	bool is_resource;

	if (builtin)
		return builtin->is_resource;
	type = event_types_find_registered(
		ingest->options.event_types, workspace, canonical_type);
	is_resource = type && type->facts.is_resource;
	event_type_unref(type);
	return is_resource;
}
