#include "rule/filter_event.h"

#include "rule/catalog.h"

struct filter_event
filter_event_read(struct json event, struct arena *arena)
{
	struct str type = json_string(json_member(event, STR("type")), arena);
	struct str operation =
		json_string(json_member(event, STR("operation")), arena);

	return (struct filter_event){
		.type = catalog_canonical(type, arena),
		.operation = operation,
		.new_state = json_member(event, STR("new")),
		.old_state = json_member(event, STR("old")),
		.attributes = event,
	};
}

enum err
filter_event_check(struct json event, struct buf *why)
{
	struct json type = json_member(event, STR("type"));
	struct json operation = json_member(event, STR("operation"));
	enum operation parsed;

	if (json_kind(event) != JSON_OBJECT) {
		buf_printf(why, "event: expected an object, found %s",
			json_kind_name(json_kind(event)));
		return ERR_INVALID;
	}
	if (json_kind(type) != JSON_STRING) {
		buf_printf(why, "event.type: expected a string, found %s",
			json_kind_name(json_kind(type)));
		return ERR_INVALID;
	}
	if (json_kind(operation) <= JSON_NULL)
		return ERR_OK;
	if (json_kind(operation) != JSON_STRING ||
		operation_parse(json_raw_string(operation), &parsed)) {
		buf_append(why, STR("event.operation: expected \"Created\", "
				    "\"Updated\" or \"Deleted\""));
		return ERR_INVALID;
	}
	return ERR_OK;
}
