#pragma once

/*
 * `grapnel json check`: whether texts are JSON. Reads its own arguments;
 * argv[0] is the first one after it. Returns the exit code.
 */
int json_command_check(int argc, char **argv);
