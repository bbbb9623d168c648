#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "net/request_body.h"
#include "net/request_head.h"

enum { HEAD_MAX = 1024, BODY_MAX = 100 };

struct outcome {
	int status; /* 0: more is needed, 200: a request was read */
	size_t used;
	enum request_body_verdict body_verdict;
	struct buf body;
};

static struct request_head head;

/** As much of the bytes as have come: true when there is a verdict. */
static bool
look(struct str come, size_t *scanned, struct outcome *outcome)
{
	size_t skipped = request_head_skip(come);
	struct str rest = str_skip(come, skipped);
	size_t len;

	if (skipped != outcome->used)
		*scanned = 0;
	outcome->used = skipped;
	len = rest.len ? request_head_find(rest, scanned) : 0;
	if (len == 0) {
		if (rest.len == 0 ||
			request_head_is_possible(rest, HEAD_MAX, &head))
			return false;
		outcome->status = head.status;
		return true;
	}
	outcome->used += len;
	outcome->status =
		request_head_read(str_head(rest, len), HEAD_MAX, &head)
			? 200
			: head.status;
	return true;
}

static void
read_body(struct str bytes, size_t piece, struct outcome *outcome)
{
	struct request_body body;
	size_t used;

	outcome->body_verdict = request_body_begin(&body, &head, BODY_MAX);
	while (outcome->body_verdict == REQUEST_BODY_MORE &&
		outcome->used < bytes.len) {
		outcome->body_verdict = request_body_take(&body,
			str_head(str_skip(bytes, outcome->used), piece),
			&outcome->body, &used);
		assert(used > 0);
		outcome->used += used;
	}
	assert(outcome->body.len <= BODY_MAX);
}

static struct outcome
read_all(struct str bytes, size_t piece)
{
	struct outcome outcome = {0};
	size_t scanned = 0, come = 0;

	while (come < bytes.len) {
		come = piece < bytes.len - come ? come + piece : bytes.len;
		if (look(str_head(bytes, come), &scanned, &outcome))
			break;
	}
	if (outcome.status == 200)
		read_body(bytes, piece, &outcome);
	return outcome;
}

static bool
is_within(struct str text, struct str bytes)
{
	return text.len == 0 || str_equal(text, STR("/")) ||
	       (text.ptr >= bytes.ptr &&
		       text.ptr + text.len <= bytes.ptr + bytes.len);
}

/** What holds of a head that was taken. */
static void
check_head(struct str bytes)
{
	assert(str_is_token(head.method) && head.path.len > 0);
	assert(is_within(head.method, bytes) && is_within(head.path, bytes));
	assert(is_within(head.query, bytes));
	assert(!(head.is_chunked && head.length));
	for (size_t i = 0; i < head.header_count; i++) {
		assert(str_is_token(head.headers[i].name));
		assert(memchr(head.headers[i].value.ptr, '\n',
			       head.headers[i].value.len) == NULL);
		assert(is_within(head.headers[i].value, bytes));
	}
}

/*
 * How the network cuts a request into pieces makes no difference, and what is
 * taken is as a request must be.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = {1, 2, 3, 7, 64};
	struct str bytes = str_make((const char *)data, size);
	struct outcome whole = read_all(bytes, SIZE_MAX);

	if (whole.status == 200)
		check_head(bytes);
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		struct outcome again = read_all(bytes, pieces[i]);

		assert(again.status == whole.status);
		if (whole.status == 200) {
			assert(again.body_verdict == whole.body_verdict);
			assert(again.body_verdict != REQUEST_BODY_DONE ||
				again.used == whole.used);
			assert(again.body_verdict != REQUEST_BODY_DONE ||
				str_equal(buf_str(&again.body),
					buf_str(&whole.body)));
		}
		buf_release(&again.body);
	}
	buf_release(&whole.body);
	return 0;
}
