#pragma once
#include "base/json.h"

/*
 * What the values of CloudEvents attributes may look like (CloudEvents 1.0.2
 * §2.1 and the standards it names). Pure; for cloudevents.c.
 */

/** An attribute's name: a-z and 0-9, at least one. */
bool cloudevents_is_name(struct str name);

/**
 * The String type: well-formed UTF-8 without control characters (U+0000 to
 * U+001F, U+007F to U+009F) and noncharacters.
 */
bool cloudevents_is_clean(struct str text);

/** An absolute URI (RFC 3986 §3): a scheme, and only characters of URIs. */
bool cloudevents_is_uri(struct str text);

/**
 * RFC 3986 §4.1: a URI, or a relative reference, which has no colon in its
 * first segment.
 */
bool cloudevents_is_uri_reference(struct str text);

/** type "/" subtype; what follows a ';' is not looked into. */
bool cloudevents_is_media_type(struct str text);

/** Whether a media type announces JSON: "x/json" or "x/y+json". */
bool cloudevents_is_json_type(struct str text);

/** Whether a \uD800 to \uDFFF in a JSON string is without its partner. */
bool cloudevents_has_lone_surrogate(struct json string);
