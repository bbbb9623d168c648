#include "pipeline/hub.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline_world.h"

/* Opening that fails leaves nothing behind (the sanitizers look, too). */

static struct hub_options
options_for(const char *directory)
{
	return (struct hub_options){
		.directory = directory,
		.user_agent = "test",
		.source = STR("/s"),
		.workers = 1,
		.dispatch = {.window = 10,
			.concurrency = 2,
			.concurrency_total = 10,
			.unsettled_max = 10},
		.webhooks_max = 10,
		.enables_max = 10,
		.enables_window = 1,
	};
}

static void
check_refused(
	const struct hub_options *options, enum err expected, const char *place)
{
	struct buf why = {0};
	struct hub *hub = NULL;

	CHECK_INT(hub_open(options, &hub, &why), expected);
	CHECK(hub == NULL);
	CHECK(str_find(buf_str(&why), str_of(place)) != SIZE_MAX);
	buf_release(&why);
}

static void
write_key(const char *path, int byte)
{
	char key[32];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	memset(key, byte, sizeof(key));
	CHECK(fd >= 0);
	CHECK(write(fd, key, sizeof(key)) == sizeof(key));
	close(fd);
}

TEST(hub, a_directory_that_cannot_be_made_is_named)
{
	struct hub_options options = options_for("/proc/nowhere/grapnel");

	check_refused(&options, ERR_IO, "/proc/nowhere/grapnel");
}

TEST(hub, a_key_file_of_another_size_is_named)
{
	const char *directory = check_temp_dir();
	struct hub_options options = options_for(directory);
	char path[1024];
	int fd;

	snprintf(path, sizeof(path), "%s/short.key", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, "x", 1) == 1);
	close(fd);
	options.key_file = path;
	check_refused(&options, ERR_INVALID, "short.key");
}

TEST(hub, webhooks_that_another_key_has_sealed_stop_the_start)
{
	const char *directory = check_temp_dir();
	struct hub_options options = options_for(directory);
	struct webhook_draft draft = {.has_name = true,
		.has_destination = true,
		.has_state = true,
		.has_filter = true,
		.name = STR("hook"),
		.destination = STR("https://example.org/"),
		.state = WEBHOOK_DISABLED,
		.filter = STR("new/n eq 1")};
	struct webhook_problem problem = {0};
	const struct webhook *webhook;
	struct buf why = {0};
	struct hub *hub;
	char path[1024];

	snprintf(path, sizeof(path), "%s/a.key", directory);
	options.key_file = path;
	write_key(path, 1);
	CHECK_OK(hub_open(&options, &hub, &why));
	CHECK_OK(webhooks_create(
		hub->webhooks, WORKSPACE_DEFAULT, &draft, &webhook, &problem));
	webhook_unref(webhook);
	hub_stop(hub, 0);
	hub_close(hub);
	write_key(path, 2);
	check_refused(&options, ERR_DENIED, "do not open with this key file");
	write_key(path, 1);
	CHECK_OK(hub_open(&options, &hub, &why));
	hub_stop(hub, 0);
	hub_close(hub);
	buf_release(&problem.why);
	buf_release(&why);
}
