#include "flow/apps.h"
#include "flow/field.h"
#include "flow/xml.h"

/* XML: texts to bundles and back. */

enum { TEXT_MAX = 16 << 20 };

static const struct module_field parse_parameters[] = {{.name = "type"},
	{.name = "preserveNumbersAsText", .type = "boolean"}, {.name = NULL}};
static const struct module_field parse_mapper[] = {
	{.name = "xml", .type = "text", .is_required = true}, {.name = NULL}};
static const struct module_field create_parameters[] = {
	{.name = "type"}, {.name = NULL}};

static enum failure_kind
run_parse(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct xml_options options = {
		.reads_numbers = !field_flag(
			call->parameters, "preserveNumbersAsText", true)};
	struct value value;

	if (xml_read(field_text(call->input, "xml", call->arena), &options,
		    call->arena, &value, &why))
		return failure_set(failure, call->arena, FAILURE_DATA,
			"Source is not valid XML: %s", buf_text(&why));
	module_result_one(call, result, value);
	return FAILURE_NONE;
}

static enum failure_kind
run_create(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf text = buf_make(TEXT_MAX);
	CLEANUP(buf_release) struct buf why = {0};
	enum err err = xml_write(call->input, &text, &why);

	if (err)
		return failure_set(failure, call->arena,
			err == ERR_LIMIT ? FAILURE_DATA_SIZE_LIMIT
					 : FAILURE_DATA,
			"%s", buf_text(&why));
	module_result_one(call, result,
		field_one(call->arena, "xml",
			value_text(arena_copy(call->arena, buf_str(&text)))));
	return FAILURE_NONE;
}

const struct module_kind app_xml[] = {
	{.name = "xml:ParseXML",
		.nature = MODULE_PURE,
		.parameters = parse_parameters,
		.mapper = parse_mapper,
		.run = run_parse},
	{.name = "xml:CreateXML",
		.nature = MODULE_PURE,
		.parameters = create_parameters,
		.run = run_create},
	{.name = NULL},
};
