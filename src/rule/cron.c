#include "rule/cron.h"

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may",
	"jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const day_names[] = {
	"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

static const struct field {
	const char *name;
	int least, most;
	const char *const *names; /* the first one is `least` */
} fields[] = {
	{"minute", 0, 59, NULL},
	{"hour", 0, 23, NULL},
	{"day of the month", 1, 31, NULL},
	{"month", 1, 12, month_names},
	{"day of the week", 0, 7, day_names},
};

static bool
read_number(const struct field *field, struct str text, int *ret)
{
	uint64_t number;

	for (int i = 0; field->names && field->names[i]; i++) {
		*ret = field->least + i;
		if (str_equal_nocase(text, str_of(field->names[i])))
			return true;
	}
	if (str_to_u64(text, &number) || number > (uint64_t)field->most)
		return false;
	*ret = (int)number;
	return *ret >= field->least;
}

/** One part of a list: `*`, `a`, `a-b`, each with or without `/step`. */
static bool
read_part(const struct field *field, struct str part, uint64_t *bits)
{
	size_t slash = str_find_char(part, '/');
	struct str step_text =
		slash < part.len ? str_skip(part, slash + 1) : STR("1");
	struct str range = slash < part.len ? str_head(part, slash) : part;
	size_t dash = str_find_char(range, '-');
	uint64_t step;
	int from = field->least, until = field->most;

	if (str_to_u64(step_text, &step) || step == 0 || step > 60)
		return false;
	if (dash < range.len) {
		if (!read_number(field, str_head(range, dash), &from) ||
			!read_number(field, str_skip(range, dash + 1), &until))
			return false;
	} else if (!str_equal(range, STR("*"))) {
		if (!read_number(field, range, &from))
			return false;
		until = slash < part.len ? field->most : from;
	}
	for (int at = from; at <= until; at += (int)step)
		*bits |= UINT64_C(1) << at;
	return from <= until;
}

static bool
read_field(const struct field *field, struct str text, uint64_t *bits)
{
	*bits = 0;
	if (text.len == 0)
		return false;
	while (text.len) {
		if (!read_part(field, str_split(&text, ','), bits))
			return false;
	}
	return true;
}

static struct str
next_word(struct str *rest)
{
	struct str word;

	*rest = str_trim(*rest);
	word = *rest;
	for (size_t i = 0; i < word.len; i++) {
		if (word.ptr[i] == ' ' || word.ptr[i] == '\t')
			word.len = i;
	}
	*rest = str_skip(*rest, word.len);
	return word;
}

enum err
cron_read(struct str text, struct schedule *schedule, struct buf *why)
{
	uint64_t bits[COUNT_OF(fields)];
	bool is_star[COUNT_OF(fields)];

	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		struct str word = next_word(&text);

		is_star[i] = str_starts_with(word, STR("*"));
		if (read_field(&fields[i], word, &bits[i]))
			continue;
		buf_printf(why,
			"field %zu, the %s: expected *, a number from "
			"%d to %d, a range, a list or a /step",
			i + 1, fields[i].name, fields[i].least, fields[i].most);
		return ERR_INVALID;
	}
	if (str_trim(text).len) {
		buf_append(why, STR("expected five fields, found more"));
		return ERR_INVALID;
	}
	schedule->minutes = bits[0];
	schedule->hours = (uint32_t)bits[1];
	schedule->month_days = (uint32_t)bits[2];
	schedule->months = (uint16_t)bits[3];
	schedule->week_days = (uint8_t)((bits[4] | bits[4] >> 7) & 0x7F);
	schedule->is_either_day = !is_star[2] && !is_star[4];
	return ERR_OK;
}
