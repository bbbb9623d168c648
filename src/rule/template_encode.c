#include "base/ascii.h"
#include "base/encode.h"
#include "base/hash.h"
#include "rule/filter_text.h"
#include "rule/template_text.h"

/* Bytes and texts in all their codes: the second half of the text group. */

/* ---- codes by name ---- */

static bool
write_hex(struct buf *out, struct str bytes)
{
	encode_hex(out, bytes);
	return true;
}

static bool
write_base64(struct buf *out, struct str bytes)
{
	encode_base64(out, bytes);
	return true;
}

static bool
write_latin1(struct buf *out, struct str bytes)
{
	return !value_append_text(out, value_buffer(bytes, VALUE_LATIN1));
}

static bool
write_utf8(struct buf *out, struct str bytes)
{
	return !value_append_text(out, value_buffer(bytes, VALUE_UTF8));
}

static bool
read_hex(struct buf *out, struct str text)
{
	char *at = buf_reserve(out, text.len / 2 + 1);

	if (at == NULL || encode_hex_read(text, (uint8_t *)at, text.len / 2))
		return false;
	buf_filled(out, text.len / 2);
	return true;
}

static bool
read_base64(struct buf *out, struct str text)
{
	return !encode_base64_read(str_trim(text), out);
}

/** A character a byte; what has no byte becomes a question mark. */
static bool
read_latin1(struct buf *out, struct str text)
{
	while (text.len) {
		uint32_t c;

		text = str_skip(text, filter_text_decode(text, &c));
		buf_append_char(out, c < 0x100 ? (char)c : '?');
	}
	return true;
}

static bool
read_utf8(struct buf *out, struct str text)
{
	buf_append(out, text);
	return true;
}

struct code {
	const char *name;
	bool (*write)(struct buf *out, struct str bytes); /* bytes as text */
	bool (*read)(struct buf *out, struct str text);	  /* and back */
	enum value_encoding encoding; /* of bytes that were read */
};

static const struct code codes[] = {
	{"utf8", write_utf8, read_utf8, VALUE_UTF8},
	{"utf-8", write_utf8, read_utf8, VALUE_UTF8},
	{"text", write_utf8, read_utf8, VALUE_UTF8},
	{"hex", write_hex, read_hex, VALUE_BINARY},
	{"base64", write_base64, read_base64, VALUE_BINARY},
	{"latin1", write_latin1, read_latin1, VALUE_LATIN1},
	{"binary", write_latin1, read_latin1, VALUE_LATIN1},
	{"ascii", write_latin1, read_latin1, VALUE_LATIN1},
};

/** The code an argument names; `fallback` when it is left out. */
static const struct code *
code_of(struct template_run *run, struct value name, const char *fallback)
{
	struct str text = str_of(fallback);

	if (!value_is_blank(name) && !template_run_to_text(run, name, &text))
		return NULL;
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		if (str_equal_nocase(text, str_of(codes[i].name)))
			return &codes[i];
	}
	template_run_warn(run,
		"'%.*s' is no known encoding; the result is empty",
		STR_ARG(str_head(text, 40)));
	return NULL;
}

/** The bytes of a buffer, or of the text of anything else. */
static bool
bytes_of(struct template_run *run, struct value value, struct str *ret)
{
	if (value.kind != VALUE_BUFFER)
		return template_run_to_text(run, value, ret);
	return template_run_to_text(run, value_text(value.as.text), ret);
}

static struct value
encoded(struct template_run *run, const struct code *code, struct str bytes)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);

	code->write(&out, bytes);
	return template_run_text(run, &out);
}

struct value
template_text_to_string(
	struct template_run *run, const struct value *args, size_t count)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	const struct code *code;

	(void)count;
	if (args[0].kind == VALUE_BUFFER) {
		bool has_own = args[0].charset == VALUE_LATIN1;

		code = code_of(run, args[1], has_own ? "latin1" : "utf8");
		return code ? encoded(run, code, args[0].as.text)
			    : value_empty();
	}
	if (args[0].kind >= VALUE_ARRAY)
		value_append_json(&out, args[0], VALUE_JSON_PLAIN);
	else if (value_append_text(&out, args[0]) == ERR_INVALID)
		return value_empty();
	return template_run_text(run, &out);
}

