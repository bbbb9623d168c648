#include "base/seal.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "check.h"

static struct seal_key
make_key(const char *purpose)
{
	struct seal_key master = {{1, 2, 3}}, key;

	seal_key_derive(&master, str_of(purpose), &key);
	return key;
}

TEST(seal, what_is_closed_opens_with_the_same_key_and_context)
{
	struct seal_key key = make_key("store");
	static const char *const plains[] = {
		"", "x", "a secret of a webhook, longer than one block"};

	for (size_t i = 0; i < COUNT_OF(plains); i++) {
		CLEANUP(buf_release) struct buf out = buf_make(0);
		struct arena arena = {0};
		struct str got;

		seal_close(&key, STR("webhook-7"), str_of(plains[i]), &out);
		CHECK_INT(out.len, strlen(plains[i]) + 29);
		CHECK_OK(seal_open(
			&key, STR("webhook-7"), buf_str(&out), &arena, &got));
		CHECK_STR(got, str_of(plains[i]));
		CHECK_INT(got.ptr[got.len], 0);
		arena_release(&arena);
	}
}

TEST(seal, any_changed_bit_or_length_or_context_or_key_is_denied)
{
	struct seal_key key = make_key("store"), other = make_key("token");
	CLEANUP(buf_release) struct buf out = buf_make(0);
	struct arena arena = {0};
	struct str got = STR("untouched");

	seal_close(&key, STR("context"), STR("secret"), &out);
	for (size_t bit = 0; bit < out.len * 8; bit++) {
		out.ptr[bit / 8] = (char)(out.ptr[bit / 8] ^ 1 << bit % 8);
		CHECK_INT(seal_open(&key, STR("context"), buf_str(&out), &arena,
				  &got),
			ERR_DENIED);
		out.ptr[bit / 8] = (char)(out.ptr[bit / 8] ^ 1 << bit % 8);
	}
	for (size_t len = 0; len < out.len; len++)
		CHECK_INT(seal_open(&key, STR("context"),
				  str_head(buf_str(&out), len), &arena, &got),
			ERR_DENIED);
	CHECK(seal_open(&key, STR("Context"), buf_str(&out), &arena, &got));
	CHECK(seal_open(&key, STR(""), buf_str(&out), &arena, &got));
	CHECK(seal_open(&other, STR("context"), buf_str(&out), &arena, &got));
	CHECK_STR(got, STR("untouched"));
	CHECK_OK(seal_open(&key, STR("context"), buf_str(&out), &arena, &got));
	CHECK_STR(got, STR("secret"));
	arena_release(&arena);
}

TEST(seal, one_text_is_sealed_anew_each_time)
{
	struct seal_key key = make_key("store");
	CLEANUP(buf_release) struct buf one = buf_make(0);
	CLEANUP(buf_release) struct buf two = buf_make(0);

	seal_close(&key, STR(""), STR("same"), &one);
	seal_close(&key, STR(""), STR("same"), &two);
	CHECK(!str_equal(buf_str(&one), buf_str(&two)));
}

static const char *
write_key_file(const char *name, size_t len, mode_t mode)
{
	static char path[600];
	char zeros[64] = {0};
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", check_temp_dir(), name);
	file = fopen(path, "we");
	CHECK(file && fwrite(zeros, 1, len, file) == len && !fclose(file));
	CHECK(chmod(path, mode) == 0);
	return path;
}

TEST(seal, key_file_is_made_once_for_its_owner_only)
{
	char path[600];
	struct seal_key made, read;
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct stat st;

	snprintf(path, sizeof(path), "%s/key", check_temp_dir());
	CHECK_OK(seal_key_load(path, &made, &why));
	CHECK_OK(seal_key_load(path, &read, &why));
	CHECK(!memcmp(&made, &read, sizeof(made)));
	CHECK(stat(path, &st) == 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	CHECK_INT(st.st_size, 32);
	CHECK_INT(why.len, 0);
}

TEST(seal, bad_key_files_are_refused_with_a_sentence)
{
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct seal_key key;

	CHECK_INT(seal_key_load(write_key_file("k", 32, 0640), &key, &why),
		ERR_DENIED);
	CHECK(str_find(buf_str(&why), STR("mode 640")) != SIZE_MAX);
	CHECK_INT(seal_key_load(write_key_file("k", 31, 0600), &key, &why),
		ERR_INVALID);
	CHECK_INT(seal_key_load(write_key_file("k", 33, 0600), &key, &why),
		ERR_INVALID);
	CHECK_INT(seal_key_load("/nonexistent/folder/key", &key, &why), ERR_IO);
	CHECK(str_find(buf_str(&why), STR("/nonexistent/")) != SIZE_MAX);
}
