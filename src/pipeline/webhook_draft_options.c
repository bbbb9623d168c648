/* A draft's options over those of a webhook. */
#include "net/url.h"
#include "pipeline/webhook_draft.h"
#include "pipeline/webhook_snapshot.h"

static enum err
check_token_url(const struct webhook_auth *auth,
	const struct address_policy *policy, struct webhook_problem *problem)
{
	struct arena arena = {0};
	struct url url;
	enum err err = ERR_OK;

	if (auth->type == AUTH_OAUTH2)
		err = url_parse_destination(
			auth->token_url, policy, &arena, &url, &problem->why);
	arena_release(&arena);
	if (err)
		problem->field = "auth.tokenUrl";
	return err;
}

static enum err
check_auth(const struct webhook_auth *auth, const struct address_policy *policy,
	struct webhook_problem *problem)
{
	if (auth->type == AUTH_API_KEY &&
		webhook_draft_is_reserved(auth->header)) {
		problem->field = "auth.header";
		buf_printf(&problem->why,
			"header \"%.*s\" is reserved and cannot be set",
			STR_ARG(auth->header));
		return ERR_DENIED;
	}
	return check_token_url(auth, policy, problem);
}

static enum err
check_proxy(const struct webhook_proxy *proxy,
	const struct address_policy *policy, struct webhook_problem *problem)
{
	struct arena arena = {0};
	struct url url;
	enum err err = ERR_OK;

	if (proxy->use == WEBHOOK_PROXY_OWN)
		err = http_proxy_read(
			proxy->url, policy, &arena, &url, &problem->why);
	arena_release(&arena);
	if (err)
		problem->field = "proxy.url";
	return err;
}

/** Whether the hub shows itself in the same way. */
static bool
is_same_certificate(
	const struct webhook_options *a, const struct webhook_options *b)
{
	return str_equal(a->tls.certificate, b->tls.certificate) &&
	       str_equal(a->tls.key, b->tls.key);
}

enum err
webhook_draft_apply_options(const struct webhook_draft *draft,
	const struct address_policy *policy, struct webhook *webhook,
	struct webhook_edit *edit, struct webhook_problem *problem)
{
	struct webhook_issues issues = {.arena = &webhook->arena};
	struct webhook_options former = webhook->options;
	struct webhook_options *options = &webhook->options;
	enum err err;

	if (!draft->has_options)
		return ERR_OK;
	webhook_options_read(draft->options, options, &issues);
	*options = webhook_options_copy(options, &webhook->arena);
	if (issues.count > 0) {
		problem->field = "options";
		buf_printf(&problem->why, "%.*s: %.*s",
			STR_ARG(issues.rows[0].field),
			STR_ARG(issues.rows[0].sentence));
		return ERR_INVALID;
	}
	webhook_set_way(webhook);
	err = check_auth(&options->auth, policy, problem);
	if (!err)
		err = check_proxy(&options->proxy, policy, problem);
	if (err)
		return err;
	if (options->handshake != former.handshake ||
		!is_same_certificate(options, &former) ||
		!webhook_auth_equal(&options->auth, &former.auth))
		edit->changes_target = true;
	webhook->health.rules = options->failures;
	if (webhook->secret.len > 0 && options->signing != former.signing)
		webhook_new_secret(
			webhook, clock_now() + WEBHOOK_SIGNING_OVERLAP);
	return ERR_OK;
}

enum err
webhook_draft_apply_secrets(const struct webhook_draft *draft,
	struct webhook *webhook, struct webhook_problem *problem)
{
	if ((draft->has_secret && webhook_set_secret(webhook, draft->secret)) ||
		(draft->has_second_secret &&
			webhook_set_second_secret(webhook, draft->second_secret,
				WEBHOOK_ALWAYS))) {
		problem->field = "secret";
		buf_append(&problem->why, STR("this is no usable secret"));
		return ERR_INVALID;
	}
	/* Who chose it knows it. */
	if (draft->has_secret)
		webhook->is_secret_read = true;
	return ERR_OK;
}
