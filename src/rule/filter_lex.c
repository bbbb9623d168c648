#include "rule/filter_lex.h"

#include "rule/filter_text.h"
#include "rule/filter_value.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/**
 * Characters beyond ASCII that may be in a name: all but blanks, controls and
 * punctuation such as typographic quotes, which are always slips.
 */
static bool
is_name_beyond_ascii(uint32_t c)
{
	return c > 0xA0 && !(c >= 0x2000 && c <= 0x206F) && c != 0x3000 &&
	       c != 0xFEFF && c != 0xFFFD;
}

/** Bytes of the name character at `at`; 0 when there is none. */
static size_t
name_character(struct str text, size_t at, bool is_first)
{
	uint32_t c;
	size_t len;

	if (at >= text.len)
		return 0;
	if (is_letter(text.ptr[at]) || text.ptr[at] == '_')
		return 1;
	if (is_digit(text.ptr[at]))
		return is_first ? 0 : 1;
	if ((unsigned char)text.ptr[at] < 0x80)
		return 0;
	len = filter_text_decode(str_skip(text, at), &c);
	return is_name_beyond_ascii(c) ? len : 0;
}

/** Behind the ASCII letters, digits and underscores at `at`. */
static size_t
skip_ascii_name(struct str text, size_t at)
{
	static const bool is_plain[256] = {
#define PLAIN_8(c) \
	[c] = true, [c + 1] = true, [c + 2] = true, [c + 3] = true, \
	[c + 4] = true, [c + 5] = true, [c + 6] = true, [c + 7] = true
		PLAIN_8('0'),
		['8'] = true,
		['9'] = true,
		PLAIN_8('A'),
		PLAIN_8('I'),
		PLAIN_8('Q'),
		['Y'] = true,
		['Z'] = true,
		PLAIN_8('a'),
		PLAIN_8('i'),
		PLAIN_8('q'),
		['y'] = true,
		['z'] = true,
		['_'] = true,
#undef PLAIN_8
	};

	while (at < text.len && is_plain[(unsigned char)text.ptr[at]])
		at++;
	return at;
}

/** Bytes of the name at `at`; 0 when there is none. */
static size_t
name_len(struct str text, size_t at)
{
	size_t start = at;
	size_t len = name_character(text, at, true);

	while (len) {
		at = skip_ascii_name(text, at + len);
		len = name_character(text, at, false);
		if (len == 0 && at < text.len &&
			(text.ptr[at] == '-' || text.ptr[at] == '.') &&
			name_character(text, at + 1, false))
			len = 1;
	}
	return at - start;
}

bool
filter_lex_is_name(struct str name)
{
	return name.len && name_len(name, 0) == name.len;
}

/** Numbers, dates and times are told apart later, by the whole of them. */
static size_t
literal_len(struct str text, size_t at)
{
	size_t start = at;

	while (at < text.len &&
		(is_digit(text.ptr[at]) || is_letter(text.ptr[at]) ||
			strchr(".:+-_", text.ptr[at])) &&
		text.ptr[at])
		at++;
	return at - start;
}

static size_t
symbol_len(struct str text, size_t at)
{
	size_t start = at;

	while (at < text.len && text.ptr[at] && strchr("=<>!&|", text.ptr[at]))
		at++;
	return at - start;
}

static void
read_string(struct filter_lexer *lexer, struct filter_token *token)
{
	struct str text = lexer->text;
	size_t start = lexer->at + 1;
	size_t at = start;

	while (at < text.len) {
		const char *quote = memchr(text.ptr + at, '\'', text.len - at);

		if (quote == NULL)
			break;
		at = (size_t)(quote - text.ptr);
		if (at + 1 < text.len && text.ptr[at + 1] == '\'') {
			at += 2;
		} else {
			token->kind = FILTER_TOKEN_STRING;
			token->text = str_make(text.ptr + start, at - start);
			lexer->at = at + 1;
			return;
		}
	}
	token->kind = FILTER_TOKEN_OPEN;
	token->text = str_skip(text, start);
	lexer->at = text.len;
}

static void
read_word(struct filter_lexer *lexer, struct filter_token *token, size_t len)
{
	token->kind = FILTER_TOKEN_WORD;
	token->text = str_make(lexer->text.ptr + lexer->at, len);
	lexer->at += len;
	if (filter_value_is_guid(token->text))
		token->kind = FILTER_TOKEN_LITERAL;
	if (lexer->at < lexer->text.len && lexer->text.ptr[lexer->at] == '\'' &&
		str_equal_nocase(token->text, STR("duration"))) {
		read_string(lexer, token);
		if (token->kind == FILTER_TOKEN_STRING)
			token->kind = FILTER_TOKEN_DURATION;
	}
}

/** What cannot start a token: one character, or a run of operator signs. */
static void
read_bad(struct filter_lexer *lexer, struct filter_token *token)
{
	size_t len = symbol_len(lexer->text, lexer->at);
	uint32_t c = 0;

	if (len == 0)
		len = filter_text_decode(str_skip(lexer->text, lexer->at), &c);
	if (c == '"' || (c >= 0x2018 && c <= 0x201F))
		token->problem = "text stands in single quotes, 'like this'";
	if (c == '@')
		token->problem = "a member name with '@' stands in quotes "
				 "behind a slash: new/'@odata.type'; "
				 "parameter aliases are not supported";
	token->text = str_make(lexer->text.ptr + lexer->at, len);
	lexer->at += len;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_mark(char c)
{
	switch (c) {
	case '(':
	case ')':
	case '[':
	case ']':
	case ',':
	case ':':
	case '/':
	case '-':
	case '+': return true;
	default: return false;
	}
}

struct filter_token
filter_lex_next(struct filter_lexer *lexer)
{
	struct filter_token token = {.kind = FILTER_TOKEN_BAD};
	struct str text = lexer->text;
	size_t len;

	while (lexer->at < text.len && is_blank(text.ptr[lexer->at]))
		lexer->at++;
	token.offset = lexer->at;
	token.text = str_make(text.ptr ? text.ptr + lexer->at : NULL, 0);
	if (lexer->at == text.len) {
		token.kind = FILTER_TOKEN_END;
	} else if ((len = name_len(text, lexer->at))) {
		read_word(lexer, &token, len);
	} else if (is_digit(text.ptr[lexer->at])) {
		token.kind = FILTER_TOKEN_LITERAL;
		token.text.len = literal_len(text, lexer->at);
		lexer->at += token.text.len;
	} else if (text.ptr[lexer->at] == '\'') {
		read_string(lexer, &token);
	} else if (is_mark(text.ptr[lexer->at])) {
		token.kind = FILTER_TOKEN_MARK;
		token.text.len = 1;
		lexer->at++;
	} else if (text.ptr[lexer->at] == '$' &&
		   (len = name_len(text, lexer->at + 1))) {
		token.kind = FILTER_TOKEN_DOLLAR;
		token.text.len = 1 + len;
		lexer->at += 1 + len;
	} else {
		read_bad(lexer, &token);
	}
	token.end = lexer->at;
	return token;
}

size_t
filter_lex_column(struct str text, size_t offset)
{
	return 1 + filter_text_count(str_head(text, offset));
}
