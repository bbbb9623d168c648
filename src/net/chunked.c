#include "net/chunked.h"

#include "base/ascii.h"

static enum chunked_verdict
broken(struct chunked *chunked, const char *error)
{
	chunked->error = error;
	return CHUNKED_BROKEN;
}

static void
begin_line(struct chunked *chunked, enum chunked_part part)
{
	chunked->part = part;
	chunked->line_len = 0;
	chunked->has_digit = chunked->is_size_over = false;
	chunked->is_in_extension = false;
	chunked->is_after_cr = false;
	chunked->is_line_empty = true;
}

/** Whether a line may go on, or end, with this byte. */
static bool
fits_line(struct chunked *chunked, char c)
{
	bool was_cr = chunked->is_after_cr;

	chunked->is_after_cr = c == '\r';
	if (!chunked->is_strict)
		return true;
	if (c == '\n' || was_cr)
		return c == '\n' && was_cr;
	return !ascii_is_control(c) || c == '\t' || c == '\r';
}

static enum chunked_verdict
end_size(struct chunked *chunked)
{
	if (!chunked->has_digit)
		return broken(chunked, "a chunk without a size");
	begin_line(chunked, chunked->left ? CHUNKED_DATA : CHUNKED_TRAILERS);
	return CHUNKED_MORE;
}

static enum chunked_verdict
take_size_byte(struct chunked *chunked, char c)
{
	int digit = ascii_hex_value(c);

	if (!fits_line(chunked, c))
		return broken(chunked, "a chunk's size is no line");
	if (++chunked->line_len > CHUNKED_LINE_MAX)
		return broken(chunked, "more about chunks than in them");
	if (c == '\n')
		return end_size(chunked);
	if (chunked->is_in_extension)
		return CHUNKED_MORE;
	if (digit < 0 || chunked->is_size_over) {
		chunked->is_size_over = true;
		chunked->is_in_extension = c == ';';
		return chunked->has_digit && (c == ';' || c == ' ' ||
						     c == '\t' || c == '\r')
			       ? CHUNKED_MORE
			       : broken(chunked, "a chunk's size is no number");
	}
	chunked->has_digit = true;
	if (chunked->left > (uint64_t)INT64_MAX >> 4)
		return broken(chunked, "a chunk's size is no number");
	chunked->left = chunked->left << 4 | (unsigned)digit;
	return CHUNKED_MORE;
}

static enum chunked_verdict
take_size(struct chunked *chunked, struct str bytes, size_t *used)
{
	enum chunked_verdict verdict = CHUNKED_MORE;

	while (verdict == CHUNKED_MORE && chunked->part == CHUNKED_SIZE &&
		*used < bytes.len) {
		chunked->overhead++;
		verdict = take_size_byte(chunked, bytes.ptr[(*used)++]);
	}
	return verdict;
}

static enum chunked_verdict
take_data(struct chunked *chunked, struct str bytes, size_t *used,
	struct str *ret_data)
{
	struct str rest = str_skip(bytes, *used);

	if (rest.len > chunked->left)
		rest.len = (size_t)chunked->left;
	*used += rest.len;
	chunked->left -= rest.len;
	if (chunked->left == 0)
		begin_line(chunked, CHUNKED_DATA_END);
	*ret_data = rest;
	return CHUNKED_MORE;
}

static enum chunked_verdict
take_data_end(struct chunked *chunked, char c)
{
	if (c == '\r' && chunked->line_len++ == 0)
		return CHUNKED_MORE;
	if (c != '\n' || (chunked->is_strict && chunked->line_len == 0))
		return broken(chunked, "a chunk longer than its size");
	begin_line(chunked, CHUNKED_SIZE);
	return CHUNKED_MORE;
}

static enum chunked_verdict
take_trailers(struct chunked *chunked, struct str bytes, size_t *used)
{
	while (*used < bytes.len) {
		char c = bytes.ptr[(*used)++];

		chunked->overhead++;
		if (!fits_line(chunked, c))
			return broken(chunked, "a trailer is no line");
		if (c == '\n' && chunked->is_line_empty) {
			chunked->part = CHUNKED_END;
			return CHUNKED_DONE;
		}
		if (c == '\n') {
			begin_line(chunked, CHUNKED_TRAILERS);
			return CHUNKED_MORE;
		}
		if (c != '\r')
			chunked->is_line_empty = false;
	}
	return CHUNKED_MORE;
}

enum chunked_verdict
chunked_take(struct chunked *chunked, struct str bytes, size_t *used,
	struct str *ret_data)
{
	*ret_data = (struct str){0};
	if (chunked->part == CHUNKED_END)
		return CHUNKED_DONE;
	if (*used >= bytes.len)
		return CHUNKED_MORE;
	switch (chunked->part) {
	case CHUNKED_SIZE: return take_size(chunked, bytes, used);
	case CHUNKED_DATA: return take_data(chunked, bytes, used, ret_data);
	case CHUNKED_DATA_END:
		return take_data_end(chunked, bytes.ptr[(*used)++]);
	case CHUNKED_TRAILERS: return take_trailers(chunked, bytes, used);
	case CHUNKED_END: break;
	}
	return CHUNKED_DONE;
}
