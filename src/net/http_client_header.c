#include "net/http_client.h"

/** tchar of RFC 9110 §5.6.2. */
static bool
is_token_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool
http_header_is_sendable(struct str name, struct str value)
{
	if (name.len == 0)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (!is_token_char((unsigned char)name.ptr[i]))
			return false;
	}
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

bool
http_head_find(struct str head, struct str name, struct str *ret)
{
	struct str rest = head;

	str_split(&rest, '\n'); /* the status line */
	while (rest.ptr != NULL) {
		struct str line = str_split(&rest, '\n');
		size_t colon = str_find_char(line, ':');

		if (colon == SIZE_MAX ||
			!str_equal_nocase(str_head(line, colon), name))
			continue;
		*ret = str_trim(str_skip(line, colon + 1));
		return true;
	}
	return false;
}
