#include "base/clock.h"
#include "base/digest.h"
#include "flow/connection_use.h"
#include "flow/cookies.h"
#include "flow/mask.h"
#include "flow/run_private.h"
#include "flow/structure.h"

enum {
	INPUT_KEPT_MAX = 64 << 10,
	OUTPUT_MAX = 16 << 20,
	STEP_SECONDS = 40,
};

/* ---- input ---- */

enum failure_kind
run_problem(enum err err, const struct template_problem *problems,
	struct arena *arena, struct failure *failure)
{
	CLEANUP(buf_release) struct buf text = {0};

	while (problems && !problems->is_error)
		problems = problems->next;
	if (problems)
		template_problem_append(&text, problems);
	return failure_set(failure, arena,
		err == ERR_LIMIT ? FAILURE_DATA_SIZE_LIMIT : FAILURE_DATA, "%s",
		problems ? buf_text(&text) : err_name(err));
}

enum failure_kind
run_input(struct run *run, const struct blueprint_module *module,
	struct arena *arena, struct value *ret, struct failure *failure)
{
	const struct template_problem *problems = NULL;
	enum err err;

	*ret = value_empty();
	if (!module->mapper)
		return FAILURE_NONE;
	run->scope.now = clock_now() / MILLISECONDS;
	err = template_tree_evaluate(
		module->mapper, &run->scope, arena, ret, &problems);
	return err ? run_problem(err, problems, arena, failure) : FAILURE_NONE;
}

static enum failure_kind
refuse(struct arena *arena, const char *name, const char *what,
	struct failure *failure)
{
	return failure_set(failure, arena, FAILURE_BUNDLE_VALIDATION, "%s: %s",
		name, what);
}

/** One field as the module's row wants it. */
static enum failure_kind
fit_field(const struct module_field *field, struct value *value,
	const struct module_call *call, struct failure *failure)
{
	CLEANUP(buf_release) struct buf why = {0};
	double number;

	if (field->is_required && value_is_blank(*value))
		return refuse(
			call->arena, field->name, "must be given", failure);
	if (value_is_blank(*value))
		return FAILURE_NONE;
	if (field->type && value_coerce(*value, str_of(field->type),
				   call->scope->zone, call->arena, value, &why))
		return refuse(
			call->arena, field->name, buf_text(&why), failure);
	if (field->minimum < field->maximum &&
		(!value_to_number(*value, &number) || number < field->minimum ||
			number > field->maximum))
		return failure_set(failure, call->arena,
			FAILURE_BUNDLE_VALIDATION,
			"%s: expected a number from %g to %g", field->name,
			field->minimum, field->maximum);
	return FAILURE_NONE;
}

/** All fields of the row; members without one stay as they are. */
static enum failure_kind
fit_input(struct module_call *call, struct failure *failure)
{
	struct value_builder builder = value_builder_make(call->arena);
	const struct module_field *field = call->kind->mapper;
	enum failure_kind kind = FAILURE_NONE;

	if (!field)
		return FAILURE_NONE;
	for (size_t i = 0; call->input.kind == VALUE_COLLECTION &&
			   i < call->input.as.collection.count;
		i++) {
		const struct value_member *member =
			&call->input.as.collection.members[i];

		value_builder_set(&builder, member->key, member->value);
	}
	for (; field->name && !kind; field++) {
		struct str name = str_of(field->name);
		struct value value = value_member(call->input, name);

		kind = fit_field(field, &value, call, failure);
		if (!kind && !value_is_empty(value))
			value_builder_set(&builder, name, value);
	}
	if (!kind)
		call->input = value_builder_collection(&builder);
	return kind;
}

/**
 * Modules that take what they are given have their fields in the blueprint:
 * numbers of a JSON that is made are numbers, and what is required is there.
 */
static enum failure_kind
fit_expected(const struct blueprint_module *module, struct module_call *call,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf why = {0};
	const struct structure_rules rules = {.fields = module->expect,
		.ignores_defaults = true,
		.zone = call->scope->zone};

	if (call->kind->nature != MODULE_PURE || call->kind->mapper ||
		call->input.kind != VALUE_COLLECTION ||
		!structure_fit(
			&rules, call->input, call->arena, &call->input, &why))
		return FAILURE_NONE;
	/* "data.a": the mapper's a. */
	return failure_set(failure, call->arena, FAILURE_BUNDLE_VALIDATION,
		"%.*s", STR_ARG(str_skip(buf_str(&why), STR("data.").len)));
}

/* ---- the journal ---- */

const struct step_row *
run_stored(struct run *run, const struct blueprint_module *module)
{
	const struct run_options *options = run->options;
	const struct step_row *row;

	while (run->replayed < options->step_count &&
		options->steps[run->replayed].ordinal < run->ordinal)
		run->replayed++;
	if (run->replayed == options->step_count)
		return NULL;
	row = &options->steps[run->replayed];
	if (row->ordinal != run->ordinal)
		return NULL;
	if (row->module == module->id)
		return row;
	/* The scenario was changed: from here on it is another run. */
	run->replayed = options->step_count;
	return NULL;
}

