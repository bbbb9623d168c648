#include "api/audit_log.h"

#include "api/api.h"
#include "api/explain.h"
#include "pipeline/audit.h"

static bool
read_query(struct api_call *call, struct audit_query *query)
{
	*query = (struct audit_query){.workspace = call->who.workspace,
		.type = STR(AUDIT_TYPE),
		.source = STR(AUDIT_SOURCE)};
	return explain_text(call, "category", &query->category) &&
	       explain_text(call, "who", &query->who) &&
	       explain_time(call, "from", &query->from) &&
	       explain_time(call, "to", &query->to) &&
	       explain_limit(call, &query->limit) &&
	       explain_cursor(call, 'a', &query->before);
}

/** A member that is there as it is, else null. */
static void
write_member(struct json_out *out, const char *key, struct json from,
	const char *name)
{
	struct json value = json_member(from, str_of(name));

	if (json_is_missing(value))
		json_out_null(out, key);
	else
		json_out_raw(out, key, json_raw(value));
}

static void
write_facts(struct json_out *out, struct json data)
{
	struct json user = json_member(data, STR("user"));
	struct json info = json_member(data, STR("additional_info"));
	struct json details = json_member(data, STR("audit_details"));

	write_member(out, "category", data, "category");
	write_member(out, "action", info, "action");
	write_member(out, "description", data, "description");
	json_out_object(out, "who");
	write_member(out, "id", user, "id");
	write_member(out, "name", user, "username");
	write_member(out, "role", user, "role");
	write_member(out, "address", info, "ip_address");
	json_out_end(out);
	json_out_object(out, "resource");
	write_member(out, "type", info, "resource_type");
	write_member(out, "id", info, "resource_id");
	write_member(out, "name", info, "resource_name");
	json_out_end(out);
	write_member(out, "before", details, "before");
	write_member(out, "after", details, "after");
	write_member(out, "changed", details, "changed");
	if (!json_is_missing(json_member(details, STR("leftOff"))))
		write_member(out, "leftOff", details, "leftOff");
}

static void
write_entry(struct json_out *out, const struct event_row *event,
	struct arena *arena)
{
	struct json_doc doc;

	json_out_object(out, NULL);
	json_out_string(out, "id", event->id);
	json_out_time(out, "at", event->accepted);
	if (!json_read(event->body, arena, &doc, NULL))
		write_facts(out, json_root(&doc));
	json_out_end(out);
}

void
audit_log_list(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	struct audit_query query;
	struct event_page page;

	if (!read_query(call, &query))
		return;
	if (store_audit_page(call->api->store, &query, call->arena, &page)) {
		explain_refuse_store(call);
		return;
	}
	json_out_object(&out, NULL);
	json_out_integer(&out, "count", (int64_t)page.count);
	explain_write_next(&out, 'a', page.next);
	json_out_array(&out, "items");
	for (size_t i = 0; i < page.count; i++)
		write_entry(&out, &page.rows[i], call->arena);
	json_out_end(&out);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}
