#pragma once
#include "store/sqlite_db.h"

/*
 * The attempts in attempt_packs as rows: the table `packed_attempts` of a
 * reading connection, with the columns of `attempts`. It is read by delivery
 * only (a condition `delivery = …` is to be there); the place is what a row of
 * its own would have, that of a delivery's first attempt. Of a delivery that
 * was removed there is none, though its pack stays with others of its webhook.
 * One that is damaged fails reading those of its webhook's deliveries.
 */

/**
 * Makes the table; before statements that read it are prepared. The
 * connection's SQL_PACKS_AT is used by it.
 */
enum err sqlite_packed_register(struct sqlite_db *db, struct buf *why) MUST_USE;
