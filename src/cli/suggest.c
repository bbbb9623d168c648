#include "cli/suggest.h"

enum { NAME_MAX_LEN = 40, FAR_AWAY = 1000 };

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment over three rows of its table. */
size_t
suggest_distance(struct str a, struct str b)
{
	size_t rows[3][NAME_MAX_LEN + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	if (a.len > NAME_MAX_LEN || b.len > NAME_MAX_LEN)
		return FAR_AWAY;
	for (size_t j = 0; j <= b.len; j++)
		above[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *recycled;

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool is_same = a.ptr[i - 1] == b.ptr[j - 1];

			row[j] = above[j - 1] + (is_same ? 0 : 1);
			row[j] = least(row[j], above[j] + 1);
			row[j] = least(row[j], row[j - 1] + 1);
			if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] &&
				a.ptr[i - 2] == b.ptr[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		recycled = before;
		before = above;
		above = row;
		row = recycled;
	}
	return above[b.len];
}

struct suggest
suggest_make(struct str typed)
{
	return (struct suggest){typed, NULL, FAR_AWAY};
}

void
suggest_consider(struct suggest *suggest, const char *name)
{
	size_t distance = suggest_distance(suggest->typed, str_of(name));

	if (distance < suggest->distance) {
		suggest->distance = distance;
		suggest->best = name;
	}
}

const char *
suggest_best(const struct suggest *suggest)
{
	/* A third of the letters wrong is a slip; more is another word. */
	size_t allowed = suggest->typed.len / 3 + 1;

	return suggest->distance <= allowed ? suggest->best : NULL;
}
