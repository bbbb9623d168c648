#pragma once
#include "flow/hooks.h"

/*
 * Private to hooks.c and hook_accept.c: requests whose scenario may answer
 * yet. A runner that stops answers nobody, so what is left is released with
 * the hooks.
 */
struct hook_link {
	struct hook_link *next;
	struct hook_link **at;
	void (*release)(struct hook_link *link);
};

void hooks_link(struct hooks *hooks, struct hook_link *link);
void hooks_unlink(struct hooks *hooks, struct hook_link *link);
