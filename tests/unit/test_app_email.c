#include "check.h"
#include "flow/outgoing.h"
#include "smtp_server.h"
#include "stage.h"

static struct smtp_server mail;

#define INPUT \
	"{\"to\":[\"ops@example.com\",\"Night <night@example.com>\"]," \
	"\"bcc\":\"boss@example.com\",\"subject\":\"off\"," \
	"\"contentType\":\"html\",\"html\":\"<p>off</p>\"}"

static enum failure_kind
send_by(const char *security, const char *user, const char *input)
{
	static char members[400];
	enum failure_kind kind;

	stage_begin(NULL, 0);
	smtp_server_start(&mail);
	snprintf(members, sizeof(members),
		"{\"host\":\"127.0.0.1\",\"port\":\"%d\",\"security\":\"%s\","
		"\"from\":\"Hub <hub@example.com>\"%s}",
		mail.port, security, user);
	stage_connect("email", members);
	kind = stage_run("email:ActionSendEmail", "{}", input);
	smtp_server_stop(&mail);
	stage_end();
	return kind;
}

static void
check_heard(struct buf *all, const char *text)
{
	if (str_find(buf_str(all), str_of(text)) == SIZE_MAX)
		check_failed(__FILE__, __LINE__, "no \"%s\" in:\n%s", text,
			buf_text(all));
}

TEST(app_email, mail_goes_to_all_and_names_those_that_may_be_seen)
{
	CHECK_INT(send_by("none", "", INPUT), FAILURE_NONE);
	check_heard(&mail.commands, "MAIL FROM:<hub@example.com>");
	check_heard(&mail.commands, "RCPT TO:<ops@example.com>\n"
				    "RCPT TO:<night@example.com>\n"
				    "RCPT TO:<boss@example.com>\nDATA\n");
	check_heard(&mail.data, "From: \"Hub\" <hub@example.com>\n"
				"To: ops@example.com,\n"
				" \"Night\" <night@example.com>\n");
	check_heard(&mail.data, "Message-ID: <grapnel-7-3.");
	check_heard(&mail.data, "Content-Type: text/html");
	CHECK(str_find(buf_str(&mail.data), STR("boss")) == SIZE_MAX);
	CHECK_STR(stage_output("statusCode"), STR("250"));
}

TEST(app_email, password_goes_over_starttls_or_tls_only)
{
	static const char *user =
		",\"username\":\"hub\",\"password\":\"s3cret\"";
	static const char *const ways[] = {"starttls", "tls"};
	char *path = check_write_file("ca.pem", "");

	mail.tls = wire_tls_new("IP:127.0.0.1", path);
	stage_certificate(path);
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		mail.is_tls = i == 1;
		buf_clear(&mail.commands);
		CHECK_INT(send_by(ways[i], user, INPUT), FAILURE_NONE);
		check_heard(&mail.commands, "AUTH PLAIN");
		CHECK_INT(str_find(buf_str(&mail.commands), STR("STARTTLS")) !=
				  SIZE_MAX,
			i == 0);
	}
	CHECK_INT(send_by("none", user, INPUT), FAILURE_CONFIGURATION);
	stage_check_said("over TLS only");
}

TEST(app_email, server_without_tls_or_with_a_strange_certificate_gets_nothing)
{
	char *path = check_write_file("ca.pem", "");

	CHECK_INT(send_by("starttls", "", INPUT), FAILURE_CONFIGURATION);
	CHECK(str_find(buf_str(&mail.commands), STR("MAIL")) == SIZE_MAX);
	mail.tls = wire_tls_new("IP:127.0.0.1", path);
	CHECK_INT(send_by("starttls", "", INPUT), FAILURE_CONNECTION);
	CHECK(str_find(buf_str(&mail.commands), STR("MAIL")) == SIZE_MAX);
}

TEST(app_email, refusals_of_the_server_are_told)
{
	static const struct {
		const char *to, *reply;
		enum failure_kind kind;
	} cases[] = {
		{"RCPT TO:<night", "550 5.1.1 no such user\r\n", FAILURE_DATA},
		{"MAIL", "451 4.3.0 later\r\n", FAILURE_CONNECTION},
		{"RCPT", "450 4.2.0 greylisted\r\n", FAILURE_CONNECTION},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		mail.to = cases[i].to;
		mail.reply = cases[i].reply;
		CHECK_INT(send_by("none", "", INPUT), cases[i].kind);
		stage_check_said(cases[i].reply[0] == '5' ? "no such user"
				 : i == 1		  ? "later"
							  : "greylisted");
		CHECK(mail.data.len == 0);
	}
}

TEST(app_email, input_that_cannot_be_a_mail_is_told)
{
	static const struct {
		const char *input, *said;
	} cases[] = {
		{"{\"subject\":\"x\",\"text\":\"y\"}", "to: expected a mail"},
		{"{\"to\":[\"nobody\"],\"text\":\"y\"}",
			"to: \"nobody\" is no mail address"},
		{"{\"to\":\"a@b\\r\\nDATA\",\"text\":\"y\"}", "to: \"a@b??"},
		{"{\"to\":\"a@b\",\"subject\":\"x\\r\\nBcc: c@d\"}",
			"Subject: a line's end"},
		{"{\"to\":\"a@b\",\"attachments\":[{\"fileName\":\"x\"}]}",
			"attachments: entry 1: expected fileName and data"},
		{"{\"to\":\"a@b\",\"from\":\"x\"}", "from: \"x\" is no"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CHECK_INT(send_by("none", "", cases[i].input), FAILURE_DATA);
		stage_check_said(cases[i].said);
		CHECK(mail.commands.len == 0);
	}
}

TEST(app_email, attachments_and_headers_of_both_apps_are_sent)
{
	CHECK_INT(send_by("none", "",
			  "{\"to\":\"a@b\",\"content\":\"<p>x</p>\","
			  "\"priority\":\"high\",\"references\":[\"<1@b>\"],"
			  "\"emailHeaders\":[{\"key\":\"X-A\",\"value\":"
			  "\"1\"}],\"attachments\":[{\"filename\":\"a.csv\","
			  "\"data\":\"a;b\"}]}"),
		FAILURE_NONE);
	check_heard(&mail.data, "X-A: 1\n");
	check_heard(&mail.data, "X-Priority: 1\nImportance: high\n");
	check_heard(&mail.data, "References: <1@b>\n");
	check_heard(&mail.data, "filename=\"a.csv\"");
	check_heard(&mail.data, "\nYTti\n");
}

TEST(app_email, server_that_may_not_be_reached_is_not)
{
	stage_begin(NULL, 0);
	stage_connect("email", "{\"host\":\"10.1.2.3\",\"from\":\"a@b\"}");
	CHECK_INT(stage_run("email:ActionSendEmail", "{}", INPUT),
		FAILURE_CONFIGURATION);
	stage_check_said("the address is not allowed");
	stage_connect("email", "{\"host\":\"a b\",\"from\":\"a@b\"}");
	CHECK_INT(stage_run("email:ActionSendEmail", "{}", INPUT),
		FAILURE_CONFIGURATION);
	stage_end();
}
