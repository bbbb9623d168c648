#pragma once
#include "base/buf.h"

/* Settings as people read them. */
struct settings; /* cli/settings.h */

/**
 * Appends all settings with their values as a configuration file, each with
 * a comment that says where it came from; secrets are masked.
 */
void settings_text_effective(const struct settings *settings, struct buf *out);

/** Appends docs/config.md, made from the table. */
void settings_text_manual(struct buf *out);
