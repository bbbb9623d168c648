#include "flow/google_token.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/json_out.h"
#include "flow/service.h"
#include "flow/service_cache.h"

enum { TOKEN_SECONDS = 3600, EARLY_SECONDS = 60, SIGNATURE_MAX = 1024 };

#define NAME STR("google token")

/* ---- the assertion ---- */

/** RS256; ERR_INVALID when the key is no RSA key in PEM. */
static enum err
sign(struct str pem, struct str text, struct buf *out)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[SIGNATURE_MAX];
	size_t len = sizeof(signature);
	enum err err = ERR_INVALID;

	if (key && EVP_PKEY_is_a(key, "RSA") &&
		EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) ==
			1 &&
		EVP_DigestSign(context, signature, &len,
			(const unsigned char *)text.ptr, text.len) == 1) {
		encode_base64_url(out, str_make((char *)signature, len));
		err = ERR_OK;
	}
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	BIO_free(bio);
	return err;
}

static void
write_claims(const struct module_call *call, struct str issuer, struct buf *out)
{
	CLEANUP(buf_release) struct buf claims = {0};
	struct json_out json = json_out_make(&claims);
	int64_t now = clock_now() / SECONDS;

	json_out_object(&json, NULL);
	json_out_string(&json, "iss", issuer);
	json_out_string(&json, "scope", service_secret(call, "scope"));
	json_out_string(&json, "aud", service_secret(call, "tokenUrl"));
	json_out_integer(&json, "iat", now);
	json_out_integer(&json, "exp", now + TOKEN_SECONDS);
	json_out_end(&json);
	encode_base64_url(out, STR("{\"alg\":\"RS256\",\"typ\":\"JWT\"}"));
	buf_append_char(out, '.');
	encode_base64_url(out, buf_str(&claims));
}

static enum failure_kind
make_assertion(const struct module_call *call, struct str account,
	struct buf *out, struct failure *failure)
{
	struct json_doc doc;
	struct json root = {0};
	struct str issuer, pem;

	if (json_read(account, call->arena, &doc, NULL) == ERR_OK)
		root = json_root(&doc);
	issuer = json_string(
		json_member(root, STR("client_email")), call->arena);
	pem = json_string(json_member(root, STR("private_key")), call->arena);
	if (issuer.len == 0 || pem.len == 0)
		return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
			"serviceAccount: expected the JSON of a key with "
			"client_email and private_key");
	write_claims(call, issuer, out);
	{
		CLEANUP(buf_release) struct buf text = {0};

		buf_append(&text, buf_str(out));
		buf_append_char(out, '.');
		if (sign(pem, buf_str(&text), out) == ERR_OK)
			return FAILURE_NONE;
	}
	return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
		"serviceAccount: private_key is no RSA key in PEM");
}

/* ---- the token ---- */

static void
add(struct buf *form, const char *name, struct str value)
{
	buf_printf(form, "%s%s=", form->len ? "&" : "", name);
	encode_percent(form, value);
}

static enum failure_kind
make_form(const struct module_call *call, struct buf *form,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf assertion = {0};
	struct str account = service_secret(call, "serviceAccount");
	enum failure_kind kind;

	if (account.len == 0) {
		add(form, "grant_type", STR("refresh_token"));
		add(form, "client_id", service_secret(call, "clientId"));
		add(form, "client_secret",
			service_secret(call, "clientSecret"));
		add(form, "refresh_token",
			service_secret(call, "refreshToken"));
		return FAILURE_NONE;
	}
	kind = make_assertion(call, account, &assertion, failure);
	add(form, "grant_type",
		STR("urn:ietf:params:oauth:grant-type:jwt-bearer"));
	add(form, "assertion", buf_str(&assertion));
	return kind;
}

enum failure_kind
google_token(const struct module_call *call, struct str *ret,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf form = {0};
	struct service_request request = {.method = "POST",
		.base = service_secret(call, "tokenUrl"),
		.said = "error_description"};
	struct module_result unused = {0};
	struct service_answer answer;
	enum failure_kind kind;
	double seconds;

	if (service_cache_get(call, NAME, ret))
		return FAILURE_NONE;
	kind = make_form(call, &form, failure);
	request.form = buf_str(&form);
	if (!kind)
		kind = service_send(call, &request, &unused, &answer, failure);
	if (kind == FAILURE_DATA)
		kind = failure->kind = FAILURE_ACCESS_TOKEN;
	if (kind)
		return kind;
	*ret = service_value_text(
		call, value_member(answer.body, STR("access_token")));
	if (ret->len == 0)
		return failure_set(failure, call->arena, FAILURE_ACCESS_TOKEN,
			"the answer of %.*s has no access_token",
			STR_ARG(request.base));
	if (!value_to_number(
		    value_member(answer.body, STR("expires_in")), &seconds) ||
		seconds > TOKEN_SECONDS || seconds < EARLY_SECONDS)
		seconds = EARLY_SECONDS;
	service_cache_put(
		call, NAME, *ret, ((int64_t)seconds - EARLY_SECONDS) * SECONDS);
	return FAILURE_NONE;
}

void
google_token_drop(const struct module_call *call)
{
	service_cache_drop(call, NAME);
}
