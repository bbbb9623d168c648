#pragma once
#include "base/buf.h"

/**
 * Appends the tables of the language as Markdown: keywords, variables,
 * functions, tokens of dates, operators of filters. docs/template.md holds
 * them between two marks, and a test compares.
 */
void template_docs_append(struct buf *out);
