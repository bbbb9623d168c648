#include "flow/multipart.h"

#include "base/encode.h"
#include "base/random.h"

struct str
multipart_new_boundary(struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0};
	char bytes[16];

	random_bytes(bytes, sizeof(bytes));
	buf_append(&text, STR("grapnel-"));
	encode_hex(&text, str_make(bytes, sizeof(bytes)));
	return arena_copy(arena, buf_str(&text));
}

static void
append_name(struct buf *out, struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		switch (name.ptr[i]) {
		case '"': buf_append(out, STR("%22")); break;
		case '\r': buf_append(out, STR("%0D")); break;
		case '\n': buf_append(out, STR("%0A")); break;
		default: buf_append_char(out, name.ptr[i]); break;
		}
	}
}

void
multipart_append(
	struct buf *out, struct str boundary, const struct multipart_part *part)
{
	buf_printf(out, "--%.*s\r\nContent-Disposition: form-data; name=\"",
		STR_ARG(boundary));
	append_name(out, part->name);
	if (part->is_file) {
		buf_append(out, STR("\"; filename=\""));
		append_name(out, part->filename);
	}
	buf_append(out, STR("\"\r\n"));
	if (part->mime.len && !str_has_control(part->mime))
		buf_printf(out, "Content-Type: %.*s\r\n", STR_ARG(part->mime));
	buf_append(out, STR("\r\n"));
	buf_append(out, part->data);
	buf_append(out, STR("\r\n"));
}

void
multipart_end(struct buf *out, struct str boundary)
{
	buf_printf(out, "--%.*s--\r\n", STR_ARG(boundary));
}