struct value
template_text_to_binary(
	struct template_run *run, const struct value *args, size_t count)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	const struct code *code;
	struct value bytes;
	struct str text;

	(void)count;
	if (args[0].kind == VALUE_BUFFER)
		return args[0];
	code = code_of(run, args[1], "utf8");
	if (code == NULL || args[0].kind >= VALUE_ARRAY ||
		!template_run_to_text(run, args[0], &text))
		return value_empty();
	if (!code->read(&out, text))
		return template_run_warn(
			run, "this is not %s; the result is empty", code->name);
	bytes = template_run_text(run, &out);
	return run->err ? value_empty()
			: value_buffer(bytes.as.text, code->encoding);
}

struct value
template_text_base64(
	struct template_run *run, const struct value *args, size_t count)
{
	struct str bytes;

	(void)count;
	if (!bytes_of(run, args[0], &bytes))
		return value_empty();
	return encoded(run, code_of(run, value_empty(), "base64"), bytes);
}

/* ---- digests ---- */

/** The key's bytes, by the encoding its text is in. */
static bool
key_of(struct template_run *run, struct value key, struct value encoding,
	struct buf *out)
{
	const struct code *code = code_of(run, encoding, "text");
	struct str text;

	if (code == NULL)
		return false;
	if (key.kind == VALUE_BUFFER) {
		buf_append(out, key.as.text);
		return true;
	}
	if (!template_run_to_text(run, key, &text))
		return false;
	if (code->read(out, text))
		return true;
	template_run_warn(
		run, "the key is not %s; the result is empty", code->name);
	return false;
}

/** (value; [output encoding]; [key]; [key encoding]) */
static struct value
digest(struct template_run *run, enum hash_kind kind, const struct value *args)
{
	CLEANUP(buf_release) struct buf key = {0};
	const struct code *code = code_of(run, args[1], "hex");
	uint8_t bytes[HASH_MAX];
	struct str data;

	if (code == NULL || !bytes_of(run, args[0], &data))
		return value_empty();
	if (value_is_blank(args[2]))
		hash_digest(kind, data, bytes);
	else if (key_of(run, args[2], args[3], &key))
		hash_hmac(kind, buf_str(&key), data, bytes);
	else
		return value_empty();
	return encoded(
		run, code, str_make((const char *)bytes, hash_len(kind)));
}

struct value
template_text_md5(
	struct template_run *run, const struct value *args, size_t count)
{
	const struct value only_text[4] = {args[0]};

	(void)count;
	return digest(run, HASH_MD5, only_text);
}

struct value
template_text_sha1(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return digest(run, HASH_SHA1, args);
}

struct value
template_text_sha256(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return digest(run, HASH_SHA256, args);
}

struct value
template_text_sha512(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return digest(run, HASH_SHA512, args);
}

/* ---- URLs, HTML, Markdown ---- */

/** As JavaScript's encodeURIComponent. */
struct value
template_text_encode_url(
	struct template_run *run, const struct value *args, size_t count)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	struct str text;

	(void)count;
	if (!template_run_to_text(run, args[0], &text))
		return value_empty();
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c != '\0' && strchr("!*'()", c))
			buf_append_char(&out, c);
		else
			encode_percent(&out, str_make(&c, 1));
	}
	return template_run_text(run, &out);
}

struct value
template_text_decode_url(
	struct template_run *run, const struct value *args, size_t count)
{
	struct str text;

	(void)count;
	if (!template_run_to_text(run, args[0], &text) ||
		!template_run_bytes(run, text.len))
		return value_empty();
	if (encode_percent_read(text, false, run->arena, &text))
		return template_run_warn(run,
			"this is not percent-encoded; the result is empty");
	return value_from_text(text, run->arena);
}

static struct value
escape(struct template_run *run, struct value value,
	void (*escape_char)(struct buf *out, char c))
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	struct str text;

	if (!template_run_to_text(run, value, &text))
		return value_empty();
	for (size_t i = 0; i < text.len; i++)
		escape_char(&out, text.ptr[i]);
	return template_run_text(run, &out);
}

static void
escape_html(struct buf *out, char c)
{
	switch (c) {
	case '&': buf_append(out, STR("&amp;")); break;
	case '<': buf_append(out, STR("&lt;")); break;
	case '>': buf_append(out, STR("&gt;")); break;
	case '"': buf_append(out, STR("&quot;")); break;
	case '\'': buf_append(out, STR("&#39;")); break;
	default: buf_append_char(out, c); break;
	}
}

static void
escape_markdown(struct buf *out, char c)
{
	if (c != '\0' && strchr("\\`*_{}[]()#+-.!|<>~&", c))
		buf_printf(out, "&#%d;", c);
	else
		buf_append_char(out, c);
}

struct value
template_text_escape_html(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return escape(run, args[0], escape_html);
}

struct value
template_text_escape_markdown(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return escape(run, args[0], escape_markdown);
}
