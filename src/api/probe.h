#pragma once
#include <stdint.h>

#include "base/err.h"

/*
 * Proves that a commit works: one row is written and synced like any event.
 */
struct writer;

/**
 * Blocks for `timeout` microseconds of the real clock at most. The commit's
 * error, ERR_LIMIT when the writer's queue is full, or ERR_TIMEOUT.
 */
enum err probe_commit(struct writer *writer, int64_t timeout) MUST_USE;
