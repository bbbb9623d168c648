#pragma once
#include "base/str.h"

/*
 * The tokens of an expression. The lexer stands behind `{{` and meets `}}` as
 * a token of its own. Internal to rule/template*.
 */
enum template_token_kind {
	TEMPLATE_TOKEN_END,	 /* }} */
	TEMPLATE_TOKEN_CUT_OFF,	 /* the text is over */
	TEMPLATE_TOKEN_NUMBER,	 /* 12, 1.5 */
	TEMPLATE_TOKEN_TEXT,	 /* "…", '…' */
	TEMPLATE_TOKEN_NAME,	 /* abc */
	TEMPLATE_TOKEN_QUOTED,	 /* `abc d` */
	TEMPLATE_TOKEN_OPERATOR, /* + - * / % = != < <= > >= & | … */
	TEMPLATE_TOKEN_MARK,	 /* ; ( ) [ ] . */
	TEMPLATE_TOKEN_WRONG,
};

struct template_token {
	enum template_token_kind kind;
	size_t offset;
	struct str raw;	 /* as it stands there */
	struct str text; /* TEXT: between its quotes; QUOTED; else as raw */
};

struct template_lexer {
	struct str text;
	size_t at;
};

/** The next token, which is taken. A broken one is WRONG. */
struct template_token template_lexer_next(struct template_lexer *lexer);

/** Whether the token is this mark, operator or name. */
bool template_token_is(const struct template_token *token, const char *raw);

/** What a message calls it: "'+'", "the end of the expression". */
struct str template_token_show(
	const struct template_token *token, char out[80]);
