#include "flow/mask.h"

static const char *const words[] = {"password", "passwd", "secret", "token",
	"authorization", "api-key", "apikey", "api_key", "private_key",
	"privatekey", "cookie", "signature", "authpass", "credential"};

enum { NAME_MIN_LENGTH = 5 /* of words[] */, NAME_MAX_LENGTH = 128 };

bool
mask_is_secret_name(struct str name)
{
	char lower[NAME_MAX_LENGTH];
	struct str text;

	if (name.len < NAME_MIN_LENGTH || name.len > sizeof(lower))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	text = str_make(lower, name.len);
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (str_find(text, str_of(words[i])) != SIZE_MAX)
			return true;
	}
	return false;
}

/** The name in a pair such as {name, value}; empty when it is none. */
static struct str
pair_name(struct value pair)
{
	struct value name = value_member(pair, STR("name"));

	if (name.kind != VALUE_TEXT)
		name = value_member(pair, STR("key"));
	return name.kind == VALUE_TEXT ? name.as.text : STR("");
}

static struct value
mask_collection(struct value value, struct arena *arena)
{
	struct value_builder builder = value_builder_make(arena);
	bool is_secret_pair = mask_is_secret_name(pair_name(value));

	for (size_t i = 0; i < value.as.collection.count; i++) {
		const struct value_member *member =
			&value.as.collection.members[i];
		bool is_secret = mask_is_secret_name(member->key) ||
				 (is_secret_pair &&
					 str_equal(member->key, STR("value")));

		value_builder_set(&builder, member->key,
			is_secret && !value_is_blank(member->value)
				? value_text(STR("***"))
				: mask_secrets(member->value, arena));
	}
	return value_builder_collection(&builder);
}

/* Values are no deeper than VALUE_HEIGHT_MAX, which bounds the recursion. */
struct value
mask_secrets(struct value value, struct arena *arena)
{
	struct value_builder builder = value_builder_make(arena);

	if (value.kind == VALUE_COLLECTION)
		return mask_collection(value, arena);
	if (value.kind != VALUE_ARRAY)
		return value;
	for (size_t i = 0; i < value.as.array.count; i++)
		value_builder_add(
			&builder, mask_secrets(value.as.array.items[i], arena));
	return value_builder_array(&builder);
}
