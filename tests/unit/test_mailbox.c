#include "base/mailbox.h"

#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/mem.h"
#include "check.h"

enum { SENDERS = 4, EACH = 5000 };

struct letter {
	struct message message;
	int sender;
	int number;
};

struct sender {
	struct mailbox *mailbox;
	struct letter *letters;
	int number;
};

static void *
send_all(void *context)
{
	struct sender *sender = context;

	for (int i = 0; i < EACH; i++) {
		sender->letters[i].sender = sender->number;
		sender->letters[i].number = i;
		mailbox_post(sender->mailbox, &sender->letters[i].message);
	}
	return NULL;
}

static int
take(struct mailbox *mailbox, int next[SENDERS])
{
	struct message *message = mailbox_take_all(mailbox);
	int count = 0;

	while (message != NULL) {
		struct letter *letter =
			CONTAINER_OF(message, struct letter, message);

		CHECK_INT(letter->number, next[letter->sender]++);
		message = message->next;
		count++;
	}
	return count;
}

TEST(mailbox, nothing_is_lost_and_each_senders_order_is_kept)
{
	struct mailbox *mailbox = mailbox_new();
	struct sender senders[SENDERS];
	pthread_t threads[SENDERS];
	int next[SENDERS] = {0};
	int count = 0;

	for (int i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){mailbox,
			mem_alloc_array(EACH, sizeof(struct letter)), i};
		CHECK(!pthread_create(
			&threads[i], NULL, send_all, &senders[i]));
	}
	while (count < SENDERS * EACH) {
		CHECK(mailbox_wait(mailbox, 60 * SECONDS));
		count += take(mailbox, next);
	}
	for (int i = 0; i < SENDERS; i++) {
		pthread_join(threads[i], NULL);
		mem_free(senders[i].letters);
	}
	CHECK(mailbox_take_all(mailbox) == NULL);
	mailbox_free(mailbox);
}

TEST(mailbox, each_that_is_taken_leads_to_one_that_comes_later)
{
	enum { COUNT = 3 * MESSAGES_AHEAD };
	struct mailbox *mailbox = mailbox_new();
	struct letter letters[COUNT];
	const struct message *message;

	for (int i = 0; i < COUNT; i++)
		mailbox_post(mailbox, &letters[i].message);
	message = mailbox_take_all(mailbox);
	for (int i = 0; i < COUNT; i++, message = message->next) {
		CHECK(message == &letters[i].message);
		CHECK(message->ahead ==
			(i + MESSAGES_AHEAD < COUNT
					? &letters[i + MESSAGES_AHEAD].message
					: NULL));
	}
	CHECK(message == NULL);
	mailbox_free(mailbox);
}

TEST(mailbox, none_leads_to_what_was_taken_before)
{
	enum { COUNT = 2 * MESSAGES_AHEAD };
	struct mailbox *mailbox = mailbox_new();
	struct letter letters[COUNT], again[MESSAGES_AHEAD];
	const struct message *message;

	for (int i = 0; i < COUNT; i++)
		mailbox_post(mailbox, &letters[i].message);
	CHECK(mailbox_take_all(mailbox) == &letters[0].message);
	for (int i = 0; i < MESSAGES_AHEAD; i++)
		mailbox_post(mailbox, &again[i].message);
	message = mailbox_take_all(mailbox);
	for (int i = 0; i < MESSAGES_AHEAD; i++, message = message->next) {
		CHECK(message == &again[i].message);
		CHECK(message->ahead == NULL);
	}
	CHECK(message == NULL);
	mailbox_free(mailbox);
}

TEST(mailbox, one_that_is_posted_again_and_again_comes_alone)
{
	struct mailbox *mailbox = mailbox_new();
	struct letter letter;

	for (int i = 0; i < 3 * MESSAGES_AHEAD; i++) {
		mailbox_post(mailbox, &letter.message);
		CHECK(mailbox_take_all(mailbox) == &letter.message);
		CHECK(letter.message.next == NULL);
		CHECK(letter.message.ahead == NULL);
	}
	mailbox_free(mailbox);
}

TEST(mailbox, none_leads_to_what_was_posted_elsewhere)
{
	enum { COUNT = 3 * MESSAGES_AHEAD };
	struct mailbox *mailbox = mailbox_new();
	struct mailbox *other = mailbox_new();
	struct letter letters[COUNT], elsewhere[COUNT];
	const struct message *message;

	for (int i = 0; i < COUNT; i++) {
		mailbox_post(mailbox, &letters[i].message);
		mailbox_post(other, &elsewhere[i].message);
	}
	message = mailbox_take_all(mailbox);
	for (int i = 0; i + MESSAGES_AHEAD < COUNT; i++) {
		CHECK(message->ahead == &letters[i + MESSAGES_AHEAD].message);
		message = message->next;
	}
	CHECK(mailbox_take_all(other) == &elsewhere[0].message);
	mailbox_free(other);
	mailbox_free(mailbox);
}

