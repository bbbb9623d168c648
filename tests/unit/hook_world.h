#pragma once
#include <semaphore.h>

#include "flow/hook_receive.h"

/*
 * Hooks over a real store and real scenarios, with a runner that is a double:
 * it keeps what it was given, and the test says when that is stored, and what
 * the scenario answers.
 */
struct hook_world {
	struct arena arena;
	const char *directory;
	struct store *store;
	struct writer *writer;
	struct seal_key key;
	struct scenarios *scenarios;
	struct hooks *hooks;
	struct runner *runner; /* a real one in the double's place, or NULL */
	sem_t has_answered;    /* posted with each answer */
	/* The double's. */
	enum err begin_error; /* the next runner_begin() */
	bool waits_for_store; /* else `stored` is called at once */
	enum err store_error; /* what it is called with */
	bool expects_one;
	size_t begun;
	sem_t has_begun;    /* posted with each */
	struct str trigger; /* the last one's */
	struct runner_order order;
	/* The last answer; its texts are copies. */
	size_t answers;
	struct hook_answer answer;
};

extern struct hook_world hook_world;

void hook_world_open(void);
void hook_world_close(void);
/** The hooks are closed and read again. */
void hook_world_reopen(void);

/** A scenario's id; `responds`: it answers the hook itself. */
struct str hook_world_scenario(bool responds, bool is_enabled);

/** From now on a real runner runs the scenarios; it ends with the world. */
void hook_world_start_runner(void);

/** A hook of these members ("name" is added); a reference. */
const struct hook *hook_world_hook(const char *members);

/**
 * Sends a request; `headers` are "Name: value\n" lines. The status, 0 when it
 * was not answered yet.
 */
int hook_world_send(const struct hook *hook, const char *method,
	const char *headers, const char *body);

/** Calls `stored` of the last order. */
void hook_world_stored(enum err err);
