#include <arpa/inet.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "flow/sql_postgres_private.h"
#include "net/address.h"
#include "net/http_client.h"
#include "net/resolver.h"

/*
 * PostgreSQL, by libpq without blocking calls: a connection for each
 * statement, to an address that was vetted.
 */
enum {
	TICK_MILLISECONDS = 100,
	ADDRESSES_MAX = 4,
	SAID_MAX = 300,
	OPTIONS_MAX = 32,
};

struct session {
	struct sql_work *work;
	PGconn *connection;
	int authority; /* a memory file of the connection's `ca`; -1: none */
};

/* ---- errors ---- */

/* The first row whose prefix a SQLSTATE has. */
static const struct meaning {
	const char *state;
	enum failure_kind kind;
} meanings[] = {
	{"08P01", FAILURE_DATA}, /* other parameters than the query has */
	{"08", FAILURE_CONNECTION},
	{"23505", FAILURE_DUPLICATE_DATA},
	{"25006", FAILURE_DATA},
	{"28", FAILURE_CONFIGURATION},
	{"3D", FAILURE_CONFIGURATION},
	{"40", FAILURE_CONNECTION},
	{"42501", FAILURE_CONFIGURATION},
	{"53100", FAILURE_OUT_OF_SPACE},
	{"53", FAILURE_CONNECTION},
	{"55P03", FAILURE_CONNECTION},
	{"57014", FAILURE_MODULE_TIMEOUT},
	{"57", FAILURE_CONNECTION},
	{"58", FAILURE_CONNECTION},
	{"XX", FAILURE_RUNTIME},
};

static enum failure_kind
fail(const struct session *session, enum failure_kind kind, const char *said)
{
	struct str text = str_trim(str_of(said ? said : ""));

	return failure_set(session->work->failure, session->work->call->arena,
		kind, "PostgreSQL: %.*s", STR_ARG(str_head(text, SAID_MAX)));
}

static enum failure_kind
fail_result(const struct session *session, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	enum failure_kind kind = state ? FAILURE_DATA : FAILURE_CONNECTION;

	for (size_t i = 0; state && i < COUNT_OF(meanings); i++) {
		if (!str_starts_with(str_of(state), str_of(meanings[i].state)))
			continue;
		kind = meanings[i].kind;
		break;
	}
	if (state && strcmp(state, "25006") == 0 && session->work->may_write)
		return failure_set(session->work->failure,
			session->work->call->arena, FAILURE_DATA,
			"query: it changes something: use sql:Execute");
	return fail(session, kind, said ? said : PQresultErrorMessage(result));
}

/* ---- where it is ---- */

/** Until the descriptor is ready; false: the time is up. */
static bool
wait_for(const struct session *session, int fd, short events)
{
	struct pollfd poller = {.fd = fd, .events = events};

	while (!sql_must_stop(session->work)) {
		if (poll(&poller, 1, TICK_MILLISECONDS) > 0)
			return true;
	}
	return false;
}

struct finding {
	struct resolver_wait wait; /* first: what is told is cast back */
	struct resolver_addresses addresses;
	bool is_done;
	bool is_found;
};

static void
take_answer(struct finding *finding, const struct resolver_answer *answer)
{
	finding->is_done = true;
	finding->is_found = answer->addresses != NULL;
	if (answer->addresses)
		finding->addresses = *answer->addresses;
}

static void
on_found(struct resolver_wait *wait, const struct resolver_answer *answer)
{
	take_answer((struct finding *)wait, answer);
}

static void
find_addresses(
	const struct session *session, struct str host, struct finding *finding)
{
	const struct http_client_options *options =
		outgoing_options(session->work->call->outgoing);
	struct resolver *resolver = resolver_new(options->resolver);
	struct resolver_answer answer;

	finding->wait.done = on_found;
	if (resolver_ask(resolver, host, &finding->wait, &answer))
		take_answer(finding, &answer);
	while (!finding->is_done &&
		wait_for(session, resolver_fd(resolver), POLLIN))
		resolver_run(resolver);
	resolver_cancel(&finding->wait);
	resolver_free(resolver);
}

static bool
append_address(const union resolver_address *address, struct buf *out)
{
	char text[INET6_ADDRSTRLEN] = "";
	const void *bytes = address->any.sa_family == AF_INET
				    ? (const void *)&address->v4.sin_addr
				    : (const void *)&address->v6.sin6_addr;

	if (!inet_ntop(address->any.sa_family, bytes, text, sizeof(text)))
		return false;
	buf_printf(out, "%s%s", out->len ? "," : "", text);
	return true;
}

/** "host,host" and "1.2.3.4,5.6.7.8", those that may be used. */
static enum failure_kind
vet(const struct session *session, struct str host, struct buf *hosts,
	struct buf *addresses)
{
	const struct module_call *call = session->work->call;
	const struct http_client_options *options =
		outgoing_options(call->outgoing);
	struct finding finding = {0};
	size_t count = 0;

