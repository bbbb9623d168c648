#include "rule/health.h"

#include "base/clock.h"

enum { WINDOW_MASK = (1 << HEALTH_WINDOW) - 1 };

/* The pairs of state and status that exist, as bits for `from`. */
enum situation {
	PENDING = 1 << 0,
	ACTIVE = 1 << 1,
	WARNING = 1 << 2,
	REFUSED = 1 << 3, /* DISABLED/WARNING: the handshake failed */
	ERROR = 1 << 4,
	OFF = 1 << 5,
	PROBING = 1 << 6, /* DISABLED/PENDING */
	SENDING = ACTIVE | WARNING,
	ENABLED = PENDING | SENDING,
	ANY = ENABLED | REFUSED | ERROR | OFF | PROBING,
};

static const struct {
	enum webhook_state state;
	enum webhook_status status;
	enum situation situation;
} situations[] = {
	{WEBHOOK_ENABLED, WEBHOOK_PENDING, PENDING},
	{WEBHOOK_ENABLED, WEBHOOK_ACTIVE, ACTIVE},
	{WEBHOOK_ENABLED, WEBHOOK_WARNING, WARNING},
	{WEBHOOK_DISABLED, WEBHOOK_WARNING, REFUSED},
	{WEBHOOK_DISABLED, WEBHOOK_ERROR, ERROR},
	{WEBHOOK_DISABLED, WEBHOOK_OFF, OFF},
	{WEBHOOK_DISABLED, WEBHOOK_PENDING, PROBING},
};

/* What the outcomes so far must amount to. */
enum condition {
	ALWAYS,
	MANY_FAILED,
	ALL_FAILED,
	ALL_GOOD,
	TOO_MANY_IN_HOURS,
	NONE_IN_HOURS,
};

struct move {
	enum health_trigger trigger;
	enum condition condition;
	unsigned from;
	enum situation to;
	bool clears_outcomes;
	const char *reason;
};

/* Of each table the first row that fits is taken; none: nothing changes. */
static const struct move standard[] = {
	{HEALTH_CREATED_ENABLED, ALWAYS, ANY, PENDING, true,
		"User enabled the webhook."},
	{HEALTH_CREATED_DISABLED, ALWAYS, ANY, OFF, true,
		"User disabled the webhook."},
	{HEALTH_USER_ENABLED, ALWAYS, ANY, PENDING, true,
		"User enabled the webhook."},
	{HEALTH_USER_DISABLED, ALWAYS, ANY & ~OFF, OFF, false,
		"User disabled the webhook."},
	{HEALTH_USER_CHANGED_TARGET, ALWAYS, ENABLED, PENDING, true,
		"User changed the webhook."},
	{HEALTH_HANDSHAKE_ACCEPTED, ALWAYS, PENDING, ACTIVE, true,
		"Webhook handshake accepted."},
	{HEALTH_HANDSHAKE_FAILED, ALWAYS, PENDING, REFUSED, false,
		"Incorrect handshake response."},
	{HEALTH_PROBE_DUE, ALWAYS, ERROR, PROBING, false,
		"A probe asks whether the endpoint works again."},
	{HEALTH_PROBE_ANSWERED, ALWAYS, PROBING, ACTIVE, true,
		"A probe was answered: the webhook is enabled again."},
	{HEALTH_PROBE_FAILED, ALWAYS, PROBING, ERROR, false,
		"A probe of the disabled webhook failed."},
	{HEALTH_DELIVERY_ACKNOWLEDGED, ALL_GOOD, WARNING, ACTIVE, false,
		"Webhook deliveries recovered."},
	{HEALTH_DELIVERY_FAILED, ALL_FAILED, SENDING, ERROR, false,
		"Webhook disabled after repeated delivery failures."},
	{HEALTH_DELIVERY_FAILED, MANY_FAILED, ACTIVE, WARNING, false,
		"Webhook deliveries are failing."},
	{HEALTH_ENDPOINT_GONE, ALWAYS, SENDING, ERROR, false,
		"The endpoint says that it is gone for good (410)."},
	{HEALTH_USER_VERIFIES, ALWAYS, ANY & ~OFF, PENDING, true,
		"User asked for the handshake."},
	{0},
};

