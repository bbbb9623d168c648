#include "rule/filter_look.h"

#include "base/mem.h"
#include "rule/filter_ast.h"
#include "rule/filter_function.h"

enum side { NEW_SIDE, OLD_SIDE, ATTRIBUTE_SIDE, SIDES };

/* ---- memory ---- */

/** Room for `count` zeroed elements; more than asked, so seldom. */
static void *
reach(void *old, uint32_t *cap, uint32_t count, size_t size)
{
	uint32_t larger = count + count / 4 + 64;

	if (count <= *cap)
		return old;
	old = mem_resize(old, larger * size);
	memset((char *)old + *cap * size, 0, (larger - *cap) * size);
	*cap = larger;
	return old;
}

void
filter_look_release(struct filter_look *look)
{
	mem_free(look->truths);
	mem_free(look->seen);
	mem_free(look->visited);
	mem_free(look->present);
	mem_free(look->found);
	*look = (struct filter_look){0};
}

/** All stamps are used up: forgets those of earlier events. */
static void
start_over(struct filter_look *look)
{
	look->stamp = 2;
	memset(look->truths, 0, look->predicate_count * sizeof(*look->truths));
	memset(look->seen, 0, look->slot_count * sizeof(*look->seen));
	memset(look->visited, 0, look->node_count * sizeof(*look->visited));
}

static void
make_room(struct filter_look *look)
{
	const struct filter_predicates *predicates = look->predicates;
	const struct filter_slots *slots = predicates->slots;

	look->truths = reach(look->truths, &look->predicate_count,
		chunks_count(&predicates->all), sizeof(*look->truths));
	look->seen = reach(look->seen, &look->slot_count,
		chunks_count(&slots->slots), sizeof(*look->seen));
	look->visited = reach(look->visited, &look->node_count,
		chunks_count(&slots->nodes) * SIDES, sizeof(*look->visited));
	look->stamp += 2;
	if (look->stamp == 0)
		start_over(look);
}

void
filter_look_found(struct filter_look *look, uint32_t number)
{
	if (number >= look->predicate_count ||
		look->truths[number] == look->stamp + 1)
		return;
	look->truths[number] = look->stamp + 1;
	look->found = reach(look->found, &look->found_cap,
		look->found_count + 1, sizeof(*look->found));
	look->found[look->found_count++] = number;
	look->evaluations++;
}

/* ---- walking the states ---- */

struct walk {
	struct filter_look *look;
	const struct filter_slots *slots;
	const struct json_doc *doc;
	enum side side;
	bool is_bare; /* bare paths speak of this one */
};

static void
note(struct filter_look *look, uint32_t slot, struct json json, bool is_old)
{
	struct filter_seen *seen;

	if (slot == 0 || slot >= look->slot_count)
		return;
	seen = &look->seen[slot];
	if (seen->stamp != look->stamp) {
		seen->stamp = look->stamp;
		seen->json = seen->old_json = (struct json){0};
		look->present = reach(look->present, &look->present_cap,
			look->present_count + 1, sizeof(*look->present));
		look->present[look->present_count++] = slot;
	}
	if (is_old)
		seen->old_json = json;
	else
		seen->json = json;
}

static uint32_t
slot_under(const struct filter_trie_node *node, enum filter_slot_root root)
{
	return atomic_load_explicit(&node->slots[root], memory_order_acquire);
}

static void
note_node(struct walk *walk, const struct filter_trie_node *node,
	struct json json)
{
	struct filter_look *look = walk->look;
	bool is_old = walk->side == OLD_SIDE;

	if (walk->is_bare)
		note(look, slot_under(node, FILTER_SLOT_BARE), json, false);
	if (walk->side == ATTRIBUTE_SIDE)
		return;
	if (walk->is_bare)
		note(look, slot_under(node, FILTER_SLOT_DATA), json, false);
	note(look, slot_under(node, is_old ? FILTER_SLOT_OLD : FILTER_SLOT_NEW),
		json, false);
	if (look->is_updated)
		note(look, slot_under(node, FILTER_SLOT_CHANGED), json, is_old);
}

static bool
is_below(const struct filter_slots *slots, uint32_t node, uint32_t above)
{
	while (node != 0 && node != above)
		node = filter_trie_at(slots, node)->parent;
	return node == above;
}

