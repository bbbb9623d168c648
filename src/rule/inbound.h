#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"

/*
 * Webhooks as they come in: whether a request is signed as it should be, and
 * what the challenges are answered with by which an endpoint shows that it is
 * willing. Both are tables of what services send. Pure.
 */
struct inbound_field {
	struct str name;
	struct str value;
};

struct inbound_request {
	struct str method;
	const struct inbound_field *headers;
	size_t header_count;
	struct str body; /* its raw bytes: signatures are over these */
	int64_t now;	 /* wall clock, microseconds */
};

/** The first header of that name in any case; empty when there is none. */
struct str inbound_header(
	const struct inbound_request *request, struct str name);

/* ---- signatures ---- */

enum inbound_encoding { INBOUND_HEX, INBOUND_BASE64 };

/** A row of the catalog. All keyed digests (RFC 2104). */
struct inbound_scheme {
	const char *name;
	/* Where signatures are; both count. The generic scheme has none here,
	   but in struct inbound_signature. */
	const char *headers[2];
	char separator;		 /* between those in one header; 0: only one */
	const char *prefix;	 /* of each; what begins otherwise is passed */
	const char *time_header; /* Unix seconds, or NULL */
	const char *time_prefix; /* the same, among the signatures */
	const char *id_header;
	const char *content; /* what is signed: %i id, %t time, %b body */
	enum hash_kind hash;
	enum inbound_encoding encoding;
	bool is_secret_base64;	   /* else its bytes as they are */
	const char *secret_prefix; /* may stand before it; or NULL */
	bool is_generic;
};

enum {
	INBOUND_SECRETS_MAX = 8,
	INBOUND_SECRET_MAX = 512, /* bytes of text */
	INBOUND_ITEMS_MAX = 16,	  /* signatures looked at */
};

/** The row of this name ("standard", "github", …), or NULL. */
const struct inbound_scheme *inbound_scheme_find(struct str name);
/** All in turn, from 0; NULL behind the last. */
const struct inbound_scheme *inbound_scheme_at(size_t number);

/** What a hook expects. */
struct inbound_signature {
	const struct inbound_scheme *scheme; /* NULL: none is expected */
	const struct str *secrets;	     /* any of them will do */
	size_t secret_count;
	int64_t tolerance; /* of times, both ways, microseconds; 0: 5 min */
	/* Of the generic scheme. */
	struct str header;
	struct str prefix; /* may be empty */
	enum hash_kind hash;
	enum inbound_encoding encoding;
};

/** Whether a secret can be one of the scheme; why not, in one sentence. */
enum err inbound_secret_check(const struct inbound_scheme *scheme,
	struct str secret, struct buf *why) MUST_USE;

/**
 * ERR_OK when one of the signatures is right, else ERR_DENIED with the reason,
 * which tells nothing of what would have been right. Compares in constant
 * time.
 */
enum err inbound_verify(const struct inbound_signature *signature,
	const struct inbound_request *request, struct buf *why) MUST_USE;

/** A comparison that takes as long for any text of `given`'s length. */
bool inbound_secret_equal(struct str given, struct str secret);

/* ---- challenges ---- */

/* Bits; what each is answered with stands in docs/hooks.md. */
enum inbound_challenge {
	INBOUND_COM = 1,
	INBOUND_GREENLAKE = 2,
	INBOUND_CLOUDEVENTS = 4,
	INBOUND_SLACK = 8,
	INBOUND_STATIC = 16,
};

/** How much is known of who asks; a challenge needs one of these. */
enum inbound_trust {
	INBOUND_ANYBODY,     /* its address was let through */
	INBOUND_CREDENTIALS, /* what it had to show was right */
	INBOUND_SIGNED,	     /* and so was its signature */
};

struct inbound_challenges {
	unsigned kinds;
	uint64_t rate; /* requests a minute that are allowed; 0: any number */
	const struct str *secrets; /* GreenLake: the first one answers */
	size_t secret_count;
	/* Static: any request by this method gets this answer. */
	struct str method;
	int status;
	struct str content_type;
	struct str body;
};

enum { INBOUND_ANSWER_FIELDS_MAX = 3 };

struct inbound_answer {
	const char *challenge; /* its name */
	int status;
	struct str content_type;
	struct str body;
	struct inbound_field fields[INBOUND_ANSWER_FIELDS_MAX];
	size_t field_count;
};

/** 0 when there is none of this name. */
unsigned inbound_challenge_find(struct str name);
/** The name of number `i` from 0, with its bit; NULL behind the last. */
const char *inbound_challenge_at(size_t i, unsigned *ret_bit);

/**
 * Whether the request is one of these challenges, and needs no more trust than
 * that; then `ret` is its answer, in `arena`.
 */
bool inbound_challenge_answer(const struct inbound_challenges *challenges,
	const struct inbound_request *request, enum inbound_trust trust,
	struct arena *arena, struct inbound_answer *ret);
