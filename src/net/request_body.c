#include "net/request_body.h"

enum request_body_verdict
request_body_begin(
	struct request_body *body, const struct request_head *head, size_t max)
{
	*body = (struct request_body){
		.is_chunked = head->is_chunked,
		.left = head->is_chunked ? 0 : head->length,
		.max = max,
		.chunked = {.is_strict = true},
	};
	if (body->left > max)
		return REQUEST_BODY_TOO_LARGE;
	return body->is_chunked || body->left ? REQUEST_BODY_MORE
					      : REQUEST_BODY_DONE;
}

static void
keep(struct request_body *body, struct str data, struct buf *out)
{
	body->seen += data.len;
	if (out && data.len)
		buf_append(out, data);
}

static enum request_body_verdict
take_length(struct request_body *body, struct str bytes, struct buf *out,
	size_t *ret_used)
{
	struct str piece = bytes;

	if (piece.len > body->left)
		piece.len = (size_t)body->left;
	keep(body, piece, out);
	body->left -= piece.len;
	*ret_used = piece.len;
	return body->left ? REQUEST_BODY_MORE : REQUEST_BODY_DONE;
}

static enum request_body_verdict
take_piece(struct request_body *body, struct str bytes, struct buf *out,
	size_t *used)
{
	struct str data;
	enum chunked_verdict verdict =
		chunked_take(&body->chunked, bytes, used, &data);

	if (verdict == CHUNKED_BROKEN)
		return REQUEST_BODY_BROKEN;
	/* A chunk says how long it is before it comes. */
	if (body->chunked.part == CHUNKED_DATA &&
		body->chunked.left + data.len > body->max - body->seen)
		return REQUEST_BODY_TOO_LARGE;
	keep(body, data, out);
	if (body->chunked.overhead > REQUEST_OVERHEAD_MAX + 8 * body->seen)
		return REQUEST_BODY_BROKEN;
	return verdict == CHUNKED_DONE ? REQUEST_BODY_DONE : REQUEST_BODY_MORE;
}

enum request_body_verdict
request_body_take(struct request_body *body, struct str bytes, struct buf *out,
	size_t *ret_used)
{
	enum request_body_verdict verdict = REQUEST_BODY_MORE;

	*ret_used = 0;
	if (!body->is_chunked)
		return take_length(body, bytes, out, ret_used);
	while (verdict == REQUEST_BODY_MORE && *ret_used < bytes.len)
		verdict = take_piece(body, bytes, out, ret_used);
	return verdict;
}

uint64_t
request_body_left(const struct request_body *body)
{
	return body->is_chunked ? 0 : body->left;
}
