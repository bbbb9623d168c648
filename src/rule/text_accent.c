#include "rule/text_accent.h"

/*
 * Letters of Latin scripts without their marks, from the canonical
 * decompositions of Unicode 14 (UnicodeData.txt): a string for a block, with
 * the plain letter at the place of each code point, '.' where there is none.
 */
static const char from_00c0[] =
	"AAAAAA.CEEEEIIIIDNOOOOO.OUUUUY..aaaaaa.ceeeeiiiidnooooo.ouuuuy.y"
	"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi..JjKkkLlLlLl."
	".LlNnNnNn.NnOoOoOo..RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs"
	"................................Oo.............Uu..............."
	".............AaIiOoUuUuUuUuUu.AaAa....GgKkOoOo..j...Gg..NnAa...."
	"AaAaEeEeIiIiOoOoRrRrUuUuSsTt..Hh......AaEeOoOoOoOoYy............"
	"................";

static const char from_1e00[] =
	"AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMm"
	"MmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRrSsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVv"
	"WwWwWwWwWwXxXxYyZzZzZzhtwy......AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEe"
	"EeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYy......";

static const struct block {
	uint32_t first;
	uint32_t count;
	const char *letters;
} blocks[] = {
	{0xC0, sizeof(from_00c0) - 1, from_00c0},
	{0x1E00, sizeof(from_1e00) - 1, from_1e00},
};

/* Letters that are two, and those whose mark is no mark of its own. */
static const struct pair {
	uint32_t letter;
	const char *plain;
} pairs[] = {
	{0xC6, "AE"},
	{0xDE, "Th"},
	{0xDF, "ss"},
	{0xE6, "ae"},
	{0xFE, "th"},
	{0x132, "IJ"},
	{0x133, "ij"},
	{0x149, "'n"},
	{0x152, "OE"},
	{0x153, "oe"},
	{0x1E9E, "SS"},
};

/* Marks that follow their letter. */
enum { FIRST_MARK = 0x300, LAST_MARK = 0x36F };

bool
text_accent_is_mark(uint32_t c)
{
	return c >= FIRST_MARK && c <= LAST_MARK;
}

struct str
text_accent_plain(uint32_t c)
{
	for (size_t i = 0; i < COUNT_OF(blocks); i++) {
		const struct block *block = &blocks[i];

		if (c < block->first || c - block->first >= block->count)
			continue;
		if (block->letters[c - block->first] != '.')
			return str_make(block->letters + c - block->first, 1);
	}
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		if (pairs[i].letter == c)
			return str_of(pairs[i].plain);
	}
	return STR("");
}
