#include "api/api.h"
#include "api/explain.h"
#include "net/http_client.h"
#include "pipeline/envelope.h"
#include "pipeline/hub.h"

static bool
has_header(struct str head, struct str name)
{
	struct str value;

	return http_head_find(head, name, &value);
}

/** The webhook's may have been changed since: the attempt's own head tells. */
static enum webhook_payload
form_of(struct str head)
{
	struct str type;

	if (has_header(head, STR("ce-specversion")))
		return PAYLOAD_CLOUDEVENT_BINARY;
	if (http_head_find(head, STR("Content-Type"), &type) &&
		str_starts_with(type, STR("application/cloudevents+json")))
		return PAYLOAD_CLOUDEVENT;
	return PAYLOAD_RESOURCE;
}

struct explain_body
explain_body(struct api_call *call, const struct attempt_row *row,
	const struct payload *payload)
{
	struct envelope envelope;

	if (payload == NULL)
		return (struct explain_body){0};
	envelope_build(
		form_of(row->request_head), payload, call->arena, &envelope);
	return (struct explain_body){
		.text = envelope.body.ptr ? envelope.body : STR(""),
		.shown = call->api->hub->options.response_kept,
	};
}
