#pragma once
#include <sqlite3.h>

#include "store/store.h"

/*
 * Rows between their structs and SQLite: the lists of columns, and what binds
 * and reads them in that order. Bound bytes are borrowed until the statement
 * is reset; bytes read are copied into the arena.
 */
#define EVENT_COLUMNS_BUT_BODY \
	"e.sequence, e.workspace, e.operation, e.form, e.previous, e.time," \
	" e.accepted, e.matched, e.is_id_given, e.id, e.source, e.type," \
	" e.type_as_received, e.subject, e.publisher, e.attributes"
#define EVENT_COLUMNS EVENT_COLUMNS_BUT_BODY ", e.body"
/** With an empty body: large ones are not read. */
#define EVENT_HEAD_COLUMNS EVENT_COLUMNS_BUT_BODY ", x''"
#define RESOURCE_COLUMNS \
	"r.workspace, r.type, r.id, r.last, r.is_deleted, r.updated"
#define DELIVERY_COLUMNS \
	"d.sequence, d.workspace, d.event, d.webhook, d.state, d.attempts," \
	" d.due, d.created, d.updated, d.reason, d.resource," \
	" d.spent, d.since"
/** Whether an earlier one of its resource waits. */
#define DELIVERY_IS_BEHIND \
	"CASE WHEN d.resource <> 0 THEN EXISTS (SELECT 1 FROM deliveries e" \
	" INDEXED BY deliveries_ordered WHERE e.webhook = d.webhook" \
	" AND e.resource = d.resource AND e.state = 0 AND e.resource <> 0" \
	" AND e.sequence < d.sequence) ELSE 0 END"
#define ATTEMPT_COLUMNS \
	"a.delivery, a.number, a.webhook, a.started, a.ended, a.status," \
	" a.is_acknowledged, a.name_resolved, a.connected, a.tls_done," \
	" a.first_byte, a.failure, a.error, a.destination, a.request_head," \
	" a.response_head, a.response_body"
#define WEBHOOK_COLUMNS \
	"w.number, w.revision, w.generation, w.state, w.status, w.updated," \
	" w.dialect, w.name, w.destination, w.filter, w.status_reason," \
	" w.options, w.sealed, w.id, w.workspace, w.created, h.window," \
	" h.count, h.failures_in_a_row"
#define KEY_COLUMNS \
	"k.id, k.workspace, k.role, k.is_seeded, k.created, k.name, k.salt," \
	" k.hash, k.expires, k.warned"
#define EXECUTION_HEAD \
	"sequence, workspace, state, due, scenario_version, created, started," \
	" ended, attempts, operations, failed_step, retries, retry_interval," \
	" origin, scenario, cause, error,"
#define EXECUTION_COLUMNS EXECUTION_HEAD " trigger_bundle, is_confidential"
/* In lists, of which many may be long. */
#define EXECUTION_LISTED EXECUTION_HEAD " '', is_confidential"
#define STEP_COLUMNS \
	"execution, ordinal, module, started, ended, failure, message, input," \
	" trace, output"
#define OBJECT_COLUMNS \
	"workspace, kind, id, owner, revision, created, updated, body, sealed"

/** An attempt_view: the attempt, its delivery, event and previous body. */
#define ATTEMPT_VIEW_COLUMNS \
	ATTEMPT_COLUMNS ", " DELIVERY_COLUMNS ", " EVENT_COLUMNS ", p.body"
#define ATTEMPT_VIEW_JOINS \
	" CROSS JOIN deliveries d ON d.sequence = a.delivery" \
	" CROSS JOIN events e ON e.sequence = d.event" \
	" LEFT JOIN events p ON p.sequence = e.previous"

/** Hides the deliveries of a removed webhook until they are purged. */
#define NOT_PURGED "d.webhook NOT IN (SELECT webhook FROM purges)"

/*
 * An event's deliveries are of two sorts, which a query reads one behind the
 * other: those numbered in a row, which the event says, and those apart.
 * Deliveries `d` of event ?1, and of `event`, a row of an outer query.
 */
#define FROM_IN_ROW_OF(event) \
	" FROM deliveries d NOT INDEXED WHERE " #event ".first_delivery > 0" \
	" AND d.sequence >= " #event ".first_delivery" \
	" AND d.sequence < " #event ".first_delivery + " #event ".matched" \
	" AND d.event = " #event ".sequence AND d.is_in_row = 1"
#define FROM_APART_OF(event) \
	" FROM deliveries d INDEXED BY deliveries_apart" \
	" WHERE d.event = " #event ".sequence AND d.is_in_row = 0"
#define OF_EVENT_IN_ROW(columns, rest) \
	"SELECT " columns " FROM events o CROSS JOIN deliveries d NOT INDEXED" \
	" WHERE o.sequence = ?1 AND o.first_delivery > 0" \
	" AND d.sequence >= o.first_delivery" \
	" AND d.sequence < o.first_delivery + o.matched" \
	" AND d.event = o.sequence AND d.is_in_row = 1" rest
#define OF_EVENT_APART(columns, rest) \
	"SELECT " columns " FROM deliveries d INDEXED BY deliveries_apart" \
	" WHERE d.event = ?1 AND d.is_in_row = 0" rest

/*
 * `type_blocks` has the stretches of sequences that hold an event of a type,
 * so that not each event has an entry. SQLITE_TYPE_BLOCK says the same number.
 */
#define EVENTS_A_BLOCK "16"
enum { SQLITE_TYPE_BLOCK = 16 };
#define EVENTS_IN_BLOCK(block) \
	"e.sequence >= " block " * " EVENTS_A_BLOCK \
	" AND e.sequence < (" block " + 1) * " EVENTS_A_BLOCK
