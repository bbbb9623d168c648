#include "flow/oauth_tokens.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"

enum { KEPT_MAX = 32, RESPONSE_MAX = 64 << 10, TOKEN_MAX = 16 << 10 };

/* Of a token whose server does not say (RFC 6749 §5.1 leaves it open). */
#define LIFE_UNKNOWN (5 * MINUTES)
#define LIFE_MAX (24 * HOURS)
/* Fetched anew so long before the end, or a tenth of its life. */
#define MARGIN_MAX (30 * SECONDS)

struct token {
	struct buf grant;   /* what it was given for */
	struct buf header;  /* "Bearer …" */
	int64_t good_until; /* monotonic */
};

struct oauth_tokens {
	struct token kept[KEPT_MAX];
	size_t next; /* the place that is taken when all are in use */
};

struct oauth_tokens *
oauth_tokens_new(void)
{
	return MEM_NEW(struct oauth_tokens);
}

void
oauth_tokens_free(struct oauth_tokens *tokens)
{
	for (size_t i = 0; tokens && i < KEPT_MAX; i++) {
		buf_release(&tokens->kept[i].grant);
		buf_release(&tokens->kept[i].header);
	}
	mem_free(tokens);
}

/* ---- what is kept ---- */

/** The grant as one text in which no part can be taken for another's. */
static void
describe(const struct oauth_grant *grant, struct buf *out)
{
	const struct str parts[] = {grant->token_url, grant->client_id,
		grant->client_secret, grant->refresh_token, grant->scope};

	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		buf_printf(out, "%zu:", parts[i].len);
		buf_append(out, parts[i]);
	}
}

static struct token *
find(struct oauth_tokens *tokens, const struct oauth_grant *grant)
{
	CLEANUP(buf_release) struct buf text = {0};

	describe(grant, &text);
	for (size_t i = 0; i < KEPT_MAX; i++) {
		if (str_equal(buf_str(&tokens->kept[i].grant), buf_str(&text)))
			return &tokens->kept[i];
	}
	return NULL;
}

static void
keep(struct oauth_tokens *tokens, const struct oauth_grant *grant,
	struct str header, int64_t life)
{
	struct token *token = find(tokens, grant);

	if (!token) {
		token = &tokens->kept[tokens->next];
		tokens->next = (tokens->next + 1) % KEPT_MAX;
	}
	buf_clear(&token->grant);
	describe(grant, &token->grant);
	buf_clear(&token->header);
	buf_append(&token->header, header);
	token->good_until = clock_monotonic() + life -
			    (life / 10 < MARGIN_MAX ? life / 10 : MARGIN_MAX);
}

void
oauth_tokens_forget(struct outgoing *outgoing, const struct oauth_grant *grant)
{
	struct token *token = find(outgoing_tokens(outgoing), grant);

	if (token)
		token->good_until = 0;
}

/* ---- fetching ---- */

static void
append_field(struct buf *out, const char *name, struct str value)
{
	if (value.len == 0)
		return;
	buf_printf(out, "%s%s=", out->len ? "&" : "", name);
	encode_percent(out, value);
}

/** RFC 6749 §2.3.1: form-encoded, then as in Basic. */
static struct str
client_header(const struct oauth_grant *grant, struct arena *arena)
{
	CLEANUP(buf_release) struct buf pair = {0}, value = {0};

	encode_percent(&pair, grant->client_id);
	buf_append_char(&pair, ':');
	encode_percent(&pair, grant->client_secret);
	buf_append(&value, STR("Basic "));
	encode_base64(&value, buf_str(&pair));
	return arena_copy(arena, buf_str(&value));
}

static enum failure_kind
refuse(const struct oauth_grant *grant, struct arena *arena, const char *what,
	struct failure *failure)
{
	return failure_set(failure, arena, FAILURE_ACCESS_TOKEN,
		"no access token from %.*s: %s", STR_ARG(grant->token_url),
		what);
}

