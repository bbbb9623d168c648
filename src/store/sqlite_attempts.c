#include "store/sqlite_attempts.h"

#include "store/attempt_pack.h"
#include "store/sqlite_row.h"

enum { AHEAD = 2 }; /* attempts whose texts are asked for before their turn */

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

/* ---- those of one call ---- */

/** In the order of their deliveries; NULL: written already. */
struct sorted {
	const struct store_change *changes[SQLITE_ATTEMPTS_MAX];
	/* Those of a run, whether it made packs of them or not. */
	bool has_run[SQLITE_ATTEMPTS_MAX];
	size_t count;
};

/** By insertion, since they come in nearly this order. */
static void
sort(const struct store_change *const *changes, size_t count,
	struct sorted *ret)
{
	uint64_t keys[SQLITE_ATTEMPTS_MAX];

	for (size_t i = 0; i < count; i++) {
		uint64_t key = changes[i]->attempt->delivery;
		size_t at = i;

		for (; at > 0 && keys[at - 1] > key; at--) {
			keys[at] = keys[at - 1];
			ret->changes[at] = ret->changes[at - 1];
		}
		keys[at] = key;
		ret->changes[at] = changes[i];
		ret->has_run[i] = false;
	}
	ret->count = count;
}

/* ---- packs ---- */

/** Of the same webhook and block as the first of them. */
struct run {
	size_t members[SQLITE_ATTEMPTS_MAX]; /* in `sorted` */
	size_t count;
};

static bool
may_be_packed(
	const struct sqlite_attempts *attempts, const struct attempt_row *row)
{
	return row->number == 0 && row->is_acknowledged &&
	       (int64_t)row->delivery > attempts->floor / SQLITE_PLACES_EACH;
}

static void
find_run(const struct sqlite_attempts *attempts, struct sorted *sorted,
	size_t from, struct run *ret)
{
	const struct attempt_row *first = sorted->changes[from]->attempt;
	uint64_t block = first->delivery / SQLITE_TRIED_BLOCK;

	ret->count = 0;
	if (!may_be_packed(attempts, first))
		return;
	for (size_t i = from; i < sorted->count; i++) {
		const struct attempt_row *row;

		if (sorted->has_run[i])
			continue;
		row = sorted->changes[i]->attempt;
		if (row->delivery / SQLITE_TRIED_BLOCK != block)
			return;
		if (row->webhook == first->webhook &&
			may_be_packed(attempts, row)) {
			ret->members[ret->count++] = i;
			sorted->has_run[i] = true;
		}
	}
}

static enum err
write_pack(struct sqlite_db *db, const struct attempt_pack *pack,
	const struct attempt_row *first, struct buf *why)
{
	sqlite3_stmt *stmt = db->statements[SQL_ATTEMPT_PACK_ADD];

	sqlite_row_bind_u64(stmt, 1, first->delivery);
	sqlite_row_bind_u64(stmt, 2, pack->last->delivery);
	sqlite_row_bind_u64(stmt, 3, first->webhook);
	sqlite_row_bind_blob(stmt, 4, str_make(pack->bytes, pack->len));
	return sqlite_db_step(db, SQL_ATTEMPT_PACK_ADD, NULL, why);
}

/** Those that each attempt has, which another thread has written. */
static void
expect_texts(const struct run *run, const struct sorted *sorted, size_t at)
{
	const struct attempt_row *row;

	if (at >= run->count)
		return;
	row = sorted->changes[run->members[at]]->attempt;
	fetch_text(row->request_head.ptr, row->request_head.len);
	fetch_text(row->response_head.ptr, row->response_head.len);
}

/** In as many packs as it takes; few that are left over stay in `sorted`. */
static enum err
write_run(struct sqlite_db *db, const struct run *run, struct sorted *sorted,
	struct buf *why)
{
	struct attempt_pack pack;
	size_t from = 0;

