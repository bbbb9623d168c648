#pragma once
#include "rule/value.h"

/*
 * Values of fields as Notion's API wants the properties of a page. Pure.
 *
 * A field is named by the property's id (percent-encoded or not) or its name.
 * `schema` is `properties` of the database: {name: {"id", "type", …}}.
 *
 *   title, rich_text   text, cut into pieces that Notion takes
 *   number             a number
 *   select, status     the option's name
 *   multi_select       an array of names, or a text with commas
 *   date               a date, or {start, end, includeTime, time_zone}
 *   checkbox           a boolean
 *   url, email, phone_number
 *   people, relation   an array of ids, or a text with commas
 *   files              an array of addresses, or a text with commas
 *
 * A collection that has the type's own member ({"select": {…}}) is taken as it
 * is. An empty value is left out; the keyword `erase` empties the property.
 */

/** ERR_INVALID with a sentence that begins with the field's name. */
enum err notion_properties(struct value schema, struct value fields,
	const struct zone *zone, struct arena *arena, struct value *ret,
	struct buf *why) MUST_USE;
