#include "api/explain.h"

#include "net/http_local.h"

void
explain_write_envelope(struct json_out *out, const struct event_row *row)
{
	json_out_string(out, "id", row->id);
	json_out_string(out, "source", row->source);
	json_out_string(out, "type", row->type);
	if (!str_equal(row->type, row->type_as_received))
		json_out_string(out, "typeAsReceived", row->type_as_received);
	json_out_string(out, "subject", row->subject);
	if (row->operation == OPERATION_NONE)
		json_out_null(out, "operation");
	else
		json_out_text(out, "operation", operation_name(row->operation));
	json_out_time(out, "time", row->time);
	json_out_time(out, "acceptedAt", row->accepted);
	json_out_string(out, "publisher", row->publisher);
	if (row->attributes.len > 2)
		json_out_raw(out, "attributes", row->attributes);
	json_out_integer(out, "matched", row->matched);
}

void
explain_write_delivery(struct json_out *out, const struct delivery_row *row,
	const struct webhook *webhook)
{
	json_out_uuid(
		out, "id", uuid_from_sequence(row->created, row->sequence));
	if (webhook) {
		json_out_uuid(out, "webhookId", webhook->id);
		json_out_string(out, "webhookName", webhook->name);
	} else {
		json_out_null(out, "webhookId");
		json_out_null(out, "webhookName");
	}
	json_out_text(out, "state", delivery_state_name(row->state));
	if (str_is_empty(row->reason))
		json_out_null(out, "reason");
	else
		json_out_string(out, "reason", row->reason);
	json_out_integer(out, "attempts", row->attempts);
	json_out_time(out, "createdAt", row->created);
	json_out_time(out, "updatedAt", row->updated);
	if (row->state == DELIVERY_WAITING)
		json_out_time(out, "nextAttemptAt", row->due);
	else
		json_out_null(out, "nextAttemptAt");
}

/** Microseconds from the attempt's start as milliseconds. */
static void
write_phase(struct json_out *out, const char *key, int64_t value)
{
	if (value)
		json_out_real(out, key, (double)value / 1000.0);
	else
		json_out_null(out, key);
}

static void
write_or_null(struct json_out *out, const char *key, struct str text)
{
	if (str_is_empty(text))
		json_out_null(out, key);
	else
		json_out_string(out, key, text);
}

/** A cut of it, and how long it was. */
static void
write_request_body(struct json_out *out, const struct explain_body *body)
{
	if (body == NULL || body->text.ptr == NULL) {
		json_out_null(out, "body");
		json_out_null(out, "bodyBytes");
		return;
	}
	json_out_string(out, "body", str_head(body->text, body->shown));
	json_out_integer(out, "bodyBytes", (int64_t)body->text.len);
}

void
explain_write_attempt(struct json_out *out, const struct attempt_row *row,
	const struct explain_body *body)
{
	json_out_object(out, NULL);
	if (row->number >= ATTEMPT_DEBUG_FIRST)
		json_out_boolean(out, "debug", true);
	else
		json_out_integer(out, "number", row->number);
	json_out_time(out, "startedAt", row->started);
	json_out_time(out, "endedAt", row->ended);
	json_out_boolean(out, "acknowledged", row->is_acknowledged);
	if (row->status)
		json_out_integer(out, "status", row->status);
	else
		json_out_null(out, "status");
	write_or_null(out, "failure", row->failure);
	write_or_null(out, "error", row->error);
	/* A connection that was open needed no phase before the answer. */
	if (http_local_is(row->destination))
		json_out_text(out, "connection", "local");
	else if (row->connected)
		json_out_text(out, "connection", "new");
	else if (row->first_byte)
		json_out_text(out, "connection", "reused");
	else
		json_out_null(out, "connection");
	json_out_object(out, "milliseconds");
	write_phase(out, "nameResolved", row->name_resolved);
	write_phase(out, "connected", row->connected);
	write_phase(out, "tlsDone", row->tls_done);
	write_phase(out, "firstByte", row->first_byte);
	write_phase(out, "total", row->ended - row->started);
	json_out_end(out);
	json_out_object(out, "request");
	json_out_string(out, "destination", row->destination);
	json_out_string(out, "head", row->request_head);
	write_request_body(out, body);
	json_out_end(out);
	json_out_object(out, "response");
	write_or_null(out, "head", row->response_head);
	write_or_null(out, "body", row->response_body);
	json_out_end(out);
	json_out_end(out);
}
