#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/clock.h"
#include "base/encode.h"
#include "check.h"
#include "flow/sheet_row.h"
#include "stage.h"

#define TOKEN \
	STAGE_OK("{\"access_token\":\"ya29.a\",\"expires_in\":3599," \
		 "\"token_type\":\"Bearer\"}")
#define REFRESHING \
	"{\"baseUrl\":\"~\",\"tokenUrl\":\"~/token\",\"clientId\":\"ci\"," \
	"\"clientSecret\":\"c&s\",\"refreshToken\":\"1//r\"}"
#define APPENDED \
	STAGE_OK("{\"spreadsheetId\":\"s1\",\"updates\":{\"updatedRange\":" \
		 "\"'My ''log'!A5:C5\",\"updatedRows\":1}}")

TEST(app_google_sheets, row_is_added_with_a_refreshed_token_that_is_kept)
{
	static const struct wire_reply replies[] = {TOKEN, APPENDED, APPENDED};
	static const char *input =
		"{\"mode\":\"select\",\"spreadsheetId\":\"/s1\",\"sheetId\":"
		"\"My 'log\",\"values\":{\"0\":\"a\",\"2\":7}}";

	stage_begin(replies, COUNT_OF(replies));
	stage_connect("google", REFRESHING);
	CHECK_INT(stage_run("google-sheets:addRow", "{}", input), FAILURE_NONE);
	CHECK_STR(stage_output("rowNumber"), STR("5"));
	CHECK_INT(stage_run("google-sheets:addRow", "{}", input), FAILURE_NONE);
	stage_end();
	stage_check_head(0, "POST /token HTTP/1.1");
	stage_check_head(0, "Content-Type: application/x-www-form-urlencoded");
	CHECK_STR(stage_body(0),
		STR("grant_type=refresh_token&client_id=ci&client_secret="
		    "c%26s&refresh_token=1%2F%2Fr"));
	stage_check_head(1,
		"POST /v4/spreadsheets/s1/values/%27My%20%27%27log%27%21A1:"
		"append?valueInputOption=USER_ENTERED&insertDataOption="
		"INSERT_ROWS HTTP/1.1");
	stage_check_head(1, "Authorization: Bearer ya29.a\r\n");
	stage_check_body(1, "{\"majorDimension\":\"ROWS\",\"values\":"
			    "[[\"a\",null,7]]}");
	CHECK_STR(stage_body(2), stage_body(1));
}

/** A new RSA key in PEM, as JSON has it. */
static EVP_PKEY *
make_account(struct buf *json)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long len;

	CHECK(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
	len = BIO_get_mem_data(bio, &pem);
	buf_append(json, STR("{\"baseUrl\":\"~\",\"tokenUrl\":\"~/token\","
			     "\"serviceAccount\":{\"client_email\":"
			     "\"hub@p.iam\",\"private_key\":\""));
	for (long i = 0; i < len; i++) {
		if (pem[i] == '\n')
			buf_append(json, STR("\\n"));
		else
			buf_append_char(json, pem[i]);
	}
	buf_append(json, STR("\"}}"));
	BIO_free(bio);
	return key;
}

static void
check_signature(EVP_PKEY *key, struct str jwt)
{
	CLEANUP(buf_release) struct buf signature = {0};
	CLEANUP(buf_release) struct buf claims = {0};
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	struct str rest = jwt;
	struct str head = str_split(&rest, '.');
	struct str body = str_split(&rest, '.');

	CHECK_OK(encode_base64_read(rest, &signature));
	CHECK_OK(encode_base64_read(body, &claims));
	CHECK(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) ==
		1);
	CHECK(EVP_DigestVerify(context,
		      (const unsigned char *)(const void *)signature.ptr,
		      signature.len,
		      (const unsigned char *)(const void *)jwt.ptr,
		      head.len + 1 + body.len) == 1);
	CHECK(str_find(buf_str(&claims), STR("\"iss\":\"hub@p.iam\"")) !=
		SIZE_MAX);
	CHECK(str_find(buf_str(&claims), STR("/auth/spreadsheets\"")) !=
		SIZE_MAX);
	EVP_MD_CTX_free(context);
}

TEST(app_google_sheets, service_account_signs_what_it_asks_for)
{
	static const struct wire_reply replies[] = {TOKEN, APPENDED};
	CLEANUP(buf_release) struct buf members = {0};
	EVP_PKEY *key = make_account(&members);
	static const char *frame = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3A"
				   "grant-type%3Ajwt-bearer&assertion=";

	stage_begin(replies, COUNT_OF(replies));
	stage_connect("google", buf_text(&members));
	/* Kept as text, as the connection's store does. */
	stage_text_member("serviceAccount");
	CHECK_INT(stage_run("google-sheets:addRow", "{}",
			  "{\"spreadsheetId\":\"s1\",\"sheetId\":\"t\","
			  "\"values\":{\"0\":\"a\"}}"),
		FAILURE_NONE);
	stage_end();
	CHECK(str_starts_with(stage_body(0), str_of(frame)));
	check_signature(key, str_skip(stage_body(0), strlen(frame)));
	EVP_PKEY_free(key);
}

