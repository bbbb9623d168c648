#include "pipeline/outlet.h"

#include <assert.h>

#include "base/mem.h"

static struct outlet *
outlet_new(struct outlet **home, const struct webhook *webhook)
{
	struct outlet *outlet = MEM_NEW(struct outlet);
	char digits[STR_DECIMAL_SIZE];
	struct str generation = str_decimal(webhook->generation, 1, digits);

	webhook_ref(webhook);
	outlet->webhook = webhook;
	outlet->home = home;
	if (home)
		*home = outlet;
	signing_init(&outlet->signing, webhook);
	assert(generation.len < sizeof(outlet->generation));
	memcpy(outlet->generation, generation.ptr, generation.len);
	return outlet;
}

struct outlet *
outlet_take(struct outlet **home, const struct webhook *webhook)
{
	struct outlet *outlet = home ? *home : NULL;

	if (outlet == NULL)
		outlet = outlet_new(home, webhook);
	assert(outlet->webhook == webhook);
	outlet->users++;
	return outlet;
}

void
outlet_leave_home(struct outlet **home)
{
	if (*home)
		(*home)->home = NULL;
	*home = NULL;
}

void
outlet_give_back(struct outlet *outlet)
{
	if (outlet == NULL || --outlet->users > 0)
		return;
	if (outlet->home)
		*outlet->home = NULL;
	signing_release(&outlet->signing);
	webhook_unref(outlet->webhook);
	mem_free(outlet);
}
