#include "net/http_local.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http_local_private.h"

#define SCHEME "hook:"

enum { HEAD_MAX = 64 * 1024 };

struct http_local {
	_Atomic enum local_state state;
	struct http_local_receiver receiver; /* set before LOCAL_OPEN is */
	pthread_mutex_t lock;
	struct local_box *boxes;
};

struct http_local *
http_local_new(void)
{
	struct http_local *local = MEM_NEW(struct http_local);

	atomic_init(&local->state, LOCAL_SHUT);
	pthread_mutex_init(&local->lock, NULL);
	return local;
}

void
http_local_free(struct http_local *local)
{
	if (local == NULL)
		return;
	pthread_mutex_destroy(&local->lock);
	mem_free(local);
}

static void
move(struct http_local *local, enum local_state state)
{
	pthread_mutex_lock(&local->lock);
	atomic_store(&local->state, state);
	for (struct local_box *box = local->boxes; box; box = box->next)
		mailbox_wake(box->mailbox);
	pthread_mutex_unlock(&local->lock);
}

void
http_local_open(
	struct http_local *local, const struct http_local_receiver *receiver)
{
	local->receiver = *receiver;
	move(local, LOCAL_OPEN);
}

void
http_local_shut(struct http_local *local)
{
	if (local)
		move(local, LOCAL_SHUT);
}

void
http_local_close(struct http_local *local)
{
	move(local, LOCAL_CLOSED);
}

const struct http_local_receiver *
http_local_receiver(struct http_local *local, enum local_state *ret_state)
{
	*ret_state = atomic_load(&local->state);
	return *ret_state == LOCAL_OPEN ? &local->receiver : NULL;
}

void
http_local_join(struct http_local *local, struct local_box *box)
{
	pthread_mutex_lock(&local->lock);
	box->next = local->boxes;
	box->at = &local->boxes;
	if (box->next)
		box->next->at = &box->next;
	local->boxes = box;
	pthread_mutex_unlock(&local->lock);
}

void
http_local_leave(struct http_local *local, struct local_box *box)
{
	pthread_mutex_lock(&local->lock);
	*box->at = box->next;
	if (box->next)
		box->next->at = box->at;
	pthread_mutex_unlock(&local->lock);
}

/* ---- calls ---- */

void
local_call_unref(struct http_local_call *call)
{
	if (atomic_fetch_sub(&call->refs, 1) > 1)
		return;
	buf_release(&call->head);
	buf_release(&call->body);
	buf_release(&call->why);
	mem_free(call);
}

void
local_box_unref(struct local_box *box)
{
	struct message *message;

	if (atomic_fetch_sub(&box->refs, 1) > 1)
		return;
	message = mailbox_take_all(box->mailbox);
	while (message) {
		struct message *next = message->next;

		local_call_unref(
			CONTAINER_OF(message, struct http_local_call, message));
		message = next;
	}
	mailbox_free(box->mailbox);
	mem_free(box);
}

void
local_call_post(struct http_local_call *call)
{
	struct local_box *box = call->box;

	call->answered = clock_monotonic();
	mailbox_post(box->mailbox, &call->message);
	local_box_unref(box);
}

static void
append_header(struct buf *head, struct str name, struct str value)
{
	buf_append(head, name);
	buf_append(head, STR(": "));
	buf_append(head, value);
	buf_append(head, STR("\r\n"));
}

static void
write_head(const struct http_local_answer *answer, struct buf *head)
{
	buf_printf(head, "HTTP/1.1 %d \r\n", answer->status);
	for (size_t i = 0; i < answer->header_count; i++)
		append_header(head, answer->headers[i].name,
			answer->headers[i].value);
	if (answer->content_type.len > 0)
		append_header(head, STR("Content-Type"), answer->content_type);
	buf_printf(head, "Content-Length: %zu\r\n\r\n", answer->body.len);
}

void
http_local_answer(
	struct http_local_call *call, const struct http_local_answer *answer)
{
	size_t kept = call->request.response_max;

	call->status = answer->status;
	write_head(answer, &call->head);
	if (call->head.len > HEAD_MAX) {
		call->failure = HTTP_TOO_LARGE;
		buf_clear(&call->head);
		buf_append(&call->why,
			STR("the answer's head is larger than 64 KiB"));
	} else {
		buf_append(&call->body, str_head(answer->body, kept));
		call->body_was_cut = answer->body.len > kept;
	}
	local_call_post(call);
}

/* ---- destinations ---- */

bool
http_local_is(struct str destination)
{
	return str_starts_with(destination, STR(SCHEME));
}

enum err
http_local_read(struct str destination, struct uuid *ret, struct buf *why)
{
	struct str id = str_skip(destination, sizeof(SCHEME) - 1);

	if (http_local_is(destination) && uuid_parse(id, ret) == ERR_OK)
		return ERR_OK;
	buf_append(why,
		STR("a hook of this hub is written hook: and its id, such as "
		    "hook:0190d1a5-7c4e-7d3b-9c4e-2f1b6a8d0c55"));
	return ERR_INVALID;
}

enum err
http_local_check(struct http_local *local, uint32_t workspace,
	struct str destination, struct buf *why)
{
	const struct http_local_receiver *receiver = NULL;
	enum local_state state;
	struct uuid hook;
	enum err err = http_local_read(destination, &hook, why);

	if (err)
		return err;
	if (local)
		receiver = http_local_receiver(local, &state);
	if (receiver && receiver->knows(receiver->context, workspace, hook))
		return ERR_OK;
	buf_printf(why, "there is no hook with the id in \"%.*s\"",
		STR_ARG(destination));
	return ERR_INVALID;
}
