#include "flow/mail_message.h"

#include "base/ascii.h"
#include "base/calendar.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/encode.h"

enum {
	LINE_BYTES = 57,   /* 76 characters of Base64 */
	WORD_BYTES = 42,   /* in an encoded word: 56 characters and its frame */
	PLAIN_MAX = 900,   /* a header's value that is sent in one line */
	ADDRESS_MAX = 320, /* RFC 5321 §4.5.3.1 */
};

#define CRLF STR("\r\n")

struct writing {
	const struct mail_message *mail;
	struct buf *out;
	struct buf *why;
	char boundary[33];
};

/* ---- addresses ---- */

static bool
is_address(struct str text)
{
	size_t at = str_find_char(text, '@');

	if (at == SIZE_MAX || at == 0 || at + 1 >= text.len ||
		text.len > ADDRESS_MAX ||
		str_find_char(str_skip(text, at + 1), '@') != SIZE_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c <= ' ' || c >= 0x7F || strchr("<>()[],;:\\\"", (char)c))
			return false;
	}
	return true;
}

enum err
mail_address_read(struct str text, struct mail_address *ret, struct buf *why)
{
	struct str trimmed = str_trim(text);
	size_t open = str_find_char(trimmed, '<');
	struct mail_address read = {.name = STR(""), .address = trimmed};

	if (open != SIZE_MAX && trimmed.ptr[trimmed.len - 1] == '>') {
		read.name = str_trim(str_head(trimmed, open));
		read.address = str_make(
			trimmed.ptr + open + 1, trimmed.len - open - 2);
		if (read.name.len >= 2 && read.name.ptr[0] == '"' &&
			read.name.ptr[read.name.len - 1] == '"')
			read.name =
				str_make(read.name.ptr + 1, read.name.len - 2);
	}
	if (str_has_control(read.name) || !is_address(read.address)) {
		buf_append(why, STR("\""));
		for (size_t i = 0; i < trimmed.len && i < 100; i++)
			buf_append_char(why, ascii_is_control(trimmed.ptr[i])
						     ? '?'
						     : trimmed.ptr[i]);
		buf_append(why, STR("\" is no mail address"));
		return ERR_INVALID;
	}
	*ret = read;
	return ERR_OK;
}

/* ---- the header ---- */

static bool
is_plain(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] >= 0x7F)
			return false;
	}
	return text.len <= PLAIN_MAX && str_find(text, STR("=?")) == SIZE_MAX;
}

/** Encoded words (RFC 2047 §2), none of them cut inside a character. */
static void
write_words(struct buf *out, struct str text)
{
	bool is_first = true;

	while (text.len) {
		size_t end = text.len < WORD_BYTES ? text.len : WORD_BYTES;

		while (end > 1 && end < text.len &&
			((unsigned char)text.ptr[end] & 0xC0) == 0x80)
			end--;
		buf_append(out,
			is_first ? STR("=?UTF-8?B?") : STR("\r\n =?UTF-8?B?"));
		encode_base64(out, str_head(text, end));
		buf_append(out, STR("?="));
		text = str_skip(text, end);
		is_first = false;
	}
}

static enum err
write_header(struct writing *writing, const char *name, struct str value)
{
	if (value.len == 0)
		return ERR_OK;
	if (str_has_control(value)) {
		buf_printf(writing->why,
			"%s: a line's end or another control character is in "
			"it",
			name);
		return ERR_INVALID;
	}
	buf_printf(writing->out, "%s: ", name);
	if (is_plain(value))
		buf_append(writing->out, value);
	else
		write_words(writing->out, value);
	buf_append(writing->out, CRLF);
	return ERR_OK;
}

static void
write_address(struct buf *out, const struct mail_address *address)
{
	if (address->name.len == 0) {
		buf_append(out, address->address);
		return;
	}
	if (is_plain(address->name)) {
		buf_append_char(out, '"');
		for (size_t i = 0; i < address->name.len; i++) {
			char c = address->name.ptr[i];

			if (c == '"' || c == '\\')
				buf_append_char(out, '\\');
			buf_append_char(out, c);
		}
		buf_append_char(out, '"');
	} else {
		write_words(out, address->name);
	}
	buf_printf(out, " <%.*s>", STR_ARG(address->address));
}

static void
write_addresses(struct buf *out, const char *name,
	const struct mail_address *list, size_t count)
{
	if (count == 0)
		return;
	buf_printf(out, "%s: ", name);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_append(out, STR(",\r\n "));
		write_address(out, &list[i]);
	}
	buf_append(out, CRLF);
}

