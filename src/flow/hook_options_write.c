#include "flow/hook_options_private.h"
#include "rule/duration.h"

/* ---- what does not go together ---- */

static void
check_signature(
	const struct hook_options *options, struct webhook_issues *issues)
{
	const struct inbound_signature *signature = &options->signature;
	bool needs_secret =
		signature->scheme ||
		(options->challenges.kinds & INBOUND_GREENLAKE) != 0;

	if (needs_secret && signature->secret_count == 0)
		webhook_issues_add(issues, "signature.secrets",
			"a signature, and GreenLake's challenge, need one");
	if (!signature->scheme)
		return;
	if (signature->scheme->is_generic && !str_is_token(signature->header))
		webhook_issues_add(issues, "signature.header",
			"the scheme hmac needs the name of a header");
	for (size_t i = 0; i < signature->secret_count; i++) {
		CLEANUP(buf_release) struct buf why = buf_make(512);

		if (inbound_secret_check(
			    signature->scheme, signature->secrets[i], &why))
			webhook_issues_add(issues, "signature.secrets",
				"entry %zu: %s", i + 1, buf_text(&why));
	}
}

void
hook_options_check(
	const struct hook_options *options, struct webhook_issues *issues)
{
	if (options->name.len == 0 && issues->count == 0)
		webhook_issues_add(issues, "name", "is mandatory");
	if ((options->username.len > 0) != (options->password.len > 0))
		webhook_issues_add(
			issues, "basic", "expected a username and a password");
	check_signature(options, issues);
}

/* ---- writing ---- */

static void
write_texts(struct json_out *out, const char *key, const struct str *texts,
	size_t count)
{
	json_out_array(out, key);
	for (size_t i = 0; i < count; i++)
		json_out_string(out, NULL, texts[i]);
	json_out_end(out);
}

static void
write_duration(struct json_out *out, const char *key, int64_t time)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);

	duration_append(&text, time);
	json_out_string(out, key, buf_str(&text));
}

static void
write_answer(struct json_out *out, int status, struct str content_type,
	struct str body)
{
	json_out_integer(out, "status", status);
	json_out_string(out, "contentType", content_type);
	json_out_string(out, "body", body);
	json_out_end(out);
}

static void
write_challenges(
	const struct inbound_challenges *challenges, struct json_out *out)
{
	const char *name;
	unsigned bit = 0;

	json_out_array(out, "challenges");
	for (size_t i = 0; (name = inbound_challenge_at(i, &bit)); i++) {
		if (challenges->kinds & bit)
			json_out_text(out, NULL, name);
	}
	json_out_end(out);
	json_out_object(out, "staticAnswer");
	json_out_string(out, "method", challenges->method);
	write_answer(out, challenges->status, challenges->content_type,
		challenges->body);
}

static void
write_signature(const struct inbound_signature *signature, struct json_out *out)
{
	const struct inbound_scheme *scheme = signature->scheme;

	json_out_object(out, "signature");
	json_out_text(out, "scheme", scheme ? scheme->name : "none");
	write_duration(out, "tolerance", signature->tolerance);
	json_out_integer(out, "secretCount", (int64_t)signature->secret_count);
	if (scheme && scheme->is_generic) {
		json_out_string(out, "header", signature->header);
		json_out_string(out, "prefix", signature->prefix);
		json_out_text(
			out, "algorithm", hook_hash_names[signature->hash]);
		json_out_text(out, "encoding",
			hook_encoding_names[signature->encoding]);
	}
	json_out_end(out);
}

static void
write_limits(const struct hook_options *options, struct json_out *out)
{
	json_out_object(out, "dedupe");
	json_out_text(out, "by", hook_dedupe_names[options->dedupe]);
	write_duration(out, "window", options->dedupe_window);
	json_out_end(out);
	json_out_integer(out, "maxBytes", (int64_t)options->bytes_max);
	json_out_object(out, "rate");
	json_out_integer(out, "requests", options->rate);
	write_duration(out, "window", options->rate_window);
	json_out_end(out);
}

