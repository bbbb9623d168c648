#pragma once
#include "base/str.h"

/* Letters without accents and other marks. */

/** The ASCII letters for an accented Latin one; empty for any other. */
struct str text_accent_plain(uint32_t c);

/** A mark that stands behind its letter (U+0300 to U+036F). */
bool text_accent_is_mark(uint32_t c);
