#include "cli_double.h"

TEST(cli_subscriptions, subscriptions_and_event_types_use_their_paths)
{
	static const struct reply made[] = {
		{201, "{\"id\":\"s1\",\"inCatalog\":false}", 0}};
	static const struct reply none[] = {{200, "{\"items\":[]}", 0}};
	static const struct reply changed[] = {{200, "{\"name\":\"a/b\"}", 0}};
	struct run got = run(WORDS("subscription", "create", "--webhook", "w1",
				     "--type", "a.*", "--filter", "n gt 1"),
		made, 1);

	check_has(&got.hub.seen, "POST http://hub.test:1/v1/subscriptions|");
	check_has(&got.hub.seen, "|{\"webhookId\":\"w1\",\"eventType\":\"a.*\","
				 "\"eventFilter\":\"n gt 1\"}\n");
	check_has(&got.err, "the catalog has no such type");
	finish(&got);
	got = run(WORDS("subscription", "create", "--type", "a"), NULL, 0);
	CHECK_INT(got.code, 2);
	check_has(&got.err, "--webhook is missing");
	finish(&got);
	got = run(WORDS("subscription", "list", "--webhook", "w1"), none, 1);
	check_has(&got.hub.seen,
		"/v1/subscriptions?limit=1000&filter=webhookId%20eq%20%27w1%27|");
	finish(&got);
	got = run(WORDS("event-type", "register", "a/b", "--update",
			  "--validation", "warn"),
		changed, 1);
	check_has(
		&got.hub.seen, "PATCH http://hub.test:1/v1/event-types/a%2Fb|");
	check_has(&got.hub.seen, "|{\"validation\":\"warn\"}\n");
	finish(&got);
	got = run(WORDS("event-type", "register", "a", "--schema", "/nowhere"),
		NULL, 0);
	CHECK_INT(got.code, 2);
	check_has(&got.err, "/nowhere: cannot be read");
	finish(&got);
}
