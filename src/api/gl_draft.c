#include "api/gl_draft.h"

#include "base/json_out.h"

/* How a draft is being read. */
struct reading {
	struct gl_draft *ret;
	const struct webhook *present; /* NULL: create */
	const struct gl_limits *limits;
	/* What becomes options of the webhook. */
	bool has_batching, is_batching;
	bool has_challenge, is_challenged;
	bool has_auth;
	const char *auth_type; /* the option's word; NULL: not said */
	struct str api_key, client_id, client_secret, issuer_url;
};

/* ---- collecting what is wrong ---- */

static void add_issue(struct gl_draft *ret, struct str subject,
	const char *format, ...) PRINTF_LIKE(3, 4);

static void
add_issue(struct gl_draft *ret, struct str subject, const char *format, ...)
{
	CLEANUP(buf_release) struct buf text = buf_make(1024);
	va_list args;

	if (ret->issue_count == GL_ISSUES_MAX)
		return;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	ret->issues[ret->issue_count++] = (struct api_issue){
		.source = "field",
		.subject = subject,
		.description = arena_copy(ret->arena, buf_str(&text)),
	};
}

/* ---- kinds of values ---- */

/** False when it is none, which has been told; null is empty. */
static bool
read_text(struct reading *reading, const char *name, struct json value,
	struct str *ret)
{
	struct gl_draft *draft = reading->ret;

	*ret = STR("");
	if (json_kind(value) == JSON_NULL)
		return true;
	if (json_kind(value) != JSON_STRING) {
		add_issue(draft, str_of(name), "expected a string, found %s",
			json_kind_name(json_kind(value)));
		return false;
	}
	*ret = json_string(value, draft->arena);
	if (ret->ptr == NULL)
		*ret = STR("");
	if (str_has_control(*ret)) {
		add_issue(draft, str_of(name), "holds a control character");
		return false;
	}
	return true;
}

static bool
has_length(struct reading *reading, const char *name, struct str text,
	size_t min, size_t max)
{
	size_t count = str_characters(text);

	if (count >= min && count <= max)
		return true;
	add_issue(reading->ret, str_of(name),
		"has %zu characters, expected %zu to %zu", count, min, max);
	return false;
}

static void
read_boolean(struct reading *reading, const char *name, struct json value,
	bool fallback, bool *ret)
{
	enum json_kind kind = json_kind(value);

	*ret = kind == JSON_NULL ? fallback : kind == JSON_TRUE;
	if (kind != JSON_NULL && kind != JSON_TRUE && kind != JSON_FALSE)
		add_issue(reading->ret, str_of(name),
			"expected true or false, found %s",
			json_kind_name(kind));
}

/* ---- the members ---- */

/** Letters and digits of ASCII, and - . _ @ \ and blanks between. */
static bool
is_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool is_word = (c >= 'a' && c <= 'z') ||
			       (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!is_word && !strchr("-._@\\ ", c))
			return false;
	}
	return str_equal(str_trim(name), name);
}

static void
read_name(struct reading *reading, struct json value)
{
	struct webhook_draft *draft = &reading->ret->draft;

	draft->has_name = true;
	if (!read_text(reading, "name", value, &draft->name) ||
		!has_length(reading, "name", draft->name, 1,
			reading->limits->name_max))
		return;
	if (!is_name(draft->name))
		add_issue(reading->ret, STR("name"),
			"expected letters and digits, and - . _ @ \\ and "
			"blanks between them");
}

static void
read_destination(struct reading *reading, struct json value)
{
	struct webhook_draft *draft = &reading->ret->draft;

	draft->has_destination = true;
	if (read_text(reading, "destination", value, &draft->destination) &&
		str_is_empty(draft->destination))
		add_issue(reading->ret, STR("destination"), "may not be empty");
}

static void
read_secret(struct reading *reading, struct json value)
{
	struct webhook_draft *draft = &reading->ret->draft;

	draft->has_secret = true;
	if (read_text(reading, "secret", value, &draft->secret))
		has_length(reading, "secret", draft->secret,
			reading->limits->secret_min,
			reading->limits->secret_max);
}

static void
read_second_secret(struct reading *reading, struct json value)
{
	struct webhook_draft *draft = &reading->ret->draft;
	struct str *text = &draft->second_secret;

	draft->has_second_secret = true;
	if (read_text(reading, "secondarySecret", value, text) &&
		!str_is_empty(*text))
		has_length(reading, "secondarySecret", *text,
			reading->limits->secret_min,
			reading->limits->secret_max);
}

static void
read_description(struct reading *reading, struct json value)
{
	struct webhook_draft *draft = &reading->ret->draft;

	draft->has_description = true;
	if (read_text(reading, "description", value, &draft->description))
		has_length(reading, "description", draft->description, 0,
			reading->limits->description_max);
}

