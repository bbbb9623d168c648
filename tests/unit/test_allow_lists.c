#include "base/json_out.h"
#include "check.h"
#include "pipeline/allow_lists.h"
#include "pipeline/writer.h"

/* Allow-lists over a real store. */

static struct arena arena;
static struct store *store;
static struct writer *writer;
static struct allow_lists *lists;

static void
open_lists(bool are_off)
{
	struct allow_lists_options options = {
		.store = store, .writer = writer, .are_off = are_off};
	struct buf why = {0};

	CHECK_OK(allow_lists_open(&options, &lists, &why));
}

static void
begin(void)
{
	struct store_options options = {.directory = check_temp_dir()};
	struct writer_options writing = {.queue_max = 64, .batch_max = 16};
	struct buf why = {0};

	CHECK_OK(store_open(&options, &store, &why));
	writing.store = store;
	writer = writer_start(&writing);
	open_lists(false);
}

static void
end(void)
{
	allow_lists_close(lists);
	writer_stop(writer);
	store_close(store);
	arena_release(&arena);
}

static struct allow_list
read_list(const char *body, struct allow_list over)
{
	struct webhook_issues issues = {.arena = &arena};
	struct json_doc doc;

	CHECK_OK(json_read(str_of(body), &arena, &doc, NULL));
	allow_list_read(json_root(&doc), &over, &issues);
	if (issues.count > 0)
		check_failed(__FILE__, __LINE__, "%s: %.*s", body,
			STR_ARG(issues.rows[0].sentence));
	return over;
}

static enum err
set(uint32_t workspace, const char *body)
{
	struct allow_list list = read_list(body, (struct allow_list){0});

	return allow_lists_set(lists, workspace, &list);
}

static const struct address_list *
reach(uint32_t workspace, struct webhook_options options)
{
	return allow_lists_for(lists, workspace, &options, &arena);
}

static const struct webhook_options by_default;

static struct webhook_options
naming(const char *name)
{
	struct str *names = ARENA_NEW(&arena, struct str);

	*names = str_of(name);
	return (struct webhook_options){.has_allow_lists = true,
		.allow_lists = names,
		.allow_list_count = 1};
}

TEST(allow_lists, a_list_is_for_its_workspace_and_who_names_it)
{
	begin();
	CHECK(reach(1, by_default) == NULL);
	CHECK_OK(set(1, "{\"name\":\"lab\",\"networks\":[\"10.0.0.0/8\"],"
			"\"hosts\":[\"*.Lab.example\"]}"));
	CHECK(reach(1, by_default) == NULL);
	CHECK(reach(2, naming("lab")) == NULL);
	CHECK(reach(1, naming("other")) == NULL);
	CHECK_INT(reach(1, naming("lab"))->network_count, 1);
	CHECK_STR(reach(1, naming("lab"))->hosts[0], STR(".lab.example"));
	end();
}

TEST(allow_lists, default_lists_add_up_for_who_names_none)
{
	struct webhook_options none = {.has_allow_lists = true};

	begin();
	CHECK_OK(set(1, "{\"name\":\"a\",\"networks\":[\"10.0.0.0/8\"],"
			"\"default\":true}"));
	CHECK_OK(set(1, "{\"name\":\"b\",\"networks\":[\"::1\"],"
			"\"default\":true}"));
	CHECK_OK(set(1, "{\"name\":\"c\",\"networks\":[\"127.0.0.1\"]}"));
	CHECK_INT(reach(1, by_default)->network_count, 2);
	CHECK(reach(1, none) == NULL);
	end();
}

TEST(allow_lists, what_is_equal_has_an_equal_id)
{
	uint8_t before[32];

	begin();
	CHECK_OK(set(1, "{\"name\":\"a\",\"networks\":[\"10.0.0.0/8\"]}"));
	CHECK_OK(set(1, "{\"name\":\"b\",\"networks\":[\"10.0.0.0/8\"]}"));
	CHECK_OK(set(1, "{\"name\":\"c\",\"hosts\":[\"x\"]}"));
	memcpy(before, reach(1, naming("a"))->id, sizeof(before));
	CHECK(!memcmp(before, reach(1, naming("b"))->id, sizeof(before)));
	CHECK(memcmp(before, reach(1, naming("c"))->id, sizeof(before)) != 0);
	end();
}

TEST(allow_lists, they_are_there_again_after_a_restart)
{
	struct allow_list list;

	begin();
	CHECK_OK(set(1, "{\"name\":\"a\",\"networks\":[\"10.0.0.0/8\"],"
			"\"description\":\"d\",\"default\":true}"));
	CHECK_OK(set(2, "{\"name\":\"a\"}"));
	CHECK_OK(set(2, "{\"name\":\"b\"}"));
	CHECK_OK(allow_lists_remove(lists, 2, STR("b")));
	CHECK_INT(allow_lists_remove(lists, 2, STR("b")), ERR_NOT_FOUND);
	allow_lists_close(lists);
	open_lists(false);
	CHECK(allow_lists_get(lists, 1, STR("a"), &arena, &list));
	CHECK_STR(list.description, STR("d"));
	CHECK_INT(list.revision, 1);
	CHECK_INT(reach(1, by_default)->network_count, 1);
	CHECK(allow_lists_get(lists, 2, STR("a"), &arena, &list));
	CHECK(!allow_lists_get(lists, 2, STR("b"), &arena, &list));
	end();
}

TEST(allow_lists, a_change_is_of_the_present_revision)
{
	struct allow_list list, late;

	begin();
	CHECK_OK(set(1, "{\"name\":\"a\"}"));
	CHECK_INT(set(1, "{\"name\":\"a\"}"), ERR_CONFLICT);
	CHECK(allow_lists_get(lists, 1, STR("a"), &arena, &list));
	late = list;
	list = read_list("{\"networks\":[\"10.0.0.0/8\"]}", list);
	CHECK_OK(allow_lists_set(lists, 1, &list));
	CHECK_INT(list.revision, 2);
	CHECK_INT(allow_lists_set(lists, 1, &late), ERR_CONFLICT);
	CHECK_OK(allow_lists_remove(lists, 1, STR("a")));
	CHECK_INT(allow_lists_set(lists, 1, &list), ERR_NOT_FOUND);
	end();
}

TEST(allow_lists, there_are_so_many_at_most)
{
	begin();
	for (int i = 0; i < ALLOW_LISTS_MAX; i++) {
		char body[64];

		snprintf(body, sizeof(body), "{\"name\":\"n%d\"}", i);
		CHECK_OK(set(1, body));
	}
	CHECK_INT(set(1, "{\"name\":\"x\"}"), ERR_LIMIT);
	CHECK_OK(set(2, "{\"name\":\"x\"}"));
	end();
}

TEST(allow_lists, switched_off_they_open_nothing)
{
	begin();
	CHECK_OK(set(1, "{\"name\":\"a\",\"networks\":[\"10.0.0.0/8\"],"
			"\"default\":true}"));
	allow_lists_close(lists);
	open_lists(true);
	CHECK(reach(1, by_default) == NULL);
	CHECK_INT(set(1, "{\"name\":\"b\"}"), ERR_DENIED);
	CHECK_OK(allow_lists_remove(lists, 1, STR("a")));
	end();
}
