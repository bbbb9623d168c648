/* /v1/resources: the states of things. */
#include "api/publish.h"
#include "pipeline/hub.h"

enum { TYPE_MAX = 256, ID_MAX = 1024 };

/** NULL, or what is wrong with a resource's type and id. */
static const char *
find_fault(struct str type, struct str id)
{
	if (str_is_empty(type) || type.len > TYPE_MAX ||
		str_has_control(type) || !str_is_utf8(type))
		return "type: expected 1 to 256 bytes of text without control "
		       "characters";
	if (str_is_empty(id) || id.len > ID_MAX || str_has_control(id) ||
		!str_is_utf8(id))
		return "id: expected 1 to 1024 bytes of text without control "
		       "characters";
	return NULL;
}

/** Checks {type} and {id} of the path; answers when they are no good. */
static bool
accept_path(struct api_call *call)
{
	const char *fault =
		find_fault(call->parameters[0], call->parameters[1]);

	if (fault)
		api_refuse(call, 400, NULL, "%s", fault);
	return fault == NULL;
}

void
publish_put_resource(struct api_call *call)
{
	struct publication *publication;
	struct publication_item *item;

	if (!accept_path(call))
		return;
	if (json_kind(call->json) != JSON_OBJECT) {
		api_refuse(call, 400, NULL,
			"expected the resource's state as an object, found %s",
			json_kind_name(json_kind(call->json)));
		return;
	}
	publication = publish_new(call, 1);
	item = &publication->items[0];
	item->kind = PUBLISH_STATE;
	item->type = call->parameters[0];
	item->id = call->parameters[1];
	item->body = http_call_body(call->http);
	item->json = call->json;
	item->ahead = call->ahead;
	publish_single(publication);
}

void
publish_delete_resource(struct api_call *call)
{
	struct publication *publication;
	struct publication_item *item;

	if (!accept_path(call))
		return;
	publication = publish_new(call, 1);
	item = &publication->items[0];
	item->kind = PUBLISH_DELETE;
	item->type = call->parameters[0];
	item->id = call->parameters[1];
	publish_single(publication);
}

void
publish_get_resource(struct api_call *call)
{
	struct str state;
	enum err err;

	if (!accept_path(call))
		return;
	err = ingest_resource(call->api->hub->ingest, call->who.workspace,
		call->parameters[0], call->parameters[1], call->arena, &state);
	if (err == ERR_NOT_FOUND)
		api_refuse(call, 404, NULL,
			"no resource \"%.*s\" of type \"%.*s\"",
			STR_ARG(call->parameters[1]),
			STR_ARG(call->parameters[0]));
	else if (err)
		api_refuse(call, 503, NULL, "the store cannot be read");
	else
		http_call_respond(call->http, 200, "application/json", state);
}

/* ---- many at once ---- */

enum member { MEMBER_TYPE, MEMBER_ID, MEMBER_STATE, MEMBER_DELETED, MEMBERS };

static const struct str member_names[MEMBERS] = {
	[MEMBER_TYPE] = STR_INIT("type"),
	[MEMBER_ID] = STR_INIT("id"),
	[MEMBER_STATE] = STR_INIT("state"),
	[MEMBER_DELETED] = STR_INIT("deleted"),
};

/** The members of a line, each at most once looked for; false with why. */
static bool
find_members(struct json line, struct json found[MEMBERS], struct buf *why)
{
	struct json_walk walk = json_walk(line);

	if (json_kind(line) != JSON_OBJECT) {
		buf_printf(why, "expected an object, found %s",
			json_kind_name(json_kind(line)));
		return false;
	}
	while (json_walk_next(&walk)) {
		size_t i = 0;

		while (i < MEMBERS &&
			!json_string_equal(walk.key, member_names[i]))
			i++;
		if (i == MEMBERS) {
			buf_printf(why,
				"member \"%.*s\" is not known, expected type, "
				"id and state (or deleted)",
				STR_ARG(str_head(
					json_raw_string(walk.key), 64)));
			return false;
		}
		found[i] = walk.value; /* the last one counts */
	}
	return true;
}

/** Reads one line into an item; false with why. */
static bool
read_item(struct api_call *call, struct json line,
	struct publication_item *item, struct buf *why)
{
	struct json found[MEMBERS] = {{NULL, 0}};
	const char *fault;
	bool is_deleted;

	if (!find_members(line, found, why))
		return false;
	is_deleted = json_kind(found[MEMBER_DELETED]) == JSON_TRUE;
	item->kind = is_deleted ? PUBLISH_DELETE : PUBLISH_STATE;
	item->type = json_string(found[MEMBER_TYPE], call->arena);
	item->id = json_string(found[MEMBER_ID], call->arena);
	item->json = found[MEMBER_STATE];
	item->body = json_raw(item->json);
	fault = find_fault(item->type, item->id);
	if (fault == NULL && !is_deleted &&
		json_kind(item->json) != JSON_OBJECT)
		fault = "state: expected an object";
	if (fault)
		buf_append(why, str_of(fault));
	return fault == NULL;
}

void
publish_resources(struct api_call *call)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct publication *publication;
	struct publish_line *lines;
	size_t count;

	if (!publish_read_list(call, "resources", &lines, &count))
		return;
	publication = publish_new(call, count);
	for (size_t i = 0; i < count; i++) {
		if (read_item(
			    call, lines[i].value, &publication->items[i], &why))
			continue;
		publish_refuse_item(call, lines[i].number, buf_str(&why));
		return;
	}
	publish_many(publication);
}
