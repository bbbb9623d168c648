#include "pipeline/dead_tally.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"

struct dead_tally {
	struct map entries; /* webhook's number → struct entry */
};

struct entry {
	uint64_t webhook;
	uint64_t untold;
	int64_t may_tell_at;
};

static struct str
key_of(const uint64_t *webhook)
{
	return str_make((const char *)webhook, sizeof(*webhook));
}

struct dead_tally *
dead_tally_new(void)
{
	return MEM_NEW(struct dead_tally);
}

void
dead_tally_free(struct dead_tally *tally)
{
	struct entry *entry;
	size_t at = 0;

	if (tally == NULL)
		return;
	while ((entry = map_next(&tally->entries, &at)))
		mem_free(entry);
	map_release(&tally->entries);
	mem_free(tally);
}

uint64_t
dead_tally_add(struct dead_tally *tally, uint64_t webhook, int64_t now)
{
	struct entry *entry = map_get(&tally->entries, key_of(&webhook));
	uint64_t count;

	if (entry == NULL) {
		entry = MEM_NEW(struct entry);
		entry->webhook = webhook;
		entry->may_tell_at = now;
		map_put(&tally->entries, key_of(&entry->webhook), entry);
	}
	count = ++entry->untold;
	if (now < entry->may_tell_at)
		return 0;
	entry->untold = 0;
	entry->may_tell_at = now + DEAD_TALLY_PAUSE;
	return count;
}

void
dead_tally_forget(struct dead_tally *tally, uint64_t webhook)
{
	mem_free(map_remove(&tally->entries, key_of(&webhook)));
}
