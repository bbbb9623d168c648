#include "base/ascii.h"

#include <ctype.h>

#include "check.h"

/* The tests run in the C locale, where <ctype.h> knows ASCII alone. */
TEST(ascii, classes_are_those_of_the_c_locale)
{
	for (int byte = 0; byte < 256; byte++) {
		char c = (char)byte;
		int value = ascii_hex_value(c);

		CHECK_INT(ascii_is_digit(c), isdigit(byte) != 0);
		CHECK_INT(ascii_is_letter(c), isalpha(byte) != 0);
		CHECK_INT(ascii_is_control(c), iscntrl(byte) != 0);
		CHECK_INT((unsigned char)ascii_lower(c), tolower(byte));
		CHECK_INT(value >= 0, isxdigit(byte) != 0);
		if (value >= 0)
			CHECK_INT("0123456789abcdef"[value], tolower(byte));
	}
}
