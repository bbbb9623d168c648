#pragma once
#include "base/seal.h"
#include "rule/value.h"
#include "store/object.h"

/*
 * Connections: named credentials and addresses of services, which modules
 * name instead of holding secrets. Kept as objects (OBJECT_CONNECTION), the
 * secret members sealed. The types are a table: slack, email (SMTP), notion,
 * google (service account or refresh token), airtable, servicenow, twilio,
 * sql, http (API key, basic, OAuth2), grapnel, … Every type has `baseUrl`
 * with the service's own address as default.
 */
struct connection {
	struct str id;
	struct str name;
	struct str type;      /* "slack" */
	struct value members; /* all of them, secrets in the clear */
};

struct connection_field {
	const char *name;
	bool is_secret;
	bool is_required;
	bool is_list;	      /* an array of texts; all others are texts */
	const char *fallback; /* or NULL */
	const char *choices;  /* with a blank between; NULL: any */
};

struct connection_type {
	const char *name;
	const struct connection_field *fields; /* ends with a NULL name */
	/* Names with a blank between, one of which must be there; or NULL. */
	const char *any_of;
};

enum {
	CONNECTION_ID_MAX = 64,
	CONNECTION_NAME_MAX = 255,    /* bytes */
	CONNECTION_MEMBER_MAX = 16384 /* bytes of a text */
};

const struct connection_type *connection_type_find(struct str name);
/** By number from 0; NULL behind the last. */
const struct connection_type *connection_type_at(size_t number);

/** Letters, digits and `-_.`, at most CONNECTION_ID_MAX. */
bool connection_id_is_valid(struct str id);

/**
 * Checks `members` of a new connection (or of a changed one, laid over
 * `before`) against its type: ERR_INVALID with a sentence naming the member.
 */
enum err connection_check(const struct connection_type *type,
	struct value members, struct buf *why) MUST_USE;

/**
 * `change` laid over `before`, as a merge patch: an empty member takes the one
 * before away, and the mask of a secret ("***") leaves it. In `arena`.
 */
struct value connection_merge(
	struct value before, struct value change, struct arena *arena);

/**
 * The object for it: public members in the body, secret ones sealed with
 * `key`. Numbers and booleans are kept as text, collections as JSON text.
 * Workspace, revision and times are the caller's. Everything in `arena`.
 */
void connection_to_object(const struct connection *connection,
	const struct seal_key *key, struct arena *arena,
	struct object_row *ret);

/** Back again; ERR_DENIED when the key does not fit. */
enum err connection_from_object(const struct object_row *row,
	const struct seal_key *key, struct arena *arena, struct connection *ret)
	MUST_USE;

/** As people see it: secret members that are set read "***". */
void connection_write(const struct object_row *row, struct json_out *out);

/** A member as text, else its type's fallback, or "". */
struct str connection_text(
	const struct connection *connection, const char *name);
