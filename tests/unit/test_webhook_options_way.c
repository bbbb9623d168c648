#include "base/clock.h"
#include "check.h"
#include "rule/webhook_options.h"
#include "tls_identity.h"

/* The options `tls`, `proxy`, `allowLists` and `firstByteTimeout`. */

static struct arena arena;
static struct webhook_options options;

/** What is wrong with it, "field: sentence" line by line. */
static const char *
read_over(const char *body)
{
	static struct buf text;
	struct webhook_issues issues = {.arena = &arena};
	struct json_doc doc;

	buf_clear(&text);
	CHECK_OK(json_read(str_of(body), &arena, &doc, NULL));
	webhook_options_read(json_root(&doc), &options, &issues);
	options = webhook_options_copy(&options, &arena);
	for (size_t i = 0; i < issues.count; i++)
		buf_printf(&text, "%s%.*s: %.*s", i ? "\n" : "",
			STR_ARG(issues.rows[i].field),
			STR_ARG(issues.rows[i].sentence));
	return buf_text(&text);
}

/** The member as it is told. */
static const char *
written(const char *name)
{
	static struct buf text;
	struct json_out out = json_out_make(&text);
	struct json_doc doc;
	struct str copy;

	buf_clear(&text);
	json_out_object(&out, NULL);
	webhook_options_write(&options, &out);
	json_out_end(&out);
	copy = arena_copy(&arena, buf_str(&text));
	CHECK_OK(json_read(copy, &arena, &doc, NULL));
	return arena_printf(&arena, "%.*s",
		STR_ARG(json_raw(json_member(json_root(&doc), str_of(name)))))
		.ptr;
}

/** {"tls":{…}} of PEM texts; NULL: not said. */
static const char *
tls_body(const char *authorities, const char *certificate, const char *key)
{
	const char *const names[] = {"authorities", "certificate", "key"};
	const char *const texts[] = {authorities, certificate, key};
	static struct buf text;
	struct json_out out = json_out_make(&text);

	buf_clear(&text);
	json_out_object(&out, NULL);
	json_out_object(&out, "tls");
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (texts[i])
			json_out_text(&out, names[i], texts[i]);
	}
	json_out_end(&out);
	json_out_end(&out);
	return buf_text(&text);
}

TEST(webhook_options_way, certificates_are_checked_and_only_told_of)
{
	struct tls_identity authority =
		tls_identity_new("authority", NULL, NULL, 7200);
	struct tls_identity client =
		tls_identity_new("client", NULL, &authority, 7200);
	const char *told;

	CHECK_TEXT(
		read_over(tls_body(authority.pem, client.pem, client.key_pem)),
		"");
	told = written("tls");
	CHECK(strstr(told, "\"certificateSubject\":\"CN=client\""));
	CHECK(strstr(told, "\"authoritySubjects\":[\"CN=authority\"]"));
	CHECK(strstr(told, "\"minimumVersion\":\"1.2\""));
	CHECK(strstr(told, "\"certificateExpiresAt\":\"20"));
	CHECK(!strstr(told, "BEGIN"));
	CHECK(webhook_certificate_expires(&options) > clock_now());
	/* What was told may come back, and changes nothing. */
	CHECK_TEXT(
		read_over(arena_printf(&arena, "{\"tls\":%s}", told).ptr), "");
	CHECK_TEXT(written("tls"), told);
	/* A part is a patch. */
	CHECK_TEXT(read_over("{\"tls\":{\"minimumVersion\":\"1.3\","
			     "\"authorities\":null}}"),
		"");
	told = written("tls");
	CHECK(strstr(told, "\"minimumVersion\":\"1.3\""));
	CHECK(strstr(told, "CN=client"));
	CHECK(!strstr(told, "authority"));
	CHECK_TEXT(read_over("{\"tls\":null}"), "");
	CHECK_TEXT(written("tls"), "null");
	CHECK(webhook_certificate_expires(&options) == INT64_MAX);
	tls_identity_release(&authority);
	tls_identity_release(&client);
}

