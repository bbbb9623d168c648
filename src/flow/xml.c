#include "flow/xml.h"

#include <libxml/xmlreader.h>
#include <pthread.h>
#include <stdlib.h>

/* Reading. The texts of elements under way and their finished children wait
   on two stacks; an element that ends takes its own off and leaves one. */

struct child {
	struct str name;
	struct value value;
	size_t order;
};

struct frame {
	struct str name;
	struct value attributes; /* or empty */
	struct buf text;
	size_t first; /* its children in `children` */
};

struct reading {
	const struct xml_options *options;
	struct arena *arena;
	xmlTextReader *reader;
	struct frame frames[XML_DEPTH_MAX];
	size_t depth;
	struct child *children;
	size_t count;
	size_t cap;
	size_t elements;
	enum err err;
	struct buf *why;
};

static void
start_library(void)
{
	xmlInitParser();
}

bool
xml_is_own(struct str name)
{
	return str_equal(name, STR("_attributes")) ||
	       str_equal(name, STR("_value"));
}

static bool
refuse(struct reading *reading, enum err err, const char *what)
{
	if (reading->err)
		return false;
	reading->err = err;
	buf_printf(reading->why, "line %d: %s",
		xmlTextReaderGetParserLineNumber(reading->reader), what);
	return false;
}

/** What libxml2 gives is UTF-8, but for some overlong forms in CDATA. */
static struct str
text_of(struct reading *reading, const xmlChar *text)
{
	struct str known = str_of((const char *)text);

	if (str_is_utf8(known))
		return known;
	refuse(reading, ERR_INVALID, "this is not UTF-8");
	return STR("");
}

/** libxml2's complaint; the first counts. Warnings and prefixes that stand for
    no namespace do not. */
static void
on_error(void *context, xmlErrorPtr error)
{
	struct reading *reading = context;

	if (reading->err || error->level < XML_ERR_ERROR ||
		error->domain == XML_FROM_NAMESPACE)
		return;
	reading->err = ERR_INVALID;
	buf_printf(reading->why, "line %d: %.*s", error->line,
		STR_ARG(str_trim(str_of(error->message))));
}

/* ---- elements ---- */

static void
push_child(struct reading *reading, struct str name, struct value value)
{
	if (reading->count == reading->cap) {
		size_t cap = reading->cap ? reading->cap * 2 : 64;
		struct child *children = arena_alloc_array(
			reading->arena, cap, sizeof(*children));

		if (reading->count)
			memcpy(children, reading->children,
				reading->count * sizeof(*children));
		reading->children = children;
		reading->cap = cap;
	}
	reading->children[reading->count] = (struct child){
		.name = name, .value = value, .order = reading->count};
	reading->count++;
}

static int
by_order(const void *a, const void *b)
{
	const struct child *left = a, *right = b;

	return (left->order > right->order) - (left->order < right->order);
}

static int
by_name(const void *a, const void *b)
{
	const struct child *left = a, *right = b;
	int order = str_compare(left->name, right->name);

	return order ? order : by_order(a, b);
}

/** Children of one name become one with an array; gives how many are left. */
static size_t
group(struct child *children, size_t count, struct arena *arena)
{
	size_t groups = 0;

	if (count == 0)
		return 0;
	qsort(children, count, sizeof(*children), by_name);
	for (size_t at = 0; at < count;) {
		struct child first = children[at];
		struct value_builder items = value_builder_make(arena);

		for (; at < count && str_equal(children[at].name, first.name);
			at++)
			value_builder_add(&items, children[at].value);
		first.value = value_builder_array(&items);
		children[groups++] = first;
	}
	qsort(children, groups, sizeof(*children), by_order);
	return groups;
}

/** "7", but not "007" or "7.0": what is written back the same. */
static struct value
text_value(const struct reading *reading, struct str text)
{
	CLEANUP(buf_release) struct buf again = {0};
	struct value value = value_text(text);
	double number;

	if (!reading->options->reads_numbers ||
		!value_to_number(value, &number))
		return value;
	value_append_number(&again, number);
	return str_equal(buf_str(&again), text) ? value_number(number) : value;
}

static struct value
element_value(struct reading *reading, struct frame *frame)
{
	struct value_builder builder = value_builder_make(reading->arena);
	struct child *children =
		reading->count ? reading->children + frame->first : NULL;
	size_t count =
		group(children, reading->count - frame->first, reading->arena);
	struct str text = str_trim(buf_str(&frame->text));

	if (!value_is_empty(frame->attributes))
		value_builder_set(
			&builder, STR("_attributes"), frame->attributes);
	if (text.len)
		value_builder_set(&builder, STR("_value"),
			text_value(reading, arena_copy(reading->arena, text)));
	for (size_t i = 0; i < count; i++)
		value_builder_set(
			&builder, children[i].name, children[i].value);
	return value_builder_collection(&builder);
}

