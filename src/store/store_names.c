#include <assert.h>

#include "store/flow.h"

static const char *const delivery_states[] = {
	[DELIVERY_WAITING] = "WAITING",
	[DELIVERY_DELIVERED] = "DELIVERED",
	[DELIVERY_DEAD] = "DEAD",
	[DELIVERY_SKIPPED] = "SKIPPED",
};

static const char *const execution_states[] = {
	[EXECUTION_QUEUED] = "QUEUED",
	[EXECUTION_RUNNING] = "RUNNING",
	[EXECUTION_SUCCESS] = "SUCCESS",
	[EXECUTION_WARNING] = "WARNING",
	[EXECUTION_ERROR] = "ERROR",
	[EXECUTION_INCOMPLETE] = "INCOMPLETE",
	[EXECUTION_DROPPED] = "DROPPED",
};

static const char *const key_roles[] = {
	[ROLE_VIEWER] = "viewer",
	[ROLE_PUBLISHER] = "publisher",
	[ROLE_ADMIN] = "admin",
};

const char *
delivery_state_name(enum delivery_state state)
{
	assert((size_t)state < COUNT_OF(delivery_states));
	return delivery_states[state];
}

const char *
execution_state_name(enum execution_state state)
{
	assert((size_t)state < COUNT_OF(execution_states));
	return execution_states[state];
}

const char *
key_role_name(enum key_role role)
{
	assert((size_t)role < COUNT_OF(key_roles));
	return key_roles[role];
}

enum err
key_role_parse(struct str text, enum key_role *ret)
{
	for (size_t i = 0; i < COUNT_OF(key_roles); i++) {
		if (str_equal(text, str_of(key_roles[i]))) {
			*ret = (enum key_role)i;
			return ERR_OK;
		}
	}
	return ERR_INVALID;
}
