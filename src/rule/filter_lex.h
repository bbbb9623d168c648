#pragma once
#include "base/str.h"

/*
 * Cuts a filter's text into tokens, which borrow from it. Nothing here knows
 * keywords: whether `eq` is an operator or a name depends on what surrounds
 * it, and is the parser's business.
 */
enum filter_token_kind {
	FILTER_TOKEN_END,
	FILTER_TOKEN_WORD,     /* a name or a keyword */
	FILTER_TOKEN_STRING,   /* `text` is between the quotes, '' not undone */
	FILTER_TOKEN_LITERAL,  /* starts with a digit, or is a GUID */
	FILTER_TOKEN_DURATION, /* duration'…': `text` is between the quotes */
	FILTER_TOKEN_MARK,     /* one of ( ) [ ] , : / - + */
	FILTER_TOKEN_DOLLAR,   /* $count, $it, $data */
	FILTER_TOKEN_OPEN,     /* a string without its closing quote */
	FILTER_TOKEN_BAD,      /* anything else; `problem` may say more */
};

struct filter_token {
	enum filter_token_kind kind;
	struct str text;
	size_t offset; /* of its first byte, quote included */
	size_t end;    /* behind its last byte */
	const char *problem;
};

struct filter_lexer {
	struct str text; /* UTF-8 */
	size_t at;
};

/** The next token; at the end of the text FILTER_TOKEN_END for ever. */
struct filter_token filter_lex_next(struct filter_lexer *lexer);

/** The 1-based column, in characters, of a byte offset. */
size_t filter_lex_column(struct str text, size_t offset);

/**
 * Whether a member name can be written without quotes: a letter, `_` or a
 * letter beyond ASCII, then also digits; `-` and `.` inside.
 */
bool filter_lex_is_name(struct str name);
