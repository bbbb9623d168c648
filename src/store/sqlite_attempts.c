#include "store/sqlite_attempts.h"

#include "store/sqlite_row.h"

void
sqlite_attempts_init(
	struct sqlite_attempts *attempts, const struct sqlite_feeds *feeds)
{
	attempts->highest = feeds->tables[SQLITE_FEED_ATTEMPTS].highest;
	attempts->floor = attempts->highest;
}

int64_t
sqlite_attempts_apart(struct sqlite_attempts *attempts)
{
	attempts->highest++;
	/* That would be a delivery's own. */
	if (attempts->highest % SQLITE_PLACES_EACH == 0)
		attempts->highest++;
	return attempts->highest;
}

void
sqlite_attempts_forget(struct sqlite_attempts *attempts)
{
	memset(attempts->known, 0, sizeof(attempts->known));
}

/* ---- places ---- */

/** Attempts in the order in which they are written. */
struct written {
	const struct store_change *changes[SQLITE_ATTEMPTS_MAX];
	int64_t places[SQLITE_ATTEMPTS_MAX];
	size_t count;
};

/** By insertion, since they come in nearly this order. */
static void
sort(const struct store_change *const *changes, size_t count,
	const struct store_change **ret_sorted)
{
	uint64_t keys[SQLITE_ATTEMPTS_MAX];

	for (size_t i = 0; i < count; i++) {
		uint64_t key = changes[i]->attempt->delivery;
		size_t at = i;

		for (; at > 0 && keys[at - 1] > key; at--) {
			keys[at] = keys[at - 1];
			ret_sorted[at] = ret_sorted[at - 1];
		}
		keys[at] = key;
		ret_sorted[at] = changes[i];
	}
}

/** The place of a first attempt that is not too late for it; or 0. */
static int64_t
own_place(const struct sqlite_attempts *attempts, const struct attempt_row *row)
{
	int64_t own = (int64_t)row->delivery * SQLITE_PLACES_EACH;

	if (row->number != 0 || own <= attempts->floor ||
		own + SQLITE_ATTEMPTS_WINDOW * SQLITE_PLACES_EACH <=
			attempts->highest)
		return 0;
	return own;
}

/** Those at their places first, in order, so that they are appended. */
static void
place(struct sqlite_attempts *attempts,
	const struct store_change *const *changes, size_t count,
	struct written *ret)
{
	const struct store_change *sorted[SQLITE_ATTEMPTS_MAX];
	const struct store_change *apart[SQLITE_ATTEMPTS_MAX];
	size_t apart_count = 0;

	ret->count = 0;
	sort(changes, count, sorted);
	for (size_t i = 0; i < count; i++) {
		int64_t own = own_place(attempts, sorted[i]->attempt);

		if (own == 0) {
			apart[apart_count++] = sorted[i];
			continue;
		}
		if (own > attempts->highest)
			attempts->highest = own;
		ret->places[ret->count] = own;
		ret->changes[ret->count++] = sorted[i];
	}
	for (size_t i = 0; i < apart_count; i++) {
		ret->places[ret->count] = sqlite_attempts_apart(attempts);
		ret->changes[ret->count++] = apart[i];
	}
}

/* ---- what leads to them ---- */

/** Whether the block may be missing in the table; from now on it is there. */
static bool
is_new(struct sqlite_attempts *attempts, const struct attempt_row *row)
{
	struct sqlite_attempts_known *known =
		&attempts->known[row->webhook % SQLITE_ATTEMPTS_KNOWN];
	uint64_t block = row->delivery / SQLITE_TRIED_BLOCK;

	if (known->webhook == row->webhook && known->block == block)
		return false;
	*known = (struct sqlite_attempts_known){row->webhook, block};
	return true;
}

static enum err
write_blocks(struct sqlite_attempts *attempts, struct sqlite_db *db,
	struct sqlite_feeds *feeds, const struct written *written,
	struct buf *why)
{
	const struct store_change *first[SQLITE_ATTEMPTS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < written->count; i++) {
		const struct attempt_row *row = written->changes[i]->attempt;

		if (row->number == 0 && is_new(attempts, row))
			first[count++] = written->changes[i];
	}
	if (count == 0)
		return ERR_OK;
	sqlite_feeds_hold(feeds, SQLITE_FEED_ATTEMPTS, first, count);
	return sqlite_db_step(db, SQL_TRIED_BLOCKS_ADD, NULL, why);
}

enum err
sqlite_attempts_write(struct sqlite_attempts *attempts, struct sqlite_db *db,
	struct sqlite_feeds *feeds, const struct store_change *const *changes,
	size_t count, struct buf *why)
{
	struct written written;
	enum err err;

	place(attempts, changes, count, &written);
	sqlite_feeds_hold(
		feeds, SQLITE_FEED_ATTEMPTS, written.changes, written.count);
	sqlite_feeds_place(feeds, written.places);
	err = sqlite_db_step(db, SQL_ATTEMPTS_ADD, NULL, why);
	if (err == ERR_OK)
		err = write_blocks(attempts, db, feeds, &written, why);
	return err;
}
