#include "net/wire_response.h"

#include "base/ascii.h"
#include "base/clock.h"

enum { KEPT_MEMORY = 64 * 1024 };

/* What comes is looked at as a head in steps of so many bytes: more than most
   heads have, and little enough if it is a body. */
enum { HEAD_STEP = 1024 };

void
wire_response_begin(
	struct wire_response *response, bool is_to_head, size_t body_max)
{
	struct buf head = response->head, body = response->body;

	if (body.cap > KEPT_MEMORY)
		buf_release(&body);
	buf_clear(&head);
	buf_clear(&body);
	*response = (struct wire_response){.head = head,
		.body = body,
		.has_no_body = is_to_head,
		.body_max = body_max};
}

void
wire_response_release(struct wire_response *response)
{
	buf_release(&response->head);
	buf_release(&response->body);
}

static enum wire_verdict
broken(struct wire_response *response, const char *error)
{
	response->error = error;
	return WIRE_BROKEN;
}

/* ---- the status line (RFC 9112 §4) ---- */

/** "HTTP/1.1 200 OK"; the reason, and the blank before it, may be missing. */
static bool
read_status_line(struct wire_response *response, struct str line)
{
	const char *at = line.ptr;

	if (line.len < 12 || memcmp(at, "HTTP/1.", 7) != 0 || at[8] != ' ')
		return false;
	if (at[7] != '0' && at[7] != '1')
		return false;
	if (!ascii_is_digit(at[9]) || !ascii_is_digit(at[10]) ||
		!ascii_is_digit(at[11]))
		return false;
	if (line.len > 12 && at[12] != ' ')
		return false;
	response->status =
		(at[9] - '0') * 100 + (at[10] - '0') * 10 + at[11] - '0';
	response->is_http_1_0 = at[7] == '0';
	response->can_keep = !response->is_http_1_0;
	return response->status >= 100;
}

/* ---- headers that say how the body is framed ---- */

static bool
take_length(struct wire_response *response, struct str value)
{
	uint64_t length;

	if (str_to_u64(value, &length) != ERR_OK || length > INT64_MAX)
		return false;
	if (response->has_length && response->left != length)
		return false;
	response->has_length = true;
	response->left = length;
	return true;
}

/** The last coding decides; chunked twice, or before another, is nonsense. */
static bool
take_coding(struct wire_response *response, struct str value)
{
	struct str rest = value;

	while (rest.ptr != NULL) {
		struct str coding = str_trim(str_split(&rest, ','));

		if (coding.len == 0)
			continue;
		if (response->is_chunked)
			return false;
		response->has_coding = true;
		response->is_chunked = str_equal_nocase(coding, STR("chunked"));
	}
	return true;
}

static bool
take_connection(struct wire_response *response, struct str value)
{
	struct str rest = value;

	while (rest.ptr != NULL) {
		struct str option = str_trim(str_split(&rest, ','));

		if (str_equal_nocase(option, STR("close")))
			response->can_keep = false;
		else if (response->is_http_1_0 &&
			 str_equal_nocase(option, STR("keep-alive")))
			response->can_keep = true;
	}
	return true;
}

/** "timeout=5, max=100" (RFC 2068 §19.7.1); nonsense says nothing. */
static bool
take_keep_alive(struct wire_response *response, struct str value)
{
	struct str rest = value;

	while (rest.ptr != NULL) {
		struct str option = str_trim(str_split(&rest, ','));
		struct str name = str_head(option, 8);
		uint64_t seconds;

		if (str_equal_nocase(name, STR("timeout=")) &&
			str_to_u64(str_skip(option, 8), &seconds) == ERR_OK &&
			seconds > 0 && seconds < 100000)
			response->keep_time = (int64_t)seconds * SECONDS;
	}
	return true;
}

static const struct {
	struct str name;
	bool (*take)(struct wire_response *response, struct str value);
	bool is_framing;
} headers[] = {
	{STR_INIT("Content-Length"), take_length, true},
	{STR_INIT("Transfer-Encoding"), take_coding, true},
	{STR_INIT("Connection"), take_connection, false},
	{STR_INIT("Keep-Alive"), take_keep_alive, false},
};

