#include "cli/json_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"

enum status { VALID = 0, INVALID = 1, UNREADABLE = 2 };

enum { PIECE = 64 * 1024 };

/** All of `fd`; one byte over the maximum is enough for json_read to refuse. */
static bool
read_all(int fd, struct buf *out)
{
	while (out->len <= JSON_TEXT_MAX) {
		char *at = buf_reserve(out, PIECE);
		ssize_t got = read(fd, at, PIECE);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		out->len += (size_t)got;
	}
	return true;
}

static bool
read_file(const char *name, struct buf *out)
{
	bool is_stdin = str_equal(str_of(name), STR("-"));
	int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	bool is_read = fd >= 0 && read_all(fd, out);

	if (!is_read)
		fprintf(stderr, "grapnel: %s: %s\n", name, strerror(errno));
	if (fd >= 0 && !is_stdin)
		close(fd);
	return is_read;
}

static enum status
check_file(const char *name)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	CLEANUP(buf_release) struct buf why = buf_make(0);
	CLEANUP(arena_release) struct arena arena = {0};
	struct json_doc doc;

	if (!read_file(name, &text))
		return UNREADABLE;
	if (json_read(buf_str(&text), &arena, &doc, &why)) {
		printf("%s: invalid: %s\n", name, buf_text(&why));
		return INVALID;
	}
	printf("%s: valid\n", name);
	return VALID;
}

int
json_command_check(int argc, char **argv)
{
	enum status worst = VALID;

	if (argc < 1) {
		fprintf(stderr, "usage: grapnel json check FILE...\n");
		return UNREADABLE;
	}
	for (int i = 0; i < argc; i++) {
		enum status status = check_file(argv[i]);

		worst = status > worst ? status : worst;
	}
	return (int)worst;
}
