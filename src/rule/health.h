#pragma once
#include "base/buf.h"
#include "rule/failure_rules.h"

/*
 * What a webhook's state, status and reason become when something happens to
 * it. Pure, but that GreenLake's machine asks base/clock what time it is; the
 * caller stores the result.
 *
 * By the standard rules, COM's machine (docs/compat-com.md):
 *
 *            user enables / edits      handshake ok
 *   DISABLED ───────────────> PENDING ─────────────> ACTIVE <──┐ 10 of 10 good
 *      ^  user disables          │ handshake bad     ^ │ 5 of 10 bad
 *      └── (from anywhere)       v                   │ v       │
 *                  state DISABLED, WARNING           │ WARNING ┘
 *                                                    │ │ 10 bad in a row,
 *                                   probe answered   │ v or gone (410)
 *           state DISABLED, PENDING ─────────────────┘ state DISABLED, ERROR
 *                  │    ^             its time has come   │        ^
 *                  │    └─────────────────────────────────┘        │
 *                  └───────────────────────────────────────────────┘
 *                     probe failed: the next comes after twice the time
 *
 * Probing is no part of COM's machine: it is for webhooks that ask for it
 * (rule/webhook_options.h, `probe`), and after ERROR only. One that has said
 * that it is gone is not probed.
 *
 * By GreenLake's (docs/compat-greenlake.md):
 *
 *            user enables, edits, verifies   handshake ok
 *   DISABLED ───────────────> PENDING ──────────────> ACTIVE <─┐ 12 hours
 *      ^  user disables        ^   │ handshake bad       │     │ without a
 *      └── (from anywhere)     │   v                     v one │ failure
 *           user edits, verifies ERROR <──────────── WARNING ──┘ bad
 *                                     more than 20 bad in 12 hours,
 *                                     a delivery lost, or an answer that
 *                                     disables
 */
enum webhook_state { WEBHOOK_ENABLED, WEBHOOK_DISABLED };

enum webhook_status {
	WEBHOOK_PENDING,
	WEBHOOK_ACTIVE,
	WEBHOOK_WARNING,
	WEBHOOK_ERROR,
	WEBHOOK_OFF, /* shown as DISABLED */
};

enum health_trigger {
	HEALTH_CREATED_ENABLED,
	HEALTH_CREATED_DISABLED,
	HEALTH_USER_ENABLED,
	HEALTH_USER_DISABLED,
	HEALTH_USER_CHANGED_TARGET, /* destination or headers, while enabled */
	HEALTH_HANDSHAKE_ACCEPTED,
	HEALTH_HANDSHAKE_FAILED,
	HEALTH_PROBE_DUE,
	HEALTH_PROBE_ANSWERED,
	HEALTH_PROBE_FAILED,
	HEALTH_DELIVERY_ACKNOWLEDGED,
	HEALTH_DELIVERY_FAILED,
	HEALTH_ENDPOINT_GONE, /* a delivery failed, for good: 410 */
	/* These two are failures like any other by the standard rules. */
	HEALTH_DELIVERY_REFUSED, /* by an answer that disables */
	HEALTH_DELIVERY_LOST,	 /* and no retry is left */
	HEALTH_USER_VERIFIES,	 /* asks for the handshake, or edits */
	HEALTH_TIME_PASSED,	 /* nothing happened for a while */
};

enum { HEALTH_WINDOW = 10, HEALTH_WARNING_AT = 5, HEALTH_ERROR_AT = 10 };

/* GreenLake's: an hour a slot, the last of them not over yet. */
enum { HEALTH_HOURS = 12, HEALTH_FAILURES_MAX = 20 };

struct health {
	enum webhook_state state;
	enum webhook_status status;
	uint16_t window; /* outcomes of the last attempts, newest lowest bit,
			    1 = failed */
	uint8_t count;	 /* outcomes in `window`, up to HEALTH_WINDOW */
	uint8_t failures_in_a_row; /* up to HEALTH_ERROR_AT */
	/* GreenLake's, which are not stored: the failures of the last hours
	   are on disk as attempts (health_note_failure). */
	enum failure_rules rules;
	uint8_t failures[HEALTH_HOURS]; /* by hour since 1970, modulo */
	uint32_t hour;			/* of the latest failure */
	int64_t failed_at;		/* the latest; 0: none */
};

/**
 * Applies what happened. Returns true when state or status changed or the
 * reason is new; then `*ret_reason` is the statusReason's text (static).
 * Triggers that do not apply in the present state change nothing (a delivery
 * outcome that comes in after the webhook was disabled, for example).
 *
 * Outcomes count in ACTIVE and WARNING only. Every way into PENDING and the
 * accepted handshake forget the outcomes so far.
 */
bool health_move(struct health *health, enum health_trigger trigger,
	const char **ret_reason);

/** The reason for what the outcomes of deliveries made of it (static). */
const char *health_reason(const struct health *health);
/** Counts a failure of the past, after a start; GreenLake's rules only. */
void health_note_failure(struct health *health, int64_t at);

/**
 * When HEALTH_TIME_PASSED may move it, if nothing fails until then; INT64_MAX:
 * never.
 */
int64_t health_time(const struct health *health);

/** Whether deliveries may be sent now. */
bool health_is_sending(const struct health *health);

/** Whether it is in ERROR for its failures, not because it said it is gone. */
bool health_may_be_probed(const struct health *health);

/** Whether a probe is under way; nothing else is sent. */
bool health_is_probing(const struct health *health);

/**
 * When to probe next: `after` at first, then twice as long after each probe
 * that failed, `max` at most. `failed` counts those.
 */
int64_t health_probe_pause(int64_t after, int64_t max, unsigned failed);

/** Whether deliveries should wait (PENDING) rather than be skipped. */
bool health_is_waiting(const struct health *health);

const char *webhook_state_name(enum webhook_state state);
const char *webhook_status_name(enum webhook_status status);
const char *health_trigger_name(enum health_trigger trigger);

/** The reverse of the names, exact case. */
enum err webhook_state_parse(struct str text, enum webhook_state *ret) MUST_USE;
enum err webhook_status_parse(struct str text, enum webhook_status *ret)
	MUST_USE;
enum err health_trigger_parse(struct str text, enum health_trigger *ret)
	MUST_USE;