/** Events of type ?5 below ?1 and from ?2 on, the newest first. */
#define FROM_EVENTS_OF_TYPE \
	" FROM type_blocks b CROSS JOIN events e NOT INDEXED" \
	" WHERE b.type = ?5 AND b.block <= (?1 - 1) / " EVENTS_A_BLOCK \
	" AND b.block >= ?2 / " EVENTS_A_BLOCK " AND " EVENTS_IN_BLOCK( \
		"b.block") " AND e.type = ?5" \
			   " AND e.sequence < ?1 AND e.sequence >= ?2" \
			   " ORDER BY b.block DESC, e.sequence DESC"

/*
 * Places of a delivery's attempts (sqlite_attempts.h): the first one's follows
 * from the delivery's sequence, others are in an index. SQLITE_PLACES_EACH
 * says the same number.
 */
#define PLACES_EACH "1024"
enum { SQLITE_PLACES_EACH = 1024 };
#define IS_APART_OF(table) table "place <> " table "delivery * " PLACES_EACH
#define IS_APART IS_APART_OF("")
#define PLACES_OF(delivery_, rest) \
	"SELECT place FROM attempts WHERE place = " delivery_ \
	" * " PLACES_EACH " AND delivery = " delivery_ rest \
	" UNION ALL SELECT place FROM attempts INDEXED BY attempts_apart" \
	" WHERE delivery = " delivery_ " AND " IS_APART rest

/*
 * `attempt_packs` has attempts of several deliveries in a row
 * (attempt_pack.h), all within one stretch of SQLITE_TRIED_BLOCK sequences.
 */
#define PACKS_AT(delivery_) \
	"first <= " delivery_ " AND first > " delivery_ \
	" - " DELIVERIES_A_BLOCK " AND last >= " delivery_

/*
 * `tried_blocks` has the stretches of sequences that hold a tried delivery of
 * a webhook. SQLITE_TRIED_BLOCK says the same number.
 */
#define DELIVERIES_A_BLOCK "128"
enum { SQLITE_TRIED_BLOCK = 128 };
#define DELIVERIES_IN_BLOCK(block) \
	"d.sequence >= " block " * " DELIVERIES_A_BLOCK \
	" AND d.sequence < (" block " + 1) * " DELIVERIES_A_BLOCK
/** Deliveries `d` of webhook ?1 in such stretches. */
#define FROM_TRIED " FROM tried_blocks b CROSS JOIN deliveries d NOT INDEXED"
#define WHERE_TRIED \
	" WHERE b.webhook = ?1 AND " DELIVERIES_IN_BLOCK( \
		"b.block") " AND d.webhook = ?1"

/** Deliveries of webhook ?1 that are DEAD or SKIPPED. */
#define WALK_ENDED_OF(state_) \
	"SELECT sequence FROM deliveries INDEXED BY deliveries_ended_of" \
	" WHERE webhook = ?1 AND state = " state_ " AND state >= 2" \
	" AND sequence < ?2 AND sequence >= ?3" \
	" ORDER BY sequence DESC LIMIT ?4"

/*
 * The webhooks in a partial index, one search for each instead of a walk over
 * all waiting rows; the last row is NULL, if `end` does not come first.
 */
#define WAITING_CTE(name, index, condition, end) \
	name "(webhook) AS (SELECT min(webhook) FROM deliveries INDEXED BY " index \
	     " WHERE state = 0 AND " condition \
	     " UNION ALL SELECT (SELECT min(webhook) FROM deliveries INDEXED BY " index \
	     " WHERE state = 0 AND " condition " AND webhook > " name \
	     ".webhook) FROM " name " WHERE " name ".webhook IS NOT NULL" end \
	     ")"
#define WAITING_UNTRIED(end) \
	WAITING_CTE("untried", "deliveries_untried", "attempts = 0", end)
#define WAITING_RETRIED(end) \
	WAITING_CTE("retried", "deliveries_retried", "attempts > 0", end)

/* Values by their place, from 1. The empty string is bound as such. */
void sqlite_row_bind_u64(sqlite3_stmt *stmt, int at, uint64_t value);
void sqlite_row_bind_i64(sqlite3_stmt *stmt, int at, int64_t value);
void sqlite_row_bind_text(sqlite3_stmt *stmt, int at, struct str text);
void sqlite_row_bind_blob(sqlite3_stmt *stmt, int at, struct str bytes);

/*
 * Whole rows, in the order of the columns above. A webhook's binding ends
 * before `h.window`; for a change (not is_new) before `w.id`.
 */
void sqlite_row_bind_health(
	sqlite3_stmt *stmt, uint64_t webhook, const struct health *health);
void sqlite_row_bind_webhook(
	sqlite3_stmt *stmt, const struct webhook_row *row, bool is_new);
void sqlite_row_bind_key(sqlite3_stmt *stmt, const struct key_row *row);

/** The present row's columns in turn; `at` counts from 0. */
struct sqlite_row {
	sqlite3_stmt *stmt;
	int at;
	struct arena *arena;
};

uint64_t sqlite_row_u64(struct sqlite_row *row);
int64_t sqlite_row_i64(struct sqlite_row *row);
/** A copy; NULL gives the empty string. */
struct str sqlite_row_str(struct sqlite_row *row);

void sqlite_row_event(struct sqlite_row *row, struct event_row *ret);
void sqlite_row_resource(struct sqlite_row *row, struct resource_row *ret);
void sqlite_row_delivery(struct sqlite_row *row, struct delivery_row *ret);
void sqlite_row_attempt(struct sqlite_row *row, struct attempt_row *ret);
void sqlite_row_webhook(struct sqlite_row *row, struct webhook_row *ret);
void sqlite_row_key(struct sqlite_row *row, struct key_row *ret);
void sqlite_row_view(struct sqlite_row *row, struct attempt_view *ret);