#define FAILURE "Failure in Event Deliveries"

static const struct move greenlake[] = {
	{HEALTH_CREATED_ENABLED, ALWAYS, ANY, PENDING, true,
		"Webhook verification is in progress."},
	{HEALTH_CREATED_DISABLED, ALWAYS, ANY, OFF, true,
		"Webhook Disabled by user"},
	{HEALTH_USER_ENABLED, ALWAYS, ANY, PENDING, true,
		"Webhook verification is in progress."},
	{HEALTH_USER_DISABLED, ALWAYS, ANY & ~OFF, OFF, false,
		"Webhook Disabled by user"},
	{HEALTH_USER_CHANGED_TARGET, ALWAYS, ANY & ~OFF, PENDING, true,
		"Webhook verification is in progress."},
	{HEALTH_USER_VERIFIES, ALWAYS, ANY & ~OFF, PENDING, true,
		"Webhook verification is in progress."},
	{HEALTH_HANDSHAKE_ACCEPTED, ALWAYS, PENDING, ACTIVE, true,
		"Webhook verified."},
	{HEALTH_HANDSHAKE_FAILED, ALWAYS, PENDING, ERROR, false,
		"Webhook verification failed."},
	{HEALTH_PROBE_DUE, ALWAYS, ERROR, PROBING, false,
		"A probe asks whether the endpoint works again."},
	{HEALTH_PROBE_ANSWERED, ALWAYS, PROBING, ACTIVE, true,
		"A probe was answered: the webhook is enabled again."},
	{HEALTH_PROBE_FAILED, ALWAYS, PROBING, ERROR, false,
		"A probe of the disabled webhook failed."},
	{HEALTH_DELIVERY_REFUSED, ALWAYS, SENDING, ERROR, false,
		FAILURE ": the endpoint's answer disables the webhook"},
	{HEALTH_DELIVERY_LOST, ALWAYS, SENDING, ERROR, false,
		FAILURE ": all retries of an event failed"},
	{HEALTH_DELIVERY_FAILED, TOO_MANY_IN_HOURS, SENDING, ERROR, false,
		FAILURE ": more than 20 failures in 12 hours"},
	{HEALTH_DELIVERY_FAILED, ALWAYS, ACTIVE, WARNING, false, FAILURE},
	{HEALTH_DELIVERY_ACKNOWLEDGED, NONE_IN_HOURS, WARNING, ACTIVE, true,
		"No failure in event deliveries for 12 hours."},
	{HEALTH_TIME_PASSED, NONE_IN_HOURS, WARNING, ACTIVE, true,
		"No failure in event deliveries for 12 hours."},
	{0},
};

static const struct move *const tables[] = {
	[FAILURES_STANDARD] = standard,
	[FAILURES_GREENLAKE] = greenlake,
};

static enum situation
situation_of(const struct health *health)
{
	for (size_t i = 0; i < COUNT_OF(situations); i++) {
		if (situations[i].state == health->state &&
			situations[i].status == health->status)
			return situations[i].situation;
	}
	return OFF; /* a pair that does not exist sends nothing */
}

/* ---- GreenLake's count by hours ---- */

static uint32_t
hour_of(int64_t time)
{
	return (uint32_t)(time / HOURS);
}

void
health_note_failure(struct health *health, int64_t at)
{
	uint32_t hour = hour_of(at);

	if (health->hour > hour && health->hour - hour >= HEALTH_HOURS)
		return;
	while (health->hour < hour) {
		if (hour - health->hour > HEALTH_HOURS)
			health->hour = hour - HEALTH_HOURS;
		health->hour++;
		health->failures[health->hour % HEALTH_HOURS] = 0;
	}
	if (health->failures[hour % HEALTH_HOURS] < UINT8_MAX)
		health->failures[hour % HEALTH_HOURS]++;
	if (health->failed_at < at)
		health->failed_at = at;
}

static unsigned
failures_in_hours(const struct health *health)
{
	unsigned sum = 0;

	for (size_t i = 0; i < HEALTH_HOURS; i++)
		sum += health->failures[i];
	return sum;
}

