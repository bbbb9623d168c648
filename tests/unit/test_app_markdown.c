#include "base/clock.h"
#include "run_world.h"

/* The app markdown:*. */

#define COMPILE(text_, more_, expected_) \
	CHECK_CALL("markdown:Compile", "{}", \
		"{\"data\":\"" text_ "\"" more_ "}", "{}", \
		"[{\"data\":\"" expected_ "\"}]")

TEST(app_markdown, text_becomes_html)
{
	run_world_begin();
	COMPILE("# Disk *full*\\n\\n- `a` & b", "",
		"<h1>Disk <em>full</em></h1>\\n<ul>\\n<li><code>a</code> &amp; "
		"b</li>\\n</ul>\\n");
	COMPILE("", "", "");
	run_world_end();
}

TEST(app_markdown, tables_are_those_of_github_when_asked)
{
	run_world_begin();
	COMPILE("|a|\\n|-|\\n|~~b~~|", ",\"gfm\":true",
		"<table>\\n<thead>\\n<tr>\\n<th>a</th>\\n</tr>\\n</thead>\\n"
		"<tbody>\\n<tr>\\n<td><del>b</del></td>\\n</tr>\\n</tbody>\\n"
		"</table>\\n");
	COMPILE("|a|\\n|-|", ",\"gfm\":false", "<p>|a|\\n|-|</p>\\n");
	run_world_end();
}

TEST(app_markdown, html_and_scripts_are_kept_out_unless_asked_for)
{
	run_world_begin();
	COMPILE("<b>x</b> [y](javascript:z)", ",\"sanitize\":true",
		"<p><!-- raw HTML omitted -->x<!-- raw HTML omitted --> "
		"<a href=\\\"\\\">y</a></p>\\n");
	COMPILE("<b>x</b>", ",\"sanitize\":false", "<p><b>x</b></p>\\n");
	run_world_end();
}

/** 64 KiB of the same. */
static struct str
repeat(const char *part)
{
	struct buf text = {0};
	struct str copy;

	buf_append(&text, STR("{\"t\":\""));
	while (text.len < (64 << 10) - 64)
		buf_append(&text, str_of(part));
	buf_append(&text, STR("\"}"));
	copy = arena_copy(&run_world.arena, buf_str(&text));
	buf_release(&text);
	return copy;
}

TEST(app_markdown, hostile_text_ends_and_longer_text_is_refused)
{
	static const char *const parts[] = {"[", "![[]()", "*a_ ", "~~a", "|a",
		"[a](<b", "`a``", "> ", "- ", "|-", "<!A ", "[a]:b\\n"};
	struct str text;

	run_world_begin();
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		int64_t began = clock_monotonic();

		text = run_world_call("markdown:Compile", "{}",
			"{\"data\":\"{{1.t}}\"}", repeat(parts[i]).ptr);
		CHECK(str_starts_with(text, STR("[{\"data\":")));
		CHECK(clock_monotonic() - began < 20 * SECONDS);
	}
	CHECK_CALL("markdown:Compile", "{}", "{\"data\":\"{{1.t}}{{1.t}}\"}",
		repeat("a").ptr, "DataError: data: the text is over 64 KiB");
	run_world_end();
}
