#include "flow/sheet.h"

#include "flow/google_token.h"

enum failure_kind
sheet_begin(struct sheet *sheet)
{
	enum failure_kind kind =
		service_need_connection(sheet->call, sheet->failure);
	size_t at;

	if (!kind)
		kind = service_need_text(sheet->call, "spreadsheetId",
			&sheet->spreadsheet, sheet->failure);
	if (!kind)
		kind = service_need_text(
			sheet->call, "sheetId", &sheet->tab, sheet->failure);
	/* In mode `select` it is a path whose last part is the id. */
	while (!kind &&
		(at = str_find_char(sheet->spreadsheet, '/')) != SIZE_MAX)
		sheet->spreadsheet = str_skip(sheet->spreadsheet, at + 1);
	return kind;
}

void
sheet_path(const struct sheet *sheet, struct str range, struct buf *path)
{
	CLEANUP(buf_release) struct buf place = {0};

	sheet_range_write(&place, sheet->tab, range);
	buf_append(path, STR("/v4/spreadsheets/"));
	buf_append(
		path, service_escape(sheet->call->arena, sheet->spreadsheet));
	buf_append(path, STR("/values/"));
	buf_append(path, service_escape(sheet->call->arena, buf_str(&place)));
}

enum failure_kind
sheet_ask(const struct sheet *sheet, const char *method, const struct buf *path,
	struct value body, struct value *ret)
{
	struct service_request request = {.method = method,
		.path = buf_str(path),
		.body = body,
		.said = "error.message"};
	struct service_answer answer;
	struct str token;
	enum failure_kind kind =
		google_token(sheet->call, &token, sheet->failure);

	if (kind)
		return kind;
	request.authorization = service_bearer(sheet->call->arena, token);
	kind = service_send(
		sheet->call, &request, sheet->result, &answer, sheet->failure);
	if (kind && answer.response.status == 401)
		google_token_drop(sheet->call);
	*ret = answer.body;
	return kind;
}

void
sheet_option(const struct sheet *sheet, struct buf *path, const char *name,
	const char *fallback)
{
	struct str value = service_text(sheet->call, name);

	if (value.len == 0)
		value = str_of(fallback);
	if (value.len)
		service_query(path, name, value);
}
