#pragma once
#include "api/api.h"

/*
 * POST /v1/filters/backtest: which of the stored events of the last hours a
 * filter would have matched (docs/api.md). It reads the store in steps, each a
 * turn on one of the desk's threads, so that others get theirs in between,
 * and ends after two seconds at most; the answer then has a cursor to go on
 * from.
 */
void filter_backtest(struct api_call *call);
