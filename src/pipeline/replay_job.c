#include "pipeline/replay_job.h"

#include "base/json.h"

static const char *const which_names[] = {
	[REPLAY_FAILED] = "failed",
	[REPLAY_SKIPPED] = "skipped",
	[REPLAY_ALL] = "all",
};

static const char *const state_names[] = {
	[REPLAY_RUNNING] = "RUNNING",
	[REPLAY_ENDED_DONE] = "DONE",
	[REPLAY_ENDED_CANCELLED] = "CANCELLED",
	[REPLAY_ENDED_FAILED] = "FAILED",
};

const char *
replay_which_name(enum replay_which which)
{
	return which_names[which];
}

const char *
replay_state_name(enum replay_state state)
{
	return state_names[state];
}

static enum err
find_name(
	const char *const *names, size_t count, struct str text, unsigned *ret)
{
	for (unsigned i = 0; i < count; i++) {
		if (str_equal(str_of(names[i]), text)) {
			*ret = i;
			return ERR_OK;
		}
	}
	return ERR_INVALID;
}

enum err
replay_which_parse(struct str text, enum replay_which *ret)
{
	unsigned i;
	enum err err = find_name(which_names, COUNT_OF(which_names), text, &i);

	if (!err)
		*ret = (enum replay_which)i;
	return err;
}

bool
replay_job_end(struct replay_job *job, enum replay_state state,
	struct str reason, int64_t now)
{
	if (job->state != REPLAY_RUNNING)
		return false;
	job->state = state;
	job->reason = reason;
	job->ended = job->updated = now;
	return true;
}

uint64_t
replay_job_left(const struct replay_job *job)
{
	uint64_t looked = job->sent + job->passed + job->gone;

	return job->total > looked ? job->total - looked : 0;
}

/* ---- the object ---- */

/* The members that are numbers; where they stand in the struct. */
static const struct figure {
	const char *name;
	size_t offset;
} figures[] = {
	{"next", offsetof(struct replay_job, next)},
	{"last", offsetof(struct replay_job, last)},
	{"total", offsetof(struct replay_job, total)},
	{"sent", offsetof(struct replay_job, sent)},
	{"passed", offsetof(struct replay_job, passed)},
	{"gone", offsetof(struct replay_job, gone)},
	{"from", offsetof(struct replay_job, spec.from)},
	{"to", offsetof(struct replay_job, spec.to)},
	{"ended", offsetof(struct replay_job, ended)},
};

static void
write_numbers(const struct replay_job *job, struct json_out *out)
{
	for (size_t i = 0; i < COUNT_OF(figures); i++) {
		int64_t value;

		memcpy(&value, (const char *)job + figures[i].offset,
			sizeof(value));
		json_out_integer(out, figures[i].name, value);
	}
}

static enum err
read_numbers(struct json body, struct replay_job *job)
{
	for (size_t i = 0; i < COUNT_OF(figures); i++) {
		int64_t value;

		if (!json_to_integer(json_member(body, str_of(figures[i].name)),
			    &value) ||
			value < 0)
			return ERR_INVALID;
		memcpy((char *)job + figures[i].offset, &value, sizeof(value));
	}
	return ERR_OK;
}

void
replay_job_to_row(const struct replay_job *job, struct arena *arena,
	struct object_row *ret)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	char text[UUID_TEXT_SIZE];

	json_out_object(&out, NULL);
	json_out_text(&out, "which", which_names[job->spec.which]);
	json_out_text(&out, "state", state_names[job->state]);
	json_out_string(&out, "filter", job->spec.filter);
	json_out_integer(&out, "rate", job->spec.rate);
	json_out_string(&out, "reason", job->reason);
	json_out_string(&out, "key", job->key_id);
	write_numbers(job, &out);
	json_out_end(&out);
	*ret = (struct object_row){
		.workspace = job->workspace,
		.kind = OBJECT_REPLAY,
		.id = arena_copy(arena, str_of(uuid_format(job->id, text))),
		.revision = job->revision,
		.created = job->created,
		.updated = job->updated,
		.body = arena_copy(arena, buf_str(&body)),
	};
	ret->owner = arena_copy(arena, str_of(uuid_format(job->webhook, text)));
}

static struct str
text_of(struct json body, const char *name, struct arena *arena)
{
	return json_string(json_member(body, str_of(name)), arena);
}

static enum err
read_body(struct json body, struct arena *arena, struct replay_job *job)
{
	unsigned which, state;
	int64_t rate;

	if (find_name(which_names, COUNT_OF(which_names),
		    text_of(body, "which", arena), &which) ||
		find_name(state_names, COUNT_OF(state_names),
			text_of(body, "state", arena), &state) ||
		!json_to_integer(json_member(body, STR("rate")), &rate) ||
		rate < 0 || rate > REPLAY_RATE_MAX)
		return ERR_INVALID;
	job->spec.which = (enum replay_which)which;
	job->state = (enum replay_state)state;
	job->spec.rate = (unsigned)rate;
	job->spec.filter = text_of(body, "filter", arena);
	job->reason = text_of(body, "reason", arena);
	job->key_id = text_of(body, "key", arena);
	return read_numbers(body, job);
}

enum err
replay_job_from_row(const struct object_row *row, struct arena *arena,
	struct replay_job *ret)
{
	struct replay_job job = {
		.workspace = row->workspace,
		.revision = row->revision,
		.created = row->created,
		.updated = row->updated,
	};
	struct json_doc doc;

	if (uuid_parse(row->id, &job.id) ||
		uuid_parse(row->owner, &job.webhook) ||
		json_read(row->body, arena, &doc, NULL) ||
		read_body(json_root(&doc), arena, &job))
		return ERR_INVALID;
	*ret = job;
	return ERR_OK;
}
