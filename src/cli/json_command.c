#include "cli/json_command.h"

#include <stdio.h>

#include "base/json.h"
#include "cli/file.h"

enum status { VALID = 0, INVALID = 1, UNREADABLE = 2 };

static enum status
check_file(const char *name)
{
	CLEANUP(buf_release) struct buf text = buf_make(JSON_TEXT_MAX);
	CLEANUP(buf_release) struct buf why = buf_make(0);
	CLEANUP(arena_release) struct arena arena = {0};
	struct json_doc doc;

	if (file_read(name, &text, &why)) {
		fprintf(stderr, "grapnel: %s\n", buf_text(&why));
		return UNREADABLE;
	}
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
