#include "net/smtp_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/log.h"

enum { HOST_MAX = 255, LINE_MAX_KEPT = 400 };

struct sending {
	const struct smtp_server *server;
	struct str left; /* of the message */
	struct str host;
	CURL *easy;
	struct curl_slist *recipients;
	char error[CURL_ERROR_SIZE];
	char last[LINE_MAX_KEPT]; /* the last reply that refuses */
	size_t last_len;
	unsigned tried, refused; /* addresses */
};

/** Setting an option fails only for want of memory or by a bug. */
static void
require(CURLcode code)
{
	if (code == CURLE_OK)
		return;
	log_error(
		"smtp_client.option", "error=\"%s\"", curl_easy_strerror(code));
	abort();
}

#define SET(sending, option, value) \
	require(curl_easy_setopt((sending)->easy, option, value))

/* ---- what libcurl calls ---- */

/** The one gate to the network. */
static curl_socket_t
on_open_socket(
	void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct sending *sending = context;

	if (purpose != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	sending->tried++;
	if (!address_is_allowed_for(
		    sending->server->policy, sending->host, &address->addr)) {
		sending->refused++;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
		address->protocol);
}

static size_t
on_read(char *bytes, size_t size, size_t count, void *context)
{
	struct sending *sending = context;
	struct str part = str_head(sending->left, size * count);

	if (part.len)
		memcpy(bytes, part.ptr, part.len);
	sending->left = str_skip(sending->left, part.len);
	return part.len;
}

/** Replies of the server, line by line; QUIT is answered after the end. */
static size_t
on_line(char *bytes, size_t size, size_t count, void *context)
{
	struct sending *sending = context;
	struct str line = str_trim(str_make(bytes, size * count));

	line = str_head(line, sizeof(sending->last));
	if (line.len && (line.ptr[0] == '4' || line.ptr[0] == '5')) {
		memcpy(sending->last, line.ptr, line.len);
		sending->last_len = line.len;
	}
	return size * count;
}

static int
on_progress(void *context, curl_off_t unused1, curl_off_t unused2,
	curl_off_t unused3, curl_off_t unused4)
{
	const struct sending *sending = context;
	const struct smtp_server *server = sending->server;

	(void)unused1;
	(void)unused2;
	(void)unused3;
	(void)unused4;
	return server->must_stop && server->must_stop(server->context);
}

/* ---- setting up ---- */

static bool
is_host(struct str host)
{
	if (host.len == 0 || host.len > HOST_MAX)
		return false;
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];

		if (!ascii_is_letter(c) && !ascii_is_digit(c) && c != '.' &&
			c != '-' && c != '_' && c != ':')
			return false;
	}
	return true;
}

static struct str
url_of(const struct sending *sending, struct arena *arena)
{
	static const uint16_t ports[] = {
		[SMTP_STARTTLS] = 587, [SMTP_TLS] = 465, [SMTP_PLAIN] = 25};
	const struct smtp_server *server = sending->server;
	bool is_v6 = str_find_char(sending->host, ':') != SIZE_MAX;

	return arena_printf(arena, "%s://%s%.*s%s:%u",
		server->security == SMTP_TLS ? "smtps" : "smtp",
		is_v6 ? "[" : "", STR_ARG(sending->host), is_v6 ? "]" : "",
		server->port ? server->port : ports[server->security]);
}

