#pragma once
#include "flow/service.h"
#include "flow/sheet_row.h"

/*
 * Calls of Google Sheets, API v4, for flow/app_google_sheets.c and
 * flow/sheet_read.c.
 */

/** A call of a module: the table it is about. */
struct sheet {
	const struct module_call *call;
	struct module_result *result;
	struct failure *failure;
	struct str spreadsheet;
	struct str tab;
};

/** Reads spreadsheetId and sheetId; asks for the connection first. */
enum failure_kind sheet_begin(struct sheet *sheet);

/** Appends "/v4/spreadsheets/ID/values/RANGE". */
void sheet_path(const struct sheet *sheet, struct str range, struct buf *path);

/** A field of the input as parameter; `fallback` (or NULL) when it is blank. */
void sheet_option(const struct sheet *sheet, struct buf *path, const char *name,
	const char *fallback);

enum failure_kind sheet_ask(const struct sheet *sheet, const char *method,
	const struct buf *path, struct value body, struct value *ret);

/* Modules that read (flow/sheet_read.c). */
enum failure_kind sheet_filter_rows(const struct module_call *call,
	struct module_result *result, struct failure *failure);
enum failure_kind sheet_get_content(const struct module_call *call,
	struct module_result *result, struct failure *failure);
enum failure_kind sheet_get_cell(const struct module_call *call,
	struct module_result *result, struct failure *failure);
