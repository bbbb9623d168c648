#include "flow/http_body.h"

#include "base/encode.h"
#include "flow/field.h"
#include "flow/multipart.h"

enum { BODY_MAX = 16 << 20 };

static struct str
field_name(const struct module_call *call, struct value field)
{
	struct str name = field_text(field, "key", call->arena);

	return name.len ? name : field_text(field, "name", call->arena);
}

static enum failure_kind
refuse_long(const struct module_call *call, struct failure *failure)
{
	return failure_set(failure, call->arena, FAILURE_DATA_SIZE_LIMIT,
		"the body is over %d MiB", BODY_MAX >> 20);
}

static enum failure_kind
finish(const struct module_call *call, const struct buf *out, struct str *ret,
	struct failure *failure)
{
	if (buf_is_overflown(out))
		return refuse_long(call, failure);
	*ret = arena_copy(call->arena, buf_str(out));
	return FAILURE_NONE;
}

enum failure_kind
http_body_form(const struct module_call *call, struct value fields,
	struct http_body *ret, struct failure *failure)
{
	CLEANUP(buf_release) struct buf out = buf_make(BODY_MAX);

	for (size_t i = 0; i < fields.as.array.count; i++) {
		struct value field = fields.as.array.items[i];

		if (i)
			buf_append_char(&out, '&');
		encode_percent(&out, field_name(call, field));
		buf_append_char(&out, '=');
		encode_percent(&out, field_text(field, "value", call->arena));
	}
	ret->type = STR("application/x-www-form-urlencoded");
	return finish(call, &out, &ret->bytes, failure);
}

/** Bytes or text of a part. */
static enum failure_kind
part_data(const struct module_call *call, struct value field, size_t number,
	struct str *ret, struct failure *failure)
{
	struct value data = value_member(field, STR("data"));

	if (value_is_empty(data))
		data = value_member(field, STR("value"));
	if (data.kind == VALUE_BUFFER) {
		*ret = data.as.text;
		return FAILURE_NONE;
	}
	if (!value_to_text(data, call->arena, ret))
		return FAILURE_NONE;
	return failure_set(failure, call->arena, FAILURE_DATA,
		"field %zu: a %s cannot be sent", number,
		value_kind_name(data));
}

static enum failure_kind
append_part(const struct module_call *call, struct value field, size_t number,
	struct str boundary, struct buf *out, struct failure *failure)
{
	struct multipart_part part = {.name = field_name(call, field),
		.filename = field_text(field, "fileName", call->arena),
		.mime = field_text(field, "contentType", call->arena)};
	enum failure_kind kind =
		part_data(call, field, number, &part.data, failure);

	if (kind)
		return kind;
	part.is_file = part.filename.len > 0 ||
		       str_equal(field_text(field, "fieldType", call->arena),
			       STR("file"));
	if (part.is_file && part.mime.len == 0)
		part.mime = STR("application/octet-stream");
	multipart_append(out, boundary, &part);
	return FAILURE_NONE;
}

enum failure_kind
http_body_multipart(const struct module_call *call, struct value fields,
	struct http_body *ret, struct failure *failure)
{
	CLEANUP(buf_release) struct buf out = buf_make(BODY_MAX);
	struct str boundary = multipart_new_boundary(call->arena);
	enum failure_kind kind = FAILURE_NONE;

	for (size_t i = 0; i < fields.as.array.count && !kind; i++)
		kind = append_part(call, fields.as.array.items[i], i + 1,
			boundary, &out, failure);
	if (kind)
		return kind;
	multipart_end(&out, boundary);
	ret->type = arena_printf(call->arena,
		"multipart/form-data; boundary=%.*s", STR_ARG(boundary));
	return finish(call, &out, &ret->bytes, failure);
}

enum failure_kind
http_body_raw(const struct module_call *call, struct value value,
	struct str *ret, struct failure *failure)
{
	CLEANUP(buf_release) struct buf out = buf_make(BODY_MAX);

	*ret = STR("");
	if (value.kind == VALUE_BUFFER || value.kind == VALUE_TEXT) {
		*ret = value.as.text;
		return ret->len > BODY_MAX ? refuse_long(call, failure)
					   : FAILURE_NONE;
	}
	if (value.kind == VALUE_ARRAY || value.kind == VALUE_COLLECTION)
		value_append_json(&out, value, VALUE_JSON_PLAIN);
	else
		(void)!value_append_text(&out, value);
	return finish(call, &out, ret, failure);
}
