#pragma once
#include "flow/service.h"

/**
 * What a refusal of a service means where its status alone does not tell
 * (outgoing_failure_of()): its documented codes, and how long it wants to be
 * left alone when it says so elsewhere than in Retry-After. Corrects the
 * failure that outgoing_refusal() has made, and returns its kind.
 */
enum failure_kind service_errors_judge(const struct connection *connection,
	const struct service_answer *answer, struct failure *failure);