TEST(mailbox, it_is_readable_while_messages_wait_and_quiet_after)
{
	struct mailbox *mailbox = mailbox_new();
	struct pollfd pollfd = {.fd = mailbox_fd(mailbox), .events = POLLIN};
	struct message a, b;

	CHECK_INT(poll(&pollfd, 1, 0), 0);
	CHECK(!mailbox_wait(mailbox, 0));
	mailbox_post(mailbox, &a);
	mailbox_post(mailbox, &b);
	CHECK_INT(poll(&pollfd, 1, 0), 1);
	CHECK(mailbox_wait(mailbox, -1));
	CHECK(mailbox_take_all(mailbox) == &a);
	CHECK(a.next == &b && b.next == NULL);
	CHECK_INT(poll(&pollfd, 1, 0), 0);
	CHECK(mailbox_take_all(mailbox) == NULL);
	mailbox_post(mailbox, &a);
	CHECK_INT(poll(&pollfd, 1, 0), 1);
	CHECK(mailbox_take_all(mailbox) == &a);
	mailbox_free(mailbox);
	mailbox_free(NULL);
}

static void *
wake(void *context)
{
	mailbox_wake(context);
	return NULL;
}

TEST(mailbox, a_wake_ends_a_wait_without_a_message)
{
	struct mailbox *mailbox = mailbox_new();
	pthread_t thread;

	CHECK(!pthread_create(&thread, NULL, wake, mailbox));
	CHECK(mailbox_wait(mailbox, -1));
	pthread_join(thread, NULL);
	CHECK(mailbox_take_all(mailbox) == NULL);
	CHECK(!mailbox_wait(mailbox, 0));
	mailbox_free(mailbox);
}

TEST(mailbox, quiet_messages_wake_nobody_until_they_are_flushed)
{
	struct mailbox *mailbox = mailbox_new();
	struct message a, b;

	mailbox_flush(mailbox);
	CHECK(!mailbox_wait(mailbox, 0));
	mailbox_post_quietly(mailbox, &a);
	mailbox_post_quietly(mailbox, &b);
	CHECK(!mailbox_wait(mailbox, 0));
	mailbox_flush(mailbox);
	CHECK(mailbox_wait(mailbox, 0));
	CHECK(mailbox_take_all(mailbox) == &a);
	CHECK(a.next == &b && b.next == NULL);
	CHECK(!mailbox_wait(mailbox, 0));
	mailbox_free(mailbox);
}

TEST(mailbox, gathered_posts_wake_each_receiver_once_at_the_end)
{
	enum { MAILBOXES = 70 }; /* more than are remembered at once */
	struct mailbox *mailboxes[MAILBOXES];
	struct message messages[MAILBOXES][2];

	for (int i = 0; i < MAILBOXES; i++)
		mailboxes[i] = mailbox_new();
	mailbox_gather_begin();
	for (int i = 0; i < MAILBOXES; i++) {
		mailbox_post(mailboxes[i], &messages[i][0]);
		mailbox_post(mailboxes[i], &messages[i][1]);
	}
	CHECK(!mailbox_wait(mailboxes[0], 0));
	mailbox_gather_end();
	for (int i = 0; i < MAILBOXES; i++) {
		CHECK(mailbox_wait(mailboxes[i], 0));
		CHECK(mailbox_take_all(mailboxes[i]) == &messages[i][0]);
		CHECK(!mailbox_wait(mailboxes[i], 0));
		mailbox_free(mailboxes[i]);
	}
}

struct last_word {
	struct mailbox *mailbox;
	struct message message;
	int times;
};

static void
say_last_word(void *context)
{
	struct last_word *word = context;

	word->times++;
	mailbox_post(word->mailbox, &word->message);
}

TEST(mailbox, what_is_posted_last_of_a_gathering_is_part_of_it)
{
	struct last_word word = {.mailbox = mailbox_new()};

	CHECK(!mailbox_is_gathering());
	CHECK(!mailbox_gather_last(say_last_word, &word));
	for (int i = 1; i <= 2; i++) {
		mailbox_gather_begin();
		CHECK(mailbox_is_gathering());
		CHECK(mailbox_gather_last(say_last_word, &word));
		CHECK_INT(word.times, i - 1);
		mailbox_gather_end();
		CHECK_INT(word.times, i);
		CHECK(!mailbox_is_gathering());
		CHECK(mailbox_wait(word.mailbox, 0));
		CHECK(mailbox_take_all(word.mailbox) == &word.message);
		CHECK(!mailbox_wait(word.mailbox, 0));
	}
	mailbox_free(word.mailbox);
}

TEST(mailbox, signal_of_messages_that_are_taken_wakes_once_only)
{
	struct mailbox *mailbox = mailbox_new();
	uint64_t one = 1;

	/* As a sender does who is interrupted in the midst of posting. */
	CHECK(write(mailbox_fd(mailbox), &one, sizeof(one)) == sizeof(one));
	CHECK(mailbox_take_all(mailbox) == NULL);
	CHECK(mailbox_wait(mailbox, 0));
	CHECK(mailbox_take_all(mailbox) == NULL);
	CHECK(!mailbox_wait(mailbox, 0));
	mailbox_free(mailbox);
}