TEST(app_google_sheets, row_is_changed_by_names_of_columns)
{
	static const struct wire_reply replies[] = {TOKEN,
		STAGE_OK("{\"range\":\"t!A1:C1\",\"values\":[[\"Name\",\"X\","
			 "\"State\"]]}"),
		STAGE_OK("{\"updatedRange\":\"t!A7:C7\",\"updatedCells\":1}")};

	stage_begin(replies, COUNT_OF(replies));
	stage_connect("google", REFRESHING);
	CHECK_INT(stage_run("google-sheets:updateRow", "{}",
			  "{\"spreadsheetId\":\"s1\",\"sheetId\":\"t\","
			  "\"rowNumber\":7,\"valueInputOption\":\"RAW\","
			  "\"values\":{\"State\":\"OFF\"}}"),
		FAILURE_NONE);
	stage_end();
	stage_check_head(
		1, "GET /v4/spreadsheets/s1/values/%27t%27%211%3A1 HTTP/1.1");
	stage_check_head(2, "PUT /v4/spreadsheets/s1/values/%27t%27%21A7%3AC7"
			    "?valueInputOption=RAW HTTP/1.1");
	stage_check_body(2, "{\"majorDimension\":\"ROWS\",\"values\":"
			    "[[null,null,\"OFF\"]]}");
}

TEST(app_google_sheets, rows_are_filtered_sorted_and_numbered)
{
	static const struct wire_reply replies[] = {TOKEN,
		STAGE_OK("{\"values\":[[\"Name\",\"Bays\"],[\"b\",\"8\"],"
			 "[\"x\",\"9\"],[\"c\"],[\"a\",\"8\"]]}")};

	stage_begin(replies, COUNT_OF(replies));
	stage_connect("google", REFRESHING);
	CHECK_INT(stage_run("google-sheets:filterRows", "{}",
			  "{\"spreadsheetId\":\"s1\",\"sheetId\":\"t\","
			  "\"includesHeaders\":true,\"orderBy\":\"A\","
			  "\"sortOrder\":\"asc\",\"filter\":[[{\"a\":\"B\","
			  "\"o\":\"text:equal\",\"b\":\"8\"}],[{\"a\":\"`A`\","
			  "\"o\":\"text:equal\",\"b\":\"c\"}]]}"),
		FAILURE_NONE);
	CHECK_INT(stage.result.count, 3);
	stage_check_bundle(0, "{\"0\":\"a\",\"1\":\"8\",\"__ROW_NUMBER__\":5,"
			      "\"__SPREADSHEET_ID__\":\"s1\","
			      "\"__SHEET__\":\"t\"}");
	stage_check_bundle(2, "{\"0\":\"c\",\"__ROW_NUMBER__\":4,"
			      "\"__SPREADSHEET_ID__\":\"s1\","
			      "\"__SHEET__\":\"t\"}");
	stage_end();
}

TEST(app_google_sheets, refusals_and_bad_input_are_told)
{
	static const struct wire_reply replies[] = {
		STAGE_ANSWER("400 Bad Request",
			"{\"error\":\"invalid_grant\",\"error_description\":"
			"\"Token has been revoked.\"}"),
		TOKEN,
		STAGE_ANSWER("403 Forbidden",
			"{\"error\":{\"code\":403,\"message\":\"The caller "
			"does not have permission\",\"status\":"
			"\"PERMISSION_DENIED\"}}")};
	static const char *input = "{\"spreadsheetId\":\"s1\",\"sheetId\":"
				   "\"t\",\"values\":{\"0\":\"a\"}}";

	stage_begin(replies, COUNT_OF(replies));
	stage_connect("google", REFRESHING);
	CHECK_INT(stage_run("google-sheets:addRow", "{}", input),
		FAILURE_ACCESS_TOKEN);
	CHECK_STR(stage.failure.message, STR("[400] Token has been revoked."));
	CHECK_INT(stage_run("google-sheets:addRow", "{}", input),
		FAILURE_ACCESS_TOKEN);
	stage_check_said("[403] The caller does not have permission");
	CHECK_INT(stage_run("google-sheets:addRow", "{}",
			  "{\"spreadsheetId\":\"s1\",\"sheetId\":\"t\","
			  "\"values\":\"x\"}"),
		FAILURE_DATA);
	CHECK_INT(stage_run("google-sheets:updateRow", "{}", input),
		FAILURE_DATA);
	stage_check_said("rowNumber: expected");
	stage_end();
}

TEST(app_google_sheets, columns_have_letters)
{
	static const struct {
		const char *letters;
		size_t column;
	} cases[] = {{"A", 0}, {"Z", 25}, {"AA", 26}, {"AZ", 51}, {"ZZ", 701},
		{"AAA", 702}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(buf_release) struct buf text = {0};
		size_t column;

		sheet_column_write(&text, cases[i].column);
		CHECK_TEXT(buf_text(&text), cases[i].letters);
		CHECK(sheet_column_read(str_of(cases[i].letters), &column));
		CHECK_INT(column, cases[i].column);
	}
	CHECK_INT(sheet_row_of(STR("'2 a'!B12:C13")), 12);
	CHECK_INT(sheet_row_of(STR("A:B")), 0);
}
