#include "pipeline/credentials.h"

#include "base/encode.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "pipeline/allow_lists.h"

enum { RESPONSE_MAX = 65536, TOKEN_MAX = 16384 };

/* Of a token whose server does not say (RFC 6749 §5.1 leaves it open). */
#define LIFE_UNKNOWN (5 * MINUTES)
#define LIFE_MAX (24 * HOURS)
/* A token is fetched anew so long before it ends, or a tenth of its life. */
#define MARGIN_MAX (30 * SECONDS)

struct credentials {
	struct http_client *client;
	struct allow_lists *allow_lists;
	int64_t timeout;
	struct map tokens; /* webhook's number → struct token */
};

struct token {
	struct credentials *credentials;
	uint64_t number;
	const struct webhook *webhook; /* whose auth the value belongs to */
	struct buf value;	       /* "Bearer …"; empty: none */
	int64_t good_until;	       /* monotonic */
	bool is_fetching;
	bool is_forgotten; /* freed when the fetch has ended */
	struct credential_wait *waiting;
	struct arena arena; /* of the request */
	struct http_header headers[3];
};

static void
token_free(struct token *token)
{
	webhook_unref(token->webhook);
	buf_release(&token->value);
	arena_release(&token->arena);
	mem_free(token);
}

struct credentials *
credentials_new(struct http_client *client, struct allow_lists *allow_lists,
	int64_t timeout)
{
	struct credentials *credentials = MEM_NEW(struct credentials);

	credentials->client = client;
	credentials->allow_lists = allow_lists;
	credentials->timeout = timeout;
	return credentials;
}

void
credentials_free(struct credentials *credentials)
{
	struct token *token;
	size_t at = 0;

	if (credentials == NULL)
		return;
	while ((token = map_next(&credentials->tokens, &at)))
		token_free(token);
	map_release(&credentials->tokens);
	mem_free(credentials);
}

static struct str
key_of(const uint64_t *number)
{
	return str_make((const char *)number, sizeof(*number));
}

/* ---- the fetch's end ---- */

/** Reads the response; says in `why` what is wrong with it. */
static bool
read_token(
	struct token *token, const struct http_result *result, struct buf *why)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct json_doc doc;
	struct json expires;
	struct str text, type;
	int64_t seconds = 0, life = LIFE_UNKNOWN;

	if (result->failure != HTTP_NO_FAILURE) {
		buf_append(why, result->error);
		return false;
	}
	if (result->status != 200) {
		buf_printf(why, "it answered with status %d", result->status);
		return false;
	}
	if (json_read(result->body, &arena, &doc, NULL)) {
		buf_append(why, STR("it answered with something else than "
				    "JSON"));
		return false;
	}
	text = json_string(
		json_member(json_root(&doc), STR("access_token")), &arena);
	type = json_string(
		json_member(json_root(&doc), STR("token_type")), &arena);
	if (text.len == 0 || text.len > TOKEN_MAX ||
		!http_header_is_sendable(STR("Authorization"), text)) {
		buf_append(why, STR("its answer holds no usable "
				    "access_token"));
		return false;
	}
	if (type.len > 0 && !str_equal_nocase(type, STR("Bearer"))) {
		buf_append(why, STR("its token_type is not Bearer"));
		return false;
	}
	expires = json_member(json_root(&doc), STR("expires_in"));
	if (json_to_integer(expires, &seconds) && seconds > 0)
		life = seconds < LIFE_MAX / SECONDS ? seconds * SECONDS
						    : LIFE_MAX;
	token->good_until = clock_monotonic() + life -
			    (life / 10 < MARGIN_MAX ? life / 10 : MARGIN_MAX);
	buf_clear(&token->value);
	buf_printf(&token->value, "Bearer %.*s", STR_ARG(text));
	return true;
}

static void
tell(struct credential_wait *waiting, const struct credential *credential)
{
	/* Oldest first: the list is built newest first. */
	struct credential_wait *ordered = NULL;

	while (waiting) {
		struct credential_wait *next = waiting->next;

		waiting->next = ordered;
		ordered = waiting;
		waiting = next;
	}
	while (ordered) {
		struct credential_wait *next = ordered->next;

		ordered->done(ordered, credential);
		ordered = next;
	}
}

static void
fetched(void *context, const struct http_result *result)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	CLEANUP(buf_release) struct buf value = buf_make(0);
	struct token *token = context;
	struct credential_wait *waiting = token->waiting;
	struct credential credential = {.failure = HTTP_NO_TOKEN};
	char id[UUID_TEXT_SIZE];

	buf_printf(&why, "No access token from %.*s: ",
		STR_ARG(token->webhook->options.auth.token_url));
	token->is_fetching = false;
	token->waiting = NULL;
	arena_release(&token->arena);
	if (result->failure == HTTP_ABORTED) {
		credential.failure = HTTP_ABORTED;
	} else if (read_token(token, result, &why)) {
		/* Whom we tell may ask again and change the token's own. */
		buf_append(&value, buf_str(&token->value));
		credential = (struct credential){
			.has_header = true,
			.header = {STR("Authorization"), buf_str(&value)},
		};
	} else {
		buf_clear(&token->value);
		log_warning("token.failed", "webhook=%s %s",
			uuid_format(token->webhook->id, id), buf_text(&why));
	}
	credential.error = buf_str(&why);
	if (token->is_forgotten)
		token_free(token);
	tell(waiting, &credential);
}

/* ---- its start ---- */

