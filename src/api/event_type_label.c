/* What the catalog calls things. */
#include "api/event_types.h"
#include "base/digest.h"

struct uuid
event_type_id(struct str service_manager, struct str api_group, struct str name)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	uint8_t digest[DIGEST_SHA256_LEN];
	struct uuid id;

	buf_printf(&text, "grapnel/catalog\n%.*s\n%.*s\n%.*s",
		STR_ARG(service_manager), STR_ARG(api_group), STR_ARG(name));
	digest_sha256(buf_str(&text), digest);
	memcpy(id.bytes, digest, sizeof(id.bytes));
	/* RFC 9562 §5.8: version 8, of our own making. */
	id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0F) | 0x80);
	id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3F) | 0x80);
	return id;
}

struct event_type_label
event_type_label(struct event_types *types, uint32_t workspace, struct str name,
	struct arena *arena)
{
	const struct event_type *type =
		event_types_find(types, workspace, name);
	struct event_type_label label = {
		.friendly_name = name,
		.api_group = STR("Other"),
		.service_manager =
			event_type_id(STR("Registered"), STR(""), STR("")),
	};

	if (type == NULL)
		return label;
	label.is_known = true;
	label.friendly_name = arena_copy(arena, type->facts.friendly_name);
	label.description = arena_copy(arena, type->facts.description);
	label.api_group = arena_copy(arena, type->facts.api_group);
	label.service_manager =
		event_type_id(type->facts.service_manager, STR(""), STR(""));
	event_type_unref(type);
	return label;
}
