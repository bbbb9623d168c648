#include "api/keys.h"
#include "api/token.h"
#include "api_double.h"
#include "base/clock.h"
#include "check.h"

static struct arena arena; /* the test's; a process each */

static struct keys *
open_keys(void)
{
	static const struct seal_key master = {{1, 2, 3}};
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct keys_options options = {.store = api_double_store(),
		.writer = api_double_writer(),
		.master = &master};
	struct keys *keys;

	CHECK_OK(keys_open(&options, &keys, &why));
	return keys;
}

static struct str
create(struct keys *keys, enum key_role role)
{
	struct key_view view;
	struct str text;

	CHECK_OK(keys_create(keys,
		&(struct key_draft){WORKSPACE_DEFAULT, role, STR("test"), 0},
		&arena, &view, &text));
	return text;
}

static enum err
identify(struct keys *keys, struct str text)
{
	struct api_identity who;

	return keys_identify(keys, text, &arena, &who);
}

static struct str
id_of(struct str text)
{
	return str_head(text, 15);
}

/** The text with its last character changed. */
static struct str
spoil(struct str text)
{
	struct str copy = arena_copy(&arena, text);
	char *bytes = arena_alloc(&arena, copy.len);

	memcpy(bytes, copy.ptr, copy.len);
	bytes[copy.len - 1] = bytes[copy.len - 1] == 'A' ? 'B' : 'A';
	return str_make(bytes, copy.len);
}

static void
seed(struct keys *keys, struct str token, enum err expected)
{
	CLEANUP(buf_release) struct buf why = buf_make(0);

	CHECK_INT(keys_seed_admin(keys, token, &why), expected);
	CHECK((why.len > 0) == (expected != ERR_OK));
}

TEST(keys, created_key_is_known_also_after_a_restart)
{
	struct keys *keys = open_keys();
	struct str text = create(keys, ROLE_PUBLISHER);
	struct api_identity who;

	CHECK_INT(text.len, 59);
	CHECK(str_starts_with(text, STR("gk_")));
	CHECK_OK(keys_identify(keys, text, &arena, &who));
	keys_close(keys);
	keys = open_keys();
	CHECK_OK(keys_identify(keys, text, &arena, &who));
	CHECK_INT(who.role, ROLE_PUBLISHER);
	CHECK_INT(who.workspace, WORKSPACE_DEFAULT);
	CHECK_STR(who.key_id, id_of(text));
	CHECK_OK(identify(keys, text)); /* now from memory */
	keys_close(keys);
}

TEST(keys, wrong_texts_are_denied)
{
	struct keys *keys = open_keys();
	struct str text = create(keys, ROLE_ADMIN);
	char giant[5000];

	memset(giant, 'a', sizeof(giant));
	CHECK_INT(identify(keys, STR("")), ERR_DENIED);
	CHECK_INT(identify(keys, STR("x")), ERR_DENIED);
	CHECK_INT(identify(keys, spoil(text)), ERR_DENIED);
	CHECK_INT(identify(keys, str_head(text, 58)), ERR_DENIED);
	CHECK_INT(identify(keys, id_of(text)), ERR_DENIED);
	CHECK_INT(identify(keys, STR("a.b.c")), ERR_DENIED);
	CHECK_INT(identify(keys, STR("..")), ERR_DENIED);
	CHECK_INT(identify(keys, str_make(giant, sizeof(giant))), ERR_DENIED);
	CHECK_OK(identify(keys, text));
	keys_close(keys);
}

TEST(keys, five_wrong_secrets_close_the_door_for_a_minute)
{
	struct keys *keys = open_keys();
	struct str text = create(keys, ROLE_ADMIN);

	keys_close(keys);
	clock_test_set(1000 * SECONDS, 1000 * SECONDS);
	keys = open_keys();
	for (int i = 0; i < 5; i++)
		CHECK_INT(identify(keys, spoil(text)), ERR_DENIED);
	CHECK_INT(identify(keys, text), ERR_DENIED); /* not even looked at */
	clock_test_advance(MINUTES);
	CHECK_OK(identify(keys, text));
	for (int i = 0; i < 6; i++)
		CHECK_INT(identify(keys, spoil(text)), ERR_DENIED);
	CHECK_OK(identify(keys, text)); /* remembered: goes on */
	keys_close(keys);
}

