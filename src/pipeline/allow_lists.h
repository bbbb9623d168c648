#pragma once
#include "net/address.h"
#include "rule/webhook_options.h"
#include "store/store.h"

/*
 * Allow-lists: named sets of networks and hosts of a workspace, which its
 * webhooks may reach although they are not public. A webhook names those it
 * may use (`allowLists`); one that names none uses the workspace's default
 * ones. All are in memory, kept equal to the store (objects of the kind
 * OBJECT_ALLOW_LIST); a change counts for the next connection that is made.
 *
 *   {"name": "lab", "description": "…", "networks": ["10.0.0.0/8", "::1"],
 *    "hosts": ["build.example.com", ".lab.example.com"], "default": false}
 *
 * Any thread; functions that change things block until the commit.
 */
struct allow_lists;
struct writer;

enum {
	ALLOW_LISTS_MAX = 100,		 /* in a workspace */
	ALLOW_LIST_ENTRIES_MAX = 256,	 /* networks, and hosts */
	ALLOW_LIST_DESCRIPTION_MAX = 255 /* characters */
};

struct allow_lists_options {
	struct store *store;
	struct writer *writer;
	bool are_off; /* none opens anything, none may be made */
};

/** ERR_IO, or ERR_INVALID when what is stored makes no sense. */
enum err allow_lists_open(const struct allow_lists_options *options,
	struct allow_lists **ret, struct buf *why) MUST_USE;
void allow_lists_close(struct allow_lists *lists);

/** One as it is told; texts in the arena that was given. */
struct allow_list {
	struct str name;
	struct str description;
	const struct str *networks;
	size_t network_count;
	const struct str *hosts;
	size_t host_count;
	bool is_default;
	int64_t created;
	int64_t updated;
	uint64_t revision;
};

/**
 * Reads the members of a body over those of `list` (a merge patch); texts are
 * in the body or `issues->arena`. All that is wrong is in the issues. Pure.
 */
void allow_list_read(struct json body, struct allow_list *list,
	struct webhook_issues *issues);

/** Writes it as an object. */
void allow_list_write(const struct allow_list *list, struct json_out *out);

/**
 * Stores a list that was read without issues, a new one (revision 0) or the
 * next revision of `list->revision`, and sets its times and revision.
 * ERR_CONFLICT (there is one of that name, or it has changed), ERR_NOT_FOUND,
 * ERR_LIMIT (too many), ERR_DENIED (switched off), ERR_IO.
 */
enum err allow_lists_set(struct allow_lists *lists, uint32_t workspace,
	struct allow_list *list) MUST_USE;

/** ERR_NOT_FOUND, ERR_IO. */
enum err allow_lists_remove(struct allow_lists *lists, uint32_t workspace,
	struct str name) MUST_USE;

/** False when there is none. */
bool allow_lists_get(struct allow_lists *lists, uint32_t workspace,
	struct str name, struct arena *arena, struct allow_list *ret);

/** All of a workspace, by name. */
struct allow_list *allow_lists_all(struct allow_lists *lists,
	uint32_t workspace, struct arena *arena, size_t *ret_count);

/**
 * What a webhook with these options may reach, in the arena; NULL: nothing
 * besides what everybody may. Names without a list open nothing.
 */
const struct address_list *allow_lists_for(struct allow_lists *lists,
	uint32_t workspace, const struct webhook_options *options,
	struct arena *arena);
