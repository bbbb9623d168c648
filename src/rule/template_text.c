#include "rule/template_text.h"

#include <math.h>

#include "base/ascii.h"
#include "rule/filter_text.h"
#include "rule/template_function.h"
#include "rule/text_accent.h"
#include "rule/text_unit.h"

/* ---- letters ---- */

static struct value
apply_length(struct template_run *run, const struct value *args, size_t count)
{
	struct str text;

	(void)count;
	switch ((enum value_kind)args[0].kind) {
	case VALUE_ARRAY: return value_number((double)args[0].as.array.count);
	case VALUE_COLLECTION:
		return value_number((double)args[0].as.collection.count);
	case VALUE_BUFFER: return value_number((double)args[0].as.text.len);
	case VALUE_EMPTY:
	case VALUE_BOOLEAN:
	case VALUE_NUMBER:
	case VALUE_TEXT:
	case VALUE_DATE: break;
	}
	if (!template_run_to_text(run, args[0], &text))
		return value_empty();
	return value_number((double)text_unit_count(text));
}

/** U+00DF has no capital of its own. */
static void
append_upper(struct template_run *run, struct buf *out, struct str text)
{
	while (text.len) {
		size_t sharp = str_find(text, STR("\xC3\x9F"));
		struct str part =
			sharp == SIZE_MAX ? text : str_head(text, sharp);

		if (!template_run_bytes(run, part.len * 2))
			return;
		buf_append(out, filter_text_upper(part, run->arena));
		text = str_skip(text, part.len);
		if (text.len) {
			buf_append(out, STR("SS"));
			text = str_skip(text, 2);
		}
	}
}

static void
append_lower(struct template_run *run, struct buf *out, struct str text)
{
	if (template_run_bytes(run, text.len * 2))
		buf_append(out, filter_text_lower(text, run->arena));
}

static struct value
apply_lower(struct template_run *run, const struct value *args, size_t count)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	struct str text;

	(void)count;
	if (!template_run_to_text(run, args[0], &text))
		return value_empty();
	append_lower(run, &out, text);
	return template_run_text(run, &out);
}

static struct value
apply_upper(struct template_run *run, const struct value *args, size_t count)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	struct str text;

	(void)count;
	if (!template_run_to_text(run, args[0], &text))
		return value_empty();
	append_upper(run, &out, text);
	return template_run_text(run, &out);
}

static struct value
apply_trim(struct template_run *run, const struct value *args, size_t count)
{
	struct str text;

	(void)count;
	if (!template_run_to_text(run, args[0], &text))
		return value_empty();
	return value_text(text_unit_trim(text));
}

static size_t
first_len(struct str text)
{
	uint32_t c;

	return text.len ? filter_text_decode(text, &c) : 0;
}

static struct value
apply_capitalize(
	struct template_run *run, const struct value *args, size_t count)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	struct str text;
	size_t first;

	(void)count;
	if (!template_run_to_text(run, args[0], &text))
		return value_empty();
	first = first_len(text);
	append_upper(run, &out, str_head(text, first));
	buf_append(&out, str_skip(text, first));
	return template_run_text(run, &out);
}

/** The text up to where a white space begins, or ends. */
static size_t
run_of(struct str text, bool is_space)
{
	size_t at = 0;

	while (at < text.len) {
		uint32_t c;
		size_t len = filter_text_decode(str_skip(text, at), &c);

		if (text_unit_is_space(c) != is_space)
			break;
		at += len;
	}
	return at;
}

/** Each word with a capital; the blanks between stay, or are dropped. */
static struct value
with_capitals(struct template_run *run, struct value value, bool keeps_blanks)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	struct str text;

	if (!template_run_to_text(run, value, &text))
		return value_empty();
	while (text.len && template_run_steps(run, 1)) {
		size_t blanks = run_of(text, true);
		size_t word = run_of(str_skip(text, blanks), false);
		size_t first = first_len(str_skip(text, blanks));

		if (keeps_blanks)
			buf_append(&out, str_head(text, blanks));
		text = str_skip(text, blanks);
		append_upper(run, &out, str_head(text, first));
		append_lower(run, &out, str_skip(str_head(text, word), first));
		text = str_skip(text, word);
	}
	return template_run_text(run, &out);
}

static struct value
apply_startcase(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return with_capitals(run, args[0], true);
}

static struct value
apply_pascal(struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return with_capitals(run, args[0], false);
}

/* ---- accents ---- */

static struct value
without_accents(struct template_run *run, struct value value,
	bool strips_accents, bool keeps_others)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	struct str text;

	if (!template_run_to_text(run, value, &text))
		return value_empty();
	while (text.len) {
		uint32_t c;
		size_t len = filter_text_decode(text, &c);
		struct str plain =
			strips_accents ? text_accent_plain(c) : STR("");

		if (c < 0x80)
			buf_append(&out, str_head(text, 1));
		else if (plain.len)
			buf_append(&out, plain);
		else if (keeps_others && !text_accent_is_mark(c))
			buf_append(&out, str_head(text, len));
		text = str_skip(text, len);
	}
	return template_run_text(run, &out);
}

