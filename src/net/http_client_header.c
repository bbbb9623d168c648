#include "base/ascii.h"
#include "net/http_client.h"

bool
http_header_is_sendable(struct str name, struct str value)
{
	if (!str_is_token(name))
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (ascii_is_control(value.ptr[i]) && value.ptr[i] != '\t')
			return false;
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

bool
http_request_is_plain(const struct http_client_options *options,
	const struct http_request *request, struct str host)
{
	if (request->way || request->list)
		return false;
	for (size_t i = 0; options->proxy && i < options->no_proxy_count; i++) {
		if (http_no_proxy_holds(options->no_proxy[i], host))
			return true;
	}
	return options->proxy == NULL;
}
