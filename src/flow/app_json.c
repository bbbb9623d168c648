#include "base/ascii.h"
#include "flow/apps.h"
#include "flow/field.h"
#include "flow/json_layout.h"

/* JSON: texts to bundles and back. */

enum { TEXT_MAX = 16 << 20 };

static const char *const spaces[] = {"", "tab", "2", "4", NULL};
static const struct module_field feeder[] = {
	{.name = "feeder", .is_required = true}, {.name = "type"},
	{.name = "space", .type = "text", .choices = spaces}, {.name = NULL}};
static const struct module_field parse_parameters[] = {
	{.name = "type"}, {.name = NULL}};
static const struct module_field parse_mapper[] = {
	{.name = "json", .type = "text", .is_required = true}, {.name = NULL}};
static const struct module_field create_parameters[] = {{.name = "type"},
	{.name = "space", .type = "text", .choices = spaces}, {.name = NULL}};
static const struct module_field transform_parameters[] = {
	{.name = "space", .type = "text", .choices = spaces}, {.name = NULL}};
static const struct module_field transform_mapper[] = {
	{.name = "object"}, {.name = NULL}};

/* ---- reading ---- */

/** A bundle is a collection: anything else stands under `value`. */
static struct value
bundle_of(const struct module_call *call, struct value value)
{
	return value.kind == VALUE_COLLECTION
		       ? value
		       : field_one(call->arena, "value", value);
}

static void
give_items(const struct module_call *call, struct module_result *result,
	struct value array)
{
	size_t count = array.as.array.count;
	struct value *bundles =
		arena_alloc_array(call->arena, count + 1, sizeof(*bundles));

	for (size_t i = 0; i < count; i++)
		bundles[i] = bundle_of(call, array.as.array.items[i]);
	*result = (struct module_result){
		.bundles = bundles, .count = count, .is_many = true};
}

static enum failure_kind
run_parse(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct str text = field_text(call->input, "json", call->arena);
	struct value value;
	struct json_doc doc;

	if (json_read(text, call->arena, &doc, &why))
		return failure_set(failure, call->arena, FAILURE_DATA,
			"Source is not valid JSON: %s", buf_text(&why));
	if (value_from_json(
		    json_root(&doc), VALUE_JSON_PLAIN, call->arena, &value))
		return failure_set(failure, call->arena, FAILURE_DATA,
			"Source is nested over %d levels deep",
			VALUE_HEIGHT_MAX);
	if (value.kind == VALUE_ARRAY)
		give_items(call, result, value);
	else
		module_result_one(call, result, bundle_of(call, value));
	return FAILURE_NONE;
}

/* ---- writing ---- */

static enum failure_kind
write_json(const struct module_call *call, struct value value,
	struct module_result *result, struct failure *failure)
{
	CLEANUP(buf_release) struct buf text = buf_make(TEXT_MAX);

	if (json_layout_append(&text, value,
		    field_text(call->parameters, "space", call->arena)))
		return failure_set(failure, call->arena,
			FAILURE_DATA_SIZE_LIMIT, "the JSON is over %d MiB",
			TEXT_MAX >> 20);
	module_result_one(call, result,
		field_one(call->arena, "json",
			value_text(arena_copy(call->arena, buf_str(&text)))));
	return FAILURE_NONE;
}

static enum failure_kind
run_create(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct value value = call->input;

	if (value_is_empty(value))
		value = value_collection(NULL, 0);
	return write_json(call, value, result, failure);
}

static enum failure_kind
run_transform(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	return write_json(call, value_member(call->input, STR("object")),
		result, failure);
}

const struct module_kind app_json[] = {
	{.name = "json:ParseJSON",
		.nature = MODULE_PURE,
		.parameters = parse_parameters,
		.mapper = parse_mapper,
		.run = run_parse},
	{.name = "json:CreateJSON",
		.nature = MODULE_PURE,
		.parameters = create_parameters,
		.run = run_create},
	{.name = "json:TransformToJSON",
		.nature = MODULE_PURE,
		.parameters = transform_parameters,
		.mapper = transform_mapper,
		.run = run_transform},
	{.name = "json:AggregateToJSON",
		.nature = MODULE_CONTROL,
		.parameters = feeder,
		.is_aggregator = true},
	{.name = NULL},
};