/** A member came a second time: what the first one held does not count. */
static void
forget(struct walk *walk, uint32_t node)
{
	struct filter_look *look = walk->look;

	for (uint32_t i = 0; i < look->present_count; i++) {
		uint32_t number = look->present[i];
		const struct filter_slot *slot =
			filter_slot_at(walk->slots, number);
		bool is_changed = slot->root == FILTER_SLOT_CHANGED;
		bool is_bare = slot->root == FILTER_SLOT_BARE ||
			       (slot->root == FILTER_SLOT_DATA &&
				       walk->side != ATTRIBUTE_SIDE);
		bool is_old = walk->side == OLD_SIDE;

		if (slot->root == FILTER_SLOT_ENVELOPE ||
			!is_below(walk->slots, slot->node, node))
			continue;
		if (is_bare ? walk->is_bare
			    : (!is_changed && walk->side != ATTRIBUTE_SIDE &&
				      is_old ==
					      (slot->root == FILTER_SLOT_OLD)))
			look->seen[number].json = (struct json){0};
		else if (is_changed && is_old)
			look->seen[number].old_json = (struct json){0};
		else if (is_changed && walk->side == NEW_SIDE)
			look->seen[number].json = (struct json){0};
	}
}

static void visit(struct walk *walk, uint32_t number, uint32_t index);

static void
visit_child(struct walk *walk, uint32_t child, uint32_t index)
{
	uint32_t *visited;

	if (child * SIDES >= walk->look->node_count)
		return;
	visited = &walk->look->visited[child * SIDES + walk->side];
	if (*visited == walk->look->stamp)
		forget(walk, child);
	*visited = walk->look->stamp;
	visit(walk, child, index);
}

/** An attribute counts only where the state has no member of its name. */
static bool
is_hidden(const struct walk *walk, uint32_t parent, uint32_t child)
{
	const struct filter_look *look = walk->look;
	enum side state = look->is_deleted ? OLD_SIDE : NEW_SIDE;

	return walk->side == ATTRIBUTE_SIDE && parent == 0 &&
	       child * SIDES < look->node_count &&
	       look->visited[child * SIDES + state] == look->stamp;
}

static struct str
member_name(
	const struct walk *walk, const struct json_node *key, uint32_t index)
{
	if (UNLIKELY(key->flags & JSON_ESCAPED))
		return json_string(
			(struct json){walk->doc, index}, walk->look->arena);
	return str_make(walk->doc->text.ptr + key->offset, key->len);
}

static void
visit_members(
	struct walk *walk, uint32_t number, uint64_t children, uint32_t index)
{
	const struct json_node *nodes = walk->doc->nodes;
	uint32_t end = nodes[index].next;

	for (uint32_t at = index + 1; at < end;) {
		struct str name = member_name(walk, &nodes[at], at);
		uint64_t hash = filter_trie_hash(name);
		uint32_t value = at + 1;
		uint32_t child;

		at = nodes[value].next;
		if (!(children >> (hash & 63) & 1))
			continue;
		child = filter_trie_child(walk->slots, number, hash, name);
		if (child != FILTER_TABLE_END &&
			!is_hidden(walk, number, child))
			visit_child(walk, child, value);
	}
}

static void
visit(struct walk *walk, uint32_t number, uint32_t index)
{
	const struct filter_trie_node *node =
		filter_trie_at(walk->slots, number);
	uint64_t children;

	if (number != 0 || walk->side != ATTRIBUTE_SIDE)
		note_node(walk, node, (struct json){walk->doc, index});
	children = atomic_load_explicit(&node->children, memory_order_acquire);
	if (children && walk->doc->nodes[index].kind == JSON_OBJECT)
		visit_members(walk, number, children, index);
}

static void
walk_json(struct filter_look *look, struct json json, enum side side,
	bool is_bare)
{
	struct walk walk = {
		look, look->predicates->slots, json.doc, side, is_bare};

	if (!json_is_missing(json))
		visit(&walk, 0, json.index);
}

/* ---- attributes ---- */