	find_addresses(session, host, &finding);
	if (!finding.is_done)
		return sql_stopped(session->work);
	if (!finding.is_found)
		return failure_set(session->work->failure, call->arena,
			FAILURE_CONNECTION, "host: %.*s is not found",
			STR_ARG(host));
	for (size_t i = 0; i < finding.addresses.count && count < ADDRESSES_MAX;
		i++) {
		const union resolver_address *address =
			&finding.addresses.list[i];

		if (!address_is_allowed_for(
			    options->policy, host, &address->any) ||
			!append_address(address, addresses))
			continue;
		buf_printf(hosts, "%s%.*s", count++ ? "," : "", STR_ARG(host));
	}
	if (count)
		return FAILURE_NONE;
	return failure_set(session->work->failure, call->arena,
		FAILURE_CONFIGURATION,
		"host: %.*s is at an address that is not allowed",
		STR_ARG(host));
}

/* ---- connecting ---- */

struct options {
	const char *names[OPTIONS_MAX];
	const char *values[OPTIONS_MAX];
	size_t count;
};

static void
put(struct options *options, const char *name, const char *value)
{
	options->names[options->count] = name;
	options->values[options->count++] = value;
}

static void
put_member(const struct session *session, struct options *options,
	const char *name, const char *member)
{
	const struct module_call *call = session->work->call;

	put(options, name,
		arena_copy(call->arena, service_secret(call, member)).ptr);
}

/** libpq reads authorities from a file: one that only this process has. */
static const char *
authorities(struct session *session)
{
	const struct module_call *call = session->work->call;
	const struct http_client_options *options =
		outgoing_options(call->outgoing);
	struct str pem = service_secret(call, "ca");

	if (pem.len == 0)
		return options->ca_file ? options->ca_file
					: "/etc/ssl/certs/ca-certificates.crt";
	session->authority = memfd_create("ca", MFD_CLOEXEC);
	if (session->authority < 0 ||
		write(session->authority, pem.ptr, pem.len) != (ssize_t)pem.len)
		return "/nonexistent";
	return arena_printf(call->arena, "/proc/self/fd/%d", session->authority)
		.ptr;
}

/** What the session is like: ours, whatever the environment says. */
static void
put_session(struct session *session, struct options *options)
{
	const struct sql_work *work = session->work;
	int64_t left = (work->end - clock_monotonic()) / MILLISECONDS;

	put(options, "client_encoding", "UTF8");
	put(options, "application_name", "grapnel");
	put(options, "passfile", "/nonexistent");
	put(options, "sslcert", "/nonexistent");
	put(options, "sslkey", "/nonexistent");
	put(options, "gssencmode", "disable");
	/* The server ends it too, should we be gone. */
	put(options, "options",
		arena_printf(work->call->arena,
			"-c statement_timeout=%lld -c TimeZone=UTC "
			"-c DateStyle=ISO -c bytea_output=hex "
			"-c default_transaction_read_only=%s",
			(long long)(left > 0 ? left : 1),
			work->must_read || !work->may_write ? "on" : "off")
			.ptr);
}

static enum failure_kind
make_options(struct session *session, struct options *options)
{
	CLEANUP(buf_release) struct buf hosts = {0}, addresses = {0};
	const struct module_call *call = session->work->call;
	struct str host = service_secret(call, "host");
	bool is_local = str_starts_with(host, STR("/"));
	bool is_verified =
		!str_equal(service_secret(call, "security"), STR("none"));
	enum failure_kind kind = FAILURE_NONE;

	if (is_local)
		buf_append(&hosts, host);
	else
		kind = vet(session, host, &hosts, &addresses);
	if (kind)
		return kind;
	put(options, "host", arena_copy(call->arena, buf_str(&hosts)).ptr);
	if (!is_local)
		put(options, "hostaddr",
			arena_copy(call->arena, buf_str(&addresses)).ptr);
	put(options, "sslmode",
		is_verified && !is_local ? "verify-full" : "disable");
	if (is_verified && !is_local)
		put(options, "sslrootcert", authorities(session));
	put_member(session, options, "port", "port");
	put_member(session, options, "dbname", "database");
	put_member(session, options, "user", "username");
	put_member(session, options, "password", "password");
	put_session(session, options);
	return FAILURE_NONE;
}

/** libpq's own writes them to our error stream. */
static void
on_notice(void *context, const char *message)
{
	(void)context;
	(void)message;
}

static enum failure_kind
open_session(struct session *session)
{
	struct options options = {0};
	enum failure_kind kind = make_options(session, &options);
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	if (kind)
		return kind;
	session->connection =
		PQconnectStartParams(options.names, options.values, 0);
	if (!session->connection ||
		PQstatus(session->connection) == CONNECTION_BAD)
		return fail(session, FAILURE_CONFIGURATION,
			PQerrorMessage(session->connection));
	PQsetNoticeProcessor(session->connection, on_notice, NULL);
	while (status != PGRES_POLLING_OK) {
		if (!wait_for(session, PQsocket(session->connection),
			    status == PGRES_POLLING_READING ? POLLIN : POLLOUT))
			return sql_stopped(session->work);
		status = PQconnectPoll(session->connection);
		if (status == PGRES_POLLING_FAILED)
			return fail(session, FAILURE_CONNECTION,
				PQerrorMessage(session->connection));
	}
	if (PQsetnonblocking(session->connection, 1))
		return fail(session, FAILURE_CONNECTION,
			PQerrorMessage(session->connection));
	return FAILURE_NONE;
}