static enum failure_kind
read_token(const struct oauth_grant *grant,
	const struct outgoing_response *response, struct arena *arena,
	struct str *ret_header, int64_t *ret_life, struct failure *failure)
{
	struct json_doc doc;
	struct json root;
	struct str token;
	int64_t seconds = 0;

	if (json_read(response->body, arena, &doc, NULL))
		return refuse(grant, arena, "its answer is no JSON", failure);
	root = json_root(&doc);
	token = json_string(json_member(root, STR("access_token")), arena);
	if (token.len == 0 || token.len > TOKEN_MAX ||
		!http_header_is_sendable(STR("Authorization"), token))
		return refuse(grant, arena,
			"its answer holds no usable access_token", failure);
	*ret_header = arena_printf(arena, "Bearer %.*s", STR_ARG(token));
	*ret_life = LIFE_UNKNOWN;
	if (json_to_integer(json_member(root, STR("expires_in")), &seconds) &&
		seconds > 0)
		*ret_life = seconds < LIFE_MAX / SECONDS ? seconds * SECONDS
							 : LIFE_MAX;
	return FAILURE_NONE;
}

static enum failure_kind
fetch(struct outgoing *outgoing, const struct oauth_grant *grant,
	int64_t timeout, struct arena *arena,
	struct outgoing_response *response, struct failure *failure)
{
	CLEANUP(buf_release) struct buf form = {0};
	const struct http_header headers[] = {
		{STR("Authorization"), client_header(grant, arena)},
		{STR("Accept"), STR("application/json")},
		{STR("Content-Type"), STR("application/x-www-form-urlencoded")},
	};
	struct outgoing_request request = {.method = "POST",
		.url = grant->token_url,
		.headers = headers,
		.header_count = COUNT_OF(headers),
		.has_body = true,
		.way = grant->way,
		.timeout = timeout,
		.response_max = RESPONSE_MAX};

	append_field(&form, "grant_type",
		grant->refresh_token.len ? STR("refresh_token")
					 : STR("client_credentials"));
	append_field(&form, "refresh_token", grant->refresh_token);
	append_field(&form, "scope", grant->scope);
	request.body = buf_str(&form);
	return outgoing_send(outgoing, &request, arena, response, failure);
}

/** What a token server's refusal means: the credentials, or a bad day. */
static enum failure_kind
judge(const struct oauth_grant *grant, const struct outgoing_response *response,
	struct arena *arena, struct failure *failure)
{
	enum failure_kind kind = outgoing_failure_of(response);
	struct str what;

	if (response->status == 200)
		return FAILURE_NONE;
	if (kind == FAILURE_RATE_LIMIT || kind == FAILURE_CONNECTION)
		return outgoing_refusal(
			response, response->body, arena, failure);
	what = arena_printf(arena, "it answered with status %d: %.*s",
		response->status, STR_ARG(str_head(response->body, 200)));
	return refuse(grant, arena, what.ptr, failure);
}

enum failure_kind
oauth_tokens_get(struct outgoing *outgoing, const struct oauth_grant *grant,
	int64_t timeout, struct arena *arena, struct oauth_token *ret,
	struct failure *failure)
{
	struct token *token = find(outgoing_tokens(outgoing), grant);
	struct outgoing_response response;
	enum failure_kind kind;
	int64_t life = 0;

	ret->is_kept = token && clock_monotonic() < token->good_until;
	if (ret->is_kept) {
		ret->header = arena_copy(arena, buf_str(&token->header));
		return FAILURE_NONE;
	}
	kind = fetch(outgoing, grant, timeout, arena, &response, failure);
	if (!kind)
		kind = judge(grant, &response, arena, failure);
	if (!kind)
		kind = read_token(
			grant, &response, arena, &ret->header, &life, failure);
	if (!kind)
		keep(outgoing_tokens(outgoing), grant, ret->header, life);
	return kind;
}