/** Whether a bare path begins with the name, and the state has no such. */
static bool
wants(const struct filter_look *look, struct str name)
{
	const struct filter_slots *slots = look->predicates->slots;
	enum side state = look->is_deleted ? OLD_SIDE : NEW_SIDE;
	uint32_t child =
		filter_trie_child(slots, 0, filter_trie_hash(name), name);

	return child != FILTER_TABLE_END && child * SIDES < look->node_count &&
	       atomic_load_explicit(&filter_trie_at(slots, child)->bare,
		       memory_order_acquire) &&
	       look->visited[child * SIDES + state] != look->stamp;
}

static bool
wants_attributes(const struct filter_look *look, bool has_extensions)
{
	static const struct str names[] = {STR_INIT("id"), STR_INIT("source"),
		STR_INIT("subject"), STR_INIT("time"),
		STR_INIT("datacontenttype"), STR_INIT("dataschema")};
	const struct filter_predicates *predicates = look->predicates;

	if (atomic_load_explicit(
		    &predicates->bare_opaque, memory_order_acquire))
		return true;
	if (!atomic_load_explicit(
		    &predicates->slots->bare_names, memory_order_acquire))
		return false;
	if (has_extensions)
		return true;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (wants(look, names[i]))
			return true;
	}
	return false;
}

/** After the states: what they have needs no attribute. */
static void
make_attributes(struct filter_look *look)
{
	const struct filter_late_attributes *late = look->event->late;

	if (late == NULL)
		return;
	look->whole = *look->event;
	look->whole.late = NULL;
	if (wants_attributes(look, late->has_extensions))
		look->whole.attributes = late->make(late->owner, look->arena);
	look->event = &look->whole;
}

void
filter_look_begin(struct filter_look *look,
	const struct filter_predicates *predicates,
	const struct filter_event *event, struct arena *arena)
{
	look->predicates = predicates;
	look->bloom =
		atomic_load_explicit(&predicates->bloom, memory_order_acquire);
	look->event = event;
	look->arena = arena;
	look->is_updated = str_equal(event->operation, STR("Updated"));
	look->is_deleted = str_equal(event->operation, STR("Deleted"));
	look->present_count = 0;
	look->found_count = 0;
	make_room(look);
	walk_json(look, event->new_state, NEW_SIDE, !look->is_deleted);
	walk_json(look, event->old_state, OLD_SIDE, look->is_deleted);
	make_attributes(look);
	walk_json(look, look->event->attributes, ATTRIBUTE_SIDE, true);
}

/* ---- values ---- */

static struct filter_value
envelope(struct str text)
{
	return text.len ? filter_value_string(text) : filter_value_null();
}

/** Bytes first: what was not touched is mostly spelled as before. */
static bool
is_changed(const struct filter_seen *seen)
{
	return !json_equal(seen->json, seen->old_json);
}

static struct filter_value
derive(struct filter_look *look, const struct filter_slot *slot)
{
	struct filter_run run = filter_run_make(look->arena);
	struct filter_value value = *filter_look_value(look, slot->base);

	value = filter_function_at(slot->function)->apply(&run, &value, 1);
	return run.steps_left ? value : filter_value_null();
}

static struct filter_value
work_out(struct filter_look *look, uint32_t number,
	const struct filter_seen *seen)
{
	const struct filter_slot *slot =
		filter_slot_at(look->predicates->slots, number);
	bool is_present = seen->stamp == look->stamp;

	if (slot->is_derived)
		return derive(look, slot);
	if (number == FILTER_SLOT_TYPE)
		return envelope(look->event->type);
	if (number == FILTER_SLOT_OPERATION)
		return envelope(look->event->operation);
	if (slot->root == FILTER_SLOT_CHANGED)
		return filter_value_boolean(is_present && is_changed(seen));
	if (!is_present)
		return filter_value_null();
	return filter_value_from_json(seen->json, look->arena);
}

const struct filter_value *
filter_look_value(struct filter_look *look, uint32_t number)
{
	static const struct filter_value null = {.kind = FILTER_VALUE_NULL};
	struct filter_seen *seen;

	if (number >= look->slot_count)
		return &null;
	seen = &look->seen[number];
	if (seen->value_stamp != look->stamp) {
		seen->value = work_out(look, number, seen);
		seen->value_stamp = look->stamp;
	}
	return &seen->value;
}
