#include "flow/app_slack.h"
#include "flow/apps.h"

/* What is asked of Slack besides messages; only bots may. */

enum { FOUND_USUAL = 20, FOUND_MAX = 100 };

#define TEXT(name_) \
	{ \
		.name = (name_), .type = "text", .is_required = true \
	}

static const char *const sorts[] = {"score", "timestamp", NULL};
static const char *const directions[] = {"asc", "desc", NULL};
static const struct module_field search_fields[] = {TEXT("query"),
	{.name = "sort", .type = "text", .choices = sorts},
	{.name = "sort_dir", .type = "text", .choices = directions},
	{.name = "limit", .type = "uinteger"}, {.name = NULL}};
static const struct module_field user_fields[] = {TEXT("user"), {.name = NULL}};
static const struct module_field message_fields[] = {
	TEXT("channel"), TEXT("ts"), {.name = NULL}};
static const struct module_field reaction_fields[] = {
	TEXT("channel"), TEXT("timestamp"), TEXT("name"), {.name = NULL}};

static enum failure_kind
need_token(const struct module_call *call, struct failure *failure)
{
	enum failure_kind kind = service_need_connection(call, failure);

	if (!kind && service_secret(call, "token").len == 0)
		kind = failure_set(failure, call->arena, FAILURE_CONFIGURATION,
			"%s needs a connection with a token: a webhook only "
			"posts messages",
			call->kind->name);
	return kind;
}

/** A GET with the path so far. */
static enum failure_kind
get(const struct module_call *call, const struct buf *path,
	struct module_result *result, struct value *ret,
	struct failure *failure)
{
	struct service_request request = {
		.method = "GET", .path = buf_str(path)};

	return slack_ask(call, &request, result, ret, failure);
}

static enum failure_kind
search_messages(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct value_builder found = value_builder_make(call->arena);
	struct value answer, matches;
	int64_t limit = FOUND_USUAL;
	enum failure_kind kind = need_token(call, failure);

	if (!kind)
		kind = service_integer(
			call, "limit", FOUND_USUAL, &limit, failure);
	if (kind)
		return kind;
	if (limit < 1 || limit > FOUND_MAX)
		limit = FOUND_MAX;
	buf_append(&path, STR("/search.messages"));
	service_query(&path, "query", service_text(call, "query"));
	if (service_text(call, "sort").len)
		service_query(&path, "sort", service_text(call, "sort"));
	if (service_text(call, "sort_dir").len)
		service_query(
			&path, "sort_dir", service_text(call, "sort_dir"));
	buf_printf(&path, "&count=%lld", (long long)limit);
	kind = get(call, &path, result, &answer, failure);
	if (kind)
		return kind;
	matches = value_path(answer, STR("messages.matches"));
	for (size_t i = 0; matches.kind == VALUE_ARRAY &&
			   i < matches.as.array.count && (int64_t)i < limit;
		i++)
		value_builder_add(&found, matches.as.array.items[i]);
	service_results(result, &found);
	return FAILURE_NONE;
}

static enum failure_kind
get_user(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct value answer;
	enum failure_kind kind = need_token(call, failure);

	if (kind)
		return kind;
	buf_append(&path, STR("/users.info"));
	service_query(&path, "user", service_text(call, "user"));
	kind = get(call, &path, result, &answer, failure);
	if (!kind)
		module_result_one(
			call, result, value_member(answer, STR("user")));
	return kind;
}

/** The one message that was sent at `ts`, if it is there. */
static enum failure_kind
get_message(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct value answer, message;
	enum failure_kind kind = need_token(call, failure);

	if (kind)
		return kind;
	buf_append(&path, STR("/conversations.history"));
	service_query(&path, "channel", service_text(call, "channel"));
	service_query(&path, "latest", service_text(call, "ts"));
	buf_append(&path, STR("&inclusive=true&limit=1"));
	kind = get(call, &path, result, &answer, failure);
	message = value_item(value_member(answer, STR("messages")), 1);
	if (!kind && str_equal(service_value_text(
				       call, value_member(message, STR("ts"))),
			     service_text(call, "ts")))
		module_result_one(call, result, message);
	return kind;
}

static enum failure_kind
add_reaction(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	static const char *const names[] = {
		"channel", "timestamp", "name", NULL};
	struct value_builder body = value_builder_make(call->arena);
	struct service_request request = {
		.method = "POST", .path = STR("/reactions.add")};
	struct value answer = value_empty();
	enum failure_kind kind = need_token(call, failure);

	if (kind)
		return kind;
	service_put_fields(&body, call, names);
	request.body = value_builder_collection(&body);
	kind = slack_ask(call, &request, result, &answer, failure);
	/* A step that is tried again finds its own. */
	if (kind == FAILURE_DATA &&
		str_equal(service_value_text(
				  call, value_member(answer, STR("error"))),
			STR("already_reacted")))
		kind = FAILURE_NONE;
	if (!kind)
		module_result_one(call, result, answer);
	return kind;
}

#define ROW(name_, fields_, run_) \
	{ \
		.name = "slack:" name_, .nature = MODULE_EFFECT, \
		.connection = "slack", .mapper = (fields_), .run = (run_) \
	}

const struct module_kind app_slack_read[] = {
	ROW("SearchMessages", search_fields, search_messages),
	ROW("GetUser", user_fields, get_user),
	ROW("GetPublicChannelMessage", message_fields, get_message),
	ROW("AddReaction", reaction_fields, add_reaction),
	{.name = NULL},
};
