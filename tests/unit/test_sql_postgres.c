#include "base/clock.h"
#include "check.h"
#include "flow/connection.h"
#include "postgres_server.h"
#include "stage.h"
#include "tls_identity.h"

/* The app sql:* with a real PostgreSQL server. */

static struct postgres_server server;

static void
connect_by(const char *host, const char *more)
{
	char members[1024];

	snprintf(members, sizeof(members),
		"{\"engine\":\"postgresql\",\"host\":\"%s\",\"port\":\"%d\","
		"\"database\":\"postgres\",\"username\":\"grapnel\"%s}",
		host, server.port, more);
	stage_connect("sql", members);
}

static bool
begin(void)
{
	if (!postgres_server_start(&server, NULL, NULL))
		return false;
	stage_begin(NULL, 0);
	connect_by(server.folder, "");
	return true;
}

static void
end(void)
{
	stage_end();
	postgres_server_stop(&server);
}

static void
execute(const char *query)
{
	char input[1024];

	snprintf(input, sizeof(input), "{\"query\":\"%s\"}", query);
	CHECK_INT(stage_run("sql:Execute", "{}", input), FAILURE_NONE);
}

static void
check_refused(const char *module, const char *query, enum failure_kind kind,
	const char *said)
{
	char input[1024];

	snprintf(input, sizeof(input), "{\"query\":\"%s\"}", query);
	if (stage_run(module, "{}", input) != kind)
		check_failed(__FILE__, __LINE__, "%s is %s: %.*s", query,
			failure_name(stage.failure.kind),
			STR_ARG(stage.failure.message));
	stage_check_said(said);
}

TEST(sql_postgres, parameters_are_bound_and_rows_have_their_types)
{
	if (!begin())
		return;
	execute("CREATE TABLE t (id serial PRIMARY KEY, name text UNIQUE, "
		"doc jsonb, at timestamptz, raw bytea, big numeric)");
	CHECK_INT(stage_run("sql:Execute", "{}",
			  "{\"query\":\"INSERT INTO t (name, doc, at, raw, "
			  "big) VALUES ($1, $2, $3, $4, $5) RETURNING id\","
			  "\"parameters\":[\"'); DROP TABLE t; --\","
			  "{\"a\":[1]},{\"$date\":\"2026-01-02T03:04:05.000Z\"}"
			  ",{\"$buffer\":\"AAEC\"},"
			  "\"12345678901234567890\"]}"),
		FAILURE_NONE);
	stage_check_bundle(0, "{\"changes\":1,\"rows\":[{\"id\":1}]}");
	CHECK_INT(stage_run("sql:Query", "{}",
			  "{\"query\":\"SELECT name, doc, at, raw, big, 7 AS "
			  "n, 1.5::float8 AS f, true AS b, NULL AS nothing, "
			  "'NaN'::float8 AS nan FROM t WHERE id = $1\","
			  "\"parameters\":1}"),
		FAILURE_NONE);
	CHECK_INT(stage.result.count, 1);
	stage_check_bundle(0,
		"{\"name\":\"'); DROP TABLE t; --\",\"doc\":{\"a\":[1]},"
		"\"at\":{\"$date\":\"2026-01-02T03:04:05.000Z\"},\"raw\":"
		"{\"$buffer\":\"AAEC\"},\"big\":\"12345678901234567890\","
		"\"n\":7,\"f\":1.5,\"b\":true,\"nothing\":null,\"nan\":"
		"\"NaN\"}");
	end();
}

