#pragma once
#include "base/arena.h"
#include "base/str.h"

/*
 * One line an occurrence on standard error:
 *   2026-11-22T06:12:00.123456Z info webhook.status webhook=… from=ACTIVE
 * `what` names the kind of occurrence and stays the same; the rest is
 * key=value written by the format, a text that others chose by log_quoted(),
 * so that it cannot pass for further values. Whoever stops an error's way logs
 * it, once. Secrets never. A kind that repeats more than LOG_BURST times in a
 * second is held back and counted; the count is told when the second has
 * passed. Any thread; never blocks on anything but the write itself.
 */
enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

enum { LOG_BURST = 50 };

void log_write(enum log_level level, const char *what, const char *format, ...)
	PRINTF_LIKE(3, 4);

/**
 * In quotes, with \ before those inside and before \, and '?' for NUL; from the
 * arena.
 */
const char *log_quoted(struct arena *arena, struct str text);

/** Lines above this level are dropped; LOG_INFO at the start. */
void log_set_level(enum log_level level);

#define log_error(what, ...) log_write(LOG_ERROR, what, __VA_ARGS__)
#define log_warning(what, ...) log_write(LOG_WARNING, what, __VA_ARGS__)
#define log_info(what, ...) log_write(LOG_INFO, what, __VA_ARGS__)
#define log_debug(what, ...) log_write(LOG_DEBUG, what, __VA_ARGS__)
