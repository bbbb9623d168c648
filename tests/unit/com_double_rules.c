/*
 * The least of rule/ that the COM dialect needs, for as long as the real
 * modules are not in the library. Filters: one comparison, `path eq 'text'`.
 */
#include "rule/catalog.h"
#include "rule/filter.h"
#include "rule/health.h"

struct filter {
	struct str path;
	struct str text;
};

enum err
filter_compile(struct str text, struct arena *arena, const struct filter **ret,
	size_t *ret_column, struct buf *why)
{
	size_t at = str_find(text, STR(" eq '"));
	struct filter *filter;

	if (at == SIZE_MAX || at == 0 || !str_ends_with(text, STR("'"))) {
		*ret_column = 1;
		buf_printf(why, "column 1: expected a comparison");
		return ERR_INVALID;
	}
	filter = ARENA_NEW(arena, struct filter);
	filter->path = arena_copy(arena, str_head(text, at));
	filter->text = arena_copy(
		arena, str_make(text.ptr + at + 5, text.len - at - 6));
	*ret = filter;
	return ERR_OK;
}

bool
filter_matches(const struct filter *filter, const struct filter_event *event,
	struct arena *scratch)
{
	if (str_equal(filter->path, STR("type")))
		return str_equal(
			event->type, catalog_canonical(filter->text, scratch));
	return json_string_equal(
		json_path(event->new_state, filter->path), filter->text);
}

struct str
catalog_canonical(struct str name, struct arena *arena)
{
	if (!str_starts_with(name, STR("compute-ops-mgmt/")))
		return name;
	return arena_printf(arena, "compute-ops/%.*s",
		STR_ARG(str_skip(name, strlen("compute-ops-mgmt/"))));
}

static const char *const states[] = {"ENABLED", "DISABLED"};
static const char *const statuses[] = {
	"PENDING", "ACTIVE", "WARNING", "ERROR", "DISABLED"};

const char *
webhook_state_name(enum webhook_state state)
{
	return states[state];
}

const char *
webhook_status_name(enum webhook_status status)
{
	return statuses[status];
}

enum err
webhook_state_parse(struct str text, enum webhook_state *ret)
{
	for (size_t i = 0; i < COUNT_OF(states); i++) {
		if (!str_equal(text, str_of(states[i])))
			continue;
		*ret = (enum webhook_state)i;
		return ERR_OK;
	}
	return ERR_INVALID;
}
