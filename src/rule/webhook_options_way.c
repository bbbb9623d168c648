#include "rule/webhook_options_way.h"

#include "base/certificate.h"

/* ---- what the members share ---- */

/** False when it is not an object of a few members, which is told. */
static bool
is_object(const char *field, struct json value, struct webhook_issues *issues)
{
	if (json_kind(value) == JSON_OBJECT &&
		json_count(value) <= WEBHOOK_OPTION_MEMBERS_MAX)
		return true;
	webhook_issues_add(issues, field, "expected an object, found %.*s",
		STR_ARG(str_head(json_raw(value), 64)));
	return false;
}

/** A text of at most `max` bytes; null is the empty one. */
static void
read_text(const char *field, struct json value, size_t max, struct str *text,
	struct webhook_issues *issues)
{
	struct str read = json_string(value, issues->arena);

	if (json_kind(value) == JSON_NULL)
		*text = STR("");
	else if (json_kind(value) != JSON_STRING)
		webhook_issues_add(issues, field, "expected a string, found %s",
			json_kind_name(json_kind(value)));
	else if (read.len > max)
		webhook_issues_add(issues, field, "longer than %zu bytes", max);
	else
		*text = read;
}

/** Whether it is the second of two words; the first when it is null. */
static bool
read_second(const char *field, struct json value, const char *first,
	const char *second, struct webhook_issues *issues)
{
	if (json_string_equal(value, str_of(second)))
		return true;
	if (json_kind(value) != JSON_NULL &&
		!json_string_equal(value, str_of(first)))
		webhook_issues_add(issues, field,
			"expected \"%s\" or \"%s\", found %.*s", first, second,
			STR_ARG(str_head(json_raw(value), 64)));
	return false;
}

/* ---- tls ---- */

static void
read_tls_member(struct json key, struct json value, struct webhook_tls *tls,
	struct webhook_issues *issues)
{
	/* Those that are only told may come back: a client sends what it
	   has read. */
	static const struct str told[] = {STR_INIT("certificateSubject"),
		STR_INIT("certificateExpiresAt"),
		STR_INIT("authoritySubjects")};

	if (json_string_equal(key, STR("minimumVersion"))) {
		tls->is_1_3_needed = read_second(
			"tls.minimumVersion", value, "1.2", "1.3", issues);
		return;
	}
	if (json_string_equal(key, STR("authorities"))) {
		read_text("tls.authorities", value, WEBHOOK_PEM_MAX,
			&tls->authorities, issues);
		return;
	}
	if (json_string_equal(key, STR("certificate"))) {
		read_text("tls.certificate", value, WEBHOOK_PEM_MAX,
			&tls->certificate, issues);
		return;
	}
	if (json_string_equal(key, STR("key"))) {
		read_text("tls.key", value, WEBHOOK_PEM_MAX, &tls->key, issues);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(told); i++) {
		if (json_string_equal(key, told[i]))
			return;
	}
	webhook_issues_add(issues, "tls", "there is no member %.*s in it",
		STR_ARG(str_head(json_raw(key), 64)));
}

static void
check_authorities(const struct webhook_tls *tls, struct webhook_issues *issues)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct certificates *certificates;

	if (tls->authorities.len == 0)
		return;
	if (certificates_read(tls->authorities, &certificates, &why))
		webhook_issues_add(
			issues, "tls.authorities", "%s", buf_text(&why));
	else
		certificates_free(certificates);
}

static void
check_pair(const struct webhook_tls *tls, struct webhook_issues *issues)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct certificates *certificates = NULL;
	struct private_key *key = NULL;

	if (certificates_read(tls->certificate, &certificates, &why))
		webhook_issues_add(
			issues, "tls.certificate", "%s", buf_text(&why));
	else if (private_key_read(tls->key, &key, &why))
		webhook_issues_add(issues, "tls.key", "%s", buf_text(&why));
	else if (!private_key_fits(key, certificates))
		webhook_issues_add(issues, "tls.key",
			"it is not the key of the first certificate");
	certificates_free(certificates);
	private_key_free(key);
}

