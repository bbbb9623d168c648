/* Browsing the catalog: service managers, their API groups, their types. */
#include "api/api.h"
#include "api/event_types.h"
#include "api/gl_call.h"
#include "api/subscription_routes.h"
#include "base/json_out.h"
#include "pipeline/hub.h"

enum { PAGE_MAX = 200 };

/* A row of a list: what it is called, and of what. */
struct row {
	struct uuid id;
	struct str name;
	struct str friendly_name; /* of types */
	const char *type;
	uint64_t generation;
	int64_t created;
	int64_t updated;
};

/* The rows found so far, each once. */
struct rows {
	struct row *rows;
	size_t count;
};

static void
add_row(struct rows *rows, const struct row *row)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct row *present = &rows->rows[i];

		if (!uuid_equal(present->id, row->id))
			continue;
		/* A group is as old as its oldest type. */
		if (row->created < present->created)
			present->created = row->created;
		if (row->updated > present->updated)
			present->updated = row->updated;
		return;
	}
	rows->rows[rows->count++] = *row;
}

static void
write_row(struct json_out *out, const struct row *row)
{
	json_out_object(out, NULL);
	json_out_uuid(out, "id", row->id);
	json_out_string(out, "name", row->name);
	if (row->friendly_name.len > 0)
		json_out_string(out, "friendlyName", row->friendly_name);
	json_out_text(out, "type", row->type);
	json_out_integer(out, "generation", (int64_t)row->generation);
	json_out_time(out, "createdAt", row->created);
	json_out_time(out, "updatedAt", row->updated);
	json_out_end(out);
}

/** The rows as texts of their own. */
static struct str *
write_rows(struct api_call *call, const struct rows *rows)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct str *items =
		arena_alloc_array(call->arena, rows->count, sizeof(*items));

	for (size_t i = 0; i < rows->count; i++) {
		struct json_out out = json_out_make(&text);

		buf_clear(&text);
		write_row(&out, &rows->rows[i]);
		items[i] = arena_copy(call->arena, buf_str(&text));
	}
	return items;
}

/* ---- what a type adds to each list; false: nothing ---- */

static struct uuid
manager_of(const struct event_type *type)
{
	return event_type_id(type->facts.service_manager, STR(""), STR(""));
}

static struct uuid
group_of(const struct event_type *type)
{
	return event_type_id(
		type->facts.service_manager, type->facts.api_group, STR(""));
}

static bool
make_manager(
	const struct event_type *type, const struct uuid *of, struct row *row)
{
	(void)of;
	row->id = manager_of(type);
	row->name = type->facts.service_manager;
	row->type = "events/service-manager";
	return true;
}

static bool
make_group(
	const struct event_type *type, const struct uuid *of, struct row *row)
{
	row->id = group_of(type);
	row->name = type->facts.api_group;
	row->type = "events/api-group";
	return uuid_equal(manager_of(type), *of);
}

static bool
make_event(
	const struct event_type *type, const struct uuid *of, struct row *row)
{
	row->id = event_type_id(type->facts.service_manager,
		type->facts.api_group, type->facts.name);
	row->name = type->facts.name;
	row->friendly_name = type->facts.friendly_name;
	row->type = "events/event";
	row->generation = type->generation;
	return uuid_equal(group_of(type), *of);
}

static void
browse(struct api_call *call, const char *missing,
	bool (*make)(const struct event_type *type, const struct uuid *of,
		struct row *row))
{
	const struct event_type **types;
	struct rows rows = {0};
	struct gl_page page;
	struct uuid of = {0};
	struct str *items;
	size_t count;

	if (!gl_page_read(call, PAGE_MAX, &page))
		return;
	if (missing && uuid_parse(call->parameters[0], &of))
		of = (struct uuid){0};
	types = event_types_list(call->api->hub->event_types,
		call->who.workspace, call->arena, &count);
	rows.rows = arena_alloc_array(call->arena, count, sizeof(*rows.rows));
	for (size_t i = 0; i < count; i++) {
		struct row row = {.generation = 1,
			.created = types[i]->created,
			.updated = types[i]->updated};

		if (make(types[i], &of, &row))
			add_row(&rows, &row);
	}
	items = write_rows(call, &rows);
	for (size_t i = 0; i < count; i++)
		event_type_unref(types[i]);
	/* One without anything in it is not there. */
	if (missing && rows.count == 0)
		api_refuse(call, 404, NULL, "%s not found", missing);
	else
		gl_page_respond(call, &page, items, rows.count);
}

static void
list_managers(struct api_call *call)
{
	browse(call, NULL, make_manager);
}

static void
list_groups(struct api_call *call)
{
	browse(call, "Service manager", make_group);
}

static void
list_events(struct api_call *call)
{
	browse(call, "API group", make_event);
}

const struct route api_gl_catalog_routes[] = {
	{"GET", GL_EVENTS_URI "/service-managers", API_GREENLAKE, ACCESS_VIEWER,
		BODY_NONE, false, false, list_managers},
	{"GET", GL_EVENTS_URI "/service-managers/{id}/api-groups",
		API_GREENLAKE, ACCESS_VIEWER, BODY_NONE, false, false,
		list_groups},
	{"GET", GL_EVENTS_URI "/api-groups/{id}/events", API_GREENLAKE,
		ACCESS_VIEWER, BODY_NONE, false, false, list_events},
};
const size_t api_gl_catalog_route_count = COUNT_OF(api_gl_catalog_routes);