TEST(sql_postgres, refusals_are_the_errors_that_they_mean)
{
	if (!begin())
		return;
	execute("CREATE TABLE t (name text UNIQUE)");
	execute("INSERT INTO t VALUES ('a')");
	check_refused("sql:Execute", "INSERT INTO t VALUES ('a')",
		FAILURE_DUPLICATE_DATA, "duplicate key value");
	check_refused("sql:Query", "SELEC 1", FAILURE_DATA, "syntax error");
	check_refused("sql:Query", "SELECT 1; SELECT 2", FAILURE_DATA,
		"cannot insert multiple commands");
	check_refused("sql:Query", "SELECT $1", FAILURE_DATA, "");
	check_refused("sql:Query", " ", FAILURE_DATA, "query: expected");
	check_refused("sql:Query", "COPY t TO STDOUT", FAILURE_DATA,
		"COPY is not for here");
	/* What reads only stays so, however it is asked. */
	check_refused("sql:Query", "INSERT INTO t VALUES ('b')", FAILURE_DATA,
		"it changes something: use sql:Execute");
	check_refused("sql:Query",
		"DO $$ BEGIN COMMIT; SET default_transaction_read_only = off; "
		"COMMIT; INSERT INTO t VALUES ('c'); END $$",
		FAILURE_DATA, "");
	check_refused("sql:Query",
		"SELECT set_config('transaction_read_only', 'off', false)",
		FAILURE_DATA, "");
	connect_by(server.folder, ",\"access\":\"read\"");
	check_refused("sql:Execute", "DELETE FROM t", FAILURE_DATA,
		"read-only transaction");
	CHECK_INT(stage_run("sql:Query", "{}",
			  "{\"query\":\"SELECT count(*) AS n FROM t\"}"),
		FAILURE_NONE);
	CHECK_STR(stage_output("n"), STR("1"));
	end();
}

TEST(sql_postgres, time_rows_and_bytes_are_limited)
{
	int64_t before;

	if (!begin())
		return;
	CHECK_INT(stage_run("sql:Query", "{}",
			  "{\"query\":\"SELECT * FROM generate_series(1, "
			  "1000000)\",\"limit\":3}"),
		FAILURE_NONE);
	CHECK_INT(stage.result.count, 3);
	check_refused("sql:Query",
		"SELECT repeat('x', 1000000) FROM generate_series(1, 100)",
		FAILURE_MAX_FILE_SIZE, "the rows are over 4 MiB");
	stage_set_timeout(SECONDS / 2);
	before = clock_monotonic();
	check_refused(
		"sql:Query", "SELECT pg_sleep(60)", FAILURE_MODULE_TIMEOUT, "");
	CHECK(clock_monotonic() - before < 30 * SECONDS);
	end();
}

TEST(sql_postgres, what_cannot_be_reached_is_told)
{
	if (!begin())
		return;
	connect_by("127.0.0.1", ",\"security\":\"none\"");
	CHECK_INT(stage_run("sql:Query", "{}", "{\"query\":\"SELECT 1\"}"),
		FAILURE_NONE);
	/* It has no TLS, and without that nothing is said to it. */
	connect_by("127.0.0.1", "");
	check_refused("sql:Query", "SELECT 1", FAILURE_CONNECTION,
		"does not support SSL");
	connect_by("192.0.2.1", "");
	check_refused("sql:Query", "SELECT 1", FAILURE_CONFIGURATION,
		"host: 192.0.2.1 is at an address that is not allowed");
	connect_by("/nonexistent", "");
	check_refused(
		"sql:Query", "SELECT 1", FAILURE_CONFIGURATION, "PostgreSQL: ");
	connect_by(server.folder, ",\"password\":\"x\"");
	CHECK_INT(stage_run("sql:Query", "{}",
			  "{\"query\":\"SELECT $1\",\"parameters\":{\"a\":1}}"),
		FAILURE_DATA);
	stage_check_said("PostgreSQL numbers them");
	end();
}

TEST(sql_postgres, tls_is_verified_by_the_connections_authority)
{
	struct tls_identity authority =
		tls_identity_new("authority", NULL, NULL, 7200);
	struct tls_identity endpoint =
		tls_identity_new("endpoint", "IP:127.0.0.1", &authority, 7200);
	struct value_builder change;

	if (!postgres_server_start(&server, endpoint.pem, endpoint.key_pem))
		return;
	stage_begin(NULL, 0);
	connect_by("127.0.0.1", "");
	check_refused("sql:Query", "SELECT 1", FAILURE_CONNECTION, "SSL");
	change = value_builder_make(&stage.arena);
	value_builder_set(
		&change, STR("ca"), value_text(str_of(authority.pem)));
	stage.connection->members = connection_merge(stage.connection->members,
		value_builder_collection(&change), &stage.arena);
	CHECK_INT(stage_run("sql:Query", "{}",
			  "{\"query\":\"SELECT ssl AS is_safe FROM "
			  "pg_stat_ssl WHERE pid = pg_backend_pid()\"}"),
		FAILURE_NONE);
	CHECK_STR(stage_output("is_safe"), STR("true"));
	end();
	tls_identity_release(&authority);
	tls_identity_release(&endpoint);
}
