#pragma once
#include "base/map.h"
#include "rule/filter_ast.h"

/*
 * A filter while it is being put together: growing arrays in a working arena,
 * copied into the filter's own arena once they are complete.
 */
struct filter_build {
	struct arena *work;
	struct arena *arena; /* of the finished filter; patterns go there */
	struct map paths;    /* spelling of a path to its index + 1 */
	struct filter filter;
	struct filter_node *nodes;
	uint32_t *children;
	struct filter_path *path_rows;
	struct str *segments;
	struct filter_value *literals;
	struct filter_lambda *lambdas;
	size_t caps[6];
};

void filter_build_init(
	struct filter_build *build, struct arena *work, struct arena *arena);
void filter_build_release(struct filter_build *build);

uint32_t filter_build_node(struct filter_build *build, enum filter_kind kind,
	int op, uint32_t first);

/** A node with a run of children, which are copied. */
uint32_t filter_build_parent(struct filter_build *build, enum filter_kind kind,
	int op, const uint32_t *children, size_t count);

uint32_t filter_build_literal(
	struct filter_build *build, struct filter_value value);

/** The index of the path, an old one if there is an equal one. */
uint32_t filter_build_path(struct filter_build *build, enum filter_root root,
	uint8_t slot, const struct str *segments, size_t count);

uint32_t filter_build_lambda(
	struct filter_build *build, struct filter_lambda lambda);

/** The finished filter, all of it in the filter's arena. */
const struct filter *filter_build_finish(
	struct filter_build *build, uint32_t root);
