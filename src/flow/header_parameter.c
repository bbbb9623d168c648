#include "flow/header_parameter.h"

#include "base/encode.h"

struct parameter {
	struct str name;
	struct str value; /* escapes not undone */
	bool is_quoted;
};

/** The length of a quoted value with its quotes; an open one ends the text. */
static size_t
quoted_length(struct str text)
{
	size_t at = 1;

	while (at < text.len && text.ptr[at] != '"')
		at += text.ptr[at] == '\\' ? 2 : 1;
	return at < text.len ? at + 1 : text.len;
}

/** Takes the next one off the front; false at the end. */
static bool
next_parameter(struct str *rest, struct parameter *ret)
{
	size_t at = 0;

	while (at < rest->len &&
		(rest->ptr[at] == ';' || rest->ptr[at] == ' ' ||
			rest->ptr[at] == '\t'))
		at++;
	*rest = str_skip(*rest, at);
	if (rest->len == 0)
		return false;
	for (at = 0;
		at < rest->len && rest->ptr[at] != ';' && rest->ptr[at] != '=';)
		at++;
	*ret = (struct parameter){.name = str_trim(str_head(*rest, at))};
	*rest = str_skip(*rest, at);
	if (rest->len == 0 || rest->ptr[0] == ';')
		return true;
	*rest = str_trim(str_skip(*rest, 1));
	ret->is_quoted = rest->len && rest->ptr[0] == '"';
	at = ret->is_quoted ? quoted_length(*rest) : str_find_char(*rest, ';');
	ret->value = str_trim(str_head(*rest, at));
	*rest = str_skip(*rest, at);
	return true;
}

static struct str
unquote(struct str value, struct arena *arena)
{
	char *out = arena_alloc_raw(arena, value.len + 1);
	size_t len = 0;

	value = str_skip(value, 1);
	if (str_ends_with(value, STR("\"")))
		value.len--;
	for (size_t i = 0; i < value.len; i++) {
		char next = i + 1 < value.len ? value.ptr[i + 1] : '\0';

		i += value.ptr[i] == '\\' && (next == '"' || next == '\\');
		out[len++] = value.ptr[i];
	}
	return str_make(out, len);
}

/** UTF-8'language'percent-encoded */
static bool
read_extended(struct str value, struct arena *arena, struct str *ret)
{
	struct str charset = str_split(&value, '\'');

	if (!str_equal_nocase(charset, STR("UTF-8")) || value.ptr == NULL)
		return false;
	str_split(&value, '\'');
	return value.ptr && !encode_percent_read(value, false, arena, ret) &&
	       str_is_utf8(*ret);
}

static bool
is_extended(struct str found, struct str name)
{
	return found.len == name.len + 1 && found.ptr[name.len] == '*' &&
	       str_equal_nocase(str_head(found, name.len), name);
}

enum err
header_parameter(struct str header, struct str name, struct arena *arena,
	struct str *ret)
{
	struct str rest = str_skip(
		header, str_head(header, str_find_char(header, ';')).len);
	struct parameter parameter, plain = {0};
	bool is_there = false;

	while (next_parameter(&rest, &parameter)) {
		if (is_extended(parameter.name, name) &&
			read_extended(parameter.value, arena, ret))
			return ERR_OK;
		if (is_there || !str_equal_nocase(parameter.name, name))
			continue;
		plain = parameter;
		is_there = true;
	}
	if (!is_there)
		return ERR_NOT_FOUND;
	*ret = plain.is_quoted ? unquote(plain.value, arena) : plain.value;
	return ERR_OK;
}

struct str
header_main(struct str header, struct arena *arena)
{
	return arena_copy_lower(
		arena, str_trim(str_head(header, str_find_char(header, ';'))));
}