TEST(keys, revoked_key_and_its_tokens_end_at_once)
{
	struct keys *keys = open_keys();
	struct str admin = create(keys, ROLE_ADMIN);
	struct str text = create(keys, ROLE_VIEWER);
	struct api_identity who;
	struct str token;

	CHECK_OK(keys_identify(keys, text, &arena, &who));
	token = keys_issue_token(keys, &who, &arena);
	CHECK_OK(identify(keys, token));
	CHECK_INT(keys_revoke(keys, 2, id_of(text)), ERR_NOT_FOUND);
	CHECK_OK(keys_revoke(keys, WORKSPACE_DEFAULT, id_of(text)));
	CHECK_INT(identify(keys, text), ERR_DENIED);
	CHECK_INT(identify(keys, token), ERR_DENIED);
	CHECK_INT(keys_revoke(keys, WORKSPACE_DEFAULT, id_of(text)),
		ERR_NOT_FOUND);
	CHECK_OK(identify(keys, admin));
	keys_close(keys);
}

TEST(keys, what_a_thread_remembers_counts_for_these_keys_only)
{
	struct keys *keys = open_keys();
	struct str text = create(keys, ROLE_VIEWER);
	struct str other = create(keys, ROLE_ADMIN);
	struct api_identity who;
	struct keys *empty;

	for (int i = 0; i < 3; i++)
		CHECK_OK(identify(keys, text));
	CHECK_INT(identify(keys, spoil(text)), ERR_DENIED);
	CHECK_INT(identify(keys, str_head(text, text.len - 1)), ERR_DENIED);
	for (int i = 0; i < 3; i++) {
		CHECK_OK(keys_identify(keys, other, &arena, &who));
		CHECK_INT(who.role, ROLE_ADMIN);
		CHECK_OK(keys_identify(keys, text, &arena, &who));
		CHECK_INT(who.role, ROLE_VIEWER);
	}
	api_double_reset(); /* another store, without keys */
	empty = open_keys();
	CHECK_INT(identify(empty, text), ERR_DENIED);
	CHECK_OK(identify(keys, text));
	keys_close(empty);
	keys_close(keys);
}

TEST(keys, last_admin_cannot_be_revoked)
{
	struct keys *keys = open_keys();
	struct str first = create(keys, ROLE_ADMIN);
	struct str second = create(keys, ROLE_ADMIN);

	create(keys, ROLE_PUBLISHER);
	CHECK_OK(keys_revoke(keys, WORKSPACE_DEFAULT, id_of(first)));
	CHECK_INT(keys_revoke(keys, WORKSPACE_DEFAULT, id_of(second)),
		ERR_CONFLICT);
	CHECK_OK(identify(keys, second));
	keys_close(keys);
}

TEST(keys, failed_commit_changes_nothing)
{
	struct keys *keys = open_keys();
	struct str text = create(keys, ROLE_VIEWER);
	struct key_view view;
	struct str other;

	api_double.commit_error = ERR_IO;
	CHECK_INT(keys_create(keys,
			  &(struct key_draft){
				  WORKSPACE_DEFAULT, ROLE_VIEWER, STR("x"), 0},
			  &arena, &view, &other),
		ERR_IO);
	CHECK_INT(keys_revoke(keys, WORKSPACE_DEFAULT, id_of(text)), ERR_IO);
	seed(keys, STR("secret-token"), ERR_IO);
	CHECK_INT(keys_count(keys), 1);
	CHECK_OK(identify(keys, text));
	CHECK_INT(identify(keys, STR("secret-token")), ERR_DENIED);
	keys_close(keys);
}

TEST(keys, names_are_checked)
{
	struct keys *keys = open_keys();
	struct key_view view;
	char name[KEY_NAME_MAX + 1];
	struct str wrong[] = {STR(""), str_make(name, sizeof(name)),
		STR("a\nb"), STR("\xff")};
	struct str text;

	memset(name, 'n', sizeof(name));
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		CHECK_INT(keys_create(keys,
				  &(struct key_draft){WORKSPACE_DEFAULT,
					  ROLE_VIEWER, wrong[i], 0},
				  &arena, &view, &text),
			ERR_INVALID);
	keys_close(keys);
}

TEST(keys, list_is_in_order_of_creation)
{
	struct keys *keys;
	struct key_view *views;
	struct str texts[3];
	size_t count;

	clock_test_set(1000 * SECONDS, 1000 * SECONDS);
	keys = open_keys();
	for (int i = 0; i < 3; i++) {
		texts[i] = create(keys, ROLE_ADMIN);
		clock_test_advance(SECONDS);
	}
	views = keys_list(keys, WORKSPACE_DEFAULT, &arena, &count);
	CHECK_INT(count, 3);
	for (size_t i = 0; i < 3; i++)
		CHECK_STR(views[i].id, id_of(texts[i]));
	keys_list(keys, 2, &arena, &count);
	CHECK_INT(count, 0);
	keys_close(keys);
}

