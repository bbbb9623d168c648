#include "base/thread.h"

#include <pthread.h>

#include "base/desk.h"
#include "check.h"

static const char *
name_now(char *text, size_t size)
{
	CHECK_INT(pthread_getname_np(pthread_self(), text, size), 0);
	return text;
}

TEST(thread, says_its_name)
{
	char text[THREAD_NAME_MAX + 1];

	thread_name("writer");
	CHECK_TEXT(name_now(text, sizeof(text)), "writer");
	thread_name_of("worker", 12);
	CHECK_TEXT(name_now(text, sizeof(text)), "worker-12");
}

/* The kernel refuses what is too long; half a name is better than none. */
TEST(thread, a_long_name_is_cut_and_its_number_is_not)
{
	char text[THREAD_NAME_MAX + 1];

	thread_name("a-name-of-seventeen");
	CHECK_TEXT(name_now(text, sizeof(text)), "a-name-of-seven");
	thread_name_of("a-name-of-seventeen", 4294967295U);
	CHECK_TEXT(name_now(text, sizeof(text)), "a-na-4294967295");
}

struct name_job {
	struct desk_job job;
	char name[THREAD_NAME_MAX + 1];
};

static void
note_name(struct desk_job *job)
{
	struct name_job *named = (struct name_job *)job;

	name_now(named->name, sizeof(named->name));
}

TEST(thread, others_keep_their_names)
{
	struct name_job named = {.job.run = note_name};
	char text[THREAD_NAME_MAX + 1];
	struct desk *desk;

	thread_name("mine");
	desk = desk_start(1, 0);
	CHECK_OK(desk_post(desk, &named.job));
	desk_stop(desk);
	CHECK_TEXT(named.name, "desk-0");
	CHECK_TEXT(name_now(text, sizeof(text)), "mine");
}