/** RFC 6749 §2.3.1: form-encoded, then as in Basic. */
static struct str
client_header(const struct webhook_auth *auth, struct arena *arena)
{
	CLEANUP(buf_release) struct buf pair = buf_make(0);
	CLEANUP(buf_release) struct buf value = buf_make(0);

	encode_percent(&pair, auth->client_id);
	buf_append_char(&pair, ':');
	encode_percent(&pair, auth->secret);
	buf_append(&value, STR("Basic "));
	encode_base64(&value, buf_str(&pair));
	return arena_copy(arena, buf_str(&value));
}

static struct str
form_body(const struct webhook_auth *auth, struct arena *arena)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);

	buf_append(&body, STR("grant_type=client_credentials"));
	if (auth->scope.len > 0) {
		buf_append(&body, STR("&scope="));
		encode_percent(&body, auth->scope);
	}
	return arena_copy(arena, buf_str(&body));
}

static void
fetch(struct token *token)
{
	const struct webhook *webhook = token->webhook;
	const struct webhook_auth *auth = &webhook->options.auth;
	struct credentials *credentials = token->credentials;
	struct http_request request;

	token->is_fetching = true;
	token->headers[0] = (struct http_header){
		STR("Authorization"), client_header(auth, &token->arena)};
	token->headers[1] = (struct http_header){
		STR("Content-Type"), STR("application/x-www-form-urlencoded")};
	token->headers[2] =
		(struct http_header){STR("Accept"), STR("application/json")};
	request = (struct http_request){
		.method = "POST",
		.url = auth->token_url,
		.headers = token->headers,
		.header_count = COUNT_OF(token->headers),
		.body = form_body(auth, &token->arena),
		.has_body = true,
		.way = webhook->way,
		.list = allow_lists_for(credentials->allow_lists,
			webhook->workspace, &webhook->options, &token->arena),
		.timeout = credentials->timeout,
		.response_max = RESPONSE_MAX,
		.context = token,
		.done = fetched,
	};
	http_client_send(credentials->client, &request);
}

static struct token *
token_of(struct credentials *credentials, const struct webhook *webhook)
{
	struct token *token =
		map_get(&credentials->tokens, key_of(&webhook->number));

	if (token == NULL) {
		token = MEM_NEW(struct token);
		token->credentials = credentials;
		token->number = webhook->number;
		map_put(&credentials->tokens, key_of(&token->number), token);
	}
	return token;
}

static void
ask_oauth2(struct credentials *credentials, const struct webhook *webhook,
	struct credential_wait *wait)
{
	struct token *token = token_of(credentials, webhook);
	struct credential credential = {.has_header = true, .is_kept = true};

	if (!token->is_fetching && token->webhook != webhook) {
		if (token->webhook &&
			!webhook_auth_equal(&token->webhook->options.auth,
				&webhook->options.auth))
			buf_clear(&token->value);
		webhook_ref(webhook);
		webhook_unref(token->webhook);
		token->webhook = webhook;
	}
	if (!token->is_fetching && token->value.len > 0 &&
		clock_monotonic() < token->good_until) {
		credential.header = (struct http_header){
			STR("Authorization"), buf_str(&token->value)};
		wait->done(wait, &credential);
		return;
	}
	wait->next = token->waiting;
	token->waiting = wait;
	if (!token->is_fetching)
		fetch(token);
}

static void
ask_none(struct credentials *credentials, const struct webhook *webhook,
	struct credential_wait *wait)
{
	struct credential credential = {0};

	(void)credentials;
	(void)webhook;
	wait->done(wait, &credential);
}

static void
ask_api_key(struct credentials *credentials, const struct webhook *webhook,
	struct credential_wait *wait)
{
	const struct webhook_auth *auth = &webhook->options.auth;
	struct credential credential = {
		.has_header = true,
		.header = {auth->header, auth->secret},
	};

	(void)credentials;
	wait->done(wait, &credential);
}

static void
ask_basic(struct credentials *credentials, const struct webhook *webhook,
	struct credential_wait *wait)
{
	CLEANUP(buf_release) struct buf pair = buf_make(0);
	CLEANUP(buf_release) struct buf value = buf_make(0);
	const struct webhook_auth *auth = &webhook->options.auth;
	struct credential credential = {.has_header = true};

	(void)credentials;
	buf_printf(&pair, "%.*s:%.*s", STR_ARG(auth->username),
		STR_ARG(auth->secret));
	buf_append(&value, STR("Basic "));
	encode_base64(&value, buf_str(&pair));
	credential.header =
		(struct http_header){STR("Authorization"), buf_str(&value)};
	wait->done(wait, &credential);
}

void
credentials_ask(struct credentials *credentials, const struct webhook *webhook,
	struct credential_wait *wait)
{
	static void (*const rows[])(struct credentials *,
		const struct webhook *, struct credential_wait *) = {
		[AUTH_NONE] = ask_none,
		[AUTH_API_KEY] = ask_api_key,
		[AUTH_BASIC] = ask_basic,
		[AUTH_OAUTH2] = ask_oauth2,
	};

	rows[webhook->options.auth.type](credentials, webhook, wait);
}

void
credentials_refuse(
	struct credentials *credentials, const struct webhook *webhook)
{
	struct token *token =
		map_get(&credentials->tokens, key_of(&webhook->number));

	if (token && !token->is_fetching)
		buf_clear(&token->value);
}

void
credentials_forget(struct credentials *credentials, uint64_t webhook)
{
	struct token *token = map_get(&credentials->tokens, key_of(&webhook));

	if (token == NULL)
		return;
	map_remove(&credentials->tokens, key_of(&webhook));
	token->is_forgotten = true;
	if (!token->is_fetching)
		token_free(token);
}
