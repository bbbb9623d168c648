#pragma once
#include "base/buf.h"

/* Files that a command is given by name, read whole. Blocks. */

/**
 * Appends the file's bytes to `out`, up to its maximum; "-" is standard
 * input. ERR_NOT_FOUND, ERR_LIMIT, ERR_DENIED, ERR_INVALID (a directory) or
 * ERR_IO, with a sentence that begins with the path.
 */
enum err file_read(const char *path, struct buf *out, struct buf *why) MUST_USE;
