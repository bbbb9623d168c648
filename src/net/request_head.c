#include "net/request_head.h"

#include "base/ascii.h"

/** Always false, for the caller to pass on. */
static bool
refuse(struct request_head *head, int status, struct str reason)
{
	head->status = status;
	head->reason = reason;
	head->can_keep = false;
	return false;
}

static bool
refuse_line(struct request_head *head)
{
	return refuse(head, 400,
		STR("The request line is not valid: expected a method, a path "
		    "and HTTP/1.1, a blank between each."));
}

/* ---- bytes ---- */

/** No control but a tab; without a way out, so that it runs in vectors. */
static bool
is_text(struct str text)
{
	unsigned bad = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		bad |= (unsigned)(c < 0x20 && c != '\t') | (c == 0x7F);
	}
	return bad == 0;
}

/** What may stand in a target; bytes of UTF-8 are let through as sent. */
static bool
is_target(struct str text)
{
	unsigned bad = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		bad |= (unsigned)(c <= 0x20) | (c == 0x7F) | (c == '#');
	}
	return bad == 0;
}

static struct str
trim_blanks(struct str text)
{
	while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
		text = str_skip(text, 1);
	while (text.len && (text.ptr[text.len - 1] == ' ' ||
				   text.ptr[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* ---- the request line (RFC 9112 §3) ---- */

/** "http://host/path" is for its path; Host counts all the same. */
static bool
strip_authority(struct str *target)
{
	static const struct str schemes[] = {
		STR_INIT("http://"), STR_INIT("https://")};
	struct str rest;

	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		size_t len = schemes[i].len, at = 0;

		if (!str_equal_nocase(str_head(*target, len), schemes[i]))
			continue;
		rest = str_skip(*target, len);
		while (at < rest.len && rest.ptr[at] != '/' &&
			rest.ptr[at] != '?')
			at++;
		*target = str_skip(rest, at);
		return at > 0;
	}
	return false;
}

static bool
read_target(struct request_head *head, struct str target)
{
	if (!is_target(target))
		return false;
	if (target.len == 0)
		return false;
	if (target.ptr[0] != '/' &&
		!(str_equal(target, STR("*")) &&
			str_equal(head->method, STR("OPTIONS"))) &&
		!strip_authority(&target))
		return false;
	head->query = target;
	head->path = str_split(&head->query, '?');
	if (head->path.len == 0)
		head->path = STR("/");
	if (head->query.ptr == NULL)
		head->query = STR("");
	return true;
}

static bool
read_version(struct request_head *head, struct str version)
{
	if (version.len != 8 || memcmp(version.ptr, "HTTP/", 5) != 0 ||
		!ascii_is_digit(version.ptr[5]) || version.ptr[6] != '.' ||
		!ascii_is_digit(version.ptr[7]))
		return refuse_line(head);
	if (version.ptr[5] != '1')
		return refuse(head, 505,
			STR("Only HTTP/1.1 and HTTP/1.0 are spoken here."));
	head->is_http_1_0 = version.ptr[7] == '0';
	head->can_keep = !head->is_http_1_0;
	return true;
}

static bool
read_request_line(struct request_head *head, struct str line)
{
	struct str rest = line, method = str_split(&rest, ' '), target;

	if (method.len > REQUEST_METHOD_MAX || !str_is_token(method))
		return refuse_line(head);
	head->method = method;
	target = str_split(&rest, ' ');
	if (!read_target(head, target))
		return refuse_line(head);
	return read_version(head, rest);
}

/* ---- headers that the server itself understands ---- */

/** uri-host [":" port], by its characters alone; may be empty. */
static bool
is_host(struct str value)
{
	static const char marks[] = "-._~%!$&'()*+;=:[]";

	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (!ascii_is_letter(c) && !ascii_is_digit(c) &&
			memchr(marks, c, sizeof(marks) - 1) == NULL)
			return false;
	}
	return true;
}

static bool
take_host(struct request_head *head, struct str value)
{
	if (++head->host_count > 1 || !is_host(value))
		return refuse(head, 400,
			STR("Expected one Host header with a host in it."));
	return true;
}

static bool
take_length(struct request_head *head, struct str value)
{
	if (++head->length_count > 1 ||
		str_to_u64(value, &head->length) != ERR_OK ||
		head->length > INT64_MAX)
		return refuse(head, 400,
			STR("Expected one Content-Length that is a number."));
	return true;
}

static bool
take_coding(struct request_head *head, struct str value)
{
	struct str rest = value;

	head->has_coding = true;
	while (rest.ptr != NULL) {
		struct str coding = trim_blanks(str_split(&rest, ','));

		if (coding.len == 0 || head->is_chunked)
			return refuse(head, 400,
				STR("Transfer-Encoding is not valid: expected "
				    "chunked."));
		if (str_equal_nocase(coding, STR("chunked")))
			head->is_chunked = true;
		else
			head->is_coding_unknown = true;
	}
	return true;
}

static bool
take_connection(struct request_head *head, struct str value)
{
	struct str rest = value;

	while (rest.ptr != NULL) {
		struct str option = trim_blanks(str_split(&rest, ','));

		if (str_equal_nocase(option, STR("close")))
			head->can_keep = false;
		else if (head->is_http_1_0 &&
			 str_equal_nocase(option, STR("keep-alive")))
			head->can_keep = true;
	}
	return true;
}

static bool
take_expect(struct request_head *head, struct str value)
{
	if (!str_equal_nocase(value, STR("100-continue")))
		return refuse(head, 417,
			STR("The only thing that may be expected is "
			    "100-continue."));
	head->is_expecting = !head->is_http_1_0;
	return true;
}

static const struct {
	struct str name;
	bool (*take)(struct request_head *head, struct str value);
} takers[] = {
	{STR_INIT("Host"), take_host},
	{STR_INIT("Content-Length"), take_length},
	{STR_INIT("Transfer-Encoding"), take_coding},
	{STR_INIT("Connection"), take_connection},
	{STR_INIT("Expect"), take_expect},
};

static bool
take_header(struct request_head *head, const struct request_header *header)
{
	for (size_t i = 0; i < COUNT_OF(takers); i++)
		if (str_equal_nocase(header->name, takers[i].name))
			return takers[i].take(head, header->value);
	return true;
}

/* ---- header lines (RFC 9112 §5) ---- */

static bool
read_header(struct request_head *head, struct str line)
{
	size_t colon = str_find_char(line, ':');
	struct request_header *header;

	if (head->header_count == REQUEST_HEADERS_MAX)
		return refuse(
			head, 431, STR("The request has too many headers."));
	header = &head->headers[head->header_count];
	header->name = str_head(line, colon);
	if (colon == SIZE_MAX || !str_is_token(header->name))
		return refuse(head, 400,
			STR("A header is not valid: expected a name, a colon "
			    "right after it, and a value on the same line."));
	header->value = trim_blanks(str_skip(line, colon + 1));
	if (!is_text(header->value))
		return refuse(head, 400,
			STR("A header's value has a control character."));
	head->header_count++;
	return take_header(head, header);
}

/** What the headers say together: RFC 9112 §3.2 and §6.3. */
static bool
check_framing(struct request_head *head)
{
	if (head->host_count == 0 && !head->is_http_1_0)
		return refuse(
			head, 400, STR("The request has no Host header."));
	if (!head->has_coding)
		return true;
	if (head->length_count > 0 || head->is_http_1_0)
		return refuse(head, 400,
			STR("Transfer-Encoding stands beside a Content-Length "
			    "or in HTTP/1.0: the body's end is not clear."));
	if (head->is_coding_unknown)
		return refuse(head, 501,
			STR("The only Transfer-Encoding known here is "
			    "chunked."));
	return true;
}

/* ---- the head ---- */

size_t
request_head_skip(struct str bytes)
{
	size_t at = 0;

	while (str_starts_with(str_skip(bytes, at), STR("\r\n")))
		at += 2;
	return at;
}

size_t
request_head_find(struct str bytes, size_t *scanned)
{
	size_t at = *scanned;

	while (at < bytes.len) {
		const char *end = memchr(bytes.ptr + at, '\n', bytes.len - at);
		size_t next = end ? (size_t)(end - bytes.ptr) + 1 : bytes.len;

		if (end == NULL) {
			at = bytes.len;
			break;
		}
		/* The empty line, which may end in LF alone: refused later. */
		if (next < bytes.len && bytes.ptr[next] == '\n')
			return next + 1;
		if (next + 1 < bytes.len && bytes.ptr[next] == '\r' &&
			bytes.ptr[next + 1] == '\n')
			return next + 2;
		if (next + 2 > bytes.len) {
			at = next - 1; /* this line's end again */
			break;
		}
		at = next;
	}
	*scanned = at;
	return 0;
}

/** As far as it can be told from how the bytes begin. */
static bool
check_beginning(struct request_head *head, struct str bytes, size_t max)
{
	size_t line_max = max < REQUEST_LINE_MAX ? max : REQUEST_LINE_MAX;
	size_t line = str_find_char(str_head(bytes, line_max), '\n');
	struct str method = str_head(bytes, str_find_char(bytes, ' '));

	if (method.len > REQUEST_METHOD_MAX ||
		(bytes.len > 0 && !str_is_token(method)))
		return refuse_line(head);
	if (line == SIZE_MAX && bytes.len >= line_max)
		return refuse(
			head, 414, STR("The request's path is too long."));
	if (bytes.len > max)
		return refuse(
			head, 431, STR("The request's head is too large."));
	return true;
}

static void
begin(struct request_head *head)
{
	/* Not the table of headers, which is large and not looked at. */
	memset(head, 0, offsetof(struct request_head, headers));
	head->method = head->path = head->query = head->reason = STR("");
}

bool
request_head_is_possible(
	struct str bytes, size_t max, struct request_head *head)
{
	begin(head);
	if (str_equal(bytes, STR("\r")))
		return true; /* of an empty line before it */
	return check_beginning(head, bytes, max);
}

/** Lines end in CR LF and have no other CR (RFC 9112 §2.2). */
static bool
next_line(struct str *rest, struct str *ret)
{
	*ret = str_split(rest, '\n');
	if (ret->len == 0 || ret->ptr[ret->len - 1] != '\r')
		return false;
	ret->len--;
	return true;
}

bool
request_head_read(struct str bytes, size_t max, struct request_head *head)
{
	struct str rest = bytes, line;

	begin(head);
	if (!check_beginning(head, bytes, max))
		return false;
	if (!next_line(&rest, &line))
		return refuse_line(head);
	if (!read_request_line(head, line))
		return false;
	for (;;) {
		if (!next_line(&rest, &line))
			return refuse(head, 400,
				STR("A line of the head does not end in CR "
				    "LF."));
		if (line.len == 0)
			return check_framing(head);
		if (!read_header(head, line))
			return false;
	}
}
