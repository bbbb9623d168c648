#include "flow/hook_local.h"

#include "base/clock.h"
#include "check.h"
#include "hook_world.h"
#include "local_rig.h"

/* A hub's own hooks as destinations, over real hooks and a real client. */

static struct local_got got;

static const char *
address_of(const struct hook *hook)
{
	static char address[64];
	char id[UUID_TEXT_SIZE];

	snprintf(
		address, sizeof(address), "hook:%s", uuid_format(hook->id, id));
	return address;
}

static const struct hook *
set_up(const char *members)
{
	struct str scenario;

	hook_world_open();
	local_rig_open();
	hook_local_open(hook_world.hooks, local_rig.local);
	scenario = hook_world_scenario(false, true);
	return hook_world_hook(arena_printf(&hook_world.arena,
		"\"scenarioId\":\"%.*s\"%s", STR_ARG(scenario), members)
				       .ptr);
}

static void
tear_down(const struct hook *hook)
{
	hook_unref(hook);
	local_rig_close();
	hook_world_close();
}

/** Sends it and waits for its end. */
static void
send_to(const struct hook *hook, struct http_request request)
{
	request.url = str_of(address_of(hook));
	http_client_send(local_rig.client, &request);
	local_rig_await(&got, got.count + 1);
}

TEST(hook_local, a_delivery_is_stored_before_it_is_answered)
{
	const struct hook *hook = set_up("");
	struct http_request request = local_rig_request("", "{\"a\":1}", &got);
	struct hook_report report;

	hook_world.waits_for_store = true;
	request.url = str_of(address_of(hook));
	http_client_send(local_rig.client, &request);
	http_client_wait(local_rig.client, -1, 0);
	CHECK_INT(hook_world.begun, 1);
	CHECK_STR(hook_world.trigger, STR("{\"a\":1}"));
	CHECK_INT(got.count, 0);
	hook_world_stored(ERR_OK);
	local_rig_await(&got, 1);
	CHECK_INT(got.status, 200);
	CHECK_TEXT(got.body, "Accepted");
	hook_life_report(hook->life, &hook_world.arena, &report);
	CHECK_TEXT(report.notes[0].peer, "local");
	tear_down(hook);
}

TEST(hook_local, the_challenge_is_answered_in_its_words)
{
	const struct hook *hook = set_up(",\"challenges\":[\"com\"]");
	struct http_request request = local_rig_request("", "", &got);
	const struct http_header header = {
		STR("x-compute-ops-mgmt-verification-challenge"), STR("abc")};

	request.method = "GET";
	request.has_body = false;
	request.headers = &header;
	request.header_count = 1;
	send_to(hook, request);
	CHECK_INT(got.status, 200);
	CHECK_TEXT(got.body, "{\"verification\":\"abc\"}");
	CHECK_INT(hook_world.begun, 0);
	tear_down(hook);
}

TEST(hook_local, what_comes_faster_than_the_rate_waits_for_it)
{
	const struct hook *hook =
		set_up(",\"rate\":{\"requests\":1,\"window\":\"1s\"}");
	struct hook_report report;

	send_to(hook, local_rig_request("", "{}", &got));
	send_to(hook, local_rig_request("", "{}", &got));
	CHECK_INT(got.status, 200);
	CHECK_INT(hook_world.begun, 2);
	hook_life_report(hook->life, &hook_world.arena, &report);
	CHECK_INT(report.counts[HOOK_REFUSED], 0);
	tear_down(hook);
}

TEST(hook_local, what_the_door_refuses_is_refused_with_its_headers)
{
	const struct hook *hook = set_up(",\"maxBytes\":2");
	struct str after;

	send_to(hook, local_rig_request("", "{\"a\":1}", &got));
	CHECK_INT(got.status, 413);
	hook_world.begin_error = ERR_BUSY;
	send_to(hook, local_rig_request("", "{}", &got));
	CHECK_INT(got.status, 429);
	CHECK(http_head_find(str_of(got.head), STR("Retry-After"), &after));
	tear_down(hook);
}

TEST(hook_local, a_full_queue_is_answered_as_over_the_network)
{
	const struct hook *hook = set_up("");

	hook_world.begin_error = ERR_LIMIT;
	send_to(hook, local_rig_request("", "{}", &got));
	CHECK_INT(got.status, 400);
	CHECK_TEXT(got.body, "Queue is full.");
	tear_down(hook);
}

TEST(hook_local, a_hook_that_is_gone_or_another_workspace_s_is_410)
{
	const struct hook *hook = set_up("");
	struct http_request request = local_rig_request("", "{}", &got);
	CLEANUP(buf_release) struct buf why = buf_make(0);

	CHECK_OK(http_local_check(
		local_rig.local, 1, str_of(address_of(hook)), &why));
	request.workspace = 2;
	send_to(hook, request);
	CHECK_INT(got.status, 410);
	CHECK_INT(http_local_check(
			  local_rig.local, 2, str_of(address_of(hook)), &why),
		ERR_INVALID);
	CHECK_OK(hooks_remove(hook_world.hooks, 1, hook->id));
	request.workspace = 1;
	send_to(hook, request);
	CHECK_INT(got.status, 410);
	CHECK_TEXT(got.body, "Webhook not found");
	CHECK_INT(hook_world.begun, 0);
	tear_down(hook);
}

TEST(hook_local, networks_are_not_held_against_it_but_credentials_are)
{
	const struct hook *hook =
		set_up(",\"allowedNetworks\":[\"192.0.2.0/24\"],"
		       "\"apiKeys\":[\"sesame\"]");
	const struct http_header header = {STR("x-make-apikey"), STR("sesame")};
	struct http_request request = local_rig_request("", "{}", &got);

	send_to(hook, request);
	CHECK_INT(got.status, 401);
	request.headers = &header;
	request.header_count = 1;
	send_to(hook, request);
	CHECK_INT(got.status, 200);
	tear_down(hook);
}
