#include "rule/health.h"

#include "base/clock.h"
#include "base/random.h"
#include "check.h"

/** Takes the next word off the front of `*line`, blanks behind it too. */
static struct str
word(struct str *line)
{
	struct str first;

	*line = str_trim(*line);
	first = str_split(line, ' ');
	*line = str_trim(*line);
	return first;
}

static const char *
flow_of(const struct health *health)
{
	CHECK(!health_is_sending(health) || !health_is_waiting(health));
	return health_is_sending(health)   ? "sends"
	       : health_is_waiting(health) ? "waits"
					   : "skips";
}

static void
walk_one_step(struct health *health, struct str line, struct str claim)
{
	struct str text = line;
	struct str first = word(&line);
	enum health_trigger trigger;
	const char *reason = "-";
	uint64_t count = 1;

	if (!str_to_u64(first, &count)) {
		CHECK_STR(word(&line), STR("x"));
		first = word(&line);
	}
	CHECK_OK(health_trigger_parse(first, &trigger));
	while (count-- > 0) {
		bool has_moved = health_move(health, trigger, &reason);

		if (has_moved && count > 0)
			check_failed("cases/health.txt", 0,
				"%.*s: %.*s: moved with %d to go",
				STR_ARG(claim), STR_ARG(text), (int)count);
	}
	if (!str_equal(
		    word(&line), str_of(webhook_state_name(health->state))) ||
		!str_equal(word(&line),
			str_of(webhook_status_name(health->status))) ||
		!str_equal(word(&line), str_of(flow_of(health))) ||
		!str_equal(line, str_of(reason)))
		check_failed("cases/health.txt", 0, "%.*s: %.*s: got %s %s %s",
			STR_ARG(claim), STR_ARG(text),
			webhook_state_name(health->state),
			webhook_status_name(health->status), reason);
}

static void
pass_time(struct str hours)
{
	uint64_t count;

	CHECK_OK(str_to_u64(word(&hours), &count));
	clock_test_advance((int64_t)count * HOURS);
}

TEST(health, every_walk_of_the_case_file_goes_as_told)
{
	struct str rest = check_read_file(check_data_path("cases/health.txt"));
	struct health health = {0};
	struct str claim = STR("");
	int walks = 0;

	clock_test_set(1000 * HOURS, 0);
	while (rest.ptr != NULL) {
		struct str line = str_trim(str_split(&rest, '\n'));

		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (str_starts_with(line, STR("walk "))) {
			claim = str_skip(line, 5);
			health = (struct health){0};
			walks++;
			continue;
		}
		if (str_equal(line, STR("by greenlake"))) {
			health.rules = FAILURES_GREENLAKE;
			continue;
		}
		if (str_starts_with(line, STR("after "))) {
			pass_time(str_skip(line, 6));
			continue;
		}
		walk_one_step(&health, line, claim);
	}
	CHECK(walks >= 14);
}

/** The same rules told the slow way, over the whole list of outcomes. */
struct model {
	bool failed[4096];
	size_t count;
};

static size_t
failures_among_last(const struct model *model, size_t last)
{
	size_t from = model->count > last ? model->count - last : 0;
	size_t failures = 0;

	for (size_t i = from; i < model->count; i++)
		failures += model->failed[i];
	return failures;
}

static void
check_invariants(const struct health *health, const struct model *model)
{
	if (health_is_sending(health)) {
		CHECK_INT(health->state, WEBHOOK_ENABLED);
		CHECK(failures_among_last(model, 10) < 10);
		if (failures_among_last(model, 10) >= 5)
			CHECK_INT(health->status, WEBHOOK_WARNING);
	}
	if (health->status == WEBHOOK_ERROR)
		CHECK_INT(failures_among_last(model, 10), 10);
	if (health->state == WEBHOOK_DISABLED)
		CHECK_TEXT(flow_of(health), "skips");
	if (health->status == WEBHOOK_OFF || health->status == WEBHOOK_ERROR)
		CHECK_INT(health->state, WEBHOOK_DISABLED);
	if (health->status == WEBHOOK_PENDING ||
		health->status == WEBHOOK_ACTIVE)
		CHECK_INT(health->state == WEBHOOK_ENABLED,
			!health_is_probing(health));
	CHECK(health->count <= HEALTH_WINDOW);
	CHECK(health->failures_in_a_row <= HEALTH_ERROR_AT);
	CHECK_INT(health->window >> HEALTH_WINDOW, 0);
}

TEST(health, invariants_hold_after_any_triggers)
{
	struct health health = {0};
	struct model model = {.count = 0};
	unsigned seen = 0;

	random_test_seed(7);
	for (int step = 0; step < 200000; step++) {
		struct health before = health;
		/* Deliveries are the many, as in life; failures the more. */
		uint64_t draw = random_below(60);
		enum health_trigger trigger =
			draw < HEALTH_ENDPOINT_GONE ? (enum health_trigger)draw
			: draw < 23 ? HEALTH_DELIVERY_ACKNOWLEDGED
				    : HEALTH_DELIVERY_FAILED;
		const char *reason = NULL;
		bool has_moved;

		if (health_is_sending(&health) &&
			trigger >= HEALTH_DELIVERY_ACKNOWLEDGED &&
			model.count < COUNT_OF(model.failed))
			model.failed[model.count++] =
				trigger == HEALTH_DELIVERY_FAILED;
		has_moved = health_move(&health, trigger, &reason);
		CHECK_INT(has_moved, reason != NULL);
		if (!has_moved) {
			CHECK_INT(health.state, before.state);
			CHECK_INT(health.status, before.status);
		}
		if (health.count == 0)
			model.count = 0;
		if (model.count == COUNT_OF(model.failed))
			health = (struct health){0}, model.count = 0;
		check_invariants(&health, &model);
		seen |= 1u << health.status;
	}
	CHECK_INT(seen, 31);
}

