#include "rule/template_lex.h"

#include <stdio.h>

#include "base/ascii.h"

enum { SHOWN_MAX = 40 };

static bool
is_name_start(char c)
{
	return ascii_is_letter(c) || c == '_' || c == '$';
}

static bool
is_name_part(char c)
{
	return is_name_start(c) || ascii_is_digit(c);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' ||
	       c == '\v';
}

static void
skip_blanks(struct template_lexer *lexer)
{
	struct str left;

	for (;;) {
		left = str_skip(lexer->text, lexer->at);
		if (left.len && is_blank(left.ptr[0]))
			lexer->at++;
		else if (str_starts_with(left, STR("\xC2\xA0")))
			lexer->at += 2; /* a no-break space, from web pages */
		else
			return;
	}
}

/** The length of a quoted text or name with its quotes; 0: no end. */
static size_t
quoted_len(struct str left, char quote, bool may_double)
{
	size_t at = 1;

	while (at < left.len) {
		if (left.ptr[at] != quote) {
			at++;
		} else if (may_double && at + 1 < left.len &&
			   left.ptr[at + 1] == quote) {
			at += 2;
		} else {
			return at + 1;
		}
	}
	return 0;
}

/** Digits, and a fraction if a digit follows the point. */
static size_t
number_len(struct str left)
{
	size_t at = 0;

	while (at < left.len && ascii_is_digit(left.ptr[at]))
		at++;
	if (at + 1 < left.len && left.ptr[at] == '.' &&
		ascii_is_digit(left.ptr[at + 1])) {
		at++;
		while (at < left.len && ascii_is_digit(left.ptr[at]))
			at++;
	}
	return at;
}

static size_t
name_len(struct str left)
{
	size_t at = 0;

	while (at < left.len && is_name_part(left.ptr[at]))
		at++;
	return at;
}

/* The longer ones first. */
static const char *const operators[] = {"!=", "<=", ">=", "==", "&&", "||", "+",
	"-", "*", "/", "%", "=", "<", ">", "&", "|"};

static size_t
operator_len(struct str left)
{
	for (size_t i = 0; i < COUNT_OF(operators); i++) {
		if (str_starts_with(left, str_of(operators[i])))
			return strlen(operators[i]);
	}
	return 0;
}

static void
set(struct template_token *token, enum template_token_kind kind,
	struct str left, size_t len)
{
	token->kind = kind;
	token->raw = str_head(left, len);
	token->text = token->raw;
}

static void
read_quoted(struct template_token *token, struct str left, char quote)
{
	bool is_name = quote == '`';
	size_t len = quoted_len(left, quote, !is_name);

	if (len == 0) {
		set(token, TEMPLATE_TOKEN_WRONG, left, left.len);
		return;
	}
	set(token, is_name ? TEMPLATE_TOKEN_QUOTED : TEMPLATE_TOKEN_TEXT, left,
		len);
	token->text = str_make(left.ptr + 1, len - 2);
}

static void
read_token(struct template_token *token, struct str left)
{
	char c = left.ptr[0];

	if (str_starts_with(left, STR("}}")))
		set(token, TEMPLATE_TOKEN_END, left, 2);
	else if (c == '"' || c == '\'' || c == '`')
		read_quoted(token, left, c);
	else if (ascii_is_digit(c))
		set(token, TEMPLATE_TOKEN_NUMBER, left, number_len(left));
	else if (is_name_start(c))
		set(token, TEMPLATE_TOKEN_NAME, left, name_len(left));
	else if (c != '\0' && strchr(";()[].", c))
		set(token, TEMPLATE_TOKEN_MARK, left, 1);
	else if (operator_len(left))
		set(token, TEMPLATE_TOKEN_OPERATOR, left, operator_len(left));
	else
		set(token, TEMPLATE_TOKEN_WRONG, left, 1);
}

struct template_token
template_lexer_next(struct template_lexer *lexer)
{
	struct template_token token = {.kind = TEMPLATE_TOKEN_CUT_OFF};
	struct str left;

	skip_blanks(lexer);
	left = str_skip(lexer->text, lexer->at);
	token.offset = lexer->at;
	if (left.len)
		read_token(&token, left);
	lexer->at += token.raw.len;
	return token;
}

bool
template_token_is(const struct template_token *token, const char *raw)
{
	return (token->kind == TEMPLATE_TOKEN_MARK ||
		       token->kind == TEMPLATE_TOKEN_OPERATOR ||
		       token->kind == TEMPLATE_TOKEN_NAME) &&
	       str_equal(token->raw, str_of(raw));
}

/** At most so many bytes, without a part of a character. */
static struct str
shorten(struct str text)
{
	size_t len = text.len < SHOWN_MAX ? text.len : SHOWN_MAX;

	while (len > 0 && len < text.len &&
		((unsigned char)text.ptr[len] & 0xC0) == 0x80)
		len--;
	return str_head(text, len);
}

struct str
template_token_show(const struct template_token *token, char out[80])
{
	struct str raw = token->raw;

	if (token->kind == TEMPLATE_TOKEN_END)
		return STR("the end of the expression");
	if (token->kind == TEMPLATE_TOKEN_CUT_OFF)
		return STR("the end of the text");
	if (token->kind == TEMPLATE_TOKEN_WRONG && raw.len == 1 &&
		(unsigned char)raw.ptr[0] >= 0x80)
		return STR("a letter that needs back-ticks");
	raw = shorten(raw);
	snprintf(out, 80, "'%.*s'", STR_ARG(raw));
	return str_of(out);
}