static bool
end_element(struct reading *reading)
{
	struct frame *frame = &reading->frames[--reading->depth];
	struct value value = element_value(reading, frame);

	buf_release(&frame->text);
	reading->count = frame->first;
	push_child(reading, frame->name, value);
	return true;
}

static struct value
read_attributes(struct reading *reading)
{
	struct value_builder builder = value_builder_make(reading->arena);

	while (xmlTextReaderMoveToNextAttribute(reading->reader) == 1) {
		struct str name = text_of(
			reading, xmlTextReaderConstName(reading->reader));
		struct str value = text_of(
			reading, xmlTextReaderConstValue(reading->reader));

		value_builder_set(&builder, arena_copy(reading->arena, name),
			value_text(arena_copy(reading->arena, value)));
	}
	xmlTextReaderMoveToElement(reading->reader);
	return builder.count ? value_builder_collection(&builder)
			     : value_empty();
}

static bool
start_element(struct reading *reading)
{
	struct str name =
		text_of(reading, xmlTextReaderConstName(reading->reader));
	bool is_empty = xmlTextReaderIsEmptyElement(reading->reader) == 1;
	struct frame *frame = &reading->frames[reading->depth];

	if (xml_is_own(name))
		return refuse(reading, ERR_INVALID,
			"elements _attributes and _value cannot be told from "
			"the attributes and the text of the one around them");
	if (reading->depth == XML_DEPTH_MAX)
		return refuse(
			reading, ERR_LIMIT, "elements are nested over 80 deep");
	if (reading->elements++ == XML_ELEMENTS_MAX)
		return refuse(reading, ERR_LIMIT, "over 100000 elements");
	*frame = (struct frame){.name = arena_copy(reading->arena, name),
		.first = reading->count};
	reading->depth++;
	frame->attributes = read_attributes(reading);
	return is_empty ? end_element(reading) : true;
}

static bool
take_node(struct reading *reading)
{
	switch (xmlTextReaderNodeType(reading->reader)) {
	case XML_READER_TYPE_ELEMENT: return start_element(reading);
	case XML_READER_TYPE_END_ELEMENT: return end_element(reading);
	case XML_READER_TYPE_TEXT:
	case XML_READER_TYPE_CDATA:
	case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
		buf_append(&reading->frames[reading->depth - 1].text,
			text_of(reading,
				xmlTextReaderConstValue(reading->reader)));
		return true;
	case XML_READER_TYPE_DOCUMENT_TYPE:
	case XML_READER_TYPE_ENTITY_REFERENCE:
		return refuse(reading, ERR_INVALID,
			"a document type and its entities are not read");
	default: return true;
	}
}

static void
read_nodes(struct reading *reading)
{
	int more;

	do {
		more = xmlTextReaderRead(reading->reader);
	} while (more == 1 && !reading->err && take_node(reading));
	if (more < 0)
		refuse(reading, ERR_INVALID, "this is not XML");
}

enum err
xml_read(struct str text, const struct xml_options *options,
	struct arena *arena, struct value *ret, struct buf *why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct reading reading = {
		.options = options, .arena = arena, .why = why};

	if (text.len > XML_TEXT_MAX) {
		buf_printf(why, "the text is over %d MiB", XML_TEXT_MAX >> 20);
		return ERR_LIMIT;
	}
	pthread_once(&once, start_library);
	reading.reader = xmlReaderForMemory(text.ptr ? text.ptr : "",
		(int)text.len, NULL, NULL,
		XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_NOBLANKS);
	if (reading.reader == NULL) {
		buf_append(why, STR("line 1: this is not XML"));
		return ERR_INVALID;
	}
	xmlTextReaderSetStructuredErrorHandler(
		reading.reader, on_error, &reading);
	read_nodes(&reading);
	if (!reading.err && (reading.depth || reading.count != 1))
		refuse(&reading, ERR_INVALID, "expected an element");
	xmlFreeTextReader(reading.reader);
	while (reading.depth)
		buf_release(&reading.frames[--reading.depth].text);
	if (!reading.err) {
		struct value_builder root = value_builder_make(arena);

		value_builder_set(&root, reading.children[0].name,
			reading.children[0].value);
		*ret = value_builder_collection(&root);
	}
	return reading.err;
}