TEST(keys, seeded_token_is_an_admin)
{
	struct keys *keys = open_keys();
	struct api_identity who;

	seed(keys, STR("secret-token"), ERR_OK);
	CHECK_OK(keys_identify(keys, STR("secret-token"), &arena, &who));
	CHECK_INT(who.role, ROLE_ADMIN);
	CHECK_STR(who.key_id, STR("gk_admin"));
	CHECK_INT(identify(keys, STR("secret-tokem")), ERR_DENIED);
	keys_close(keys);
	keys = open_keys(); /* a start without the variable */
	CHECK_OK(identify(keys, STR("secret-token")));
	keys_close(keys);
}

TEST(keys, seeding_again_writes_only_what_is_new)
{
	struct keys *keys = open_keys();

	seed(keys, STR("secret-token"), ERR_OK);
	CHECK_INT(api_double.commits, 1);
	keys_close(keys);
	keys = open_keys();
	seed(keys, STR("secret-token"), ERR_OK);
	CHECK_INT(api_double.commits, 1);
	seed(keys, STR("other-token"), ERR_OK);
	CHECK_INT(api_double.commits, 2);
	CHECK_OK(identify(keys, STR("other-token")));
	CHECK_INT(identify(keys, STR("secret-token")), ERR_DENIED);
	CHECK_INT(keys_count(keys), 1);
	keys_close(keys);
}

TEST(keys, seed_may_look_like_a_key)
{
	struct keys *keys = open_keys();
	struct str text = STR("gk_0123456789ab_"
			      "0123456789012345678901234567890123456789012");
	struct str admin = create(keys, ROLE_ADMIN);
	struct str viewer = create(keys, ROLE_VIEWER);

	seed(keys, text, ERR_OK);
	CHECK_OK(identify(keys, text));
	seed(keys, admin, ERR_OK); /* is an admin's already */
	CHECK_INT(api_double.commits, 3);
	seed(keys, viewer, ERR_INVALID);
	keys_close(keys);
	keys = open_keys();
	seed(keys, text, ERR_OK);
	CHECK_OK(identify(keys, text));
	keys_close(keys);
}

TEST(keys, poor_seeds_are_refused)
{
	struct keys *keys = open_keys();

	seed(keys, STR("short"), ERR_INVALID);
	seed(keys, STR("with a blank"), ERR_INVALID);
	seed(keys, STR("with\nnewline"), ERR_INVALID);
	CHECK_INT(keys_count(keys), 0);
	keys_close(keys);
}

TEST(keys, first_start_makes_one_admin_key)
{
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct keys *keys = open_keys();
	struct api_identity who;
	struct str text;

	CHECK_OK(keys_ensure_admin(keys, STR(""), &arena, &text, &why));
	CHECK_OK(keys_identify(keys, text, &arena, &who));
	CHECK_INT(who.role, ROLE_ADMIN);
	CHECK_OK(keys_ensure_admin(keys, STR(""), &arena, &text, &why));
	CHECK_STR(text, STR(""));
	CHECK_INT(keys_count(keys), 1);
	CHECK_OK(keys_ensure_admin(
		keys, STR("secret-token"), &arena, &text, &why));
	CHECK_STR(text, STR(""));
	CHECK_INT(keys_count(keys), 2);
	keys_close(keys);
}

TEST(keys, client_secret_is_the_secret_part_or_the_whole_text)
{
	struct keys *keys = open_keys();
	struct str text = create(keys, ROLE_VIEWER);
	struct str other = create(keys, ROLE_ADMIN);
	struct str secret = str_skip(text, 16);
	struct api_identity who;

	seed(keys, STR("secret-token"), ERR_OK);
	CHECK_OK(keys_identify_client(keys, id_of(text), secret, &arena, &who));
	CHECK_STR(who.key_id, id_of(text));
	CHECK_OK(keys_identify_client(keys, id_of(text), text, &arena, &who));
	CHECK_OK(keys_identify_client(
		keys, STR("gk_admin"), STR("secret-token"), &arena, &who));
	CHECK_INT(keys_identify_client(keys, id_of(other), text, &arena, &who),
		ERR_DENIED);
	CHECK_INT(
		keys_identify_client(keys, id_of(other), secret, &arena, &who),
		ERR_DENIED);
	CHECK_INT(keys_identify_client(
			  keys, STR("secret"), STR("token"), &arena, &who),
		ERR_DENIED);
	CHECK_INT(keys_identify_client(
			  keys, id_of(text), STR("secret-token"), &arena, &who),
		ERR_DENIED);
	CHECK_INT(
		keys_identify_client(keys, STR("gk_admin"), text, &arena, &who),
		ERR_DENIED);
	CHECK_INT(keys_identify_client(keys, STR(""), STR(""), &arena, &who),
		ERR_DENIED);
	keys_close(keys);
}

