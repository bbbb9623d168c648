#include "base/thread.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>

void
thread_name(const char *name)
{
	char text[THREAD_NAME_MAX + 1];

	/* It fails for names that are too long only. */
	snprintf(text, sizeof(text), "%s", name);
	pthread_setname_np(pthread_self(), text);
}

void
thread_name_of(const char *name, unsigned number)
{
	char text[THREAD_NAME_MAX + 1];
	int digits = snprintf(NULL, 0, "-%u", number);
	int len = snprintf(text, sizeof(text), "%.*s-%u",
		THREAD_NAME_MAX - digits, name, number);

	assert(len <= THREAD_NAME_MAX);
	pthread_setname_np(pthread_self(), text);
}
