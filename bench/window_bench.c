/* window_bench: what a waiting delivery in the window takes in memory. */
#include <malloc.h>
#include <stdio.h>

#include "base/mem.h"
#include "pipeline/dispatch.h"

/* As many webhooks as it takes for their retries to find room. */
enum { COUNT = 200000, WEBHOOKS = COUNT / DISPATCH_WINDOW_SURE };

static struct webhook *
make_webhook(uint64_t number)
{
	struct webhook *webhook = MEM_NEW(struct webhook);

	atomic_init(&webhook->refs, 1);
	webhook->number = number;
	webhook->health.status = WEBHOOK_ACTIVE;
	return webhook;
}

static size_t
used(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void
measure(const char *what, bool is_retry, bool is_ordered)
{
	struct dispatch_options options = {.window = COUNT,
		.concurrency = 32,
		.concurrency_total = 1024,
		.unsettled_max = 16384};
	struct webhook *webhooks[WEBHOOKS];
	struct dispatch *dispatch = dispatch_new(&options);
	size_t before;

	for (size_t i = 0; i < WEBHOOKS; i++) {
		webhooks[i] = make_webhook(i);
		dispatch_set_webhook(dispatch, webhooks[i], true, false);
	}
	before = used();
	for (uint64_t i = 1; i <= COUNT; i++) {
		struct delivery_row row = {.sequence = i,
			.webhook = i % WEBHOOKS,
			.attempts = is_retry,
			.due = (int64_t)i,
			.resource = is_ordered ? i : 0};

		if (dispatch_offer(dispatch, &row, NULL) !=
			DISPATCH_QUEUED)
			printf("not queued: %llu\n", (unsigned long long)i);
	}
	printf("%-40s %4zu bytes each\n", what, (used() - before) / COUNT);
	dispatch_free(dispatch);
	for (size_t i = 0; i < WEBHOOKS; i++)
		webhook_unref(webhooks[i]);
}

int
main(void)
{
	printf("%d waiting deliveries in memory, without their payloads, which "
	       "have a bound of their own\n",
		COUNT);
	measure("first tries", false, false);
	measure("retries", true, false);
	measure("first tries, one resource each, in order", false, true);
	measure("retries, one resource each, in order", true, true);
	return 0;
}
