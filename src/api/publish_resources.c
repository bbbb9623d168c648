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

static const char *const members[] = {"type", "id", "state", "deleted"};

static bool
is_known_member(struct json key)
{
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		if (json_string_equal(key, str_of(members[i])))
			return true;
	}
	return false;
}

/** Reads one line into an item; false with why. */
static bool
read_item(struct api_call *call, struct json line,
	struct publication_item *item, struct buf *why)
{
	struct json_walk walk = json_walk(line);
	bool is_deleted =
		json_kind(json_member(line, STR("deleted"))) == JSON_TRUE;
	const char *fault;

	if (json_kind(line) != JSON_OBJECT) {
		buf_printf(why, "expected an object, found %s",
			json_kind_name(json_kind(line)));
		return false;
	}
	while (json_walk_next(&walk)) {
		if (!is_known_member(walk.key)) {
			buf_printf(why,
				"member \"%.*s\" is not known, expected type, "
				"id and state (or deleted)",
				STR_ARG(str_head(
					json_raw_string(walk.key), 64)));
			return false;
		}
	}
	item->kind = is_deleted ? PUBLISH_DELETE : PUBLISH_STATE;
	item->type = json_string(json_member(line, STR("type")), call->arena);
	item->id = json_string(json_member(line, STR("id")), call->arena);
	item->json = json_member(line, STR("state"));
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
		api_refuse(call, 400, NULL, "line %zu: %s", lines[i].number,
			buf_text(&why));
		return;
	}
	publish_many(publication);
}
