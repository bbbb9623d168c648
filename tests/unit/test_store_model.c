#include "base/log.h"
#include "base/random.h"
#include "fault_vfs.h"
#include "store_double.h"

/*
 * Random units against a model in memory: commits of several units, conflicts
 * at any place in them, a disk that fails now and then, the store reopened.
 * After each commit the model says what every unit's result must be.
 */
enum { STEPS = 250, BATCH_MAX = 6, CHANGES_MAX = 4, KEYS = 12 };

struct model {
	uint64_t last[KEYS];		     /* of resources; 0: none */
	enum delivery_state state[KEYS + 1]; /* of deliveries, from 1 */
	bool is_there[KEYS + 1];
};

static struct resource_row resources[BATCH_MAX][CHANGES_MAX];
static struct delivery_row deliveries[BATCH_MAX][CHANGES_MAX];
static struct store_change changes[BATCH_MAX][CHANGES_MAX];
static const char *const names[KEYS] = {
	"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};

/** One change applied to the model; false is a conflict. */
static bool
apply_resource(
	struct model *model, size_t key, uint64_t expected, uint64_t last)
{
	if (model->last[key] != expected)
		return false;
	model->last[key] = last;
	return true;
}

static bool
apply_delivery(struct model *model, const struct delivery_row *row)
{
	size_t key = (size_t)row->sequence;

	if (!model->is_there[key] || model->state[key] != DELIVERY_WAITING)
		return false;
	model->state[key] = row->state;
	return true;
}

static bool
make_resource(struct model *model, size_t unit, size_t at, uint64_t *next)
{
	size_t key = (size_t)random_below(KEYS);
	bool is_wrong = random_below(6) == 0;
	uint64_t expected = is_wrong ? *next + 1000 : model->last[key];

	resources[unit][at] = test_resource(names[key], ++*next);
	changes[unit][at] = (struct store_change)SET_RESOURCE(
		&resources[unit][at], expected);
	return apply_resource(model, key, expected, *next);
}

static bool
make_delivery(struct model *model, size_t unit, size_t at)
{
	struct delivery_row *row = &deliveries[unit][at];
	size_t key = 1 + (size_t)random_below(KEYS);

	*row = test_delivery(key, 1, 1);
	if (!model->is_there[key]) {
		model->is_there[key] = true;
		model->state[key] = DELIVERY_WAITING;
		changes[unit][at] = (struct store_change)ADD_DELIVERY(row);
		return true;
	}
	row->attempts = 1;
	row->state = random_below(3) ? DELIVERY_WAITING : DELIVERY_DELIVERED;
	changes[unit][at] = (struct store_change)SET_DELIVERY(row);
	return apply_delivery(model, row);
}

/** Makes a unit and what must become of it; applies it if it goes through. */
static size_t
make_unit(struct model *model, size_t unit, size_t count, uint64_t *next)
{
	struct model trial = *model;

	for (size_t at = 0; at < count; at++) {
		bool is_good = random_below(2)
				       ? make_resource(&trial, unit, at, next)
				       : make_delivery(&trial, unit, at);

		if (!is_good) {
			/* What stands behind is not looked at any more. */
			for (size_t i = at + 1; i < count; i++)
				changes[unit][i] = (struct store_change){
					.kind = STORE_PROBE};
			return at;
		}
	}
	*model = trial;
	return count;
}

static void
check_model(struct store *store, const struct model *model)
{
	struct arena arena = {0};
	struct store_stats stats;
	uint64_t waiting = 0;

	for (size_t i = 0; i < KEYS; i++) {
		struct resource_row row = {0};
		struct delivery_row delivery;
		enum err err = store_resource(store, WORKSPACE_DEFAULT,
			STR("compute-ops/server"), str_of(names[i]), &arena,
			&row);

		CHECK(err == ERR_OK || err == ERR_NOT_FOUND);
		CHECK_INT(row.last, model->last[i]);
		err = store_delivery(store, i + 1, &arena, &delivery);
		CHECK_INT(err == ERR_OK, model->is_there[i + 1]);
		if (err)
			continue;
		CHECK_INT(delivery.state, model->state[i + 1]);
		waiting += delivery.state == DELIVERY_WAITING;
	}
	CHECK_OK(store_stats(store, &stats));
	CHECK_INT(stats.waiting, waiting);
	CHECK_INT(test_waiting_first(store, 1) + test_waiting_retries(store, 1),
		waiting);
	arena_release(&arena);
}

/** One commit; the model moves on only if it went through. */
static void
step(struct store *store, struct model *model, uint64_t *next)
{
	struct store_unit units[BATCH_MAX], *list[BATCH_MAX];
	size_t expected[BATCH_MAX];
	size_t count = 1 + (size_t)random_below(BATCH_MAX);
	struct model trial = *model;
	enum err err;

	for (size_t i = 0; i < count; i++) {
		size_t length = 1 + (size_t)random_below(CHANGES_MAX);

		expected[i] = make_unit(&trial, i, length, next);
		units[i] = (struct store_unit){
			.changes = changes[i], .count = length};
		list[i] = &units[i];
	}
	if (random_below(5) == 0)
		fault_arm(FAULT_IO, (int)random_below(8), false);
	err = store_commit(store, list, count, NULL);
	fault_disarm();
	for (size_t i = 0; i < count; i++) {
		bool conflicts = expected[i] < units[i].count;

		if (err) {
			CHECK_INT(units[i].result, err);
			continue;
		}
		CHECK_INT(units[i].result, conflicts ? ERR_CONFLICT : ERR_OK);
		if (conflicts)
			CHECK_INT(units[i].conflicted, expected[i]);
	}
	if (err == ERR_OK)
		*model = trial;
	else
		CHECK(fault_has_struck());
}

static void
run(uint64_t seed)
{
	struct store_options options = {.log_pages = 40};
	struct model model = {0};
	struct store *store;
	uint64_t next = 0;

	options.directory = check_temp_dir();
	random_test_seed(seed);
	CHECK_OK(store_open(&options, &store, NULL));
	for (int i = 0; i < STEPS; i++) {
		step(store, &model, &next);
		check_model(store, &model);
		if (random_below(40) == 0) {
			store_close(store);
			CHECK_OK(store_open(&options, &store, NULL));
			check_model(store, &model);
		}
	}
	store_close(store);
}

TEST(store_model, random_units_end_as_the_contract_says)
{
	fault_install();
	log_set_level(LOG_ERROR);
	run(1);
}

TEST(store_model, random_units_end_as_the_contract_says_with_another_seed)
{
	fault_install();
	log_set_level(LOG_ERROR);
	run(2026);
}
