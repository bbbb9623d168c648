#include "rule/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "rule/filter_text.h"
#include "rule/regex_translate.h"

enum {
	TRANSLATED_MAX = 64 * 1024,
	HEAP_LIMIT_KIB = 32 * 1024,
	/* Of the text, between two items that are tried. */
	BYTES_PER_STEP = 16,
	/* An item that refers back may look at as much as was captured. */
	REFERENCE_BYTES_PER_STEP = 64,
};

struct regex {
	const pcre2_code *code;
	size_t groups;
	bool refers_back;
	bool is_sticky;
};

static void *
arena_allocate(size_t size, void *arena)
{
	return arena_alloc_raw(arena, size);
}

static void
arena_forget(void *bytes, void *arena)
{
	(void)bytes;
	(void)arena;
}

static void *
heap_allocate(size_t size, void *data)
{
	(void)data;
	return mem_resize(NULL, size);
}

static void
heap_forget(void *bytes, void *data)
{
	(void)data;
	mem_free(bytes);
}

/* ---- compiling ---- */

bool
regex_read_flags(struct str letters, unsigned *ret)
{
	static const struct {
		char letter;
		unsigned flag;
	} flags[] = {{'g', REGEX_GLOBAL}, {'i', REGEX_IGNORE_CASE},
		{'m', REGEX_MULTILINE}, {'s', REGEX_DOT_ALL},
		{'y', REGEX_STICKY}, {'u', REGEX_UNICODE}};
	unsigned found = 0;

	for (size_t i = 0; i < letters.len; i++) {
		unsigned flag = 0;

		for (size_t j = 0; j < COUNT_OF(flags); j++) {
			if (flags[j].letter == letters.ptr[i])
				flag = flags[j].flag;
		}
		if (flag == 0 || (found & flag))
			return false;
		found |= flag;
	}
	*ret = found;
	return true;
}

static uint32_t
options_of(unsigned flags)
{
	/* Callouts, and what would let items go uncounted left out: they are
	   what the budget is taken by. */
	uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C |
			   PCRE2_AUTO_CALLOUT | PCRE2_NO_AUTO_POSSESS |
			   PCRE2_MATCH_UNSET_BACKREF | PCRE2_ALLOW_EMPTY_CLASS |
			   PCRE2_DOLLAR_ENDONLY | PCRE2_DUPNAMES;

	if (flags & REGEX_IGNORE_CASE)
		options |= PCRE2_CASELESS;
	if (flags & REGEX_MULTILINE)
		options |= PCRE2_MULTILINE;
	if (flags & REGEX_DOT_ALL)
		options |= PCRE2_DOTALL;
	return options;
}

static enum err
compile(struct regex *regex, struct str pattern, unsigned flags,
	struct arena *arena, struct buf *why)
{
	pcre2_general_context *general = pcre2_general_context_create(
		arena_allocate, arena_forget, arena);
	pcre2_compile_context *context = pcre2_compile_context_create(general);
	unsigned char message[160];
	size_t offset;
	uint32_t count = 0;
	int error;

	pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
	regex->code = pcre2_compile(
		(PCRE2_SPTR)(pattern.len ? pattern.ptr : ""), pattern.len,
		options_of(flags), &error, &offset, context);
	if (regex->code == NULL) {
		pcre2_get_error_message(error, message, sizeof(message));
		buf_printf(why, "%s", (const char *)message);
		return ERR_INVALID;
	}
	pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &count);
	regex->groups = count;
	pcre2_pattern_info(regex->code, PCRE2_INFO_BACKREFMAX, &count);
	regex->refers_back = count > 0;
	regex->is_sticky = (flags & REGEX_STICKY) != 0;
	if (regex->groups <= REGEX_GROUPS_MAX)
		return ERR_OK;
	buf_printf(why, "more than %d groups", REGEX_GROUPS_MAX);
	return ERR_INVALID;
}