int64_t
health_time(const struct health *health)
{
	if (health->rules != FAILURES_GREENLAKE ||
		health->status != WEBHOOK_WARNING)
		return INT64_MAX;
	return health->failed_at + HEALTH_HOURS * HOURS;
}

static void
record(struct health *health, bool has_failed)
{
	health->window =
		(uint16_t)((health->window << 1 | has_failed) & WINDOW_MASK);
	if (health->count < HEALTH_WINDOW)
		health->count++;
	if (!has_failed)
		health->failures_in_a_row = 0;
	else if (health->failures_in_a_row < HEALTH_ERROR_AT)
		health->failures_in_a_row++;
	if (has_failed && health->rules == FAILURES_GREENLAKE)
		health_note_failure(health, clock_now());
}

static bool
is_met(enum condition condition, const struct health *health)
{
	switch (condition) {
	case ALWAYS: return true;
	case MANY_FAILED:
		return __builtin_popcount(health->window) >= HEALTH_WARNING_AT;
	case ALL_FAILED: return health->failures_in_a_row >= HEALTH_ERROR_AT;
	case ALL_GOOD:
		return health->count == HEALTH_WINDOW && health->window == 0;
	case TOO_MANY_IN_HOURS:
		return failures_in_hours(health) > HEALTH_FAILURES_MAX;
	case NONE_IN_HOURS: return health_time(health) <= clock_now();
	}
	return false;
}

static void
enter(struct health *health, const struct move *move)
{
	for (size_t i = 0; i < COUNT_OF(situations); i++) {
		if (situations[i].situation == move->to) {
			health->state = situations[i].state;
			health->status = situations[i].status;
		}
	}
	if (move->clears_outcomes) {
		health->window = 0;
		health->count = 0;
		health->failures_in_a_row = 0;
		memset(health->failures, 0, sizeof(health->failures));
		health->failed_at = 0;
	}
}

/** What a trigger that only GreenLake's rules tell apart is by the others. */
static enum health_trigger
plain(const struct health *health, enum health_trigger trigger)
{
	if (health->rules == FAILURES_STANDARD &&
		(trigger == HEALTH_DELIVERY_REFUSED ||
			trigger == HEALTH_DELIVERY_LOST))
		return HEALTH_DELIVERY_FAILED;
	if (health->rules == FAILURES_GREENLAKE &&
		trigger == HEALTH_ENDPOINT_GONE)
		return HEALTH_DELIVERY_FAILED;
	return trigger;
}

static bool
is_failure(enum health_trigger trigger)
{
	return trigger == HEALTH_DELIVERY_FAILED ||
	       trigger == HEALTH_DELIVERY_REFUSED ||
	       trigger == HEALTH_DELIVERY_LOST;
}

bool
health_move(struct health *health, enum health_trigger trigger,
	const char **ret_reason)
{
	unsigned from = situation_of(health);

	trigger = plain(health, trigger);
	if ((from & SENDING) && (trigger == HEALTH_DELIVERY_ACKNOWLEDGED ||
					is_failure(trigger)))
		record(health, is_failure(trigger));
	for (const struct move *move = tables[health->rules]; move->from;
		move++) {
		if (move->trigger == trigger && (move->from & from) &&
			is_met(move->condition, health)) {
			enter(health, move);
			*ret_reason = move->reason;
			return true;
		}
	}
	return false;
}

/** Whether an outcome of a delivery may lead there. */
static bool
is_outcome(enum health_trigger trigger)
{
	return trigger == HEALTH_DELIVERY_ACKNOWLEDGED ||
	       trigger == HEALTH_ENDPOINT_GONE || is_failure(trigger);
}

const char *
health_reason(const struct health *health)
{
	enum situation now = situation_of(health);

	/* Which of GreenLake's rows it was the outcomes do not tell. */
	if (health->rules == FAILURES_GREENLAKE)
		return now == ACTIVE ? "Webhook verified." : FAILURE;
	/* Into ERROR there are two; the outcomes stand still then, so the
	   condition tells which it was. */
	for (const struct move *move = standard; move->from; move++) {
		if (is_outcome(move->trigger) && move->to == now &&
			(now != ERROR || is_met(move->condition, health)))
			return move->reason;
	}
	return "Status by recent deliveries.";
}

