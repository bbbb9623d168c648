#pragma once
#include "base/arena.h"
#include "base/buf.h"

/*
 * HTML as plain text, for messages: tags go, blocks become lines, list items
 * get "* ", a link its address behind it ("text [https://…]"), entities become
 * what they stand for, blanks run together except in <pre>; what is in script,
 * style, head and template is left out. No parser of HTML proper: whatever it
 * is given, it reads once from the front and gives a text.
 */
struct html_text_options {
	struct str newline;
	bool has_big_headings; /* those of ASCII letters, at least */
};

/** Appends it; the buffer's maximum is the only limit. */
void html_text(struct str html, const struct html_text_options *options,
	struct arena *arena, struct buf *out);
