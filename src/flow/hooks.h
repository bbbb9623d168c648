#pragma once
#include "base/seal.h"
#include "flow/hook_life.h"
#include "flow/hook_options.h"
#include "flow/runner.h"

/*
 * The hooks there are: addresses (/hook/{token}) at which webhooks come in.
 * Kept as objects (OBJECT_HOOK), secrets sealed; handed out as snapshots that
 * never change and are counted by references. A change is on disk before
 * anybody sees it. Any thread; changing blocks on the disk. What happens to a
 * request is in flow/hook_receive.h.
 */
struct hooks;

enum { HOOK_TOKEN_LEN = 32 };

struct hook {
	struct uuid id;
	uint32_t workspace;
	uint64_t revision;
	struct str token; /* as in the address: whoever has it may call */
	struct hook_options options;
	struct hook_life *life;
	int64_t created;
	int64_t updated;
};

struct hooks_options {
	struct store *store; /* borrowed, as all here */
	struct writer *writer;
	const struct seal_key *key; /* of secrets */
	struct scenarios *scenarios;
	struct runner *runner;
	/* runner_begin() and runner_take_expected(); doubles in tests. */
	enum err (*begin)(
		struct runner *runner, const struct runner_order *order);
	bool (*take_expected)(struct runner *runner, struct uuid scenario);
	size_t hooks_max; /* in a workspace; 0: 1000 */
};

/** Loads all there are. One that cannot be read is logged and stays off. */
enum err hooks_open(const struct hooks_options *options, struct hooks **ret,
	struct buf *why) MUST_USE;
/** What is counted and not stored yet is; blocks on the disk. NULL is harmless.
 */
void hooks_flush(struct hooks *hooks);

/** After everybody who might call in has ended. NULL is harmless. */
void hooks_close(struct hooks *hooks);

const struct hooks_options *hooks_settings(const struct hooks *hooks);

/**
 * `options` have been read and checked (hook_options_check). ERR_LIMIT: there
 * are as many as may be; ERR_IO. `*ret` is a reference.
 */
enum err hooks_create(struct hooks *hooks, uint32_t workspace,
	const struct hook_options *options, const struct hook **ret) MUST_USE;

/**
 * The next revision of one that was got: ERR_CONFLICT when it has changed
 * meanwhile, ERR_NOT_FOUND, ERR_IO.
 */
enum err hooks_change(struct hooks *hooks, const struct hook *former,
	const struct hook_options *options, const struct hook **ret) MUST_USE;

/** ERR_NOT_FOUND, ERR_IO. */
enum err hooks_remove(struct hooks *hooks, uint32_t workspace, struct uuid id)
	MUST_USE;

/** What happened at all hooks since the start; for /metrics. */
struct hooks_stats {
	uint64_t counts[HOOK_EVENTS];
	uint64_t refused[HOOK_REFUSALS];
};
void hooks_stats(struct hooks *hooks, struct hooks_stats *ret);
void hooks_count(struct hooks *hooks, const struct hook_note *note);

/** References, or NULL. */
const struct hook *hooks_find(struct hooks *hooks, struct str token);
const struct hook *hooks_get(
	struct hooks *hooks, uint32_t workspace, struct uuid id);

/** References to a workspace's (0: all), ordered by name, in the arena. */
struct hook_list {
	const struct hook **items;
	size_t count;
};
void hooks_list(struct hooks *hooks, uint32_t workspace, struct arena *arena,
	struct hook_list *ret);

const struct hook *hook_ref(const struct hook *hook);
/** NULL is harmless. */
void hook_unref(const struct hook *hook);