	while (run->count - from >= SQLITE_ATTEMPTS_PACKED) {
		size_t end = from;
		enum err err;

		attempt_pack_clear(&pack);
		while (end < run->count) {
			expect_texts(run, sorted, end + AHEAD);
			if (!attempt_pack_add(
				    &pack, sorted->changes[run->members[end]]
						   ->attempt))
				break;
			end++;
		}
		if (pack.count < SQLITE_ATTEMPTS_PACKED) {
			from++; /* They are large. */
			continue;
		}
		err = write_pack(db, &pack,
			sorted->changes[run->members[from]]->attempt, why);
		if (err)
			return err;
		for (; from < end; from++)
			sorted->changes[run->members[from]] = NULL;
	}
	return ERR_OK;
}

static enum err
write_packs(const struct sqlite_attempts *attempts, struct sqlite_db *db,
	struct sorted *sorted, struct buf *why)
{
	enum err err = ERR_OK;
	struct run run;

	for (size_t i = 0; err == ERR_OK && i < sorted->count; i++) {
		/* Once each, or large ones are packed in vain many times. */
		if (sorted->has_run[i])
			continue;
		find_run(attempts, sorted, i, &run);
		err = write_run(db, &run, sorted, why);
	}
	return err;
}

/* ---- places ---- */

/** Attempts in the order in which they are written. */
struct written {
	const struct store_change *changes[SQLITE_ATTEMPTS_MAX];
	int64_t places[SQLITE_ATTEMPTS_MAX];
	size_t count;
};

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
place(struct sqlite_attempts *attempts, const struct sorted *sorted,
	struct written *ret)
{
	const struct store_change *apart[SQLITE_ATTEMPTS_MAX];
	size_t apart_count = 0;

	ret->count = 0;
	for (size_t i = 0; i < sorted->count; i++) {
		const struct store_change *change = sorted->changes[i];
		int64_t own = change ? own_place(attempts, change->attempt) : 0;

		if (change == NULL)
			continue;
		if (own == 0) {
			apart[apart_count++] = change;
			continue;
		}
		if (own > attempts->highest)
			attempts->highest = own;
		ret->places[ret->count] = own;
		ret->changes[ret->count++] = change;
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
	struct sqlite_feeds *feeds, const struct sorted *sorted,
	struct buf *why)
{
	const struct store_change *first[SQLITE_ATTEMPTS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < sorted->count; i++) {
		const struct attempt_row *row = sorted->changes[i]->attempt;

		if (row->number == 0 && is_new(attempts, row))
			first[count++] = sorted->changes[i];
	}
	if (count == 0)
		return ERR_OK;
	sqlite_feeds_hold(feeds, SQLITE_FEED_ATTEMPTS, first, count);
	return sqlite_db_step(db, SQL_TRIED_BLOCKS_ADD, NULL, why);
}

static enum err
write_rows(struct sqlite_attempts *attempts, struct sqlite_db *db,
	struct sqlite_feeds *feeds, const struct sorted *sorted,
	struct buf *why)
{
	struct written written;

	place(attempts, sorted, &written);
	if (written.count == 0)
		return ERR_OK;
	sqlite_feeds_hold(
		feeds, SQLITE_FEED_ATTEMPTS, written.changes, written.count);
	sqlite_feeds_place(feeds, written.places);
	return sqlite_db_step(db, SQL_ATTEMPTS_ADD, NULL, why);
}

enum err
sqlite_attempts_write(struct sqlite_attempts *attempts, struct sqlite_db *db,
	struct sqlite_feeds *feeds, const struct store_change *const *changes,
	size_t count, struct buf *why)
{
	struct sorted sorted;
	enum err err;

	sort(changes, count, &sorted);
	err = write_blocks(attempts, db, feeds, &sorted, why);
	if (err == ERR_OK)
		err = write_packs(attempts, db, &sorted, why);
	if (err == ERR_OK)
		err = write_rows(attempts, db, feeds, &sorted, why);
	return err;
}
