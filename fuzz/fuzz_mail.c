#include "flow/mail_message.h"
#include "fuzz.h"

/*
 * Addresses, subjects and HTML of mails: any bytes. What comes out has the
 * header lines that it should have, whatever the fields hold.
 */
static size_t
count_of(struct str text, struct str word)
{
	size_t count = 0, at;

	while ((at = str_find(text, word)) != SIZE_MAX) {
		count++;
		text = str_skip(text, at + word.len);
	}
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(buf_release) struct buf why = {0};
	struct str text = str_make((const char *)data, size);
	struct mail_address to = {STR(""), STR("a@b")};
	struct mail_message mail = {.from = {STR(""), STR("a@b")},
		.to = &to,
		.to_count = 1,
		.subject = text,
		.html = text,
		.message_id = STR("1@b")};
	size_t head;

	if (mail_address_read(text, &to, &why) == ERR_OK &&
		(str_has_control(to.name) || str_has_control(to.address)))
		__builtin_trap();
	if (mail_message_write(&mail, &out, &why) != ERR_OK)
		return 0;
	head = str_find(buf_str(&out), STR("\r\n\r\n"));
	if (head == SIZE_MAX ||
		count_of(str_head(buf_str(&out), head), STR("\r\nTo: ")) != 1 ||
		count_of(str_head(buf_str(&out), head), STR("\r\nBcc")) != 0)
		__builtin_trap();
	return 0;
}
