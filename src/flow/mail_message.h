#pragma once
#include "base/arena.h"
#include "base/buf.h"

/*
 * Mails as they travel: RFC 5322 header, MIME body (RFC 2045 to 2047). Texts
 * are UTF-8. Nothing from outside can add a line to the header: what has a
 * control character in it is refused. Pure; lines end with CR LF, bodies are
 * Base64.
 */
struct mail_address {
	struct str name;    /* or empty */
	struct str address; /* local@domain, ASCII */
};

/** "a@b.c", "<a@b.c>" or "Name <a@b.c>"; ERR_INVALID with a sentence. */
enum err mail_address_read(
	struct str text, struct mail_address *ret, struct buf *why) MUST_USE;

struct mail_header {
	struct str name;
	struct str value;
};

struct mail_attachment {
	struct str name;
	struct str data;
	struct str cid; /* shown inside the HTML as cid:…; or empty */
};

struct mail_message {
	struct mail_address from;
	const struct mail_address *sender, *reply_to; /* or NULL */
	const struct mail_address *to, *cc;
	size_t to_count, cc_count;
	struct str subject;
	struct str text, html; /* one at least; without `text` the HTML's is
				  sent as an alternative */
	struct str message_id; /* without brackets */
	struct str in_reply_to;
	struct str references;
	const char *priority; /* "high", "low" or NULL */
	const struct mail_header *headers;
	size_t header_count;
	const struct mail_attachment *attachments;
	size_t attachment_count;
	int64_t date; /* microseconds since 1970 */
};

/** Appends it; ERR_INVALID with a sentence that names the field. */
enum err mail_message_write(const struct mail_message *mail, struct buf *out,
	struct buf *why) MUST_USE;

/** The text of an HTML document, for people: no tags, breaks as line ends. */
void mail_html_to_text(struct str html, struct buf *out);
