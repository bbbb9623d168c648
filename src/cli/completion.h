#pragma once
#include "base/buf.h"

/*
 * Completion for shells, made from the table of commands: the commands, their
 * options, the words that options allow, and files and folders.
 */

/** Appends packaging/completion/grapnel.bash. */
void completion_append_bash(struct buf *out);

/** Appends packaging/completion/_grapnel. */
void completion_append_zsh(struct buf *out);
