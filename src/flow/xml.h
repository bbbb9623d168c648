#pragma once
#include "rule/value.h"

/*
 * XML texts as values and back (read by libxml2, docs/decisions). The root is
 * a member; below it each name of an element has an array of what stands
 * there, in the order of the names' first appearance:
 *
 *   <a x="1">t<b>2</b><b/></a>
 *   {"a":{"_attributes":{"x":"1"},"_value":"t","b":[{"_value":"2"},{}]}}
 *
 * Prefixes of namespaces stay in the names; comments and processing
 * instructions go. Nothing is fetched and no entity is expanded: a document
 * type is refused, and so is an element that is named like one of the two.
 */
enum {
	XML_TEXT_MAX = 5 << 20,
	XML_DEPTH_MAX = 80,
	XML_ELEMENTS_MAX = 100 * 1000,
};

struct xml_options {
	bool reads_numbers; /* a `_value` that is written as a number is one */
};

/**
 * ERR_INVALID with "line 3: …" when it is not well-formed, ERR_LIMIT beyond
 * the limits above, with a sentence. The value is in `arena`.
 */
enum err xml_read(struct str text, const struct xml_options *options,
	struct arena *arena, struct value *ret, struct buf *why) MUST_USE;

/** Whether a member is the attributes or the text, and no element. */
bool xml_is_own(struct str name);

/**
 * Appends a document with its declaration. A collection of one member is the
 * root with its content; any other stands in <root>. ERR_INVALID with a
 * sentence for names that cannot be elements' and values that have no text;
 * ERR_LIMIT when it is too long or too deep.
 */
enum err xml_write(struct value value, struct buf *out, struct buf *why)
	MUST_USE;