/** A header line that means nothing to us may look as it likes. */
static bool
take_header(struct wire_response *response, struct str line)
{
	size_t colon = str_find_char(line, ':');
	struct str name = str_head(line, colon);
	struct str trimmed;

	if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
		return !response->is_framing; /* goes on with the one before */
	response->is_framing = false;
	if (colon == SIZE_MAX)
		return true;
	trimmed = str_trim(name);
	for (size_t i = 0; i < COUNT_OF(headers); i++) {
		if (!str_equal_nocase(trimmed, headers[i].name))
			continue;
		response->is_framing = headers[i].is_framing;
		if (trimmed.len != name.len)
			return !headers[i].is_framing;
		return headers[i].take(
			response, str_trim(str_skip(line, colon + 1)));
	}
	return true;
}

/* ---- the head ---- */

static enum wire_verdict
done(struct wire_response *response)
{
	response->part = WIRE_ALL;
	return WIRE_DONE;
}

/** An interim response is forgotten (RFC 9110 §15.2). */
static enum wire_verdict
pass_over(struct wire_response *response)
{
	struct buf head = response->head;

	if (response->status == 101)
		return broken(response, "answered by changing the protocol");
	if (++response->interim_count > WIRE_INTERIM_MAX)
		return broken(response, "over 16 interim (1xx) responses");
	buf_clear(&head);
	*response = (struct wire_response){.head = head,
		.body = response->body,
		.has_no_body = response->has_no_body,
		.body_max = response->body_max,
		.interim_count = response->interim_count};
	return WIRE_MORE;
}

/** How long the body is (RFC 9112 §6.3). */
static enum wire_verdict
end_head(struct wire_response *response)
{
	int status = response->status;

	if (status < 200)
		return pass_over(response);
	if (response->has_no_body || status == 204 || status == 304)
		return done(response);
	if (response->has_coding &&
		(response->has_length || response->is_http_1_0))
		response->can_keep = false;
	if (response->is_chunked) {
		response->part = WIRE_CHUNKED;
	} else if (response->has_coding || !response->has_length) {
		response->part = WIRE_UNTIL_CLOSE;
		response->can_keep = false;
	} else if (response->left == 0) {
		return done(response);
	} else {
		response->part = WIRE_LENGTH;
	}
	return WIRE_MORE;
}

/** Without its end, CR LF or LF alone (RFC 9112 §2.2). */
static enum wire_verdict
take_line(struct wire_response *response, struct str line)
{
	bool is_first = response->line_start == 0;

	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (memchr(line.ptr, '\r', line.len) ||
		memchr(line.ptr, '\0', line.len))
		return broken(response, "a head with a stray CR or NUL in it");
	if (is_first)
		return read_status_line(response, line)
			       ? WIRE_MORE
			       : broken(response, "not an answer in HTTP/1.1");
	if (line.len == 0)
		return end_head(response);
	return take_header(response, line)
		       ? WIRE_MORE
		       : broken(response, "contradictory framing of the body");
}

/** What cannot become a status line need not be waited for. */
static bool
may_be_status_line(const struct wire_response *response)
{
	static const char start[] = "HTTP/1.";
	size_t len = response->head.len;

	return memcmp(response->head.ptr, start,
		       len < sizeof(start) - 1 ? len : sizeof(start) - 1) == 0;
}

/** The line is in the head from `start` until before `end`, its LF. */
static enum wire_verdict
take_line_at(struct wire_response *response, size_t start, size_t end)
{
	if (end > WIRE_HEAD_MAX)
		return WIRE_TOO_LARGE;
	return take_line(response,
		str_make(response->head.ptr + start, end - start - 1));
}

