#pragma once
#include "base/arena.h"
#include "base/buf.h"

/*
 * The settings of `grapnel serve`. One table, settings.def, makes the fields
 * of struct settings, the flags, the environment's variables, the keys of the
 * configuration file and docs/config.md.
 *
 * A flag counts before a variable, a variable before the file, the file
 * before the default. A list given in one place replaces the list of the
 * places behind it; it is not added to it. An empty variable is no variable.
 */

enum setting_kind {
	SETTING_TEXT,
	SETTING_PATH,
	SETTING_INTEGER,
	SETTING_SIZE,	  /* bytes: "512B", "64KiB", "1MiB", "2GiB" */
	SETTING_DURATION, /* microseconds: "250ms", "10s", "15m", "2h", "1d" */
	SETTING_BOOLEAN,  /* true/false, yes/no, on/off, 1/0 */
	SETTING_CHOICE,	  /* the word's place in `choices` */
	SETTING_LIST,	  /* texts */
};

struct setting_list {
	const char **items;
	size_t count;
};

/* One row of settings.def. */
struct setting {
	const char *name;
	enum setting_kind kind;
	size_t offset;		  /* of the field in struct settings */
	const char *fallback;	  /* the default's text; NULL: none */
	const char *derived;	  /* said of the default instead of its text */
	const char *placeholder;  /* "SIZE" in --body-max SIZE */
	const char *choices;	  /* CHOICE: words with blanks between */
	int64_t minimum, maximum; /* INTEGER, SIZE, DURATION; LIST: items */
	const char *doc;
	bool is_secret; /* never printed, and there is no flag */
	/* Looks at a value, or at each item of a list. May be NULL. */
	enum err (*check)(struct str value, struct buf *why);
};

/* The place of each row in the table. */
enum setting_index {
#define SETTING(kind_, field_, name_, ...) SETTING_INDEX_##field_,
#define SETTING_GROUP(title_)
#include "cli/settings.def"
#undef SETTING
#undef SETTING_GROUP
	SETTINGS_COUNT
};

enum setting_source {
	SETTING_FROM_DEFAULT,
	SETTING_FROM_FILE,
	SETTING_FROM_ENVIRONMENT,
	SETTING_FROM_FLAG,
};

struct setting_origin {
	enum setting_source source;
	/* "--listen", "GRAPNEL_LISTEN", "grapnel.yaml:3:9" */
	const char *place;
};

#define SETTING_TYPE_TEXT const char *
#define SETTING_TYPE_PATH const char *
#define SETTING_TYPE_INTEGER unsigned
#define SETTING_TYPE_SIZE size_t
#define SETTING_TYPE_DURATION int64_t
#define SETTING_TYPE_BOOLEAN bool
#define SETTING_TYPE_CHOICE unsigned
#define SETTING_TYPE_LIST struct setting_list

/* A text or path that is not set is NULL. All pointers are in `arena`. */
struct settings {
	struct arena arena;
	struct setting_origin origins[SETTINGS_COUNT];
#define SETTING(kind_, field_, name_, ...) SETTING_TYPE_##kind_ field_;
#define SETTING_GROUP(title_)
#include "cli/settings.def"
#undef SETTING
#undef SETTING_GROUP
};

extern const struct setting settings_table[SETTINGS_COUNT];

/* The table as people read it: a title, or else a row. */
struct settings_line {
	const char *title;
	const struct setting *setting;
};
extern const struct settings_line settings_lines[];
extern const size_t settings_line_count;

enum { SETTING_VALUE_MAX = 4096, SETTING_LIST_MAX = 64 };

/** All defaults. */
void settings_init(struct settings *settings);
void settings_release(struct settings *settings);

/** The row of that name, or NULL. */
const struct setting *settings_find(struct str name);

/**
 * Sets a row to what `values` say (all but LIST take exactly one). Where the
 * row was set by a stronger source before, nothing is changed. `place` is
 * copied and begins the sentence in `why`. ERR_INVALID.
 */
enum err settings_set(struct settings *settings, const struct setting *setting,
	struct setting_origin origin, const struct str *values, size_t count,
	struct buf *why) MUST_USE;

/** Takes the GRAPNEL_… variables from `environment` (as environ). */
enum err settings_from_environment(struct settings *settings,
	char *const *environment, struct buf *why) MUST_USE;

/**
 * Once all sources are in: fills what follows from other settings (key-file)
 * and refuses what does not go together. ERR_INVALID.
 */
enum err settings_finish(struct settings *settings, struct buf *why) MUST_USE;

/** "GRAPNEL_BODY_MAX" of "body-max"; in `arena`. */
const char *settings_variable(const char *name, struct arena *arena);

/* The rows' own checks (settings_check.c). */
enum err settings_check_listen(struct str value, struct buf *why);
enum err settings_check_network(struct str value, struct buf *why);
enum err settings_check_proxy(struct str value, struct buf *why);
enum err settings_check_proxy_credentials(struct str value, struct buf *why);
enum err settings_check_schedule(struct str value, struct buf *why);
enum err settings_check_notices(struct str value, struct buf *why);
enum err settings_check_header(struct str value, struct buf *why);
enum err settings_check_source(struct str value, struct buf *why);
enum err settings_check_origin(struct str value, struct buf *why);
enum err settings_check_public_url(struct str value, struct buf *why);
enum err settings_check_token(struct str value, struct buf *why);
/** Whether the (valid) address to listen on is reached from this host only. */
bool settings_listen_is_loopback(struct str value);