TEST(webhook_options_way, what_is_wrong_with_a_certificate_is_told)
{
	struct tls_identity one = tls_identity_new("one", NULL, NULL, 7200);
	struct tls_identity two = tls_identity_new("two", NULL, NULL, 1800);
	static const char not_pem[] =
		"not PEM: expected -----BEGIN CERTIFICATE-----";
	const struct {
		const char *authorities, *certificate, *key;
		const char *issue;
	} rows[] = {
		{"x", NULL, NULL, "tls.authorities: "},
		{NULL, "x", one.key_pem, "tls.certificate: "},
		{NULL, one.pem, "x",
			"tls.key: not PEM: expected -----BEGIN PRIVATE "
			"KEY-----"},
		{NULL, one.pem, two.key_pem,
			"tls.key: it is not the key of the first certificate"},
		{NULL, one.pem, NULL,
			"tls.key: is mandatory with a certificate"},
		{NULL, NULL, one.key_pem,
			"tls.certificate: is mandatory with a key"},
		/* That it has expired is the endpoint's to judge. */
		{NULL, two.pem, two.key_pem, ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *issue;

		options = (struct webhook_options){0};
		issue = read_over(tls_body(
			rows[i].authorities, rows[i].certificate, rows[i].key));
		if (i < 2)
			CHECK(strstr(issue, not_pem));
		CHECK(strstr(issue, rows[i].issue) == issue);
		CHECK_INT(*issue == '\0', *rows[i].issue == '\0');
	}
	CHECK(webhook_certificate_expires(&options) < clock_now());
	tls_identity_release(&one);
	tls_identity_release(&two);
}

TEST(webhook_options_way, a_proxy_is_an_object_or_none)
{
	CHECK_TEXT(read_over("{\"proxy\":{\"url\":\"http://p:1\",\"username\":"
			     "\"u\",\"password\":\"hush\"}}"),
		"");
	CHECK_INT(options.proxy.use, WEBHOOK_PROXY_OWN);
	CHECK_STR(options.proxy.password, STR("hush"));
	CHECK_TEXT(written("proxy"), "{\"url\":\"http://p:1\",\"username\":"
				     "\"u\",\"lookup\":\"hub\"}");
	CHECK_TEXT(read_over("{\"proxy\":{\"lookup\":\"proxy\"}}"), "");
	CHECK_STR(options.proxy.password, STR("hush"));
	CHECK(options.proxy.is_looking_up);
	CHECK_TEXT(read_over("{\"proxy\":\"none\"}"), "");
	CHECK_INT(options.proxy.use, WEBHOOK_PROXY_NONE);
	CHECK_TEXT(written("proxy"), "\"none\"");
	CHECK_TEXT(read_over("{\"proxy\":null}"), "");
	CHECK_TEXT(written("proxy"), "null");
}

TEST(webhook_options_way, what_is_wrong_is_told_with_its_field)
{
	static const struct {
		const char *body;
		const char *issue;
	} rows[] = {
		{"{\"proxy\":{}}", "proxy.url: is mandatory"},
		{"{\"proxy\":\"http://p:1\"}", "proxy: expected an object"},
		{"{\"proxy\":{\"url\":\"u\",\"x\":1}}",
			"proxy: there is no member \"x\" in it"},
		{"{\"proxy\":{\"url\":\"u\",\"username\":\"a:b\"}}",
			"proxy.username: may not hold a colon"},
		{"{\"proxy\":{\"url\":\"u\",\"password\":\"a\\nb\"}}",
			"proxy.password: may not hold line breaks"},
		{"{\"proxy\":{\"url\":\"u\",\"lookup\":\"x\"}}",
			"proxy.lookup: expected \"hub\" or \"proxy\", found "
			"\"x\""},
		{"{\"tls\":1}", "tls: expected an object, found 1"},
		{"{\"tls\":{\"minimumVersion\":\"1.1\"}}",
			"tls.minimumVersion: expected \"1.2\" or \"1.3\""},
		{"{\"tls\":{\"x\":1}}", "tls: there is no member \"x\" in it"},
		{"{\"tls\":{\"key\":1}}",
			"tls.key: expected a string, found a number"},
		{"{\"allowLists\":\"a\"}", "allowLists: expected an array"},
		{"{\"allowLists\":[1]}",
			"allowLists: 1 is no name of an allow-list"},
		{"{\"allowLists\":[\"a/b\"]}",
			"allowLists: \"a/b\" is no name of an allow-list"},
		{"{\"firstByteTimeout\":\"121s\"}",
			"firstByteTimeout: expected a text like"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *issue;

		options = (struct webhook_options){0};
		issue = read_over(rows[i].body);
		if (strstr(issue, rows[i].issue) != issue)
			check_failed(__FILE__, __LINE__, "%s: %s", rows[i].body,
				issue);
	}
}

TEST(webhook_options_way, allow_lists_are_names_none_or_the_default)
{
	CHECK_TEXT(read_over("{\"allowLists\":[\"lab\",\"dmz.2\"],"
			     "\"firstByteTimeout\":\"5s\"}"),
		"");
	CHECK(options.has_allow_lists);
	CHECK_TEXT(written("allowLists"), "[\"lab\",\"dmz.2\"]");
	CHECK_TEXT(written("firstByteTimeout"), "\"5s\"");
	CHECK_TEXT(read_over("{\"allowLists\":[]}"), "");
	CHECK(options.has_allow_lists);
	CHECK_TEXT(written("allowLists"), "[]");
	CHECK_TEXT(read_over("{\"allowLists\":null}"), "");
	CHECK(!options.has_allow_lists);
}