void
hook_options_write(const struct hook_options *options, struct json_out *out)
{
	static const struct uuid nothing;

	json_out_string(out, "name", options->name);
	if (uuid_equal(options->scenario, nothing))
		json_out_null(out, "scenarioId");
	else
		json_out_uuid(out, "scenarioId", options->scenario);
	json_out_boolean(out, "enabled", options->is_enabled);
	write_challenges(&options->challenges, out);
	write_signature(&options->signature, out);
	json_out_integer(out, "apiKeyCount", (int64_t)options->api_key_count);
	if (options->username.len > 0) {
		json_out_object(out, "basic");
		json_out_string(out, "username", options->username);
		json_out_end(out);
	} else {
		json_out_null(out, "basic");
	}
	write_texts(out, "allowedNetworks", options->allowed.texts,
		options->allowed.count);
	write_texts(out, "trustedProxies", options->proxies.texts,
		options->proxies.count);
	write_limits(options, out);
	if (options->structure.len) {
		json_out_object(out, "structure");
		json_out_raw(out, "fields", options->structure);
		json_out_boolean(out, "strict", options->is_strict);
		json_out_end(out);
	}
	json_out_boolean(out, "passThrough", options->passes_json);
	json_out_boolean(out, "headers", options->wants_headers);
	json_out_boolean(out, "method", options->wants_method);
	json_out_object(out, "response");
	write_answer(
		out, options->status, options->content_type, options->body);
}

void
hook_options_write_secrets(
	const struct hook_options *options, struct json_out *out)
{
	json_out_object(out, NULL);
	json_out_object(out, "signature");
	write_texts(out, "secrets", options->signature.secrets,
		options->signature.secret_count);
	json_out_end(out);
	write_texts(out, "apiKeys", options->api_keys, options->api_key_count);
	if (options->username.len > 0) {
		json_out_object(out, "basic");
		json_out_string(out, "password", options->password);
		json_out_end(out);
	}
	json_out_end(out);
}

/* ---- copying ---- */

static const struct str *
copy_texts(const struct str *texts, size_t count, struct arena *arena)
{
	struct str *copy = arena_alloc_array(arena, count + 1, sizeof(*copy));

	for (size_t i = 0; i < count; i++)
		copy[i] = arena_copy(arena, texts[i]);
	return copy;
}

static struct hook_network_list
copy_networks(const struct hook_network_list *list, struct arena *arena)
{
	struct address_network *networks =
		arena_alloc_array(arena, list->count + 1, sizeof(*networks));

	for (size_t i = 0; i < list->count; i++)
		networks[i] = list->networks[i];
	return (struct hook_network_list){
		.texts = copy_texts(list->texts, list->count, arena),
		.networks = networks,
		.count = list->count};
}

struct hook_options
hook_options_copy(const struct hook_options *options, struct arena *arena)
{
	struct hook_options copy = *options;
	struct inbound_challenges *challenges = &copy.challenges;
	struct inbound_signature *signature = &copy.signature;

	copy.name = arena_copy(arena, copy.name);
	copy.structure = arena_copy(arena, copy.structure);
	challenges->method = arena_copy(arena, challenges->method);
	challenges->content_type = arena_copy(arena, challenges->content_type);
	challenges->body = arena_copy(arena, challenges->body);
	signature->header = arena_copy(arena, signature->header);
	signature->prefix = arena_copy(arena, signature->prefix);
	signature->secrets =
		copy_texts(signature->secrets, signature->secret_count, arena);
	challenges->secrets = signature->secrets;
	challenges->secret_count = signature->secret_count;
	copy.api_keys = copy_texts(copy.api_keys, copy.api_key_count, arena);
	copy.username = arena_copy(arena, copy.username);
	copy.password = arena_copy(arena, copy.password);
	copy.allowed = copy_networks(&options->allowed, arena);
	copy.proxies = copy_networks(&options->proxies, arena);
	copy.content_type = arena_copy(arena, copy.content_type);
	copy.body = arena_copy(arena, copy.body);
	return copy;
}