static void
write_date(struct buf *out, int64_t date)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t seconds = calendar_floor_div(date, SECONDS);
	int64_t day = calendar_floor_div(seconds, 86400);
	int64_t left = calendar_floor_mod(seconds, 86400);
	struct calendar_date at = calendar_date_of(day);

	buf_printf(out, "Date: %.3s, %d %.3s %lld %02d:%02d:%02d +0000\r\n",
		days + 3 * calendar_weekday(day), at.day,
		months + 3 * (at.month - 1), (long long)at.year,
		(int)(left / 3600), (int)(left / 60 % 60), (int)(left % 60));
}

/* Headers that are written from the other fields. */
static const char *const own_headers[] = {"from", "sender", "reply-to", "to",
	"cc", "bcc", "subject", "date", "message-id", "in-reply-to",
	"references", "mime-version", "return-path", "x-priority",
	"importance"};

static enum err
write_own(struct writing *writing, const struct mail_header *header)
{
	char name[80];
	bool is_taken = str_starts_with(header->name, STR("Content-")) ||
			str_starts_with(header->name, STR("content-"));

	for (size_t i = 0; i < COUNT_OF(own_headers); i++)
		is_taken = is_taken || str_equal_nocase(header->name,
					       str_of(own_headers[i]));
	if (is_taken || !str_is_token(header->name) ||
		header->name.len >= sizeof(name)) {
		buf_append(writing->why,
			is_taken ? STR("headers: a name in it is set by "
				       "another field")
				 : STR("headers: a name in it is none"));
		return ERR_INVALID;
	}
	memcpy(name, header->name.ptr, header->name.len);
	name[header->name.len] = '\0';
	return write_header(writing, name, header->value);
}

static void
write_priority(struct writing *writing)
{
	const char *priority = writing->mail->priority;

	if (!priority || !strcmp(priority, "normal"))
		return;
	buf_printf(writing->out, "X-Priority: %d\r\nImportance: %s\r\n",
		!strcmp(priority, "high") ? 1 : 5, priority);
}

static enum err
write_head(struct writing *writing)
{
	const struct mail_message *mail = writing->mail;
	enum err err;

	write_date(writing->out, mail->date);
	write_addresses(writing->out, "From", &mail->from, 1);
	write_addresses(writing->out, "Sender", mail->sender, !!mail->sender);
	write_addresses(
		writing->out, "Reply-To", mail->reply_to, !!mail->reply_to);
	write_addresses(writing->out, "To", mail->to, mail->to_count);
	write_addresses(writing->out, "Cc", mail->cc, mail->cc_count);
	buf_printf(writing->out, "Message-ID: <%.*s>\r\n",
		STR_ARG(mail->message_id));
	err = write_header(writing, "Subject", mail->subject);
	if (!err)
		err = write_header(writing, "In-Reply-To", mail->in_reply_to);
	if (!err)
		err = write_header(writing, "References", mail->references);
	write_priority(writing);
	for (size_t i = 0; !err && i < mail->header_count; i++)
		err = write_own(writing, &mail->headers[i]);
	buf_append(writing->out, STR("MIME-Version: 1.0\r\n"));
	return err;
}

/* ---- the body ---- */

static void
write_base64(struct buf *out, struct str data)
{
	buf_append(out, STR("Content-Transfer-Encoding: base64\r\n\r\n"));
	do {
		encode_base64(out, str_head(data, LINE_BYTES));
		buf_append(out, CRLF);
		data = str_skip(data, LINE_BYTES);
	} while (data.len);
}

static void
write_text(struct writing *writing, const char *type, struct str text)
{
	buf_printf(
		writing->out, "Content-Type: text/%s; charset=utf-8\r\n", type);
	write_base64(writing->out, text);
}

/** A multipart begins; its level tells the boundaries apart. */
static void
open_parts(struct writing *writing, const char *type, int level)
{
	buf_printf(writing->out,
		"Content-Type: multipart/%s;\r\n boundary=\"=_%s_%d\"\r\n\r\n",
		type, writing->boundary, level);
}

static void
next_part(struct writing *writing, int level)
{
	buf_printf(writing->out, "--=_%s_%d\r\n", writing->boundary, level);
}

static void
close_parts(struct writing *writing, int level)
{
	buf_printf(writing->out, "--=_%s_%d--\r\n", writing->boundary, level);
}

/** A name as parameter: quoted, and as RFC 2231 has it when it is not ASCII. */
static void
write_name(struct buf *out, const char *parameter, struct str name)
{
	bool is_ascii = is_plain(name);

	buf_printf(out, ";\r\n %s%s=", parameter, is_ascii ? "" : "*");
	if (!is_ascii) {
		buf_append(out, STR("UTF-8''"));
		encode_percent(out, str_head(name, 200));
		return;
	}
	buf_append_char(out, '"');
	for (size_t i = 0; i < name.len; i++)
		buf_append_char(
			out, name.ptr[i] == '"' || name.ptr[i] == '\\' ||
					     ascii_is_control(name.ptr[i])
				     ? '_'
				     : name.ptr[i]);
	buf_append_char(out, '"');
}