static struct value
apply_ascii(struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return without_accents(run, args[0], value_to_boolean(args[1]), false);
}

static struct value
apply_remove_accents(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return without_accents(run, args[0], true, true);
}

/* ---- parts ---- */

/** A unit's number: fractions cut, within 0 and the length. */
static size_t
unit_of(struct template_run *run, struct value value, size_t fallback,
	size_t length)
{
	double number;

	if (value_is_blank(value) ||
		!template_run_to_number(run, value, &number))
		return fallback;
	if (number < 0)
		return 0;
	return number > (double)length ? length : (size_t)number;
}

static struct str
units(struct str text, size_t start, size_t end)
{
	size_t from = text_unit_offset(text, start);
	size_t to = text_unit_offset(text, end);

	return to > from ? str_make(text.ptr + from, to - from) : STR("");
}

/** What is out of range is moved to the nearest end. */
static struct value
apply_substring(
	struct template_run *run, const struct value *args, size_t count)
{
	struct str text;
	size_t length, start, end;

	(void)count;
	if (!template_run_to_text(run, args[0], &text))
		return value_empty();
	length = text_unit_count(text);
	start = unit_of(run, args[1], 0, length);
	end = unit_of(run, args[2], length, length);
	return value_text(units(text, start, end));
}

static struct value
apply_left(struct template_run *run, const struct value *args, size_t count)
{
	struct str text;

	(void)count;
	if (!template_run_to_text(run, args[0], &text))
		return value_empty();
	return value_text(units(
		text, 0, unit_of(run, args[1], 0, text_unit_count(text))));
}

static struct value
apply_right(struct template_run *run, const struct value *args, size_t count)
{
	struct str text;
	size_t length;

	(void)count;
	if (!template_run_to_text(run, args[0], &text))
		return value_empty();
	length = text_unit_count(text);
	return value_text(
		units(text, length - unit_of(run, args[1], 0, length), length));
}

/** Nothing has no parts; "" has one. */
static struct value
apply_split(struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);
	struct str text, separator;

	(void)count;
	if (value_is_empty(args[0]))
		return value_array(NULL, 0);
	if (!template_run_to_text(run, args[0], &text) ||
		!template_run_to_text(run, args[1], &separator))
		return value_empty();
	while (text.len || separator.len) {
		size_t at = separator.len ? str_find(text, separator)
					  : first_len(text);

		if (!template_run_add(
			    run, &builder, value_text(str_head(text, at))))
			return value_empty();
		if (at == SIZE_MAX)
			break;
		text = str_skip(text, at + separator.len);
	}
	return template_run_array(run, &builder);
}

/** The index of an item, or the count. */
static size_t
item_index(struct template_run *run, struct value array, struct value item)
{
	size_t at = 0;

	while (at < array.as.array.count && !run->err &&
		!template_run_same(run, array.as.array.items[at], item))
		at++;
	return at;
}

static struct value
apply_index_of(struct template_run *run, const struct value *args, size_t count)
{
	struct str text, wanted;
	size_t from, at;

	(void)count;
	if (args[0].kind == VALUE_ARRAY) {
		at = item_index(run, args[0], args[1]);
		return value_number(
			at < args[0].as.array.count ? (double)at : -1);
	}
	if (!template_run_to_text(run, args[0], &text) ||
		!template_run_to_text(run, args[1], &wanted))
		return value_empty();
	from = text_unit_offset(
		text, unit_of(run, args[2], 0, text_unit_count(text)));
	at = str_find(str_skip(text, from), wanted);
	if (at == SIZE_MAX)
		return value_number(-1);
	return value_number((double)text_unit_count(str_head(text, from + at)));
}

static struct value
apply_contains(struct template_run *run, const struct value *args, size_t count)
{
	struct str text, wanted;

	(void)count;
	if (args[0].kind == VALUE_ARRAY)
		return value_boolean(item_index(run, args[0], args[1]) <
				     args[0].as.array.count);
	if (!template_run_to_text(run, args[0], &text) ||
		!template_run_to_text(run, args[1], &wanted))
		return value_empty();
	return value_boolean(str_find(text, wanted) != SIZE_MAX);
}

static struct value
apply_concat(struct template_run *run, const struct value *args, size_t count)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);

	for (size_t i = 1; i < count && !run->err; i++) {
		if (i > 1)
			template_run_append(run, &out, args[0]);
		template_run_append(run, &out, args[i]);
	}
	return template_run_take(run, &out);
}

