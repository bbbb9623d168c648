/* How many webhooks there may be, and what they may be called. */
#include "pipeline/webhooks_private.h"

/* How many webhooks of a dialect a workspace has, and one of the name. */
struct census {
	unsigned count;
	bool is_named;
};

static bool
is_greenlake(struct str dialect)
{
	return str_equal(dialect, STR("greenlake"));
}

/** Of those that have their limit in common with the dialect, but not `but`. */
static struct census
take_census(struct webhooks *webhooks, uint32_t workspace, struct str dialect,
	struct str name, const struct webhook *but)
{
	struct census census = {0};
	struct arena arena = {0};
	size_t count;
	const struct webhook **list =
		webhooks_list(webhooks, workspace, &arena, &count);

	for (size_t i = 0; i < count; i++) {
		bool is_one = is_greenlake(list[i]->dialect) ==
				      is_greenlake(dialect) &&
			      (but == NULL || list[i]->number != but->number);

		census.count += is_one;
		census.is_named |= is_one && str_equal(list[i]->name, name);
		webhook_unref(list[i]);
	}
	arena_release(&arena);
	return census;
}

static enum err
refuse_name(const struct webhook_draft *draft, struct webhook_problem *problem)
{
	problem->field = "name";
	buf_printf(&problem->why, "there is a webhook \"%.*s\" already",
		STR_ARG(draft->name));
	return ERR_CONFLICT;
}

enum err
webhooks_check_count(struct webhooks *webhooks, uint32_t workspace,
	const struct webhook_draft *draft, struct webhook_problem *problem)
{
	struct census census = take_census(
		webhooks, workspace, draft->dialect, draft->name, NULL);
	unsigned max = is_greenlake(draft->dialect)
			       ? webhooks->options.greenlake_max
			       : webhooks->options.webhooks_max;

	if (census.count >= max) {
		buf_printf(&problem->why,
			"this workspace has %u webhooks, which is the most "
			"allowed: delete one first",
			max);
		return ERR_LIMIT;
	}
	return draft->is_name_unique && census.is_named
		       ? refuse_name(draft, problem)
		       : ERR_OK;
}

enum err
webhooks_check_name(struct webhooks *webhooks, const struct webhook *former,
	const struct webhook_draft *draft, struct webhook_problem *problem)
{
	if (!draft->has_name || !draft->is_name_unique)
		return ERR_OK;
	return take_census(webhooks, former->workspace, former->dialect,
		       draft->name, former)
			       .is_named
		       ? refuse_name(draft, problem)
		       : ERR_OK;
}
