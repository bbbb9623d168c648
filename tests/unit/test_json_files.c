#include <dirent.h>

#include "base/json.h"
#include "check.h"

/*
 * tests/cases/json: y_ must be accepted, n_ refused with a place. i_ is what
 * RFC 8259 leaves open; base/json accepts those.
 */
TEST(json_files, every_file_is_answered_as_its_name_says)
{
	const char *folder = check_data_path("cases/json");
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[2048];
	int accepted = 0, refused = 0;

	CHECK(dir != NULL);
	while ((entry = readdir(dir)) != NULL) {
		struct arena arena = {0};
		CLEANUP(buf_release) struct buf why = buf_make(0);
		struct json_doc doc;
		struct str text;
		bool is_good;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s",
			check_data_path("cases/json"), entry->d_name);
		text = check_read_file(path);
		is_good = !json_read(text, &arena, &doc, &why);
		if (is_good == (entry->d_name[0] == 'n'))
			check_failed(path, 0, "%s",
				is_good ? "was accepted" : buf_text(&why));
		if (!is_good)
			CHECK(str_starts_with(buf_str(&why), STR("line ")));
		accepted += is_good;
		refused += !is_good;
		arena_release(&arena);
	}
	closedir(dir);
	CHECK(accepted >= 15 && refused >= 40);
}
