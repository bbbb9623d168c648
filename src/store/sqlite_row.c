#include "store/sqlite_row.h"

void
sqlite_row_bind_u64(sqlite3_stmt *stmt, int at, uint64_t value)
{
	sqlite3_bind_int64(stmt, at, (sqlite3_int64)value);
}

void
sqlite_row_bind_i64(sqlite3_stmt *stmt, int at, int64_t value)
{
	sqlite3_bind_int64(stmt, at, value);
}

void
sqlite_row_bind_text(sqlite3_stmt *stmt, int at, struct str text)
{
	/* A NULL pointer would be bound as NULL, not as the empty string. */
	sqlite3_bind_text64(stmt, at, text.ptr ? text.ptr : "", text.len,
		SQLITE_STATIC, SQLITE_UTF8);
}

void
sqlite_row_bind_blob(sqlite3_stmt *stmt, int at, struct str bytes)
{
	sqlite3_bind_blob64(
		stmt, at, bytes.ptr ? bytes.ptr : "", bytes.len, SQLITE_STATIC);
}

void
sqlite_row_bind_health(
	sqlite3_stmt *stmt, uint64_t webhook, const struct health *health)
{
	sqlite_row_bind_u64(stmt, 1, webhook);
	sqlite_row_bind_u64(stmt, 2, health->window);
	sqlite_row_bind_u64(stmt, 3, health->count);
	sqlite_row_bind_u64(stmt, 4, health->failures_in_a_row);
}

void
sqlite_row_bind_webhook(
	sqlite3_stmt *stmt, const struct webhook_row *row, bool is_new)
{
	sqlite_row_bind_u64(stmt, 1, row->number);
	sqlite_row_bind_u64(stmt, 2, row->revision);
	sqlite_row_bind_u64(stmt, 3, row->generation);
	sqlite_row_bind_u64(stmt, 4, row->health.state);
	sqlite_row_bind_u64(stmt, 5, row->health.status);
	sqlite_row_bind_i64(stmt, 6, row->updated);
	sqlite_row_bind_text(stmt, 7, row->dialect);
	sqlite_row_bind_text(stmt, 8, row->name);
	sqlite_row_bind_text(stmt, 9, row->destination);
	sqlite_row_bind_text(stmt, 10, row->filter);
	sqlite_row_bind_text(stmt, 11, row->status_reason);
	sqlite_row_bind_text(stmt, 12, row->options);
	sqlite_row_bind_blob(stmt, 13, row->sealed);
	if (!is_new)
		return;
	sqlite3_bind_blob(
		stmt, 14, row->id.bytes, sizeof(row->id.bytes), SQLITE_STATIC);
	sqlite_row_bind_u64(stmt, 15, row->workspace);
	sqlite_row_bind_i64(stmt, 16, row->created);
}

void
sqlite_row_bind_key(sqlite3_stmt *stmt, const struct key_row *row)
{
	sqlite_row_bind_text(stmt, 1, row->id);
	sqlite_row_bind_u64(stmt, 2, row->workspace);
	sqlite_row_bind_u64(stmt, 3, row->role);
	sqlite_row_bind_u64(stmt, 4, row->is_seeded);
	sqlite_row_bind_i64(stmt, 5, row->created);
	sqlite_row_bind_text(stmt, 6, row->name);
	sqlite3_bind_blob(stmt, 7, row->salt, sizeof(row->salt), SQLITE_STATIC);
	sqlite3_bind_blob(stmt, 8, row->hash, sizeof(row->hash), SQLITE_STATIC);
	sqlite_row_bind_i64(stmt, 9, row->expires);
	sqlite_row_bind_i64(stmt, 10, row->warned);
}

int64_t
sqlite_row_i64(struct sqlite_row *row)
{
	return sqlite3_column_int64(row->stmt, row->at++);
}

uint64_t
sqlite_row_u64(struct sqlite_row *row)
{
	return (uint64_t)sqlite_row_i64(row);
}

static uint32_t
read_u32(struct sqlite_row *row)
{
	return (uint32_t)sqlite_row_i64(row);
}

static bool
read_bool(struct sqlite_row *row)
{
	return sqlite_row_i64(row) != 0;
}

struct str
sqlite_row_str(struct sqlite_row *row)
{
	int at = row->at++;
	/* column_blob gives the bytes of a text as they are. */
	const char *bytes = sqlite3_column_blob(row->stmt, at);
	int len = sqlite3_column_bytes(row->stmt, at);

	return arena_copy(row->arena, str_make(bytes, (size_t)len));
}

/** Exactly `size` bytes; a row that holds another number leaves zeros. */
static void
read_bytes(struct sqlite_row *row, void *out, size_t size)
{
	int at = row->at++;
	const void *bytes = sqlite3_column_blob(row->stmt, at);

	if ((size_t)sqlite3_column_bytes(row->stmt, at) == size)
		memcpy(out, bytes, size);
	else
		memset(out, 0, size);
}

static bool
is_null(const struct sqlite_row *row)
{
	return sqlite3_column_type(row->stmt, row->at) == SQLITE_NULL;
}

static struct str
own_id(const struct sqlite_row *row, const struct event_row *event)
{
	char text[UUID_TEXT_SIZE];

	uuid_format(uuid_from_sequence(event->accepted, event->sequence), text);
	return arena_copy(row->arena, str_make(text, UUID_TEXT_LEN));
}