/** Takes lines until one is not whole, or the head is. */
static enum wire_verdict
take_head(struct wire_response *response, struct str bytes, size_t *used)
{
	struct buf *head = &response->head;
	struct str rest = str_head(str_skip(bytes, *used), HEAD_STEP);
	size_t former = head->len, from = former;
	const char *end;

	buf_append(head, rest);
	while ((end = memchr(head->ptr + from, '\n', head->len - from))) {
		enum wire_verdict verdict;

		from = (size_t)(end - head->ptr) + 1;
		verdict = take_line_at(response, response->line_start, from);
		if (verdict == WIRE_MORE && response->part == WIRE_HEAD &&
			head->len > 0) {
			response->line_start = from;
			continue;
		}
		/* An interim response has left nothing of itself. */
		buf_truncate(head, from);
		response->line_start = head->len;
		*used += from - former;
		return verdict;
	}
	*used += rest.len;
	if (head->len > WIRE_HEAD_MAX)
		return WIRE_TOO_LARGE;
	return response->line_start > 0 || may_be_status_line(response)
		       ? WIRE_MORE
		       : broken(response, "not an answer in HTTP/1.1");
}

/* ---- bodies ---- */

/** Counts what is not kept; ENOUGH when it goes on and on. */
static enum wire_verdict
see(struct wire_response *response, size_t count)
{
	response->body_seen += count;
	return response->body_seen > WIRE_READ_ON_MAX &&
			       response->body_seen > response->body.len
		       ? WIRE_ENOUGH
		       : WIRE_MORE;
}

static enum wire_verdict
keep(struct wire_response *response, struct str bytes)
{
	size_t room = response->body_max - response->body.len;

	buf_append(&response->body, str_head(bytes, room));
	return see(response, bytes.len);
}

static struct str
take_left(struct wire_response *response, struct str bytes, size_t *used)
{
	struct str rest = str_skip(bytes, *used);

	if (rest.len > response->left)
		rest.len = (size_t)response->left;
	response->left -= rest.len;
	*used += rest.len;
	return rest;
}

static enum wire_verdict
take_length_body(struct wire_response *response, struct str bytes, size_t *used)
{
	enum wire_verdict verdict =
		keep(response, take_left(response, bytes, used));

	return response->left == 0 ? done(response) : verdict;
}

static enum wire_verdict
take_until_close(struct wire_response *response, struct str bytes, size_t *used)
{
	struct str rest = str_skip(bytes, *used);

	*used = bytes.len;
	return keep(response, rest);
}

/** Nobody asked for extensions and trailers: they are read over, for a while.
 */
static enum wire_verdict
take_chunked(struct wire_response *response, struct str bytes, size_t *used)
{
	struct chunked *chunked = &response->chunked;
	struct str data;
	enum chunked_verdict chunk = chunked_take(chunked, bytes, used, &data);
	enum wire_verdict verdict = keep(response, data);

	if (chunk == CHUNKED_BROKEN)
		return broken(response, chunked->error);
	if (chunk == CHUNKED_DONE)
		return done(response);
	if (chunked->part == CHUNKED_TRAILERS)
		return chunked->overhead > WIRE_READ_ON_MAX ? WIRE_ENOUGH
							    : verdict;
	if (chunked->overhead > WIRE_READ_ON_MAX + response->body_seen)
		return broken(response, "more about chunks than in them");
	return verdict;
}

/* ---- all of it ---- */

typedef enum wire_verdict part_function(
	struct wire_response *response, struct str bytes, size_t *used);

static part_function *const parts[] = {
	[WIRE_HEAD] = take_head,
	[WIRE_LENGTH] = take_length_body,
	[WIRE_UNTIL_CLOSE] = take_until_close,
	[WIRE_CHUNKED] = take_chunked,
};

enum wire_verdict
wire_response_take(
	struct wire_response *response, struct str bytes, size_t *ret_used)
{
	enum wire_verdict verdict = WIRE_MORE;

	*ret_used = 0;
	if (response->part == WIRE_ALL)
		return WIRE_DONE;
	while (verdict == WIRE_MORE && *ret_used < bytes.len)
		verdict = parts[response->part](response, bytes, ret_used);
	return verdict;
}

enum wire_verdict
wire_response_end(struct wire_response *response)
{
	response->can_keep = false;
	if (response->part == WIRE_ALL || response->part == WIRE_UNTIL_CLOSE)
		return done(response);
	if (!wire_response_is_begun(response))
		return broken(response, "closed without an answer");
	return broken(response, "closed in the midst of the answer");
}

bool
wire_response_is_begun(const struct wire_response *response)
{
	return response->head.len > 0 || response->interim_count > 0;
}