static enum failure_kind
take_stored(struct run *run, const struct step_row *row, struct arena *arena,
	struct module_result *result, struct failure *failure)
{
	struct json_doc doc;
	struct value bundles = value_empty();

	run->scope.now = row->ended / MILLISECONDS;
	if (row->failure.len)
		return failure_set(failure, arena, failure_parse(row->failure),
			"%.*s", STR_ARG(row->message));
	if (json_read(row->output, arena, &doc, NULL) ||
		value_from_json(
			json_root(&doc), VALUE_JSON_TYPED, arena, &bundles))
		return failure_set(failure, arena, FAILURE_INCONSISTENCY,
			"the stored result of step %u cannot be read",
			row->ordinal);
	*result = (struct module_result){.bundles = bundles.as.array.items,
		.count = bundles.kind == VALUE_ARRAY ? bundles.as.array.count
						     : 0};
	return FAILURE_NONE;
}

/** Cookies that a stored result brought are sent on by the steps to come. */
static void
take_stored_cookies(struct run *run, const struct module_result *result,
	struct arena *arena)
{
	struct value list = value_empty();

	if (result->count)
		list = value_member(result->bundles[0], STR("cookies"));
	for (size_t i = 0; list.kind == VALUE_ARRAY && i < list.as.array.count;
		i++) {
		struct cookie cookie;

		if (cookie_from_value(list.as.array.items[i], arena, &cookie))
			continue;
		cookies_set(run_cookies(run), &cookie);
	}
}

struct step_row *
run_add_pending(struct run *run)
{
	if (run->pending_count == run->pending_cap) {
		size_t cap = run->pending_cap ? run->pending_cap * 2 : 16;
		struct step_row *rows = arena_alloc_array(
			&run->pending_arena, cap, sizeof(*rows));

		if (run->pending_count)
			memcpy(rows, run->pending,
				run->pending_count * sizeof(*rows));
		run->pending = rows;
		run->pending_cap = cap;
	}
	return &run->pending[run->pending_count++];
}

/** What was sent in or answered, for people: masked, and not too long. */
static struct str
keep_shown(struct run *run, struct value value)
{
	CLEANUP(buf_release) struct buf text = buf_make(INPUT_KEPT_MAX);

	if (value_is_empty(value) || run->options->execution->is_confidential ||
		run->options->blueprint->settings.is_confidential)
		return STR("");
	value_append_json(&text, mask_secrets(value, &run->pending_arena),
		VALUE_JSON_TYPED);
	if (buf_is_overflown(&text))
		return STR("\"(too long to be kept)\"");
	return arena_copy(&run->pending_arena, buf_str(&text));
}

/** Notes what a step came to. ERR_LIMIT: the output is too large. */
static enum err
note_step(struct run *run, const struct blueprint_module *module,
	const struct module_call *call, const struct module_result *result,
	const struct failure *failure)
{
	CLEANUP(buf_release) struct buf output = buf_make(OUTPUT_MAX);
	struct step_row *row = run_add_pending(run);

	value_append_json(&output, value_array(result->bundles, result->count),
		VALUE_JSON_TYPED);
	*row = (struct step_row){.execution = run->options->execution->sequence,
		.ordinal = run->ordinal,
		.module = module->id,
		.started = call->scope->now * MILLISECONDS,
		.ended = clock_now(),
		.failure = STR(""),
		.message = STR(""),
		.input = keep_shown(run, call->input),
		.trace = keep_shown(run, result->trace),
		.output = arena_copy(&run->pending_arena, buf_str(&output))};
	if (failure->kind) {
		row->failure = str_of(failure_name(failure->kind));
		row->message =
			arena_copy(&run->pending_arena, failure->message);
	}
	run->scope.now = row->ended / MILLISECONDS;
	return buf_is_overflown(&output) ? ERR_LIMIT : ERR_OK;
}

/* ---- calling ---- */

/** Bundles of modules that may give many know their place among them. */
static void
number_bundles(struct module_result *result, struct arena *arena)
{
	struct value *numbered;

	if (!result->is_many)
		return;
	numbered =
		arena_alloc_array(arena, result->count + 1, sizeof(*numbered));
	for (size_t i = 0; i < result->count; i++) {
		struct value_builder builder = value_builder_make(arena);
		struct value bundle = result->bundles[i];

		for (size_t m = 0; m < bundle.as.collection.count; m++)
			value_builder_set(&builder,
				bundle.as.collection.members[m].key,
				bundle.as.collection.members[m].value);
		value_builder_set(&builder, STR("__IMTINDEX__"),
			value_number((double)i + 1));
		value_builder_set(&builder, STR("__IMTLENGTH__"),
			value_number((double)result->count));
		numbered[i] = value_builder_collection(&builder);
	}
	result->bundles = numbered;
}

