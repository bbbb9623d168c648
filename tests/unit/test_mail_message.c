#include "flow/mail_message.h"

#include "base/clock.h"
#include "base/encode.h"
#include "check.h"

static struct buf out, why;
static struct mail_address to = {STR_INIT(""), STR_INIT("ops@example.com")};

static struct mail_message
simple(void)
{
	return (struct mail_message){
		.from = {STR("Hub"), STR("hub@example.com")},
		.to = &to,
		.to_count = 1,
		.subject = STR("off"),
		.text = STR("it is off"),
		.message_id = STR("1@example.com"),
		.date = INT64_C(1466441246) * SECONDS};
}

static void
check_has(const char *text)
{
	if (str_find(buf_str(&out), str_of(text)) == SIZE_MAX)
		check_failed(__FILE__, __LINE__, "no \"%s\" in:\n%s", text,
			buf_text(&out));
}

TEST(mail_message, plain_text_has_one_part)
{
	struct mail_message mail = simple();

	CHECK_OK(mail_message_write(&mail, &out, &why));
	CHECK_STR(
		buf_str(&out), STR("Date: Mon, 20 Jun 2016 16:47:26 +0000\r\n"
				   "From: \"Hub\" <hub@example.com>\r\n"
				   "To: ops@example.com\r\n"
				   "Message-ID: <1@example.com>\r\n"
				   "Subject: off\r\n"
				   "MIME-Version: 1.0\r\n"
				   "Content-Type: text/plain; charset=utf-8\r\n"
				   "Content-Transfer-Encoding: base64\r\n\r\n"
				   "aXQgaXMgb2Zm\r\n"));
}

TEST(mail_message, html_has_a_text_beside_it_and_attachments_their_place)
{
	struct mail_attachment parts[] = {{STR("a.txt"), STR("A"), STR("")},
		{STR("b.png"), STR("B"), STR("logo")}};
	struct mail_message mail = simple();

	mail.text = STR("");
	mail.html = STR("<p>it is <b>off</b></p>");
	mail.attachments = parts;
	mail.attachment_count = 2;
	CHECK_OK(mail_message_write(&mail, &out, &why));
	check_has("Content-Type: multipart/mixed;");
	check_has("Content-Type: multipart/related;");
	check_has("Content-Type: multipart/alternative;");
	check_has("Content-Type: text/html; charset=utf-8\r\n"
		  "Content-Transfer-Encoding: base64\r\n\r\n"
		  "PHA+aXQgaXMgPGI+b2ZmPC9iPjwvcD4=\r\n");
	check_has("Content-Disposition: attachment;\r\n filename=\"a.txt\"");
	check_has("Content-Type: image/png;\r\n name=\"b.png\"\r\n");
	check_has("Content-Disposition: inline;\r\n filename=\"b.png\"\r\n"
		  "Content-ID: <logo>\r\n");
}

TEST(mail_message, texts_that_are_no_ascii_are_encoded_words)
{
	struct mail_address name = {STR("Žofie"), STR("z@example.com")};
	struct mail_message mail = simple();

	mail.subject = STR("Příliš žluťoučký kůň úpěl ďábelské ódy dnes");
	mail.to = &name;
	CHECK_OK(mail_message_write(&mail, &out, &why));
	check_has("To: =?UTF-8?B?xb1vZmll?= <z@example.com>\r\n");
	check_has("Subject: =?UTF-8?B?");
	check_has("?=\r\n =?UTF-8?B?");
}

TEST(mail_message, no_field_can_add_a_header)
{
	struct mail_header header = {STR("X-Note"), STR("a\r\nBcc: x@y")};
	struct mail_header names[] = {{STR("Bcc"), STR("x@y")},
		{STR("Content-Type"), STR("text/html")},
		{STR("X Y"), STR("z")}};
	struct mail_message mail = simple();

	mail.subject = STR("off\r\nBcc: x@example.com");
	CHECK_INT(mail_message_write(&mail, &out, &why), ERR_INVALID);
	CHECK(str_starts_with(buf_str(&why), STR("Subject: a line's end")));
	mail = simple();
	mail.headers = &header;
	mail.header_count = 1;
	CHECK_INT(mail_message_write(&mail, &out, &why), ERR_INVALID);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		mail.headers = &names[i];
		CHECK_INT(mail_message_write(&mail, &out, &why), ERR_INVALID);
	}
}

TEST(mail_message, addresses_are_read_with_and_without_names)
{
	static const char *const wrong[] = {"", "a", "a@", "@b", "a b@c",
		"a@b@c", "a@b\r\nRCPT TO:<x@y>", "<a@b", "Žofie@example.com",
		"a@b,c@d"};
	struct mail_address address;

	CHECK_OK(mail_address_read(
		STR(" \"Ops, all\" <ops@example.com> "), &address, &why));
	CHECK_STR(address.name, STR("Ops, all"));
	CHECK_STR(address.address, STR("ops@example.com"));
	CHECK_OK(mail_address_read(STR("ops@example.com"), &address, &why));
	CHECK_STR(address.name, STR(""));
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		if (mail_address_read(str_of(wrong[i]), &address, &why) !=
			ERR_INVALID)
			check_failed(__FILE__, __LINE__, "%s", wrong[i]);
	}
}

TEST(mail_message, text_of_html_is_readable)
{
	mail_html_to_text(STR("<html><head><title>x</title><style>p{}</style>"
			      "</head>\n<body><p>a &amp; b</p><table><tr>"
			      "<td>1</td><td>2</td></tr></table>c<br/>d < e"
			      "<!-- note -->"),
		&out);
	CHECK_STR(buf_str(&out), STR("a & b\n1 2 \n\nc\nd < e"));
}
