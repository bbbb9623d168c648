#include "api/replay_preview.h"

#include "api/api.h"
#include "api/explain.h"
#include "base/clock.h"
#include "base/desk.h"
#include "pipeline/replay_walk.h"
#include "store/replay.h"

#define PREVIEW_TIME (2 * SECONDS)
#define TURN_TIME (20 * MILLISECONDS)

/* In the call's arena. */
struct preview {
	struct desk_job job;
	struct api_call *call;
	const struct webhook *webhook;
	struct replay_spec spec;
	struct replay_walk walk;
	struct arena arena; /* a step's rows */
	struct replay_found found;
	uint64_t count;
	uint64_t gone;
	int64_t end; /* monotonic */
};

static void
release(struct preview *preview)
{
	replay_walk_release(&preview->walk);
	arena_release(&preview->arena);
	webhook_unref(preview->webhook);
}

/** Since when events are kept, if that is later than what is asked for. */
static void
write_kept(struct preview *preview, struct json_out *out)
{
	uint64_t first;
	int64_t accepted;

	if (store_replay_first(preview->call->api->store, &first, &accepted) ==
			ERR_OK &&
		first > 1 && preview->spec.from < accepted)
		json_out_time(out, "keptFrom", accepted);
	else
		json_out_null(out, "keptFrom");
}

static void
answer(struct preview *preview)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	struct api_call *call = preview->call;

	json_out_object(&out, NULL);
	json_out_integer(&out, "count", (int64_t)preview->count);
	json_out_integer(&out, "gone", (int64_t)preview->gone);
	json_out_boolean(
		&out, "complete", replay_walk_is_complete(&preview->walk));
	write_kept(preview, &out);
	json_out_end(&out);
	release(preview);
	api_respond_json(call, 200, &body);
}

static void
refuse(struct preview *preview)
{
	struct api_call *call = preview->call;

	release(preview);
	explain_refuse_store(call);
}

static enum err
take_turn(struct preview *preview)
{
	int64_t end = clock_monotonic() + TURN_TIME;
	enum err err = ERR_OK;

	while (!err && !replay_walk_is_complete(&preview->walk) &&
		clock_monotonic() < end) {
		arena_reset(&preview->arena);
		err = replay_walk_step(&preview->walk, REPLAY_STEP_MAX,
			&preview->arena, &preview->found);
		preview->count += preview->found.count;
		preview->gone += preview->found.gone;
	}
	return err;
}

static void
run_turn(struct desk_job *job)
{
	struct preview *preview = CONTAINER_OF(job, struct preview, job);

	if (take_turn(preview))
		refuse(preview);
	/* Where the desk has no room, what was found so far is an answer. */
	else if (replay_walk_is_complete(&preview->walk) ||
		 clock_monotonic() >= preview->end ||
		 desk_post(preview->call->api->desk, &preview->job))
		answer(preview);
}

void
replay_preview(struct api_call *call, const struct webhook *webhook,
	const struct replay_spec *spec, const struct filter *filter)
{
	struct preview *preview = ARENA_NEW(call->arena, struct preview);
	uint64_t total;

	preview->job.run = run_turn;
	preview->call = call;
	preview->webhook = webhook;
	preview->spec = *spec;
	preview->end = clock_monotonic() + PREVIEW_TIME;
	preview->walk = (struct replay_walk){
		.store = call->api->store,
		.webhook = webhook,
		.spec = &preview->spec,
		.filter = filter,
		.is_counting = true,
	};
	if (replay_walk_begin(&preview->walk, &total))
		refuse(preview);
	else
		run_turn(&preview->job);
}
