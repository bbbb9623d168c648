#include "cli/config_file.h"

#include <unistd.h>

#include "check.h"

static void
check_refused(const char *yaml, const char *sentence)
{
	struct settings settings;
	struct buf why = buf_make(0);

	settings_init(&settings);
	CHECK_INT(config_file_apply(&settings, "g.yaml", str_of(yaml), &why),
		ERR_INVALID);
	CHECK_TEXT(buf_text(&why), sentence);
	buf_release(&why);
	settings_release(&settings);
}

/** Where only the place and a part of the sentence are ours. */
static void
check_refused_with(const char *yaml, const char *part)
{
	struct settings settings;
	struct buf why = buf_make(0);

	settings_init(&settings);
	CHECK_INT(config_file_apply(&settings, "g.yaml", str_of(yaml), &why),
		ERR_INVALID);
	if (str_find(buf_str(&why), str_of(part)) == SIZE_MAX)
		check_failed(__FILE__, __LINE__, "\"%s\" lacks \"%s\"",
			buf_text(&why), part);
	buf_release(&why);
	settings_release(&settings);
}

static void
read_good(struct settings *settings, const char *yaml)
{
	struct buf why = buf_make(0);

	settings_init(settings);
	if (config_file_apply(settings, "g.yaml", str_of(yaml), &why))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&why));
	CHECK_INT(why.len, 0);
	buf_release(&why);
}

TEST(config_file, values_of_all_kinds_are_taken)
{
	struct settings settings;

	read_good(&settings, "# a comment\n"
			     "listen: 127.0.0.1:9\n"
			     "body-max: 2MiB\n"
			     "workers: 4\n"
			     "allow-http: true\n"
			     "log-level: 'debug'\n"
			     "allow-private:\n  - 10.0.0.0/8\n  - \"::1\"\n"
			     "stop-timeout: 1m\n");
	CHECK_TEXT(settings.listen, "127.0.0.1:9");
	CHECK_INT(settings.body_max, 2 << 20);
	CHECK_INT(settings.workers, 4);
	CHECK(settings.allow_http);
	CHECK_INT(settings.allow_private.count, 2);
	CHECK_TEXT(settings.allow_private.items[1], "::1");
	CHECK_INT(settings.stop_timeout, 60000000);
	CHECK_TEXT(settings.origins[SETTING_INDEX_listen].place,
		"g.yaml:2:9: listen");
	settings_release(&settings);
}

TEST(config_file, nothing_sets_nothing)
{
	static const char *const empties[] = {
		"", "\n\n", "# only a comment\n", "---\n", "null\n", "{}\n"};

	for (size_t i = 0; i < COUNT_OF(empties); i++) {
		struct settings settings;

		read_good(&settings, empties[i]);
		CHECK_TEXT(settings.data, "./data");
		settings_release(&settings);
	}
}

TEST(config_file, one_value_is_a_list_of_one)
{
	struct settings settings;

	read_good(&settings, "allow-private: 10.0.0.0/8\n");
	CHECK_INT(settings.allow_private.count, 1);
	settings_release(&settings);
	read_good(&settings, "allow-private: []\n");
	CHECK_INT(settings.allow_private.count, 0);
	settings_release(&settings);
}

TEST(config_file, mistakes_are_told_with_line_and_column)
{
	check_refused("data: /x\nlissten: 1\n",
		"g.yaml:2:1: there is no setting \"lissten\"; did you mean "
		"listen?");
	check_refused("colour: red\n",
		"g.yaml:1:1: there is no setting \"colour\"; `grapnel help "
		"serve` lists them");
	check_refused("data: /x\nworkers: four\n",
		"g.yaml:2:10: workers: \"four\" is not a whole number; "
		"expected one from 0 to 256");
	check_refused("data:\n", "g.yaml:1:1: data: has no value; give it one "
				 "or leave it out");
	check_refused("data: [a]\n",
		"g.yaml:1:1: data: is a list; expected one value");
	check_refused("data: {a: b}\n",
		"g.yaml:1:1: data: is a mapping; expected one value");
	check_refused("allow-private: [10.0.0.0/8, [x]]\n",
		"g.yaml: allow-private: has an item that is not a plain text");
	check_refused("- a\n- b\n",
		"g.yaml: expected settings as `name: value`, one a line");
	check_refused("just words\n",
		"g.yaml:1:1: expected settings as `name: value`, one a line");
	check_refused("data: &x /a\nkey-file: *x\n",
		"g.yaml:2:1: key-file: is an alias; expected the value "
		"itself");
	check_refused("data: /a\n---\ndata: /b\n",
		"g.yaml: has a second YAML document (---); expected one");
	check_refused("data: \"a\\0b\"\n",
		"g.yaml:1:7: data: has a NUL character in it");
}

TEST(config_file, broken_yaml_is_told_with_line_and_column)
{
	check_refused_with(
		"data: /x\n\tlisten: y\n", "g.yaml:1:7: is not YAML");
	check_refused_with("data: \"open\n", "g.yaml:");
	check_refused_with("data: /a\ndata: /b\n", "g.yaml:2:1");
	check_refused_with("a: b: c\n", "g.yaml:1:");
	check_refused_with("data: \xff\xfe\n", "g.yaml: is not a UTF-8 text");
}

TEST(config_file, deep_nesting_is_refused_not_fatal)
{
	struct settings settings;
	struct buf yaml = buf_make(0), why = buf_make(0);

	buf_append(&yaml, STR("data: "));
	for (int i = 0; i < 100000; i++)
		buf_append_char(&yaml, '[');
	settings_init(&settings);
	CHECK_INT(config_file_apply(&settings, "g", buf_str(&yaml), &why),
		ERR_INVALID);
	buf_release(&yaml);
	buf_release(&why);
	settings_release(&settings);
}

TEST(config_file, too_long_or_missing_files_are_told_by_name)
{
	struct settings settings;
	struct buf yaml = buf_make(0), why = buf_make(0);

	settings_init(&settings);
	CHECK_INT(config_file_read(&settings, "/nowhere/g.yaml", &why),
		ERR_NOT_FOUND);
	CHECK_TEXT(buf_text(&why), "/nowhere/g.yaml: cannot be read: No such "
				   "file or directory");
	buf_clear(&why);
	CHECK_INT(config_file_read(&settings, "/", &why), ERR_INVALID);
	while (yaml.len <= CONFIG_FILE_MAX)
		buf_append(&yaml, STR("# long\n"));
	buf_clear(&why);
	CHECK_INT(config_file_apply(&settings, "g", buf_str(&yaml), &why),
		ERR_LIMIT);
	buf_release(&yaml);
	buf_release(&why);
	settings_release(&settings);
}
