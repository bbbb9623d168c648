#include "http_wire.h"

struct wire_server wire;

void
wire_begin_tls(const struct wire_reply *replies, size_t count, SSL_CTX *tls)
{
	run_world_begin();
	run_world_open_way_out();
	wire_server_start(&wire, replies, count, tls);
}

void
wire_begin(const struct wire_reply *replies, size_t count)
{
	wire_begin_tls(replies, count, NULL);
}

struct str
wire_swap(struct str text, bool is_back)
{
	struct str port = arena_printf(&run_world.arena, "%d", wire.port);
	struct str from = is_back ? port : STR("PORT");
	struct buf out = {0};

	for (;;) {
		size_t at = str_find(text, from);

		buf_append(&out, str_head(text, at));
		if (at == SIZE_MAX)
			break;
		buf_append(&out, is_back ? STR("PORT") : port);
		text = str_skip(text, at + from.len);
	}
	text = arena_copy(&run_world.arena, buf_str(&out));
	buf_release(&out);
	return text;
}

struct str
wire_call(const char *module, const char *parameters, const char *mapper)
{
	return wire_swap(run_world_call(module, parameters,
				 wire_swap(str_of(mapper), false).ptr, "{}"),
		true);
}

void
wire_connect(const char *id, const char *type, const char *members)
{
	run_world_connect(id, type, wire_swap(str_of(members), false).ptr);
}

struct str
wire_asked(void)
{
	outgoing_free(run_world.host.outgoing);
	run_world.host.outgoing = NULL;
	wire_server_stop(&wire);
	return wire_swap(buf_str(&wire.requests), true);
}

void
wire_end(const char *expected)
{
	if (expected)
		CHECK_STR(wire_asked(), str_of(expected));
	buf_release(&wire.requests);
	run_world_end();
}