static void
read_auth_type(struct reading *reading, struct json value)
{
	static const struct {
		struct str name;
		const char *option;
	} types[] = {
		{STR_INIT(""), "none"},
		{STR_INIT("Oauth"), "oauth2"},
		{STR_INIT("APIKey"), "apiKey"},
	};
	struct str text;

	reading->has_auth = true;
	if (!read_text(reading, "authType", value, &text))
		return;
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (str_equal_nocase(text, types[i].name))
			reading->auth_type = types[i].option;
	}
	if (reading->auth_type == NULL)
		add_issue(reading->ret, STR("authType"),
			"expected \"Oauth\", \"APIKey\" or \"\", found "
			"\"%.*s\"",
			STR_ARG(str_head(text, 64)));
}

static void
read_auth_text(struct reading *reading, const char *name, struct json value,
	struct str *ret)
{
	reading->has_auth = true;
	if (read_text(reading, name, value, ret) && str_is_empty(*ret))
		*ret = (struct str){0}; /* as if it was not there */
}

static void
read_client_id(struct reading *reading, struct json value)
{
	read_auth_text(reading, "clientId", value, &reading->client_id);
}

static void
read_client_secret(struct reading *reading, struct json value)
{
	read_auth_text(reading, "clientSecret", value, &reading->client_secret);
}

static void
read_issuer_url(struct reading *reading, struct json value)
{
	read_auth_text(reading, "issuerUrl", value, &reading->issuer_url);
}

static void
read_api_key(struct reading *reading, struct json value)
{
	read_auth_text(reading, "apiKey", value, &reading->api_key);
}

static void
read_batching(struct reading *reading, struct json value)
{
	reading->has_batching = true;
	read_boolean(reading, "batching", value, false, &reading->is_batching);
}

static void
read_challenge(struct reading *reading, struct json value)
{
	reading->has_challenge = true;
	read_boolean(reading, "challengeRequestEnabled", value, true,
		&reading->is_challenged);
}

static void
read_paused(struct reading *reading, struct json value)
{
	struct webhook_draft *draft = &reading->ret->draft;
	bool is_paused;

	if (reading->present == NULL) {
		add_issue(reading->ret, STR("paused"),
			"a webhook cannot be created paused");
		return;
	}
	read_boolean(reading, "paused", value, false, &is_paused);
	/* Enabling one that is enabled is no more than an edit. */
	draft->has_state =
		is_paused || reading->present->health.status == WEBHOOK_OFF;
	draft->state = is_paused ? WEBHOOK_DISABLED : WEBHOOK_ENABLED;
}

static const struct member {
	const char *name;
	bool is_required;
	void (*read)(struct reading *reading, struct json value);
} members[] = {
	{"name", true, read_name},
	{"destination", true, read_destination},
	{"secret", true, read_secret},
	{"secondarySecret", false, read_second_secret},
	{"description", false, read_description},
	{"authType", false, read_auth_type},
	{"clientId", false, read_client_id},
	{"clientSecret", false, read_client_secret},
	{"issuerUrl", false, read_issuer_url},
	{"apiKey", false, read_api_key},
	{"batching", false, read_batching},
	{"challengeRequestEnabled", false, read_challenge},
	{"paused", false, read_paused},
};

static const char *const shown_only[] = {"id", "type", "status", "stateReason",
	"resourceUri", "generation", "hpePrincipal", "createdBy", "createdAt",
	"updatedAt", "dualSecret", "endpointRateLimit"};

static void
refuse_member(struct reading *reading, struct json key)
{
	struct gl_draft *ret = reading->ret;
	const char *what = "there is no such member";
	struct str name = str_head(json_string(key, ret->arena), 128);

	for (size_t i = 0; i < COUNT_OF(shown_only); i++) {
		if (str_equal(name, str_of(shown_only[i])))
			what = "is read-only";
	}
	add_issue(ret, arena_copy(ret->arena, name), "%s", what);
}

static void
read_member(
	struct reading *reading, struct json body, const struct json_walk *at)
{
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		struct str name = str_of(members[i].name);

		if (!json_string_equal(at->key, name))
			continue;
		/* Of members named twice the last one counts. */
		if (json_member(body, name).index == at->value.index)
			members[i].read(reading, at->value);
		return;
	}
	refuse_member(reading, at->key);
}

/* ---- as options ---- */

static void
write_auth_text(struct json_out *out, const char *name, struct str text)
{
	if (text.ptr)
		json_out_string(out, name, text);
}

