#pragma once
#include "pipeline/audit.h"
#include "store/object.h"

/*
 * Changes of what belongs to scenarios (scenarios, hooks, connections), with
 * the entry of the audit log that they are. What is secret in an object's body
 * is masked; the sealed part is not told at all.
 */
struct object_audit {
	struct store *store;
	struct writer *writer;
	const char *category; /* "scenarios" */
	const char *type;     /* "scenario" */
};

/**
 * Commits changes of which the first sets or removes an object. What was there
 * before is read from the store. Results as writer_commit(). Blocks.
 */
enum err object_audit_commit(const struct object_audit *audit,
	const struct store_change *changes, size_t count) MUST_USE;
