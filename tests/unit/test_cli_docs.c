#include "base/mem.h"
#include "check.h"
#include "cli/completion.h"
#include "cli/manual.h"
#include "cli/settings_text.h"

/* What is made from the tables is committed; both must be the same. */

static void
check_same(void (*append)(struct buf *out), const char *path)
{
	struct buf made = buf_make(0);
	struct str committed = check_read_file(check_data_path(path));

	append(&made);
	if (!str_equal(buf_str(&made), committed))
		check_failed(path, 0,
			"differs from the tables; run tools/make-docs.sh");
	buf_release(&made);
}

TEST(cli_docs, command_line_manual_follows_the_table)
{
	check_same(manual_append_markdown, "../docs/cli.md");
}

TEST(cli_docs, manual_page_follows_the_table)
{
	check_same(manual_append_man, "../docs/grapnel.1");
}

TEST(cli_docs, configuration_manual_follows_the_table)
{
	check_same(settings_text_manual, "../docs/config.md");
}

TEST(cli_docs, completions_follow_the_table)
{
	check_same(
		completion_append_bash, "../packaging/completion/grapnel.bash");
	check_same(completion_append_zsh, "../packaging/completion/_grapnel");
}

/* roff, and terminals of the three in the morning kind, want it. */
TEST(cli_docs, tables_are_written_in_ascii)
{
	struct buf made = buf_make(0);

	manual_append_man(&made);
	settings_text_manual(&made);
	for (size_t i = 0; i < made.len; i++)
		CHECK(made.ptr[i] == '\n' ||
			(made.ptr[i] >= 0x20 && made.ptr[i] < 0x7F));
	buf_release(&made);
}
