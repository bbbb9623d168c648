#pragma once
#include "cli/settings.h"

/*
 * The configuration file: one YAML mapping whose keys are the names of
 * settings (settings.def), read by libfyaml. Aliases, tags, nested mappings,
 * a second document and unknown or repeated keys are refused. Every sentence
 * in `why` begins with file:line:column, counted from 1.
 */
enum { CONFIG_FILE_MAX = 1024 * 1024 };

/**
 * Takes the settings of a YAML text. `name` is what it is called in messages.
 * An empty text, or one of comments only, sets nothing. ERR_INVALID.
 */
enum err config_file_apply(struct settings *settings, const char *name,
	struct str text, struct buf *why) MUST_USE;

/** The same from a file. Also ERR_IO, and ERR_LIMIT above CONFIG_FILE_MAX. */
enum err config_file_read(
	struct settings *settings, const char *path, struct buf *why) MUST_USE;
