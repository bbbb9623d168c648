#include "store/object.h"
#include "store_double.h"

/* Objects: revisions, owners, pages. */

static struct store *store;
static struct arena arena;

static void
begin(void)
{
	store = test_store_open(check_temp_dir());
}

static void
end(void)
{
	store_close(store);
	arena_release(&arena);
}

static struct object_change
set(const char *id, uint64_t revision)
{
	return (struct object_change){.what = OBJECT_SET,
		.row = {.workspace = 1,
			.kind = OBJECT_SUBSCRIPTION,
			.id = str_of(id),
			.owner = STR("webhook-1"),
			.revision = revision,
			.created = TEST_NOW + (int64_t)revision,
			.updated = TEST_NOW + (int64_t)revision,
			.body = STR("{\"a\":1}"),
			.sealed = STR("\x01\x02")}};
}

static void
commit(const struct object_change *object)
{
	TEST_COMMIT(store, {.kind = STORE_OBJECT, .object = object});
}

static void
conflict(const struct object_change *object)
{
	TEST_CONFLICT(store, 0, {.kind = STORE_OBJECT, .object = object});
}

static enum err
read_one(const char *id, struct object_row *ret)
{
	return store_object(
		store, 1, OBJECT_SUBSCRIPTION, str_of(id), &arena, ret);
}

static struct object_list
list(struct object_query query)
{
	struct object_list result = {0};

	query.kind = OBJECT_SUBSCRIPTION;
	CHECK_OK(store_objects(store, &query, &arena, &result));
	return result;
}

TEST(store_object, what_was_set_is_read)
{
	struct object_change change = set("s", 1);
	struct object_row row;

	begin();
	CHECK_INT(read_one("s", &row), ERR_NOT_FOUND);
	commit(&change);
	CHECK_OK(read_one("s", &row));
	CHECK_INT(row.workspace, 1);
	CHECK_INT(row.kind, OBJECT_SUBSCRIPTION);
	CHECK_STR(row.owner, STR("webhook-1"));
	CHECK_INT(row.revision, 1);
	CHECK_INT(row.created, TEST_NOW + 1);
	CHECK_INT(row.updated, TEST_NOW + 1);
	CHECK_STR(row.body, STR("{\"a\":1}"));
	CHECK_STR(row.sealed, STR("\x01\x02"));
	end();
}

TEST(store_object, write_on_another_revision_than_the_last_conflicts)
{
	struct object_change first = set("s", 1), second = set("s", 2);
	struct object_row row;

	begin();
	conflict(&second);
	commit(&first);
	conflict(&first);
	second.row.body = STR("{}");
	commit(&second);
	conflict(&second);
	CHECK_OK(read_one("s", &row));
	CHECK_INT(row.revision, 2);
	CHECK_STR(row.body, STR("{}"));
	CHECK_INT(row.created, TEST_NOW + 1);
	CHECK_INT(row.updated, TEST_NOW + 2);
	end();
}

TEST(store_object, removal_may_name_the_revision)
{
	struct object_change change = set("s", 1);

	begin();
	commit(&change);
	change.what = OBJECT_REMOVE;
	change.row.revision = 2;
	conflict(&change);
	change.row.revision = 1;
	commit(&change);
	conflict(&change);
	change = set("s", 1);
	commit(&change);
	change.what = OBJECT_REMOVE;
	change.row.revision = 0;
	commit(&change);
	end();
}

TEST(store_object, owned_ones_are_listed_and_removed_together)
{
	static const char *const ids[] = {"a", "b", "c"};
	struct object_change change;
	struct object_list rows;

	begin();
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		change = set(ids[i], 1);
		if (i == 1)
			change.row.owner = STR("webhook-2");
		commit(&change);
	}
	rows = list((struct object_query){
		.workspace = 1, .owner = STR("webhook-1"), .limit = 9});
	CHECK_INT(rows.count, 2);
	CHECK_STR(rows.rows[1].id, STR("c"));
	change.what = OBJECT_REMOVE_OWNED;
	change.row.owner = STR("webhook-1");
	commit(&change);
	commit(&change);
	rows = list((struct object_query){.workspace = 1, .limit = 9});
	CHECK_INT(rows.count, 1);
	CHECK_STR(rows.rows[0].id, STR("b"));
	end();
}

TEST(store_object, pages_go_on_behind_the_last_row)
{
	static const char *const ids[] = {"a", "b", "c"};
	struct object_query query = {.limit = 2};
	struct object_list rows;

	begin();
	for (uint32_t workspace = 2; workspace >= 1; workspace--) {
		for (size_t i = 0; i < COUNT_OF(ids); i++) {
			struct object_change change = set(ids[i], 1);

			change.row.workspace = workspace;
			commit(&change);
		}
	}
	rows = list((struct object_query){.workspace = 2,
		.after_id = STR("a"),
		.owner = STR("webhook-1"),
		.limit = 9});
	CHECK_INT(rows.count, 2);
	CHECK_INT(rows.rows[0].workspace, 2);
	CHECK_STR(rows.rows[0].id, STR("b"));
	rows = list(query);
	CHECK_INT(rows.count, 2);
	query.after_workspace = 1;
	query.after_id = STR("c");
	query.limit = 9;
	rows = list(query);
	CHECK_INT(rows.count, 3);
	CHECK_INT(rows.rows[0].workspace, 2);
	CHECK_STR(rows.rows[0].id, STR("a"));
	end();
}
