#include "net/http_answer.h"

#include "base/calendar.h"
#include "base/clock.h"

enum {
	/* Status line, Date, Content-Length, Connection and their ends. */
	FIXED_ROOM = 256,
	DATE_LEN = 29, /* Sun, 06 Nov 1994 08:49:37 GMT */
};

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{203, "Non-Authoritative Information"},
	{204, "No Content"},
	{205, "Reset Content"},
	{206, "Partial Content"},
	{207, "Multi-Status"},
	{300, "Multiple Choices"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{303, "See Other"},
	{304, "Not Modified"},
	{307, "Temporary Redirect"},
	{308, "Permanent Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{402, "Payment Required"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{411, "Length Required"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{417, "Expectation Failed"},
	{422, "Unprocessable Content"},
	{423, "Locked"},
	{425, "Too Early"},
	{428, "Precondition Required"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{451, "Unavailable For Legal Reasons"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
	{505, "HTTP Version Not Supported"},
	{507, "Insufficient Storage"},
};

const char *
http_answer_reason(int status)
{
	for (size_t i = 0; i < COUNT_OF(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Status";
}

static char *
put(char *at, struct str bytes)
{
	if (bytes.len)
		memcpy(at, bytes.ptr, bytes.len);
	return at + bytes.len;
}

/** One that would end its line is left out: it could add what it likes. */
static char *
put_header(char *at, struct str name, struct str value)
{
	if (!str_is_token(name) || str_has_control(value))
		return at;
	at = put(at, name);
	at = put(at, STR(": "));
	at = put(at, value);
	return put(at, STR("\r\n"));
}

static char *
put_two_digits(char *at, int value)
{
	*at++ = (char)('0' + value / 10 % 10);
	*at++ = (char)('0' + value % 10);
	return at;
}

static char *
put_decimal(char *at, uint64_t value)
{
	char text[20], *digit = text + sizeof(text);

	do {
		*--digit = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return put(at, str_make(digit, (size_t)(text + sizeof(text) - digit)));
}

/** An HTTP-date (RFC 9110 §5.6.7), DATE_LEN bytes. */
static void
write_date(char *at, int64_t seconds)
{
	static const char weekdays[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t days = calendar_floor_div(seconds, 86400);
	int second = (int)calendar_floor_mod(seconds, 86400);
	struct calendar_date date = calendar_date_of(days);

	at = put(at, str_make(weekdays + 3 * calendar_weekday(days), 3));
	at = put(at, STR(", "));
	at = put_two_digits(at, date.day);
	at = put(at, STR(" "));
	at = put(at, str_make(months + 3 * (date.month - 1), 3));
	at = put(at, STR(" "));
	at = put_two_digits(at, (int)(date.year / 100 % 100));
	at = put_two_digits(at, (int)(date.year % 100));
	at = put(at, STR(" "));
	at = put_two_digits(at, second / 3600);
	at = put(at, STR(":"));
	at = put_two_digits(at, second / 60 % 60);
	at = put(at, STR(":"));
	at = put_two_digits(at, second % 60);
	put(at, STR(" GMT"));
}

/** The same text for a second, in every thread. */
static struct str
date_now(void)
{
	static _Thread_local char text[DATE_LEN];
	static _Thread_local int64_t written = -1;
	int64_t seconds = calendar_floor_div(clock_now(), SECONDS);

	if (seconds != written) {
		write_date(text, seconds);
		written = seconds;
	}
	return str_make(text, DATE_LEN);
}

static char *
put_status_line(char *at, int status)
{
	at = put(at, STR("HTTP/1.1 "));
	at = put_decimal(at, (uint64_t)status);
	at = put(at, STR(" "));
	at = put(at, str_of(http_answer_reason(status)));
	return put(at, STR("\r\n"));
}

static bool
may_have_body(int status)
{
	return status != 204 && status != 304;
}

static size_t
room_for(const struct http_answer *answer, struct str type)
{
	size_t room = FIXED_ROOM + type.len + answer->body.len;

	for (const struct http_answer_header *header = answer->headers; header;
		header = header->next)
		room += header->name.len + header->value.len + 4;
	return room;
}

struct str
http_answer_write(const struct http_answer *answer, struct arena *arena)
{
	bool has_body = may_have_body(answer->status);
	struct str type = str_of(answer->content_type);
	char *start = arena_alloc_raw(arena, room_for(answer, type));
	char *at = put_status_line(start, answer->status);

	at = put_header(at, STR("Date"), date_now());
	if (answer->is_last)
		at = put_header(at, STR("Connection"), STR("close"));
	else if (answer->is_kept_1_0)
		at = put_header(at, STR("Connection"), STR("keep-alive"));
	if (has_body && answer->body.len && type.len)
		at = put_header(at, STR("Content-Type"), type);
	for (const struct http_answer_header *header = answer->headers; header;
		header = header->next)
		at = put_header(at, header->name, header->value);
	if (has_body) {
		at = put(at, STR("Content-Length: "));
		at = put_decimal(at, answer->body.len);
		at = put(at, STR("\r\n"));
	}
	at = put(at, STR("\r\n"));
	if (has_body && !answer->is_to_head)
		at = put(at, answer->body);
	return str_make(start, (size_t)(at - start));
}
