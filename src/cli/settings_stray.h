#pragma once
#include "base/arena.h"

/*
 * GRAPNEL_… variables that nothing reads, but that are spelt nearly as a
 * setting's: without a word they would count for nothing. Others may be
 * somebody else's.
 */
struct settings_stray {
	const char *name;	   /* "GRAPNEL_BODY_MAXX" */
	const char *near_variable; /* "GRAPNEL_BODY_MAX" */
};

/**
 * The next one from `*environment` (as environ) on, which it moves behind it;
 * false: there is no more. Texts are the arena's.
 */
bool settings_stray_next(char *const **environment, struct arena *arena,
	struct settings_stray *ret);