static void
write_auth(const struct reading *reading, struct json_out *out)
{
	const char *type = reading->auth_type;

	json_out_object(out, "auth");
	if (type)
		json_out_text(out, "type", type);
	if (type && strcmp(type, "apiKey") == 0)
		json_out_text(out, "header", "Authorization");
	write_auth_text(out, "value", reading->api_key);
	write_auth_text(out, "tokenUrl", reading->issuer_url);
	write_auth_text(out, "clientId", reading->client_id);
	write_auth_text(out, "clientSecret", reading->client_secret);
	json_out_end(out);
}

static struct str
write_options(const struct reading *reading)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct json_out out = json_out_make(&text);

	json_out_object(&out, NULL);
	if (reading->present == NULL) {
		json_out_text(&out, "payload", "cloudevent-plain");
		json_out_text(&out, "signing", "greenlake");
		json_out_text(&out, "failures", "greenlake");
	}
	if (reading->present == NULL || reading->has_challenge)
		json_out_text(&out, "handshake",
			reading->has_challenge && !reading->is_challenged
				? "none"
				: "greenlake");
	if (reading->has_batching)
		json_out_boolean(&out, "batching", reading->is_batching);
	if (reading->has_auth)
		write_auth(reading, &out);
	json_out_end(&out);
	return arena_copy(reading->ret->arena, buf_str(&text));
}

/** What GreenLake calls an option's field; the sentence may be its own. */
static void
add_option_issue(struct gl_draft *ret, struct str field, struct str sentence)
{
	static const struct {
		struct str field;
		const char *name;
		const char *sentence; /* NULL: as it is */
	} names[] = {
		{STR_INIT("auth.value"), "apiKey",
			"is mandatory for authType APIKey"},
		{STR_INIT("auth.tokenUrl"), "issuerUrl",
			"is mandatory for authType Oauth"},
		{STR_INIT("auth.clientId"), "clientId",
			"is mandatory for authType Oauth"},
		{STR_INIT("auth.clientSecret"), "clientSecret",
			"is mandatory for authType Oauth"},
		{STR_INIT("auth"), "authType",
			"clientId, clientSecret and issuerUrl go with Oauth, "
			"apiKey with APIKey"},
	};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		bool is_missing =
			str_starts_with(sentence, STR("is mandatory"));

		if (!str_equal(field, names[i].field))
			continue;
		if (is_missing || str_equal(field, STR("auth")))
			sentence = str_of(names[i].sentence);
		field = str_of(names[i].name);
		break;
	}
	add_issue(ret, field, "%.*s", STR_ARG(sentence));
}

static void
make_options(struct reading *reading)
{
	struct gl_draft *ret = reading->ret;
	struct webhook_issues issues = {.arena = ret->arena};
	struct webhook_options options = {0};
	struct json_doc *doc = ARENA_NEW(ret->arena, struct json_doc);

	/* What we write we can read. */
	if (json_read(write_options(reading), ret->arena, doc, NULL))
		return;
	if (reading->present)
		options = reading->present->options;
	webhook_options_read(json_root(doc), &options, &issues);
	for (size_t i = 0; i < issues.count; i++)
		add_option_issue(
			ret, issues.rows[i].field, issues.rows[i].sentence);
	ret->draft.has_options = true;
	ret->draft.options = json_root(doc);
}

static void
read_body(struct reading *reading, struct json body)
{
	struct json_walk walk = json_walk(body);
	struct gl_draft *ret = reading->ret;

	if (json_kind(body) != JSON_OBJECT) {
		add_issue(ret, STR(""),
			"expected the body to be an object, found %s",
			json_kind_name(json_kind(body)));
		return;
	}
	if (json_count(body) > GL_MEMBERS_MAX) {
		add_issue(ret, STR(""), "more than %d members", GL_MEMBERS_MAX);
		return;
	}
	for (size_t i = 0; !reading->present && i < COUNT_OF(members); i++) {
		if (members[i].is_required && json_is_missing(json_member(body,
						      str_of(members[i].name))))
			add_issue(ret, str_of(members[i].name), "is mandatory");
	}
	while (json_walk_next(&walk))
		read_member(reading, body, &walk);
	ret->is_empty = json_count(body) == 0;
}

void
gl_draft_read(struct json body, const struct webhook *present,
	const struct gl_limits *limits, struct arena *arena,
	struct gl_draft *ret)
{
	struct reading reading = {
		.ret = ret, .present = present, .limits = limits};

	*ret = (struct gl_draft){.arena = arena,
		.draft = {.dialect = STR("greenlake"), .is_name_unique = true}};
	read_body(&reading, body);
	if (ret->issue_count == 0)
		make_options(&reading);
	ret->draft.verifies = present != NULL;
	if (present)
		return;
	ret->draft.has_state = true;
	/* Without a filter it is one that has subscriptions. */
	ret->draft.state = WEBHOOK_ENABLED;
}
