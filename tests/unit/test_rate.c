#include "rule/rate.h"

#include "check.h"

TEST(rate, what_an_endpoint_may_say_of_its_rate)
{
	static const struct {
		const char *text;
		enum err err;
		unsigned rate;
	} rows[] = {
		{"1", ERR_OK, 1},
		{"120", ERR_OK, 120},
		{"60000", ERR_OK, 60000},
		{"60001", ERR_OK, 60000},
		{"99999999999", ERR_OK, 60000},
		{"*", ERR_OK, 0},
		{"0", ERR_INVALID, 0},
		{"-1", ERR_INVALID, 0},
		{"1.5", ERR_INVALID, 0},
		{"many", ERR_INVALID, 0},
		{"", ERR_INVALID, 0},
		{"99999999999999999999999", ERR_INVALID, 0},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		unsigned rate = 7;

		CHECK_INT(rate_read(str_of(rows[i].text), 60000, &rate),
			rows[i].err);
		CHECK_INT(rate, rows[i].rate);
	}
}
