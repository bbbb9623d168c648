#include "rule/resource_key.h"

#include "check.h"

/* On disk: whoever changes these loses the order of what waits. */
TEST(resource_key, it_stays_what_it_was)
{
	CHECK(resource_key(STR("compute-ops/server"), STR("P12345")) ==
		0x1e9edce06ed708ff);
	CHECK(resource_key_of_event(STR("/orders"), STR("17")) ==
		0x0edc5400525b0291);
}

TEST(resource_key, an_event_without_a_subject_is_in_no_order)
{
	CHECK_INT(resource_key_of_event(STR("/orders"), STR("")), 0);
	CHECK(resource_key(STR("t"), STR("")) != 0);
}

TEST(resource_key, what_belongs_to_which_part_counts)
{
	CHECK(resource_key(STR("a"), STR("bc")) !=
		resource_key(STR("ab"), STR("c")));
	CHECK(resource_key(STR("a"), STR("b")) !=
		resource_key_of_event(STR("a"), STR("b")));
}
