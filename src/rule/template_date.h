#pragma once
#include "rule/date.h"
#include "rule/template_run.h"

/* Arguments of functions on dates. Internal to rule/template_date*. */

/** A whole number that calculations with dates can bear. */
bool template_date_whole(
	struct template_run *run, struct value value, int64_t *ret);

/** The fields of a date in the scenario's zone. */
bool template_date_fields(
	struct template_run *run, struct value value, struct date_fields *ret);

/** And back; empty when there is no such date. */
struct value template_date_from(
	struct template_run *run, const struct date_fields *fields);
