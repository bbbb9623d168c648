#include "base/uuid.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/random.h"

static void
mark(struct uuid *uuid, unsigned version)
{
	uuid->bytes[6] = (uint8_t)((uuid->bytes[6] & 0x0F) | (version << 4));
	uuid->bytes[8] = (uint8_t)((uuid->bytes[8] & 0x3F) | 0x80);
}

struct uuid
uuid_random(void)
{
	struct uuid uuid;

	random_bytes(uuid.bytes, sizeof(uuid.bytes));
	mark(&uuid, 4);
	return uuid;
}

static void
put_big_endian(uint8_t *at, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
}

static uint64_t
get_big_endian(const uint8_t *at, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | at[i];
	return value;
}

/*
 * The 12 bits that RFC 9562 §6.2 leaves to the maker hold the microseconds
 * within the millisecond, so that ids also sort within one.
 */
struct uuid
uuid_from_sequence(int64_t created, uint64_t sequence)
{
	struct uuid uuid;

	put_big_endian(uuid.bytes, (uint64_t)(created / MILLISECONDS), 6);
	put_big_endian(uuid.bytes + 6, (uint64_t)(created % MILLISECONDS), 2);
	put_big_endian(uuid.bytes + 8, sequence, 8);
	mark(&uuid, 7);
	return uuid;
}

uint64_t
uuid_sequence(struct uuid uuid)
{
	return get_big_endian(uuid.bytes + 8, 8) & (UINT64_MAX >> 2);
}

int64_t
uuid_milliseconds(struct uuid uuid)
{
	return (int64_t)get_big_endian(uuid.bytes, 6);
}

enum err
uuid_parse(struct str text, struct uuid *ret)
{
	struct uuid uuid;
	size_t at = 0;

	if (text.len != UUID_TEXT_LEN)
		return ERR_INVALID;
	for (size_t i = 0; i < sizeof(uuid.bytes); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10) {
			if (text.ptr[at++] != '-')
				return ERR_INVALID;
		}
		if (encode_hex_read(
			    str_make(text.ptr + at, 2), &uuid.bytes[i], 1))
			return ERR_INVALID;
		at += 2;
	}
	*ret = uuid;
	return ERR_OK;
}

const char *
uuid_format(struct uuid uuid, char text[UUID_TEXT_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	char *at = text;

	for (size_t i = 0; i < sizeof(uuid.bytes); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = hex[uuid.bytes[i] >> 4];
		*at++ = hex[uuid.bytes[i] & 15];
	}
	*at = '\0';
	return text;
}

void
uuid_append(struct buf *out, struct uuid uuid)
{
	char text[UUID_TEXT_SIZE];

	buf_append(out, str_of(uuid_format(uuid, text)));
}

bool
uuid_equal(struct uuid a, struct uuid b)
{
	return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}
