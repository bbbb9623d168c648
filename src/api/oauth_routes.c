#include "api/keys.h"
#include "api/router.h"
#include "api/token.h"
#include "base/encode.h"
#include "base/json_out.h"
#include "net/form.h"

/*
 * POST /as/token.oauth2: OAuth 2.0 client credentials (RFC 6749 §4.4), for
 * clients that know only how to log in to HPE GreenLake.
 */
struct client {
	struct str id;
	struct str secret;
	bool is_basic;
};

static void
refuse_token(struct api_call *call, int status, const char *error,
	const char *message)
{
	api_respond_problem(call, &(struct api_problem){.status = status,
					  .code = error,
					  .message = str_of(message)});
}

/** Id and secret of HTTP Basic, each form-encoded inside (§2.3.1). */
static enum err
read_basic(struct str value, struct arena *arena, struct client *client)
{
	CLEANUP(buf_release) struct buf plain = buf_make(4096);
	struct str rest;

	if (encode_base64_read(str_trim(value), &plain))
		return ERR_INVALID;
	rest = arena_copy(arena, buf_str(&plain));
	client->id = str_split(&rest, ':');
	if (rest.ptr == NULL ||
		encode_percent_read(client->id, true, arena, &client->id) ||
		encode_percent_read(rest, true, arena, &client->secret))
		return ERR_INVALID;
	client->is_basic = true;
	return ERR_OK;
}

/** A parameter that may be absent. */
static enum err
read_optional(
	struct str form, struct str name, struct arena *arena, struct str *ret)
{
	enum err err = form_value(form, name, arena, ret);

	if (err == ERR_NOT_FOUND)
		*ret = (struct str){0};
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/** ERR_INVALID when it cannot be read or is given in both ways. */
static enum err
read_client(struct api_call *call, struct client *client)
{
	struct str form = http_call_body(call->http);
	struct str header = http_call_header(call->http, "Authorization");
	struct str scheme = str_split(&header, ' ');

	if (read_optional(form, STR("client_id"), call->arena, &client->id) ||
		read_optional(form, STR("client_secret"), call->arena,
			&client->secret))
		return ERR_INVALID;
	if (!str_equal_nocase(scheme, STR("Basic")))
		return ERR_OK;
	if (!str_is_empty(client->secret))
		return ERR_INVALID;
	return read_basic(header, call->arena, client);
}

static void
respond_token(struct api_call *call, const struct api_identity *who)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);

	json_out_object(&out, NULL);
	json_out_string(&out, "access_token",
		keys_issue_token(call->api->keys, who, call->arena));
	json_out_text(&out, "token_type", "Bearer");
	json_out_integer(&out, "expires_in", TOKEN_EXPIRES_IN);
	json_out_end(&out);
	http_call_add_header(call->http, "Cache-Control", STR("no-store"));
	api_respond_json(call, 200, &body);
}

static void
exchange(struct api_call *call, const struct client *client)
{
	struct api_identity who = {0};
	enum err err = keys_identify_client(
		call->api->keys, client->id, client->secret, call->arena, &who);

	if (!err) {
		respond_token(call, &who);
		return;
	}
	atomic_fetch_add(&call->api->unauthorized, 1);
	http_call_add_header(
		call->http, "WWW-Authenticate", STR("Basic realm=\"grapnel\""));
	refuse_token(call, 401, "invalid_client",
		err == ERR_TIMEOUT ? "the key has expired"
				   : "client_id and client_secret are not "
				     "those of a key");
}

static void
handle_token(struct api_call *call)
{
	struct str form = http_call_body(call->http), grant;
	struct client client = {0};

	if (form_value(form, STR("grant_type"), call->arena, &grant)) {
		refuse_token(call, 400, "invalid_request",
			"grant_type is expected once");
	} else if (!str_equal(grant, STR("client_credentials"))) {
		refuse_token(call, 400, "unsupported_grant_type",
			"only client_credentials is supported");
	} else if (read_client(call, &client)) {
		refuse_token(call, 400, "invalid_request",
			"client_id and client_secret are expected once, in "
			"the form or by HTTP Basic");
	} else {
		exchange(call, &client);
	}
}

const struct route api_oauth_routes[] = {
	{
		.method = "POST",
		.path = "/as/token.oauth2",
		.dialect = API_OAUTH,
		.access = ACCESS_PUBLIC,
		.body = BODY_FORM,
		.blocks = true, /* hashes the secret */
		.handle = handle_token,
	},
};
const size_t api_oauth_route_count =
	sizeof(api_oauth_routes) / sizeof(*api_oauth_routes);