bool
health_is_sending(const struct health *health)
{
	return (situation_of(health) & SENDING) != 0;
}

bool
health_is_waiting(const struct health *health)
{
	return situation_of(health) == PENDING;
}

bool
health_is_probing(const struct health *health)
{
	return situation_of(health) == PROBING;
}

bool
health_may_be_probed(const struct health *health)
{
	return health->rules == FAILURES_STANDARD &&
	       situation_of(health) == ERROR && is_met(ALL_FAILED, health);
}

int64_t
health_probe_pause(int64_t after, int64_t max, unsigned failed)
{
	for (unsigned i = 0; i < failed && after < max; i++)
		after = after > max / 2 ? max : after * 2;
	return after < max ? after : max;
}

static const char *const state_names[] = {
	[WEBHOOK_ENABLED] = "ENABLED",
	[WEBHOOK_DISABLED] = "DISABLED",
};

static const char *const status_names[] = {
	[WEBHOOK_PENDING] = "PENDING",
	[WEBHOOK_ACTIVE] = "ACTIVE",
	[WEBHOOK_WARNING] = "WARNING",
	[WEBHOOK_ERROR] = "ERROR",
	[WEBHOOK_OFF] = "DISABLED",
};

static const char *const trigger_names[] = {
	[HEALTH_CREATED_ENABLED] = "CREATED_ENABLED",
	[HEALTH_CREATED_DISABLED] = "CREATED_DISABLED",
	[HEALTH_USER_ENABLED] = "USER_ENABLED",
	[HEALTH_USER_DISABLED] = "USER_DISABLED",
	[HEALTH_USER_CHANGED_TARGET] = "USER_CHANGED_TARGET",
	[HEALTH_HANDSHAKE_ACCEPTED] = "HANDSHAKE_ACCEPTED",
	[HEALTH_HANDSHAKE_FAILED] = "HANDSHAKE_FAILED",
	[HEALTH_PROBE_DUE] = "PROBE_DUE",
	[HEALTH_PROBE_ANSWERED] = "PROBE_ANSWERED",
	[HEALTH_PROBE_FAILED] = "PROBE_FAILED",
	[HEALTH_DELIVERY_ACKNOWLEDGED] = "DELIVERY_ACKNOWLEDGED",
	[HEALTH_DELIVERY_FAILED] = "DELIVERY_FAILED",
	[HEALTH_ENDPOINT_GONE] = "ENDPOINT_GONE",
	[HEALTH_DELIVERY_REFUSED] = "DELIVERY_REFUSED",
	[HEALTH_DELIVERY_LOST] = "DELIVERY_LOST",
	[HEALTH_USER_VERIFIES] = "USER_VERIFIES",
	[HEALTH_TIME_PASSED] = "TIME_PASSED",
};

const char *
webhook_state_name(enum webhook_state state)
{
	return state_names[state];
}

const char *
webhook_status_name(enum webhook_status status)
{
	return status_names[status];
}

const char *
health_trigger_name(enum health_trigger trigger)
{
	return trigger_names[trigger];
}

/** The index of `text` among `names`, or `count`. */
static size_t
find_name(const char *const *names, size_t count, struct str text)
{
	size_t i = 0;

	while (i < count && !str_equal(str_of(names[i]), text))
		i++;
	return i;
}

enum err
webhook_state_parse(struct str text, enum webhook_state *ret)
{
	size_t i = find_name(state_names, COUNT_OF(state_names), text);

	if (i == COUNT_OF(state_names))
		return ERR_INVALID;
	*ret = (enum webhook_state)i;
	return ERR_OK;
}

enum err
webhook_status_parse(struct str text, enum webhook_status *ret)
{
	size_t i = find_name(status_names, COUNT_OF(status_names), text);

	if (i == COUNT_OF(status_names))
		return ERR_INVALID;
	*ret = (enum webhook_status)i;
	return ERR_OK;
}

enum err
health_trigger_parse(struct str text, enum health_trigger *ret)
{
	size_t i = find_name(trigger_names, COUNT_OF(trigger_names), text);

	if (i == COUNT_OF(trigger_names))
		return ERR_INVALID;
	*ret = (enum health_trigger)i;
	return ERR_OK;
}