TEST(keys, roles_reach_what_they_should)
{
	static const bool expected[3][5] = {
		/* public, viewer, publisher, admin, metrics */
		[ROLE_VIEWER] = {true, true, false, false, true},
		[ROLE_PUBLISHER] = {true, false, true, false, false},
		[ROLE_ADMIN] = {true, true, true, true, true},
	};

	for (int role = 0; role < 3; role++)
		for (int access = 0; access < 5; access++)
			CHECK_INT(keys_role_allows((enum key_role)role,
					  (enum api_access)access),
				expected[role][access]);
}

/* ---- access tokens ---- */

static const struct seal_key token_key = {{9}};

TEST(token, tells_its_key_until_it_expires)
{
	int64_t now = 1700000000 * SECONDS;
	struct str token =
		token_make(&token_key, STR("gk_1"), STR("admin"), now, &arena);
	struct str id;

	CHECK_OK(token_verify(&token_key, token, now, &arena, &id));
	CHECK_STR(id, STR("gk_1"));
	CHECK_OK(token_verify(&token_key, token,
		now + (TOKEN_LIFE_SECONDS - 1) * SECONDS, &arena, &id));
	CHECK_INT(token_verify(&token_key, token,
			  now + TOKEN_LIFE_SECONDS * SECONDS, &arena, &id),
		ERR_DENIED);
}

TEST(token, any_changed_byte_denies)
{
	struct seal_key other = {{8}};
	struct str token =
		token_make(&token_key, STR("gk_1"), STR("admin"), 0, &arena);
	struct str id;

	CHECK_INT(token_verify(&other, token, 0, &arena, &id), ERR_DENIED);
	for (size_t i = 0; i < token.len; i++) {
		struct str copy = arena_copy(&arena, token);
		char *bytes = arena_alloc(&arena, token.len);

		memcpy(bytes, copy.ptr, token.len);
		bytes[i] = bytes[i] == 'A' ? 'B' : 'A';
		CHECK_INT(token_verify(&token_key, str_make(bytes, token.len),
				  0, &arena, &id),
			ERR_DENIED);
		CHECK_INT(token_verify(&token_key, str_head(token, i), 0,
				  &arena, &id),
			ERR_DENIED);
	}
}

TEST(token, token_without_signature_is_denied)
{
	struct str id;

	/* {"alg":"none"} and {"sub":"gk_1","exp":99999999999} */
	CHECK_INT(token_verify(&token_key,
			  STR("eyJhbGciOiJub25lIn0."
			      "eyJzdWIiOiJna18xIiwiZXhwIjo5OTk5OTk5OTk5OX0."),
			  0, &arena, &id),
		ERR_DENIED);
}

TEST(keys, one_that_has_ended_is_told_from_a_wrong_one)
{
	struct keys *keys = open_keys();
	struct api_identity who;
	struct key_view view;
	struct str text, token;

	clock_test_set(1000 * SECONDS, 0);
	CHECK_OK(keys_create(keys,
		&(struct key_draft){WORKSPACE_DEFAULT, ROLE_ADMIN, STR("ends"),
			2000 * SECONDS},
		&arena, &view, &text));
	CHECK_INT(view.expires, 2000 * SECONDS);
	CHECK_OK(keys_identify(keys, text, &arena, &who));
	token = keys_issue_token(keys, &who, &arena);
	CHECK_OK(keys_identify(keys, token, &arena, &who));
	clock_test_set(2000 * SECONDS, 1000 * SECONDS);
	CHECK_INT(keys_identify(keys, text, &arena, &who), ERR_TIMEOUT);
	CHECK_INT(who.key_expires, 2000 * SECONDS);
	CHECK_INT(keys_identify(keys, token, &arena, &who), ERR_TIMEOUT);
	CHECK_INT(keys_identify_client(keys, view.id, text, &arena, &who),
		ERR_TIMEOUT);
	CHECK_INT(identify(keys, spoil(text)), ERR_DENIED);
	clock_test_release();
	keys_close(keys);
}

TEST(keys, the_last_admin_key_that_has_not_ended_stays)
{
	struct keys *keys = open_keys();
	struct key_view ends;
	struct str text, lasting = create(keys, ROLE_ADMIN);

	CHECK_OK(keys_create(keys,
		&(struct key_draft){WORKSPACE_DEFAULT, ROLE_ADMIN, STR("ends"),
			clock_now() + 1 * SECONDS},
		&arena, &ends, &text));
	clock_test_shift(2 * SECONDS);
	CHECK_INT(keys_revoke(keys, WORKSPACE_DEFAULT, id_of(lasting)),
		ERR_CONFLICT);
	CHECK_OK(keys_revoke(keys, WORKSPACE_DEFAULT, ends.id));
	clock_test_shift(0);
	keys_close(keys);
}