void
webhook_tls_read(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	struct json_walk walk = json_walk(value);
	struct webhook_tls *tls = &options->tls;
	size_t before = issues->count;

	if (json_kind(value) == JSON_NULL) {
		*tls = (struct webhook_tls){0};
		return;
	}
	if (!is_object("tls", value, issues))
		return;
	while (json_walk_next(&walk))
		read_tls_member(walk.key, walk.value, tls, issues);
	if (issues->count > before)
		return;
	check_authorities(tls, issues);
	if (tls->certificate.len > 0 && tls->key.len > 0)
		check_pair(tls, issues);
	else if (tls->certificate.len > 0)
		webhook_issues_add(
			issues, "tls.key", "is mandatory with a certificate");
	else if (tls->key.len > 0)
		webhook_issues_add(
			issues, "tls.certificate", "is mandatory with a key");
}

static void
write_subjects(struct json_out *out, struct str pem)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct certificates *certificates;

	if (certificates_read(pem, &certificates, &why))
		return;
	json_out_array(out, "authoritySubjects");
	for (size_t i = 0; i < certificates_count(certificates); i++) {
		CLEANUP(buf_release) struct buf text = buf_make(1024);

		certificates_subject(certificates, i, &text);
		json_out_string(out, NULL, buf_str(&text));
	}
	json_out_end(out);
	certificates_free(certificates);
}

int64_t
webhook_certificate_expires(const struct webhook_options *options)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct certificates *certificates;
	int64_t expires = INT64_MAX;

	if (options->tls.certificate.len == 0 ||
		certificates_read(
			options->tls.certificate, &certificates, &why))
		return INT64_MAX;
	for (size_t i = 0; i < certificates_count(certificates); i++) {
		int64_t end = certificates_expire(certificates, i);

		expires = end < expires ? end : expires;
	}
	certificates_free(certificates);
	return expires;
}

static void
write_certificate(struct json_out *out, const struct webhook_options *options)
{
	CLEANUP(buf_release) struct buf text = buf_make(1024);
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct certificates *certificates;

	if (certificates_read(options->tls.certificate, &certificates, &why))
		return;
	certificates_subject(certificates, 0, &text);
	json_out_string(out, "certificateSubject", buf_str(&text));
	json_out_time(out, "certificateExpiresAt",
		webhook_certificate_expires(options));
	certificates_free(certificates);
}

void
webhook_tls_write(const struct webhook_options *options, struct json_out *out)
{
	const struct webhook_tls *tls = &options->tls;

	if (!tls->is_1_3_needed && !tls->authorities.len &&
		!tls->certificate.len) {
		json_out_null(out, "tls");
		return;
	}
	json_out_object(out, "tls");
	json_out_text(
		out, "minimumVersion", tls->is_1_3_needed ? "1.3" : "1.2");
	if (tls->certificate.len > 0)
		write_certificate(out, options);
	if (tls->authorities.len > 0)
		write_subjects(out, tls->authorities);
	json_out_end(out);
}

/* ---- proxy ---- */

static void
read_proxy_text(const char *field, struct json value, struct str *text,
	struct webhook_issues *issues)
{
	struct str read = *text;

	read_text(field, value, WEBHOOK_AUTH_TEXT_MAX, &read, issues);
	if (str_has_control(read))
		webhook_issues_add(issues, field,
			"may not hold line breaks or other control "
			"characters");
	else
		*text = read;
}

static void
read_proxy_member(struct json key, struct json value,
	struct webhook_proxy *proxy, struct webhook_issues *issues)
{
	if (json_string_equal(key, STR("url")))
		read_proxy_text("proxy.url", value, &proxy->url, issues);
	else if (json_string_equal(key, STR("username")))
		read_proxy_text(
			"proxy.username", value, &proxy->username, issues);
	else if (json_string_equal(key, STR("password")))
		read_proxy_text(
			"proxy.password", value, &proxy->password, issues);
	else if (json_string_equal(key, STR("lookup")))
		proxy->is_looking_up = read_second(
			"proxy.lookup", value, "hub", "proxy", issues);
	else
		webhook_issues_add(issues, "proxy",
			"there is no member %.*s in it",
			STR_ARG(str_head(json_raw(key), 64)));
}