/* By the ending of its name, so that mail programs show pictures. */
static const struct type {
	const char *ending, *type;
} types[] = {
	{".png", "image/png"},
	{".jpg", "image/jpeg"},
	{".jpeg", "image/jpeg"},
	{".gif", "image/gif"},
	{".svg", "image/svg+xml"},
	{".pdf", "application/pdf"},
	{".json", "application/json"},
	{".xml", "application/xml"},
	{".zip", "application/zip"},
	{".csv", "text/csv"},
	{".txt", "text/plain"},
};

static const char *
type_of(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		struct str ending = str_of(types[i].ending);

		if (name.len > ending.len &&
			str_equal_nocase(
				str_skip(name, name.len - ending.len), ending))
			return types[i].type;
	}
	return "application/octet-stream";
}

static void
write_attachment(
	struct writing *writing, const struct mail_attachment *attachment)
{
	struct buf *out = writing->out;

	buf_printf(out, "Content-Type: %s", type_of(attachment->name));
	write_name(out, "name", attachment->name);
	buf_printf(out, "\r\nContent-Disposition: %s",
		attachment->cid.len ? "inline" : "attachment");
	write_name(out, "filename", attachment->name);
	buf_append(out, CRLF);
	if (attachment->cid.len)
		buf_printf(out, "Content-ID: <%.*s>\r\n",
			STR_ARG(attachment->cid));
	write_base64(out, attachment->data);
}

/** How many attachments are inside the HTML, or are not. */
static size_t
count_attachments(const struct mail_message *mail, bool is_inline)
{
	size_t count = 0;

	for (size_t i = 0; i < mail->attachment_count; i++)
		count += (mail->attachments[i].cid.len > 0) == is_inline;
	return count;
}

static void
write_attachments(struct writing *writing, bool is_inline, int level)
{
	const struct mail_message *mail = writing->mail;

	for (size_t i = 0; i < mail->attachment_count; i++) {
		if ((mail->attachments[i].cid.len > 0) != is_inline)
			continue;
		next_part(writing, level);
		write_attachment(writing, &mail->attachments[i]);
	}
	close_parts(writing, level);
}

static void
write_content(struct writing *writing)
{
	CLEANUP(buf_release) struct buf plain = {0};
	const struct mail_message *mail = writing->mail;
	struct str text = mail->text;

	if (mail->html.len == 0) {
		write_text(writing, "plain", text);
		return;
	}
	if (text.len == 0) {
		mail_html_to_text(mail->html, &plain);
		text = buf_str(&plain);
	}
	open_parts(writing, "alternative", 3);
	next_part(writing, 3);
	write_text(writing, "plain", text);
	next_part(writing, 3);
	write_text(writing, "html", mail->html);
	close_parts(writing, 3);
}

static enum err
check_attachments(struct writing *writing)
{
	for (size_t i = 0; i < writing->mail->attachment_count; i++) {
		struct str cid = writing->mail->attachments[i].cid;

		if (!str_has_control(cid) && is_plain(cid) &&
			str_find_char(cid, '>') == SIZE_MAX)
			continue;
		buf_printf(writing->why,
			"attachments[%zu].cid: a character in it cannot be "
			"sent",
			i);
		return ERR_INVALID;
	}
	return ERR_OK;
}

enum err
mail_message_write(
	const struct mail_message *mail, struct buf *out, struct buf *why)
{
	struct writing writing = {.mail = mail, .out = out, .why = why};
	uint8_t digest[DIGEST_SHA256_LEN];
	CLEANUP(buf_release) struct buf hex = {0};
	enum err err = write_head(&writing);

	if (!err)
		err = check_attachments(&writing);
	if (err)
		return err;
	/* Base64 has no "=_", so any boundary will do. */
	digest_sha256(mail->message_id, digest);
	encode_hex(&hex, str_make((const char *)digest, 16));
	memcpy(writing.boundary, buf_text(&hex), sizeof(writing.boundary));
	if (count_attachments(mail, false)) {
		open_parts(&writing, "mixed", 1);
		next_part(&writing, 1);
	}
	if (count_attachments(mail, true)) {
		open_parts(&writing, "related", 2);
		next_part(&writing, 2);
	}
	write_content(&writing);
	if (count_attachments(mail, true))
		write_attachments(&writing, true, 2);
	if (count_attachments(mail, false))
		write_attachments(&writing, false, 1);
	if (!buf_is_overflown(out))
		return ERR_OK;
	buf_append(why, STR("the mail is too large"));
	return ERR_LIMIT;
}