static void
set_options(struct sending *sending, struct arena *arena)
{
	const struct smtp_server *server = sending->server;
	long milliseconds = (long)(server->timeout / MILLISECONDS);

	SET(sending, CURLOPT_URL, url_of(sending, arena).ptr);
	SET(sending, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(sending, CURLOPT_NOSIGNAL, 1L);
	SET(sending, CURLOPT_QUICK_EXIT, 1L);
	SET(sending, CURLOPT_PROXY, "");
	SET(sending, CURLOPT_NOPROXY, "*");
	SET(sending, CURLOPT_TIMEOUT_MS, milliseconds > 0 ? milliseconds : 1L);
	SET(sending, CURLOPT_ERRORBUFFER, sending->error);
	SET(sending, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(sending, CURLOPT_OPENSOCKETDATA, sending);
	SET(sending, CURLOPT_HEADERFUNCTION, on_line);
	SET(sending, CURLOPT_HEADERDATA, sending);
	SET(sending, CURLOPT_WRITEFUNCTION, on_line);
	SET(sending, CURLOPT_WRITEDATA, sending);
	SET(sending, CURLOPT_NOPROGRESS, 0L);
	SET(sending, CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(sending, CURLOPT_XFERINFODATA, sending);
	SET(sending, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(sending, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(sending, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (server->ca_file)
		SET(sending, CURLOPT_CAINFO, server->ca_file);
	SET(sending, CURLOPT_USE_SSL,
		(long)(server->security == SMTP_PLAIN ? CURLUSESSL_NONE
						      : CURLUSESSL_ALL));
	if (server->username.len) {
		SET(sending, CURLOPT_USERNAME,
			arena_copy(arena, server->username).ptr);
		SET(sending, CURLOPT_PASSWORD,
			arena_copy(arena, server->password).ptr);
	}
}

static void
set_mail(struct sending *sending, const struct smtp_mail *mail,
	struct arena *arena)
{
	for (size_t i = 0; i < mail->to_count; i++) {
		struct str text =
			arena_printf(arena, "<%.*s>", STR_ARG(mail->to[i]));
		struct curl_slist *longer =
			curl_slist_append(sending->recipients, text.ptr);

		if (longer == NULL)
			abort();
		sending->recipients = longer;
	}
	sending->left = mail->message;
	SET(sending, CURLOPT_MAIL_FROM,
		arena_printf(arena, "<%.*s>", STR_ARG(mail->from)).ptr);
	SET(sending, CURLOPT_MAIL_RCPT, sending->recipients);
	SET(sending, CURLOPT_UPLOAD, 1L);
	SET(sending, CURLOPT_READFUNCTION, on_read);
	SET(sending, CURLOPT_READDATA, sending);
	SET(sending, CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail->message.len);
}

/* ---- what it came to ---- */

static const struct meaning {
	CURLcode code;
	enum smtp_outcome outcome;
} meanings[] = {
	{CURLE_OK, SMTP_SENT},
	{CURLE_LOGIN_DENIED, SMTP_DENIED},
	{CURLE_USE_SSL_FAILED, SMTP_MISCONFIGURED},
	{CURLE_URL_MALFORMAT, SMTP_MISCONFIGURED},
	{CURLE_OPERATION_TIMEDOUT, SMTP_TIMED_OUT},
	{CURLE_ABORTED_BY_CALLBACK, SMTP_STOPPED},
};

static enum smtp_outcome
outcome_of(CURLcode code, long reply)
{
	for (size_t i = 0; i < COUNT_OF(meanings); i++) {
		if (meanings[i].code == code)
			return meanings[i].outcome;
	}
	if (reply == 421 || (reply >= 400 && reply < 500))
		return SMTP_LATER;
	return reply >= 500 && reply < 600 ? SMTP_REFUSED : SMTP_UNREACHABLE;
}

static enum smtp_outcome
misconfigured(struct smtp_answer *answer, const char *said)
{
	*answer = (struct smtp_answer){.said = str_of(said)};
	return SMTP_MISCONFIGURED;
}

static enum smtp_outcome
tell(const struct sending *sending, CURLcode code, struct arena *arena,
	struct smtp_answer *ret)
{
	struct str last = str_make(sending->last, sending->last_len);
	enum smtp_outcome outcome;
	long reply = 0;

	curl_easy_getinfo(sending->easy, CURLINFO_RESPONSE_CODE, &reply);
	outcome = outcome_of(code, reply);
	*ret = (struct smtp_answer){.code = (int)reply, .said = STR("")};
	if (outcome == SMTP_SENT)
		return outcome;
	if (sending->tried > 0 && sending->tried == sending->refused)
		return misconfigured(ret, "the address is not allowed");
	if (outcome == SMTP_REFUSED || outcome == SMTP_LATER ||
		outcome == SMTP_DENIED)
		ret->said = arena_copy(arena, last);
	if (ret->said.len == 0)
		ret->said = arena_copy(arena,
			str_of(sending->error[0] ? sending->error
						 : curl_easy_strerror(code)));
	return outcome;
}

enum smtp_outcome
smtp_send(const struct smtp_server *server, const struct smtp_mail *mail,
	struct arena *arena, struct smtp_answer *ret)
{
	struct sending sending = {.server = server};
	enum smtp_outcome outcome;

	if (!is_host(server->host))
		return misconfigured(ret, "the host is no name or address");
	if (server->security == SMTP_PLAIN && server->username.len)
		return misconfigured(ret,
			"a password is sent over TLS only: set security to "
			"starttls or tls");
	sending.host = arena_copy_lower(arena, server->host);
	sending.easy = curl_easy_init();
	if (sending.easy == NULL)
		abort();
	set_options(&sending, arena);
	set_mail(&sending, mail, arena);
	outcome = tell(&sending, curl_easy_perform(sending.easy), arena, ret);
	curl_slist_free_all(sending.recipients);
	curl_easy_cleanup(sending.easy);
	return outcome;
}
