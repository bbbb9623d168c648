#pragma once
#include "flow/blueprint.h"

/*
 * Reading a blueprint, shared by the files blueprint*.c: what is being made,
 * and the list of what is wrong with it.
 */
struct blueprint_reading {
	struct arena *arena;
	struct blueprint *blueprint;
	struct template_problem *first_problem;
	struct template_problem *last_problem;
	bool has_error;
	unsigned depth; /* flows in flows */
	struct blueprint_module **modules;
	size_t module_count;
	size_t module_cap;
};

/** Notes a problem of the whole value at `path`. */
void blueprint_problem(struct blueprint_reading *reading, bool is_error,
	struct str path, const char *format, ...) PRINTF_LIKE(4, 5);

/**
 * Takes over the problems of a template or a condition whose own paths begin
 * below `path`.
 */
void blueprint_problems(struct blueprint_reading *reading, struct str path,
	const struct template_problem *problems);

/**
 * Notes a module, so that ids are unique and each is found again. False, with
 * a problem, when there are too many.
 */
bool blueprint_note_module(
	struct blueprint_reading *reading, struct blueprint_module *module);

/** A flow, that is an array of modules, at `place`. */
void blueprint_read_flow(struct blueprint_reading *reading, struct json array,
	struct str place, struct blueprint_flow *ret);

/** What can only be seen once everything is read: references, feeders. */
void blueprint_check(struct blueprint_reading *reading);

/** A number at least 0, also when it is written as text; else `fallback`. */
uint32_t blueprint_number(struct json value, uint32_t fallback);

/** A boolean, also when it is written as text; else `fallback`. */
bool blueprint_flag(struct json value, bool fallback);
