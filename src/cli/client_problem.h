#pragma once
#include "cli/client.h"

/* What went wrong with a request, told to a person on standard error. */

/** No answer came. Returns EXIT_UNREACHABLE. */
int client_problem_unreachable(const struct client *client, struct str error);

/**
 * The hub answered something else than 2xx. With --json its body is printed
 * as it is (on standard error too). Returns the exit code for the status.
 */
int client_problem_refused(
	struct client *client, const struct client_answer *answer);