static enum failure_kind
find_connection(const struct run *run, const struct blueprint_module *module,
	struct module_call *call, struct failure *failure)
{
	const struct run_host *host = run->options->host;
	struct str named = {0}, id;
	size_t at = 0;

	while (!call->connection && host->connection &&
		connection_use_next(
			module->parameters, &at, call->arena, &id)) {
		call->connection =
			host->connection(host->context, id, call->arena);
		if (named.len == 0)
			named = id;
	}
	if (call->connection || !call->kind->connection)
		return FAILURE_NONE;
	if (named.len)
		return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
			"%.*s needs a connection of type %s: there is none "
			"with the id \"%.*s\"",
			STR_ARG(module->name), call->kind->connection,
			STR_ARG(named));
	return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
		"%.*s needs a connection of type %s: name it in "
		"parameters.connection",
		STR_ARG(module->name), call->kind->connection);
}

static enum failure_kind
call_kind(struct run *run, const struct blueprint_module *module,
	struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	run_control_function *control = run_control_find(call->kind);
	enum failure_kind kind;

	kind = run_input(run, module, call->arena, &call->input, failure);
	if (!kind)
		kind = fit_input(call, failure);
	if (!kind)
		kind = fit_expected(module, call, failure);
	if (!kind)
		kind = find_connection(run, module, call, failure);
	if (kind)
		return kind;
	return control ? control(run, call, result, failure)
		       : call->kind->run(call, result, failure);
}

/**
 * The same for every try of the step, by whichever process; of no other step
 * of any hub, since a scenario's id is random. One that was put aside goes on
 * as the step of the run that put it aside.
 */
static struct str
make_key(const struct run *run, struct arena *arena)
{
	const struct execution_row *execution = run->options->execution;
	bool is_put_aside = run->options->is_aside && execution->origin &&
			    run->ordinal == execution->failed_step;
	CLEANUP(buf_release) struct buf text = buf_make(256);
	uint8_t digest[DIGEST_SHA256_LEN];

	buf_printf(&text, "%.*s %llu %u", STR_ARG(execution->scenario),
		(unsigned long long)(is_put_aside ? execution->origin
						  : execution->sequence),
		run->ordinal);
	digest_sha256(buf_str(&text), digest);
	buf_clear(&text);
	for (size_t i = 0; i < 8; i++)
		buf_printf(&text, "%02x", digest[i]);
	return arena_printf(arena, "grapnel-%s", buf_text(&text));
}

/** No longer than the run may still take. */
static int64_t
step_time(const struct run *run)
{
	int64_t time = run->options->step_timeout ? run->options->step_timeout
						  : STEP_SECONDS * SECONDS;
	int64_t left = run->deadline - clock_monotonic();

	if (left < 1)
		return 1;
	return left < time ? left : time;
}

static enum failure_kind
call_new(struct run *run, const struct blueprint_module *module,
	struct arena *arena, struct module_result *result,
	struct failure *failure)
{
	struct module_call call = {.kind = module->kind,
		.parameters = module->parameters,
		.outgoing = run->options->host->outgoing,
		.run = run,
		.scope = &run->scope,
		.arena = arena,
		.timeout = step_time(run),
		.idempotency_key = make_key(run, arena)};
	enum failure_kind kind;

	kind = call_kind(run, module, &call, result, failure);
	if (kind == FAILURE_INTERRUPTED)
		return kind; /* it is not a result: the step is still to do */
	number_bundles(result, arena);
	if (note_step(run, module, &call, result, failure) && !kind)
		kind = failure_set(failure, arena, FAILURE_DATA_SIZE_LIMIT,
			"the output is over %d MiB", OUTPUT_MAX >> 20);
	return kind;
}

enum failure_kind
run_step(struct run *run, const struct blueprint_module *module,
	struct arena *arena, struct module_result *result,
	struct failure *failure)
{
	const struct step_row *stored;
	enum failure_kind kind;

	*result = (struct module_result){0};
	*failure = (struct failure){0};
	run->ordinal++;
	run->operations++;
	if (!module->kind)
		return failure_set(failure, arena, FAILURE_CONFIGURATION,
			"the module %.*s is not known here",
			STR_ARG(module->name));
	stored = run_stored(run, module);
	/* The one that failed is run again; after a crash its new result may
	   be there already. */
	if (run->ordinal == run->options->execution->failed_step) {
		run->has_resumed = true;
		if (stored && stored->failure.len)
			stored = NULL;
	}
	if (stored)
		kind = take_stored(run, stored, arena, result, failure);
	else
		kind = call_new(run, module, arena, result, failure);
	if (stored && !kind && str_starts_with(module->name, STR("http:")))
		take_stored_cookies(run, result, arena);
	if (!kind)
		run_control_apply(run, module, result);
	return kind;
}
