#include "cli/args.h"

#include "check.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct option rows[] = {
	{.name = "name", .placeholder = "TEXT", .help = "x."},
	{.name = "state",
		.placeholder = "S",
		.help = "x.",
		.choices = "on off",
		.fallback = "on"},
	{.name = "header",
		.letter = 'H',
		.placeholder = "H",
		.help = "x.",
		.is_repeatable = true},
	{.name = "json", .letter = 'j', .help = "x."},
	{.name = "loud", .help = "x.", .is_boolean = true},
	{.name = "token",
		.placeholder = "T",
		.help = "x.",
		.environment = "TEST_TOKEN"},
};
static const struct option_table table = {rows, COUNT_OF(rows)};
static const struct command command = {
	.name = "test",
	.operands = "ID [OTHER]",
	.operands_min = 1,
	.operands_max = 2,
	.tables = {&table},
};

enum { WORDS_MAX = 16 };

/* Reads a line of words with single blanks between; kept for the process. */
static enum err
read_line(struct args *args, const char *line, struct buf *why)
{
	static struct arena arena;
	char **argv = arena_alloc_array(&arena, WORDS_MAX, sizeof(*argv));
	struct str rest = str_of(line);
	int argc = 0;

	while (rest.ptr != NULL && argc < WORDS_MAX) {
		struct str word = str_split(&rest, ' ');

		argv[argc] = arena_alloc(&arena, word.len + 1);
		memcpy(argv[argc++], word.ptr, word.len);
	}
	return args_read(args, &command, argc, argv, why);
}

static void
check_refused(const char *line, const char *sentence)
{
	struct buf why = buf_make(0);
	struct args args;

	CHECK_INT(read_line(&args, line, &why), ERR_INVALID);
	CHECK_TEXT(buf_text(&why), sentence);
	args_release(&args);
	buf_release(&why);
}

TEST(args, options_and_operands_may_be_mixed)
{
	struct buf why = buf_make(0);
	struct args args;
	size_t at = 0;

	CHECK_OK(read_line(&args,
		"--name n1 one --header=a:b -Hc:d -H e -j - --loud=false",
		&why));
	CHECK_TEXT(args_value(&args, "name"), "n1");
	CHECK_INT(args.operand_count, 2);
	CHECK_TEXT(args.operands[0], "one");
	CHECK_TEXT(args.operands[1], "-");
	CHECK_TEXT(args_next(&args, "header", &at), "a:b");
	CHECK_TEXT(args_next(&args, "header", &at), "c:d");
	CHECK_TEXT(args_next(&args, "header", &at), "e");
	CHECK(args_next(&args, "header", &at) == NULL);
	CHECK(args_is_true(&args, "json"));
	CHECK(args_is_given(&args, "loud"));
	CHECK(!args_is_true(&args, "loud"));
	CHECK_TEXT(args_value(&args, "state"), "on");
	args_release(&args);
	buf_release(&why);
}

TEST(args, last_use_of_an_option_counts)
{
	struct buf why = buf_make(0);
	struct args args;

	CHECK_OK(read_line(
		&args, "id --name a --loud --name b --loud=no", &why));
	CHECK_TEXT(args_value(&args, "name"), "b");
	CHECK(!args_is_true(&args, "loud"));
	args_release(&args);
	buf_release(&why);
}

TEST(args, two_dashes_end_the_options)
{
	struct buf why = buf_make(0);
	struct args args;

	CHECK_OK(read_line(&args, "-j -- --name --", &why));
	CHECK_INT(args.operand_count, 2);
	CHECK_TEXT(args.operands[0], "--name");
	CHECK_TEXT(args.operands[1], "--");
	args_release(&args);
	buf_release(&why);
}

TEST(args, environment_counts_behind_the_flag_and_when_not_empty)
{
	struct buf why = buf_make(0);
	struct args args;

	setenv("TEST_TOKEN", "from-environment", 1);
	CHECK_OK(read_line(&args, "id", &why));
	CHECK_TEXT(args_value(&args, "token"), "from-environment");
	args_release(&args);
	CHECK_OK(read_line(&args, "id --token flag", &why));
	CHECK_TEXT(args_value(&args, "token"), "flag");
	setenv("TEST_TOKEN", "", 1);
	args_release(&args);
	CHECK_OK(read_line(&args, "id", &why));
	CHECK(args_value(&args, "token") == NULL);
	args_release(&args);
	buf_release(&why);
}

TEST(args, help_is_found_in_front_of_mistakes)
{
	struct buf why = buf_make(0);
	struct args args;

	CHECK_OK(read_line(&args, "-h --nonsense", &why));
	CHECK(args_is_true(&args, "help"));
	args_release(&args);
	buf_release(&why);
}

TEST(args, mistakes_are_told_with_what_was_expected)
{
	check_refused("id --nmae x",
		"there is no option --nmae; did you mean --name?");
	check_refused("id --qqqqqq", "there is no option --qqqqqq");
	check_refused("id -x", "there is no option -x");
	check_refused(
		"id -json", "-j takes no value; give short options one by one");
	check_refused("id --name", "--name needs a value: --name TEXT");
	check_refused("id --name --json",
		"--name needs a value: --name TEXT (write --name=… if it "
		"begins with two dashes)");
	check_refused("id --json=yes", "--json takes no value");
	check_refused("id --state up",
		"--state: \"up\" is not known; expected one of: on off");
	check_refused("-j", "something is missing: expected ID [OTHER]");
	check_refused("a b c", "\"c\" is too much: expected ID [OTHER]");
}

