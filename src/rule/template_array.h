#pragma once
#include "rule/template_run.h"

/*
 * Sorting and what tells equal items apart, for the table in
 * template_array.c. Internal to rule/template*.
 */

/** (array; [order]; [key]) */
struct value template_array_sort(
	struct template_run *run, const struct value *args, size_t count);
/** (array or text; …) */
struct value template_array_sort_texts_up(
	struct template_run *run, const struct value *args, size_t count);
struct value template_array_sort_texts_down(
	struct template_run *run, const struct value *args, size_t count);