TEST(health, names_are_read_back)
{
	enum webhook_state state;
	enum webhook_status status;
	enum health_trigger trigger;

	for (int i = 0; i <= WEBHOOK_DISABLED; i++) {
		CHECK_OK(webhook_state_parse(
			str_of(webhook_state_name((enum webhook_state)i)),
			&state));
		CHECK_INT(state, i);
	}
	for (int i = 0; i <= WEBHOOK_OFF; i++) {
		CHECK_OK(webhook_status_parse(
			str_of(webhook_status_name((enum webhook_status)i)),
			&status));
		CHECK_INT(status, i);
	}
	for (int i = 0; i <= HEALTH_DELIVERY_FAILED; i++) {
		CHECK_OK(health_trigger_parse(
			str_of(health_trigger_name((enum health_trigger)i)),
			&trigger));
		CHECK_INT(trigger, i);
	}
	CHECK_INT(webhook_state_parse(STR("enabled"), &state), ERR_INVALID);
	CHECK_INT(webhook_status_parse(STR(""), &status), ERR_INVALID);
	CHECK_INT(health_trigger_parse(STR("x"), &trigger), ERR_INVALID);
}

TEST(health, the_reason_of_a_status_can_be_told_again)
{
	static const struct {
		enum health_trigger trigger;
		int times;
		const char *reason;
	} rows[] = {
		{HEALTH_DELIVERY_FAILED, 5, "Webhook deliveries are failing."},
		{HEALTH_DELIVERY_ACKNOWLEDGED, 10,
			"Webhook deliveries recovered."},
		{HEALTH_DELIVERY_FAILED, 10,
			"Webhook disabled after repeated delivery failures."},
	};
	struct health health = {.status = WEBHOOK_ACTIVE};
	struct health gone = {.status = WEBHOOK_ACTIVE};
	const char *reason = NULL;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (int n = 0; n < rows[i].times; n++)
			health_move(&health, rows[i].trigger, &reason);
		CHECK_TEXT(reason, rows[i].reason);
		CHECK_TEXT(health_reason(&health), rows[i].reason);
	}
	CHECK(health_move(&gone, HEALTH_ENDPOINT_GONE, &reason));
	CHECK_TEXT(health_reason(&gone), reason);
}

TEST(health, pauses_between_probes_double_up_to_a_longest)
{
	int64_t after = 600, max = 5000;
	static const int64_t expected[] = {600, 1200, 2400, 4800, 5000, 5000};

	for (unsigned i = 0; i < COUNT_OF(expected); i++)
		CHECK_INT(health_probe_pause(after, max, i), expected[i]);
	CHECK_INT(health_probe_pause(after, max, UINT32_MAX), max);
	CHECK_INT(health_probe_pause(1, INT64_MAX, 1000), INT64_MAX);
	CHECK_INT(health_probe_pause(10, 10, 0), 10);
}

TEST(health, what_said_that_it_is_gone_is_not_probed)
{
	struct health health = {.status = WEBHOOK_ACTIVE};
	const char *reason;

	CHECK(!health_may_be_probed(&health));
	for (int i = 0; i < HEALTH_ERROR_AT; i++)
		health_move(&health, HEALTH_DELIVERY_FAILED, &reason);
	CHECK(health_may_be_probed(&health));
	health_move(&health, HEALTH_PROBE_DUE, &reason);
	CHECK(health_is_probing(&health));
	CHECK(!health_may_be_probed(&health));
	health = (struct health){.status = WEBHOOK_ACTIVE};
	for (int i = 0; i < HEALTH_ERROR_AT - 1; i++)
		health_move(&health, HEALTH_DELIVERY_FAILED, &reason);
	health_move(&health, HEALTH_ENDPOINT_GONE, &reason);
	CHECK_INT(health.status, WEBHOOK_ERROR);
	CHECK(!health_may_be_probed(&health));
}

TEST(health, failures_of_the_past_count_after_a_start)
{
	struct health health = {
		.rules = FAILURES_GREENLAKE, .status = WEBHOOK_WARNING};
	const char *reason;

	clock_test_set(1000 * HOURS, 0);
	/* Newest first, as they are read from the disk. */
	for (int i = 0; i < 19; i++)
		health_note_failure(&health, 1000 * HOURS - i * 30 * MINUTES);
	health_note_failure(&health, 980 * HOURS); /* too long ago */
	CHECK_INT(health_time(&health), 1012 * HOURS);
	CHECK(!health_move(&health, HEALTH_DELIVERY_FAILED, &reason));
	CHECK(health_move(&health, HEALTH_DELIVERY_FAILED, &reason));
	CHECK_INT(health.status, WEBHOOK_ERROR);
}