/** Runs the program with the words; returns its exit code and its errors. */
static int
run(const char *line, struct buf *out, struct buf *err)
{
	char *argv[WORDS_MAX] = {0};
	char *out_text = NULL, *err_text = NULL;
	size_t out_len, err_len;
	FILE *out_file = open_memstream(&out_text, &out_len);
	FILE *err_file = open_memstream(&err_text, &err_len);
	struct arena arena = {0};
	struct str rest = str_of(line);
	int argc = 0;
	int code;

	while (rest.ptr != NULL && argc < WORDS_MAX - 1) {
		struct str word = str_split(&rest, ' ');

		argv[argc] = arena_alloc(&arena, word.len + 1);
		memcpy(argv[argc++], word.ptr, word.len);
	}
	output_test_streams(out_file, err_file);
	code = command_main(argc, argv);
	output_test_streams(NULL, NULL);
	fclose(out_file);
	fclose(err_file);
	buf_append(out, str_make(out_text, out_len));
	buf_append(err, str_make(err_text, err_len));
	free(out_text);
	free(err_text);
	arena_release(&arena);
	return code;
}

static void
check_run(
	const char *line, int code, const char *out_part, const char *err_part)
{
	struct buf out = buf_make(0), err = buf_make(0);

	CHECK_INT(run(line, &out, &err), code);
	if (str_find(buf_str(&out), str_of(out_part)) == SIZE_MAX)
		check_failed(__FILE__, __LINE__, "output \"%s\" lacks \"%s\"",
			buf_text(&out), out_part);
	if (str_find(buf_str(&err), str_of(err_part)) == SIZE_MAX)
		check_failed(__FILE__, __LINE__, "errors \"%s\" lack \"%s\"",
			buf_text(&err), err_part);
	buf_release(&out);
	buf_release(&err);
}

TEST(command, unknown_names_end_with_two_and_a_suggestion)
{
	check_run("grapnel webhok", 2, "", "did you mean `grapnel webhook`?");
	check_run("grapnel webhook lsit", 2, "",
		"did you mean `grapnel webhook list`?");
	check_run("grapnel xyzzyq", 2, "", "`grapnel --help` lists them");
	check_run("grapnel serve --lisen x", 2, "", "did you mean --listen?");
	check_run("grapnel help frobnicate", 2, "", "there is no command");
	check_run("grapnel", 2, "", "Usage: grapnel COMMAND");
	check_run("grapnel webhook", 2, "", "Usage: grapnel webhook COMMAND");
}

TEST(command, help_is_the_same_both_ways_and_ends_with_zero)
{
	struct buf first = buf_make(0), second = buf_make(0);
	struct buf err = buf_make(0);

	for (size_t i = 0; i < commands_count; i++) {
		struct buf path = buf_make(0), line = buf_make(0);

		command_append_path(&path, &commands_table[i]);
		buf_printf(&line, "grapnel %s --help", buf_text(&path));
		CHECK_INT(run(buf_text(&line), &first, &err), 0);
		buf_clear(&line);
		buf_printf(&line, "grapnel help %s", buf_text(&path));
		CHECK_INT(run(buf_text(&line), &second, &err), 0);
		CHECK_STR(buf_str(&first), buf_str(&second));
		CHECK(str_starts_with(buf_str(&first), STR("Usage: ")));
		CHECK_INT(err.len, 0);
		buf_release(&path);
		buf_release(&line);
	}
	check_run("grapnel --help", 0, "grapnel webhook COMMAND", "");
	check_run("grapnel help", 0, "grapnel webhook COMMAND", "");
	check_run("grapnel help webhook", 0, "deliveries", "");
	check_run("grapnel help key create", 0,
		"\nExamples:\n  grapnel key create --role publisher --name "
		"'rack 1 poller'\n",
		"");
	buf_release(&first);
	buf_release(&second);
	buf_release(&err);
}

TEST(command, every_row_runs_one_way_and_counts_its_operands)
{
	for (size_t i = 0; i < commands_count; i++) {
		const struct command *row = &commands_table[i];

		CHECK((row->run != NULL) != (row->run_raw != NULL));
		CHECK(row->operands_min <= row->operands_max);
		CHECK((row->operands != NULL) == (row->operands_max > 0));
		CHECK(row->group == NULL || command_is_group(row->group));
	}
}

TEST(command, check_config_prints_or_says_what_is_wrong)
{
	check_run("grapnel serve --check-config --window 77", 0,
		"window: 77  # --window", "");
	check_run("grapnel serve --check-config --window 77 --window 78", 0,
		"window: 78  # --window", "");
	check_run("grapnel serve --check-config --window 0", 1, "",
		"--window: 0 is out of range");
	check_run("grapnel serve --window 0", 2, "", "--window: 0 is out of");
	check_run("grapnel serve --check-config --config /nowhere.yaml", 1, "",
		"/nowhere.yaml: cannot be read");
	check_run("grapnel serve --check-config --allow-http --allow-private "
		  "::1 --allow-private=10.0.0.0/8",
		0, "allow-private: [\"::1\",\"10.0.0.0/8\"]", "");
	check_run("grapnel serve --admin-token abcdefgh", 2, "",
		"there is no option --admin-token");
}

TEST(command, version_says_it_both_ways)
{
	check_run("grapnel version", 0, "grapnel " GRAPNEL_VERSION "\n", "");
	check_run("grapnel --version", 0, "grapnel " GRAPNEL_VERSION "\n", "");
	check_run("grapnel version --json", 0,
		"{\"version\":\"" GRAPNEL_VERSION "\"}\n", "");
}
