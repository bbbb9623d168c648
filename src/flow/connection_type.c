/* The types of connections there are. */
#include "flow/connection.h"

#define BASE_URL(url) \
	{ \
		.name = "baseUrl", .fallback = (url) \
	}
#define SECRET(name_) \
	{ \
		.name = (name_), .is_secret = true \
	}
#define NEEDED(name_) \
	{ \
		.name = (name_), .is_required = true \
	}
#define LAST \
	{ \
		.name = NULL \
	}

static const struct connection_field slack[] = {
	BASE_URL("https://slack.com/api"), SECRET("token"),
	SECRET("webhookUrl"), LAST};
static const struct connection_field email[] = {NEEDED("host"),
	{.name = "port"},
	{.name = "security",
		.fallback = "starttls",
		.choices = "starttls tls none"},
	{.name = "username"}, SECRET("password"), {.name = "from"}, LAST};
static const struct connection_field notion[] = {
	BASE_URL("https://api.notion.com"),
	{.name = "token", .is_secret = true, .is_required = true},
	{.name = "version"}, LAST};
static const struct connection_field google[] = {
	BASE_URL("https://sheets.googleapis.com"),
	{.name = "tokenUrl", .fallback = "https://oauth2.googleapis.com/token"},
	{.name = "scope",
		.fallback = "https://www.googleapis.com/auth/spreadsheets"},
	SECRET("serviceAccount"), {.name = "clientId"}, SECRET("clientSecret"),
	SECRET("refreshToken"), LAST};
static const struct connection_field airtable[] = {
	BASE_URL("https://api.airtable.com"),
	{.name = "token", .is_secret = true, .is_required = true}, LAST};
static const struct connection_field servicenow[] = {NEEDED("baseUrl"),
	{.name = "username"}, SECRET("password"), SECRET("token"), LAST};
static const struct connection_field twilio[] = {
	BASE_URL("https://api.twilio.com"), NEEDED("accountSid"),
	{.name = "authToken", .is_secret = true, .is_required = true},
	{.name = "from"}, LAST};
static const struct connection_field telegram[] = {
	BASE_URL("https://api.telegram.org"),
	{.name = "token", .is_secret = true, .is_required = true}, LAST};
static const struct connection_field discord[] = {
	BASE_URL("https://discord.com/api/v10"), SECRET("token"),
	SECRET("webhookUrl"), LAST};
static const struct connection_field sql[] = {
	{.name = "engine",
		.fallback = "sqlite",
		.choices = "sqlite postgresql"},
	{.name = "path"}, {.name = "host"},
	{.name = "port", .fallback = "5432"}, {.name = "database"},
	{.name = "username"}, SECRET("password"),
	{.name = "security", .fallback = "verify", .choices = "verify none"},
	{.name = "ca"},
	{.name = "access", .fallback = "write", .choices = "read write"}, LAST};
static const struct connection_field command[] = {
	{.name = "programs", .is_required = true, .is_list = true},
	{.name = "directory", .fallback = "/"}, LAST};
static const struct connection_field http[] = {{.name = "baseUrl"},
	{.name = "username"}, SECRET("password"), SECRET("apiKey"),
	{.name = "apiKeyName"},
	{.name = "apiKeyPlace",
		.fallback = "header",
		.choices = "header query"},
	SECRET("token"), {.name = "tokenUrl"}, {.name = "clientId"},
	SECRET("clientSecret"), SECRET("refreshToken"), {.name = "scope"},
	{.name = "idempotencyHeader"}, {.name = "ca"}, {.name = "certificate"},
	SECRET("privateKey"), {.name = "proxyUrl"}, {.name = "proxyUsername"},
	SECRET("proxyPassword"), LAST};
static const struct connection_field grapnel[] = {NEEDED("baseUrl"),
	SECRET("token"), {.name = "tokenUrl"}, {.name = "clientId"},
	SECRET("clientSecret"), {.name = "scope"}, LAST};

static const struct connection_type types[] = {
	{"slack", slack, "token webhookUrl"},
	{"email", email, NULL},
	{"notion", notion, NULL},
	{"google", google, "serviceAccount refreshToken"},
	{"airtable", airtable, NULL},
	{"servicenow", servicenow, "password token"},
	{"twilio", twilio, NULL},
	{"telegram", telegram, NULL},
	{"discord", discord, "token webhookUrl"},
	{"sql", sql, "path host"},
	{"command", command, NULL},
	{"http", http, NULL},
	{"grapnel", grapnel, "token clientSecret"},
};

const struct connection_type *
connection_type_at(size_t number)
{
	return number < COUNT_OF(types) ? &types[number] : NULL;
}

const struct connection_type *
connection_type_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (str_equal(name, str_of(types[i].name)))
			return &types[i];
	}
	return NULL;
}
