#pragma once
#include "store/sqlite_db.h"

/*
 * A thread that moves pages from the log into the database (a checkpoint)
 * while the writer goes on committing, over a connection of its own. What is
 * committed meanwhile stays in the log; so that the log can begin anew, the
 * writer moves that rest itself, with sqlite_mover_move() on its own
 * connection and while nothing is committed.
 *
 * Moving is PASSIVE: it waits for nobody, and what a reader still needs stays
 * in the log. Failing loses nothing, since the log holds it all, and what was
 * not moved is moved when it is asked again; it is logged here.
 */
struct sqlite_mover;

/** `fd` is the database's file, open until the mover was stopped. */
enum err sqlite_mover_start(const char *path, int fd, struct sqlite_mover **ret,
	struct buf *why) MUST_USE;
/** Lets it end what it has begun. NULL is harmless. */
void sqlite_mover_stop(struct sqlite_mover *mover);

/** Has it move what is in the log; not while it is under way. Writer. */
void sqlite_mover_ask(struct sqlite_mover *mover);

/** Whether it is still at what it was last asked for. */
bool sqlite_mover_is_under_way(const struct sqlite_mover *mover);

/** How many of the log's pages were in the database then. */
unsigned sqlite_mover_moved(const struct sqlite_mover *mover);

/**
 * Moves the log over any connection, not while the thread is under way; the
 * number of the log's pages that are in the database, 0 after an error.
 */
unsigned sqlite_mover_move(struct sqlite_db *db);
