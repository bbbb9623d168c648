#include "flow/sql.h"

/* In place of sql_postgres.c where there is no libpq. */

enum failure_kind
sql_postgres_run(struct sql_work *work)
{
	return failure_set(work->failure, work->call->arena,
		FAILURE_CONFIGURATION,
		"engine: this program was built without PostgreSQL");
}