/* ---- statements ---- */

/*
 * The next result, NULL behind the last. A row is whole in libpq's buffer
 * before any of it can be seen: one call of PQconsumeInput() reads a message
 * of any length to its end as long as the server is fast enough, and neither
 * it nor the server has a limit for a row. Whoever can write the statement
 * can so have the hub take up to 1 GiB for a while; docs/services.md tells.
 */
static enum failure_kind
next_result(struct session *session, PGresult **ret)
{
	PGconn *connection = session->connection;
	int unsent = 1;

	*ret = NULL;
	while (unsent || PQisBusy(connection)) {
		short events = POLLIN;

		unsent = PQflush(connection);
		if (unsent)
			events |= POLLOUT;
		else if (!PQisBusy(connection))
			break;
		if (!wait_for(session, PQsocket(connection), events))
			return sql_stopped(session->work);
		if (!PQconsumeInput(connection))
			return fail(session, FAILURE_CONNECTION,
				PQerrorMessage(connection));
	}
	*ret = PQgetResult(connection);
	return FAILURE_NONE;
}

static enum failure_kind
take_row(struct session *session, const PGresult *result)
{
	struct sql_work *work = session->work;
	struct arena *arena = work->call->arena;
	struct value_builder row = value_builder_make(arena);

	for (int i = 0; i < PQnfields(result); i++) {
		struct str name = arena_copy(arena, str_of(PQfname(result, i)));

		value_builder_set(
			&row, name, sql_postgres_column(work, result, 0, i));
	}
	return sql_add_row(work, value_builder_collection(&row));
}

/** *ret_is_enough: as many rows as were wanted. */
static enum failure_kind
take_result(
	struct session *session, const PGresult *result, bool *ret_is_enough)
{
	struct sql_work *work = session->work;
	enum failure_kind kind;
	double changes;

	switch (PQresultStatus(result)) {
	case PGRES_SINGLE_TUPLE:
		kind = take_row(session, result);
		*ret_is_enough = (int64_t)work->rows.count >= work->limit;
		return kind;
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		if (value_to_number(value_text(str_of(PQcmdTuples(
					    /* it only reads */
					    (PGresult *)(uintptr_t)result))),
			    &changes))
			work->changes = changes;
		return FAILURE_NONE;
	case PGRES_EMPTY_QUERY:
		return failure_set(work->failure, work->call->arena,
			FAILURE_DATA, "query: expected one statement");
	case PGRES_COPY_OUT:
	case PGRES_COPY_IN:
	case PGRES_COPY_BOTH:
		return failure_set(work->failure, work->call->arena,
			FAILURE_DATA, "query: COPY is not for here");
	case PGRES_BAD_RESPONSE:
	case PGRES_NONFATAL_ERROR:
	case PGRES_FATAL_ERROR:
	case PGRES_PIPELINE_SYNC:
	case PGRES_PIPELINE_ABORTED: break;
	}
	return fail_result(session, result);
}

/** All results of the statement that was sent, or as many as are wanted. */
static enum failure_kind
take_results(struct session *session)
{
	bool is_enough = false;
	enum failure_kind kind = FAILURE_NONE;

	while (!kind && !is_enough) {
		PGresult *result;

		kind = next_result(session, &result);
		if (kind || !result)
			return kind;
		kind = take_result(session, result, &is_enough);
		PQclear(result);
	}
	return kind;
}

/**
 * Within a transaction that reads only, and that no statement can leave: what
 * begins one of its own is refused there.
 */
static enum failure_kind
begin_reading(struct session *session)
{
	if (!session->work->must_read && session->work->may_write)
		return FAILURE_NONE;
	if (!PQsendQuery(session->connection, "BEGIN READ ONLY"))
		return fail(session, FAILURE_CONNECTION,
			PQerrorMessage(session->connection));
	return take_results(session);
}

static enum failure_kind
send_statement(struct session *session)
{
	struct sql_postgres_parameters parameters;
	enum failure_kind kind = sql_postgres_bind(session->work, &parameters);

	if (kind)
		return kind;
	if (!PQsendQueryParams(session->connection, session->work->query.ptr,
		    parameters.count, parameters.types, parameters.values,
		    parameters.lengths, parameters.formats, 0))
		return fail(session, FAILURE_CONNECTION,
			PQerrorMessage(session->connection));
	PQsetSingleRowMode(session->connection);
	return take_results(session);
}

enum failure_kind
sql_postgres_run(struct sql_work *work)
{
	struct session session = {.work = work, .authority = -1};
	enum failure_kind kind;

	if (memchr(work->query.ptr, 0, work->query.len))
		return failure_set(work->failure, work->call->arena,
			FAILURE_DATA, "query: a NUL is in it");
	kind = open_session(&session);
	if (!kind)
		kind = begin_reading(&session);
	if (!kind)
		kind = send_statement(&session);
	PQfinish(session.connection);
	if (session.authority >= 0)
		close(session.authority);
	return kind;
}
