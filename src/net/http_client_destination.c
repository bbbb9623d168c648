#include "net/http_client_destination.h"

#include "base/mem.h"
#include "net/http_way.h"

static void
destination_free(struct http_destination *destination)
{
	curl_url_cleanup(destination->curl);
	arena_release(&destination->arena);
	mem_free(destination);
}

static void
unlink_idle(struct http_destinations *destinations,
	struct http_destination *destination)
{
	struct http_destination *older = destination->older;
	struct http_destination *newer = destination->newer;

	*(older ? &older->newer : &destinations->oldest) = newer;
	*(newer ? &newer->older : &destinations->newest) = older;
	destination->older = NULL;
	destination->newer = NULL;
	destinations->idle_count--;
}

static void
link_idle(struct http_destinations *destinations,
	struct http_destination *destination)
{
	destination->older = destinations->newest;
	destination->newer = NULL;
	if (destinations->newest)
		destinations->newest->newer = destination;
	else
		destinations->oldest = destination;
	destinations->newest = destination;
	destinations->idle_count++;
}

static void
drop_oldest(struct http_destinations *destinations)
{
	struct http_destination *oldest = destinations->oldest;

	unlink_idle(destinations, oldest);
	map_remove(&destinations->by_text, oldest->text);
	destination_free(oldest);
}

void
http_destinations_release(struct http_destinations *destinations)
{
	while (destinations->oldest)
		drop_oldest(destinations);
	map_release(&destinations->by_text);
}

static bool
is_excepted(const struct http_destinations *destinations, struct str host)
{
	for (size_t i = 0; i < destinations->no_proxy_count; i++) {
		if (http_no_proxy_holds(destinations->no_proxy[i], host))
			return true;
	}
	return false;
}

static enum err
destination_read(struct http_destination *destination, struct str text,
	const struct address_policy *policy, struct buf *why)
{
	enum err err = url_parse_destination(
		text, policy, &destination->arena, &destination->url, why);

	if (err != ERR_OK)
		return err;
	destination->text = arena_copy(&destination->arena, text);
	destination->is_literal = url_host_is_address(destination->url.host);
	destination->curl = curl_url();
	if (curl_url_set(destination->curl, CURLUPART_URL,
		    destination->text.ptr, CURLU_DISALLOW_USER) != CURLUE_OK) {
		buf_append(why, STR("not an URL"));
		return ERR_INVALID;
	}
	return ERR_OK;
}

enum err
http_destination_take(struct http_destinations *destinations, struct str text,
	struct http_destination **ret, struct buf *why)
{
	struct http_destination *destination =
		map_get(&destinations->by_text, text);
	enum err err;

	if (destination == NULL) {
		destination = MEM_NEW(struct http_destination);
		err = destination_read(
			destination, text, destinations->policy, why);
		if (err != ERR_OK) {
			destination_free(destination);
			return err;
		}
		destination->is_direct =
			is_excepted(destinations, destination->url.host);
		map_put(&destinations->by_text, destination->text, destination);
	} else if (destination->users == 0) {
		unlink_idle(destinations, destination);
	}
	destination->users++;
	*ret = destination;
	return ERR_OK;
}

void
http_destination_give_back(struct http_destinations *destinations,
	struct http_destination *destination)
{
	destination->users--;
	if (destination->users > 0)
		return;
	link_idle(destinations, destination);
	if (destinations->idle_count > HTTP_DESTINATIONS_IDLE)
		drop_oldest(destinations);
}
