#pragma once
#include <libpq-fe.h>

#include "flow/sql.h"

/* Values to and from PostgreSQL; internal to sql_postgres*.c. */

enum { SQL_POSTGRES_PARAMETERS_MAX = 1000 };

/** What is bound, in the call's arena, as PQsendQueryParams() takes it. */
struct sql_postgres_parameters {
	int count;
	Oid *types;
	const char **values;
	int *lengths;
	int *formats;
};

enum failure_kind sql_postgres_bind(
	const struct sql_work *work, struct sql_postgres_parameters *ret);

/** A column of a row, in the call's arena; counts work->bytes. */
struct value sql_postgres_column(
	struct sql_work *work, const PGresult *result, int row, int column);
