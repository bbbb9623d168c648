#pragma once
struct settings;

/**
 * Runs the hub with these settings until SIGTERM or SIGINT. Returns the exit
 * code (enum command_exit).
 */
int serve_command(const struct settings *settings);
