/* The small readers of one text each. */
#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/timestamp.h"
#include "base/uuid.h"
#include "fuzz.h"
#include "rule/catalog.h"
#include "rule/retry.h"
#include "rule/signature.h"

static void
fuzz_times(struct str text)
{
	struct timestamp t, again;
	char formatted[TIMESTAMP_TEXT_SIZE];
	int64_t micro, seconds;

	if (!timestamp_parse(text, &t)) {
		assert(timestamp_compare(t, t) == 0);
		assert(!timestamp_parse_microseconds(text, &micro));
		timestamp_format(micro, formatted);
		/* An offset may lead out of the years 0 to 9999. */
		if (micro >= 0 && micro < INT64_C(253402300800) * SECONDS) {
			assert(!timestamp_parse(str_of(formatted), &again));
			assert(timestamp_compare(again, t) <= 0);
		}
	}
	if (!timestamp_parse_date(text, &t))
		assert(text.len == 10);
	if (!timestamp_parse_http(text, &seconds))
		assert(retry_after_read(text, (seconds - 1) * SECONDS) ==
			SECONDS);
	assert(retry_after_read(text, 0) >= 0);
}

static void
fuzz_codes(struct str text, struct arena *arena)
{
	struct buf bytes = {0}, back = {0}, again = {0};
	struct str plain;
	struct uuid uuid;

	if (!encode_base64_read(text, &bytes)) {
		encode_base64(&back, buf_str(&bytes));
		assert(!encode_base64_read(buf_str(&back), &again));
		assert(str_equal(buf_str(&bytes), buf_str(&again)));
	} else {
		assert(bytes.len == 0);
	}
	if (!encode_percent_read(text, false, arena, &plain))
		assert(plain.len <= text.len);
	if (!encode_percent_read(text, true, arena, &plain))
		assert(plain.len <= text.len);
	buf_clear(&bytes);
	if (!uuid_parse(text, &uuid)) {
		buf_clear(&bytes);
		uuid_append(&bytes, uuid);
		assert(str_equal_nocase(buf_str(&bytes), text));
	}
	buf_release(&bytes);
	buf_release(&back);
	buf_release(&again);
}

static void
fuzz_rules(struct str text, struct arena *arena)
{
	struct retry_policy policy;
	struct signature_key key;
	struct buf why = {0};
	struct catalog *catalog = catalog_new();

	if (retry_policy_parse(text, &policy, &why))
		assert(why.len > 0);
	else
		assert(policy.count <= RETRY_STEPS_MAX);
	if (!signature_read_secret(text, &key))
		assert(key.len >= 16 && key.len <= SIGNATURE_KEY_MAX);
	buf_clear(&why);
	if (catalog_add_file(catalog, STR("f"), text, &why))
		assert(str_starts_with(buf_str(&why), STR("f: ")));
	else
		assert(why.len == 0);
	assert(catalog_canonical(text, arena).len <= text.len);
	catalog_free(catalog);
	buf_release(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct str text = str_make((const char *)data, size);

	fuzz_times(text);
	fuzz_codes(text, &arena);
	fuzz_rules(text, &arena);
	arena_release(&arena);
	return 0;
}
