#pragma once
#include "rule/condition.h"
#include "rule/template_run.h"

/* The table of operators. Internal to rule/condition. */

/** Whether it holds; the run has the error when it fails. */
bool condition_operator_run(const struct condition_operator *op,
	struct template_run *run, struct value a, struct value b);

/** The table as Markdown, as docs/template.md has it. */
void condition_operator_document(struct buf *out);
