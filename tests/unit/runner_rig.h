#pragma once
#include "flow/runner.h"
#include "pipeline_world.h"

/*
 * What the tests of executions share: a runner on the real store, scenarios
 * made of blueprints, and orders whose answers are awaited.
 */
enum { RIG_ORDERS_MAX = 512 };

struct rig_order {
	struct runner_reply reply;
	atomic_int status;
	char body[64];
	atomic_ullong execution;
	atomic_int err; /* -1: not told yet */
};

struct rig {
	struct world world;
	struct scenarios *scenarios;
	struct runner *runner;
	struct arena arena;
	struct runner_options usual; /* of the next start */
	struct rig_order orders[RIG_ORDERS_MAX];
	atomic_size_t taken, answered;
	atomic_size_t order_of_answers[RIG_ORDERS_MAX];
};
extern struct rig rig;

void rig_begin(void);
void rig_end(void);
void rig_start(void);
void rig_stop(void);
/** As the next process would find it. */
void rig_restart(void);

/** An enabled scenario; a reference. */
const struct scenario *rig_import(const char *blueprint);

/** Keeps in its order (the context) what became of it. */
void rig_stored(void *context, enum err err, uint64_t execution);

/** A hook's request; its answer is kept under `number`. */
enum err rig_order(
	const struct scenario *scenario, size_t number, const char *trigger);

/** Waits for the answer. */
void rig_answer_is(size_t number, int status, const char *body);

/** Waits until the order is stored. */
uint64_t rig_sequence_of(size_t number);

struct execution_row rig_execution_of(uint64_t sequence);
#define rig_state_of(sequence_) (rig_execution_of(sequence_).state)
size_t rig_steps_of(uint64_t sequence, struct step_list *list);

/* ---- blueprints ---- */

#define HOOK "{\"id\":1,\"module\":\"gateway:CustomWebHook\"}"
#define MODULE(id_, name_, more_) \
	"{\"id\":" #id_ ",\"module\":\"" name_ "\"" more_ "}"
#define MAPPER(text_) ",\"mapper\":" text_
#define SCENARIO(settings_, rest_) \
	"{\"name\":\"n\",\"metadata\":{\"scenario\":{" settings_ \
	"}},\"flow\":[" HOOK "," rest_ "]}"
#define SAY(id_, body_) \
	MODULE(id_, "gateway:WebhookRespond", \
		MAPPER("{\"status\":\"200\",\"body\":\"" body_ "\"}"))
#define SET(id_, value_) \
	MODULE(id_, "util:SetVariable2", \
		MAPPER("{\"name\":\"v\",\"value\":\"" value_ "\"}"))
#define SLEEP(id_, seconds_) \
	MODULE(id_, "util:FunctionSleep", \
		MAPPER("{\"duration\":\"" seconds_ "\"}"))
/* Fails while the trigger says `bad`. */
#define PICKY(id_, more_) \
	MODULE(id_, "builtin:BasicRepeater", \
		MAPPER("{\"repeats\":\"{{if(1.bad; \\\"x\\\"; 1)}}\"}") more_)