void
sqlite_row_event(struct sqlite_row *row, struct event_row *ret)
{
	ret->sequence = sqlite_row_u64(row);
	ret->workspace = read_u32(row);
	ret->operation = (enum operation)sqlite_row_i64(row);
	ret->form = (enum event_form)sqlite_row_i64(row);
	ret->previous = sqlite_row_u64(row);
	ret->time = sqlite_row_i64(row);
	ret->accepted = sqlite_row_i64(row);
	ret->matched = read_u32(row);
	ret->is_id_given = read_bool(row);
	if (is_null(row)) {
		ret->id = own_id(row, ret);
		row->at++;
	} else {
		ret->id = sqlite_row_str(row);
	}
	ret->source = sqlite_row_str(row);
	ret->type = sqlite_row_str(row);
	if (is_null(row)) {
		ret->type_as_received = ret->type;
		row->at++;
	} else {
		ret->type_as_received = sqlite_row_str(row);
	}
	ret->subject = sqlite_row_str(row);
	ret->publisher = sqlite_row_str(row);
	ret->attributes = sqlite_row_str(row);
	ret->body = sqlite_row_str(row);
}

void
sqlite_row_resource(struct sqlite_row *row, struct resource_row *ret)
{
	ret->workspace = read_u32(row);
	ret->type = sqlite_row_str(row);
	ret->id = sqlite_row_str(row);
	ret->last = sqlite_row_u64(row);
	ret->is_deleted = read_bool(row);
	ret->updated = sqlite_row_i64(row);
}

void
sqlite_row_delivery(struct sqlite_row *row, struct delivery_row *ret)
{
	ret->sequence = sqlite_row_u64(row);
	ret->workspace = read_u32(row);
	ret->event = sqlite_row_u64(row);
	ret->webhook = sqlite_row_u64(row);
	ret->state = (enum delivery_state)sqlite_row_i64(row);
	ret->attempts = read_u32(row);
	ret->due = sqlite_row_i64(row);
	ret->created = sqlite_row_i64(row);
	ret->updated = sqlite_row_i64(row);
	ret->reason = sqlite_row_str(row);
	ret->resource = sqlite_row_u64(row);
	ret->spent = read_u32(row);
	ret->since = sqlite_row_i64(row);
}

void
sqlite_row_attempt(struct sqlite_row *row, struct attempt_row *ret)
{
	ret->delivery = sqlite_row_u64(row);
	ret->number = read_u32(row);
	ret->webhook = sqlite_row_u64(row);
	ret->started = sqlite_row_i64(row);
	ret->ended = sqlite_row_i64(row);
	ret->status = (int)sqlite_row_i64(row);
	ret->is_acknowledged = read_bool(row);
	ret->name_resolved = sqlite_row_i64(row);
	ret->connected = sqlite_row_i64(row);
	ret->tls_done = sqlite_row_i64(row);
	ret->first_byte = sqlite_row_i64(row);
	ret->failure = sqlite_row_str(row);
	ret->error = sqlite_row_str(row);
	ret->destination = sqlite_row_str(row);
	ret->request_head = sqlite_row_str(row);
	ret->response_head = sqlite_row_str(row);
	ret->response_body = sqlite_row_str(row);
}

void
sqlite_row_webhook(struct sqlite_row *row, struct webhook_row *ret)
{
	ret->number = sqlite_row_u64(row);
	ret->revision = sqlite_row_u64(row);
	ret->generation = sqlite_row_u64(row);
	ret->health.state = (enum webhook_state)sqlite_row_i64(row);
	ret->health.status = (enum webhook_status)sqlite_row_i64(row);
	ret->updated = sqlite_row_i64(row);
	ret->dialect = sqlite_row_str(row);
	ret->name = sqlite_row_str(row);
	ret->destination = sqlite_row_str(row);
	ret->filter = sqlite_row_str(row);
	ret->status_reason = sqlite_row_str(row);
	ret->options = sqlite_row_str(row);
	ret->sealed = sqlite_row_str(row);
	read_bytes(row, ret->id.bytes, sizeof(ret->id.bytes));
	ret->workspace = read_u32(row);
	ret->created = sqlite_row_i64(row);
	ret->health.window = (uint16_t)sqlite_row_i64(row);
	ret->health.count = (uint8_t)sqlite_row_i64(row);
	ret->health.failures_in_a_row = (uint8_t)sqlite_row_i64(row);
}

void
sqlite_row_key(struct sqlite_row *row, struct key_row *ret)
{
	ret->id = sqlite_row_str(row);
	ret->workspace = read_u32(row);
	ret->role = (enum key_role)sqlite_row_i64(row);
	ret->is_seeded = read_bool(row);
	ret->created = sqlite_row_i64(row);
	ret->name = sqlite_row_str(row);
	read_bytes(row, ret->salt, sizeof(ret->salt));
	read_bytes(row, ret->hash, sizeof(ret->hash));
	ret->expires = sqlite_row_i64(row);
	ret->warned = sqlite_row_i64(row);
}

void
sqlite_row_view(struct sqlite_row *row, struct attempt_view *ret)
{
	sqlite_row_attempt(row, &ret->attempt);
	sqlite_row_delivery(row, &ret->delivery);
	sqlite_row_event(row, &ret->event);
	ret->previous_body = sqlite_row_str(row);
}