void
webhook_proxy_read(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	struct json_walk walk = json_walk(value);
	struct webhook_proxy *proxy = &options->proxy;

	if (json_kind(value) == JSON_NULL) {
		*proxy = (struct webhook_proxy){0};
		return;
	}
	if (json_string_equal(value, STR("none"))) {
		*proxy = (struct webhook_proxy){.use = WEBHOOK_PROXY_NONE};
		return;
	}
	if (!is_object("proxy", value, issues))
		return;
	proxy->use = WEBHOOK_PROXY_OWN;
	while (json_walk_next(&walk))
		read_proxy_member(walk.key, walk.value, proxy, issues);
	if (proxy->url.len == 0)
		webhook_issues_add(issues, "proxy.url", "is mandatory");
	if (str_find_char(proxy->username, ':') != SIZE_MAX)
		webhook_issues_add(
			issues, "proxy.username", "may not hold a colon");
}

void
webhook_proxy_write(const struct webhook_options *options, struct json_out *out)
{
	const struct webhook_proxy *proxy = &options->proxy;

	if (proxy->use == WEBHOOK_PROXY_COMMON) {
		json_out_null(out, "proxy");
		return;
	}
	if (proxy->use == WEBHOOK_PROXY_NONE) {
		json_out_text(out, "proxy", "none");
		return;
	}
	json_out_object(out, "proxy");
	json_out_string(out, "url", proxy->url);
	if (proxy->username.len > 0)
		json_out_string(out, "username", proxy->username);
	json_out_text(out, "lookup", proxy->is_looking_up ? "proxy" : "hub");
	json_out_end(out);
}

/* ---- allowLists ---- */

bool
webhook_allow_list_name_is_valid(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
			!(c >= '0' && c <= '9') && c != '-' && c != '_' &&
			c != '.')
			return false;
	}
	return name.len > 0 && name.len <= WEBHOOK_ALLOW_LIST_NAME_MAX;
}

void
webhook_allow_lists_read(struct json value, struct webhook_options *options,
	struct webhook_issues *issues)
{
	struct json_walk walk = json_walk(value);
	struct str *names;
	size_t count = 0;

	options->has_allow_lists = json_kind(value) != JSON_NULL;
	options->allow_list_count = 0;
	if (!options->has_allow_lists)
		return;
	if (json_kind(value) != JSON_ARRAY ||
		json_count(value) > WEBHOOK_ALLOW_LISTS_MAX) {
		webhook_issues_add(issues, "allowLists",
			"expected an array of at most %d names",
			WEBHOOK_ALLOW_LISTS_MAX);
		return;
	}
	names = arena_alloc_array(
		issues->arena, WEBHOOK_ALLOW_LISTS_MAX, sizeof(*names));
	while (json_walk_next(&walk)) {
		struct str name = json_string(walk.value, issues->arena);

		if (json_kind(walk.value) == JSON_STRING &&
			webhook_allow_list_name_is_valid(name))
			names[count++] = name;
		else
			webhook_issues_add(issues, "allowLists",
				"%.*s is no name of an allow-list",
				STR_ARG(str_head(json_raw(walk.value), 80)));
	}
	options->allow_lists = names;
	options->allow_list_count = count;
}

void
webhook_allow_lists_write(
	const struct webhook_options *options, struct json_out *out)
{
	if (!options->has_allow_lists) {
		json_out_null(out, "allowLists");
		return;
	}
	json_out_array(out, "allowLists");
	for (size_t i = 0; i < options->allow_list_count; i++)
		json_out_string(out, NULL, options->allow_lists[i]);
	json_out_end(out);
}

/* ---- all three ---- */

void
webhook_way_copy(struct webhook_options *options, struct arena *arena)
{
	struct str *const texts[] = {
		&options->tls.authorities,
		&options->tls.certificate,
		&options->tls.key,
		&options->proxy.url,
		&options->proxy.username,
		&options->proxy.password,
	};
	size_t count = options->allow_list_count;
	struct str *names = arena_alloc_array(arena, count, sizeof(*names));

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (texts[i]->len > 0)
			*texts[i] = arena_copy(arena, *texts[i]);
	}
	for (size_t i = 0; i < count; i++)
		names[i] = arena_copy(arena, options->allow_lists[i]);
	options->allow_lists = names;
}
