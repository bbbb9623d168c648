#pragma once
#include "cli/command.h"
#include "cli/settings.h"

/*
 * `grapnel serve` up to the point where the settings are known; then
 * serve_command() takes over.
 */

/** The settings as options of a command, in the order of the table. */
struct option_table settings_command_options(void);

/**
 * All sources in their order: flags, variables of `environment`, the file
 * named by --config or GRAPNEL_CONFIG, defaults. ERR_INVALID or, for the
 * file, ERR_NOT_FOUND, ERR_DENIED, ERR_IO.
 */
enum err settings_command_load(struct settings *settings,
	const struct args *args, char *const *environment, struct buf *why)
	MUST_USE;

/** Runs the row `serve`. */
int settings_command_serve(const struct args *args);
