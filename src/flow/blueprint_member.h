#pragma once
#include "flow/blueprint_private.h"

/*
 * What the parameters and mapper of a module (`json`) hold against what its row
 * says: an option that would do nothing here is a warning, so that nobody
 * believes it to work, and so is a fixed value that the module will refuse.
 * What only Make's editor reads is passed over.
 */
void blueprint_check_members(struct blueprint_reading *reading,
	const struct blueprint_module *module, struct json json);
