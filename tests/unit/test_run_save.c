#include "run_world.h"

/* When the steps of a run are handed to the disk. */

static size_t saves, saves_allowed;
static struct buf said;

static enum err
save(void *context, const struct step_row *steps, size_t count)
{
	(void)context;
	(void)steps;
	(void)count;
	return saves++ < saves_allowed ? ERR_OK : ERR_IO;
}

static void
respond(void *context, const struct run_response *response)
{
	(void)context;
	buf_append(&said, response->body);
}

static void
run(size_t allowed, const char *rest)
{
	struct str text;

	run_world_begin();
	run_world.host.save = save;
	run_world.host.respond = respond;
	saves = 0;
	saves_allowed = allowed;
	text = arena_printf(&run_world.arena,
		"{\"name\":\"n\",\"flow\":[{\"id\":1,\"module\":"
		"\"gateway:CustomWebHook\"},{\"id\":2,\"module\":"
		"\"builtin:BasicFeeder\",\"mapper\":"
		"{\"array\":\"{{1.a}}\"}},%s]}",
		rest);
	run_world_run(text.ptr, "{\"a\":[1,2,3]}");
}

static void
end(void)
{
	buf_release(&said);
	run_world_end();
}

/* Asks somebody outside, who is not there. */
#define EFFECT \
	"{\"id\":3,\"module\":\"datastore:DeleteRecord\"," \
	"\"parameters\":{\"datastore\":\"d\"}," \
	"\"mapper\":{\"key\":\"k\"}," \
	"\"onerror\":[{\"id\":9,\"module\":\"builtin:Ignore\"}]}"
#define SAY \
	"{\"id\":3,\"module\":\"gateway:WebhookRespond\"," \
	"\"mapper\":{\"status\":\"200\",\"body\":\"yes\"}}"

TEST(run_save, step_is_stored_before_the_next_effect_and_the_last_with_the_end)
{
	run(SIZE_MAX, EFFECT);
	CHECK_INT(run_world.outcome.state, EXECUTION_SUCCESS);
	CHECK_INT(saves, 3);
	CHECK_INT(run_world.outcome.step_count, 1);
	CHECK_INT(run_world.outcome.steps[0].ordinal, 4);
	end();
}

TEST(run_save, nothing_is_called_once_the_disk_refuses)
{
	run(1, EFFECT);
	CHECK_INT(run_world.outcome.state, EXECUTION_QUEUED);
	CHECK_INT(run_world.outcome.step_count, 1);
	CHECK_INT(run_world.outcome.steps[0].ordinal, 2);
	end();
}

TEST(run_save, hook_is_answered_once_what_led_to_it_is_stored)
{
	run(0, SAY);
	CHECK_INT(run_world.outcome.state, EXECUTION_QUEUED);
	CHECK_STR(buf_str(&said), STR(""));
	end();
	run(SIZE_MAX, SAY);
	CHECK_STR(buf_str(&said), STR("yesyesyes"));
	end();
}