#define ROW(name_, signature_, summary_, min_, max_, apply_) \
	{ \
		.name = (name_), .signature = (signature_), \
		.summary = (summary_), .args_min = (min_), .args_max = (max_), \
		.apply = (apply_) \
	}
#define FUSION(name_, signature_, summary_, min_, max_, apply_) \
	{ \
		.name = (name_), .signature = (signature_), \
		.summary = (summary_), .is_fusion = true, .args_min = (min_), \
		.args_max = (max_), .apply = (apply_) \
	}
#define DIGEST "(text or buffer; [encoding]; [key]; [key's encoding])"

/** A reference that ends in [] means the array here too, not its first. */
#define ROW_OF_ARRAY(name_, signature_, summary_, count_, apply_) \
	{ \
		.name = (name_), .signature = (signature_), \
		.summary = (summary_), .args_min = (count_), \
		.args_max = (count_), .arrays = TEMPLATE_ARRAY(0), \
		.apply = (apply_) \
	}

static const struct template_function rows[] = {
	ROW_OF_ARRAY("length", "(value)",
		"the characters of a text, bytes of a buffer, items of an "
		"array",
		1, apply_length),
	ROW("lower", "(text)", "in small letters", 1, 1, apply_lower),
	ROW("upper", "(text)", "in capital letters", 1, 1, apply_upper),
	ROW("trim", "(text)", "without white space at both ends", 1, 1,
		apply_trim),
	ROW("capitalize", "(text)", "with its first letter a capital", 1, 1,
		apply_capitalize),
	ROW("startcase", "(text)",
		"each word with a capital, its other letters small", 1, 1,
		apply_startcase),
	ROW("ascii", "(text; [remove accents])",
		"without what is not ASCII; with true, accented letters stay "
		"as plain ones",
		1, 2, apply_ascii),
	ROW("replace", "(text; search; replacement)",
		"every occurrence replaced; `/pattern/flags` is a regular "
		"expression, $& and $1 in the replacement what it found",
		3, 3, template_text_replace),
	ROW("substring", "(text; start; [end])",
		"a part: from start, counted from 0, up to before end", 2, 3,
		apply_substring),
	ROW("split", "(text; separator)",
		"the parts as an array; an empty separator gives characters", 2,
		2, apply_split),
	ROW("indexOf", "(text; value; [start])",
		"where it is, counted from 0, or -1", 2, 3, apply_index_of),
	ROW_OF_ARRAY("contains", "(text or array; value)",
		"whether it is in there", 2, apply_contains),
	ROW("toString", "(value; [encoding])",
		"as a text: a buffer decoded, arrays and collections as JSON",
		1, 2, template_text_to_string),
	ROW("toBinary", "(value; [encoding])",
		"as a buffer; the encoding (hex, base64, latin1) is that of "
		"the text",
		1, 2, template_text_to_binary),
	ROW("base64", "(text or buffer)", "in Base64", 1, 1,
		template_text_base64),
	ROW("encodeURL", "(text)", "percent-encoded", 1, 1,
		template_text_encode_url),
	ROW("decodeURL", "(text)", "with its percent-encoding undone", 1, 1,
		template_text_decode_url),
	ROW("escapeHTML", "(text)", "& < > \" ' as entities", 1, 1,
		template_text_escape_html),
	ROW("escapeMarkdown", "(text)", "Markdown's signs as entities", 1, 1,
		template_text_escape_markdown),
	ROW("stripHTML", "(text)", "without tags", 1, 1,
		template_text_strip_html),
	ROW("md5", "(text or buffer)", "the digest in hex", 1, 1,
		template_text_md5),
	ROW("sha1", DIGEST,
		"the digest, or with a key the HMAC; the encoding is hex, "
		"base64 or latin1, the key's text, hex, base64 or binary",
		1, 4, template_text_sha1),
	ROW("sha256", DIGEST, "the same with SHA-256", 1, 4,
		template_text_sha256),
	ROW("sha512", DIGEST, "the same with SHA-512", 1, 4,
		template_text_sha512),
	ROW("replaceEmojiCharacters", "(text; [replacement])",
		"each emoji replaced, or left out", 1, 2,
		template_text_replace_emoji),
	FUSION("concat", "(separator; value; …)",
		"the values with the separator between", 1, TEMPLATE_MANY,
		apply_concat),
	FUSION("left", "(text; count)", "the first characters", 2, 2,
		apply_left),
	FUSION("right", "(text; count)", "the last characters", 2, 2,
		apply_right),
	FUSION("removeAccents", "(text)", "with plain letters", 1, 1,
		apply_remove_accents),
	FUSION("replacePattern", "(text; pattern; replacement)",
		"all that a regular expression finds replaced", 3, 3,
		template_text_replace_pattern),
	FUSION("pascal", "(text)", "each word with a capital, no blanks", 1, 1,
		apply_pascal),
};

const struct template_group template_text_functions = {
	"Text and binary", rows, COUNT_OF(rows)};
