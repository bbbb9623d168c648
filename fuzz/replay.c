/*
 * Runs a fuzz target over every file of a folder: `fuzz_json DIR`. A folder
 * without files is an error, so that the test cannot pass by doing nothing.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"

static int
replay_file(const char *dir, const char *name)
{
	char path[4096];
	uint8_t *bytes;
	FILE *file;
	long size;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "rbe");
	if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
		perror(path);
		exit(2);
	}
	size = ftell(file);
	rewind(file);
	/* Exactly as large as the input, so that ASan sees one byte over. */
	bytes = mem_resize(NULL, (size_t)size);
	if (fread(bytes, 1, (size_t)size, file) != (size_t)size) {
		perror(path);
		exit(2);
	}
	fclose(file);
	LLVMFuzzerTestOneInput(bytes, (size_t)size);
	mem_free(bytes);
	return 1;
}

int
main(int argc, char **argv)
{
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	if (argc != 2 || (dir = opendir(argv[1])) == NULL) {
		fprintf(stderr, "usage: %s DIR\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			count += replay_file(argv[1], entry->d_name);
	}
	closedir(dir);
	printf("%d inputs replayed\n", count);
	return count == 0;
}
