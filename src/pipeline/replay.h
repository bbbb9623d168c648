#pragma once
#include "pipeline/hub.h"
#include "pipeline/replay_walk.h"

/*
 * Replays: a thread that takes the jobs' steps in turn. A step reads what is
 * to be sent again (replay_walk.h) and writes it, with the job's progress, as
 * one unit: so a replay goes on after a stop or a crash where it was, and
 * nothing is sent twice or left out for it. Steps are small and pause as long
 * as they took, so that the writer is nobody's alone. With a rate a step waits
 * until what the one before brought is due.
 *
 * While its webhook is not sending a job waits; when it is deleted, the job
 * ends as FAILED. A user ends a job by writing it as CANCELLED: the step that
 * comes between is refused by the store.
 */
struct replay;

enum {
	REPLAY_ACTIVE_MAX = 16, /* running at a time */
	REPLAY_KEPT_MAX = 100,	/* jobs of a workspace, ended ones included */
};

/** Takes up the jobs that were running. `hub` is open but for this. */
enum err replay_start(struct hub *hub, struct replay **ret, struct buf *why)
	MUST_USE;
/** Before the writer is stopped. NULL is harmless. */
void replay_stop(struct replay *replay);

/**
 * Checks what is asked for: the filter, that `from` is there when all is
 * wanted. ERR_INVALID, with the member in `*ret_field` (static).
 */
enum err replay_check(const struct replay_spec *spec, struct arena *arena,
	const struct filter **ret_filter, const char **ret_field,
	struct buf *why) MUST_USE;

/**
 * Starts a job; blocks until it is stored. ERR_CONFLICT: the webhook does not
 * send, or has a job that runs; ERR_LIMIT: REPLAY_ACTIVE_MAX run already;
 * ERR_INVALID as above; ERR_IO. `why` has a sentence. Texts of `*ret` are in
 * `arena`.
 */
struct replay_request {
	const struct webhook *webhook;
	struct replay_spec spec;
	struct str key_id;
};
enum err replay_create(struct replay *replay,
	const struct replay_request *request, struct arena *arena,
	struct replay_job *ret, struct buf *why) MUST_USE;

/** ERR_NOT_FOUND, ERR_CONFLICT (it has ended), ERR_IO. Blocks. */
enum err replay_cancel(struct replay *replay, uint32_t workspace,
	struct uuid id, struct arena *arena, struct replay_job *ret) MUST_USE;

/** As it was written last. */
enum err replay_find(struct replay *replay, uint32_t workspace, struct uuid id,
	struct arena *arena, struct replay_job *ret) MUST_USE;

/** All of a workspace that are kept, the newest first; an array in `arena`. */
enum err replay_list(struct replay *replay, uint32_t workspace,
	struct arena *arena, struct replay_job **ret, size_t *ret_count)
	MUST_USE;

/**
 * Whether a running job makes steps now: false while its webhook is not
 * sending.
 */
bool replay_is_paused(struct replay *replay, const struct replay_job *job);
