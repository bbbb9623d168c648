#pragma once

/*
 * How the writing connection writes its write-ahead log: SQLite hands over
 * each page in two writes, a frame's head and the page; here they are gathered
 * and written in large pieces, at the latest before the log is synced, which
 * is before anybody is told of a commit and before any other connection looks
 * for its frames. A write that fails then fails the sync, or a later write of
 * the same transaction, which SQLite rolls back all the same.
 *
 * It is a layer ("VFS") over what is SQLite's default when it is first asked
 * for; all files but the log are passed through, a database's with
 * what spreads its writes (sqlite_spread.h).
 */

/**
 * The layer's name, for sqlite3_open_v2(); NULL when it could not be made,
 * which SQLite takes for its default. Any thread.
 */
const char *sqlite_log_file_vfs(void);