enum err
regex_compile(struct str pattern, unsigned flags, struct arena *arena,
	const struct regex **ret, struct buf *why)
{
	CLEANUP(buf_release) struct buf translated = buf_make(TRANSLATED_MAX);
	struct regex *regex = ARENA_NEW(arena, struct regex);
	enum err err;

	if (pattern.len > REGEX_PATTERN_MAX) {
		buf_printf(
			why, "it is longer than %d bytes", REGEX_PATTERN_MAX);
		return ERR_INVALID;
	}
	if (!str_is_utf8(pattern)) {
		buf_append(why, STR("it is not UTF-8"));
		return ERR_INVALID;
	}
	err = regex_translate(pattern, &translated, why);
	if (!err)
		err = compile(regex, buf_str(&translated), flags, arena, why);
	if (err)
		return ERR_INVALID;
	*ret = regex;
	return ERR_OK;
}

size_t
regex_groups(const struct regex *regex)
{
	return regex->groups;
}

struct str
regex_group_name(const struct regex *regex, size_t group)
{
	uint32_t count = 0, size = 0;
	PCRE2_SPTR table = NULL;

	pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &count);
	pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &table);
	for (; count > 0; count--, table += size) {
		if (((size_t)table[0] << 8 | table[1]) == group)
			return str_of((const char *)table + 2);
	}
	return STR("");
}

/* ---- searching ---- */

struct budget {
	size_t *steps;
	size_t last_position;
	size_t each; /* steps an item costs */
};

/** Called for each item that is tried. */
static int
charge(pcre2_callout_block *block, void *data)
{
	struct budget *budget = data;
	size_t at = block->current_position;
	size_t moved = at > budget->last_position ? at - budget->last_position
						  : budget->last_position - at;
	size_t cost = budget->each + moved / BYTES_PER_STEP;

	budget->last_position = at;
	if (cost > *budget->steps) {
		*budget->steps = 0;
		return PCRE2_ERROR_CALLOUT;
	}
	*budget->steps -= cost;
	return 0;
}

static void
read_match(const struct regex *regex, pcre2_match_data *data,
	struct regex_match *ret)
{
	const size_t *ends = pcre2_get_ovector_pointer(data);

	for (size_t i = 0; i <= regex->groups; i++) {
		ret->start[i] = ends[2 * i];
		ret->end[i] = ends[2 * i + 1];
	}
	/* \K, the only way to this, is translated away. */
	if (ret->start[0] > ret->end[0])
		ret->start[0] = ret->end[0];
}

enum err
regex_search(const struct regex *regex, struct str text, size_t from,
	size_t *steps, struct regex_match *ret)
{
	struct budget budget = {steps, from, 1};
	pcre2_general_context *general =
		pcre2_general_context_create(heap_allocate, heap_forget, NULL);
	pcre2_match_context *context = pcre2_match_context_create(general);
	pcre2_match_data *data =
		pcre2_match_data_create((uint32_t)regex->groups + 1, general);
	uint32_t options = from > 0 ? PCRE2_NO_UTF_CHECK : 0;
	int count;

	if (regex->refers_back)
		budget.each += text.len / REFERENCE_BYTES_PER_STEP;
	if (regex->is_sticky)
		options |= PCRE2_ANCHORED;
	pcre2_set_callout(context, charge, &budget);
	pcre2_set_heap_limit(context, HEAP_LIMIT_KIB);
	pcre2_set_match_limit(context, UINT32_MAX);
	count = pcre2_match(regex->code, (PCRE2_SPTR)(text.len ? text.ptr : ""),
		text.len, from, options, data, context);
	if (count > 0)
		read_match(regex, data, ret);
	pcre2_match_data_free(data);
	pcre2_match_context_free(context);
	pcre2_general_context_free(general);
	if (count > 0)
		return ERR_OK;
	return count == PCRE2_ERROR_NOMATCH ? ERR_NOT_FOUND : ERR_LIMIT;
}

size_t
regex_next(struct str text, const struct regex_match *match)
{
	uint32_t c;

	if (match->end[0] > match->start[0])
		return match->end[0];
	if (match->end[0] >= text.len)
		return text.len + 1;
	return match->end[0] +
	       filter_text_decode(str_skip(text, match->end[0]), &c);
}
