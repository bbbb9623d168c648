#include "net/address.h"

#include <arpa/inet.h>

#include "check.h"

/** A literal of either family. */
static const struct sockaddr *
address_of(const char *text)
{
	static struct sockaddr_in v4;
	static struct sockaddr_in6 v6;

	v4 = (struct sockaddr_in){.sin_family = AF_INET};
	v6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return (const struct sockaddr *)(const void *)&v4;
	if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		return (const struct sockaddr *)(const void *)&v6;
	check_failed(__FILE__, __LINE__, "\"%s\" is no address", text);
}

static void
allow(struct address_policy *policy, const char *network)
{
	struct buf why = {0};

	if (address_network_parse(str_of(network),
		    &policy->allowed[policy->allowed_count], &why) != ERR_OK)
		check_failed(__FILE__, __LINE__, "%s", buf_text(&why));
	policy->allowed_count++;
	buf_release(&why);
}

static bool
is_allowed_with(const char *network, const char *address)
{
	struct address_policy policy = {0};

	allow(&policy, network);
	return address_is_allowed(&policy, address_of(address));
}

TEST(address, every_case_of_the_list_has_its_class)
{
	static const struct address_policy nothing_allowed;
	struct str text = check_read_file(check_data_path("cases/egress.txt"));
	struct str rest = text;
	int count = 0;

	while (rest.ptr != NULL) {
		struct str line = str_split(&rest, '\n');
		char address[64], class[32];
		char copy[256];
		const char *got;

		snprintf(copy, sizeof(copy), "%.*s", STR_ARG(line));
		if (sscanf(copy, "address %63s %31s", address, class) != 2)
			continue;
		got = address_class(address_of(address));
		if (strcmp(got ? got : "public", class) != 0)
			check_failed(copy, 0, "is %s", got ? got : "public");
		CHECK(address_is_allowed(&nothing_allowed,
			      address_of(address)) == (got == NULL));
		count++;
	}
	CHECK(count > 100);
}

TEST(address, an_allowed_network_opens_its_addresses_only)
{
	CHECK(is_allowed_with("127.0.0.0/8", "127.0.0.1"));
	CHECK(is_allowed_with("127.0.0.1", "127.0.0.1"));
	CHECK(!is_allowed_with("127.0.0.1", "127.0.0.2"));
	CHECK(!is_allowed_with("10.0.0.0/9", "10.128.0.0"));
	CHECK(is_allowed_with("10.0.0.0/9", "10.127.255.255"));
	CHECK(is_allowed_with("10.0.0.0/9", "8.8.8.8"));
	CHECK(is_allowed_with("fd00::/8", "fd12::1"));
	CHECK(!is_allowed_with("fd00::/8", "fc12::1"));
	CHECK(is_allowed_with("169.254.169.254/32", "169.254.169.254"));
	CHECK(is_allowed_with("0.0.0.0/0", "10.0.0.1"));
	CHECK(is_allowed_with("::/0", "::1"));
}

TEST(address, a_network_of_one_family_says_nothing_about_the_other)
{
	CHECK(!is_allowed_with("::/0", "10.0.0.1"));
	CHECK(!is_allowed_with("::/0", "::ffff:10.0.0.1"));
	CHECK(!is_allowed_with("0.0.0.0/0", "fd00::1"));
	CHECK(!is_allowed_with("0.0.0.0/0", "::1"));
}

TEST(address, an_allowed_network_opens_the_forms_that_carry_it)
{
	CHECK(is_allowed_with("10.0.0.0/8", "::ffff:10.0.0.1"));
	CHECK(is_allowed_with("10.0.0.0/8", "64:ff9b::10.0.0.1"));
	CHECK(is_allowed_with("10.0.0.0/8", "2002:a00:1::"));
	CHECK(!is_allowed_with("10.0.0.0/8", "64:ff9b::127.0.0.1"));
	CHECK(is_allowed_with("::ffff:10.0.0.0/104", "10.0.0.1"));
}

TEST(address, local_nat64_is_opened_by_its_own_network_only)
{
	CHECK(!is_allowed_with("10.0.0.0/8", "64:ff9b:1::10.0.0.1"));
	CHECK(is_allowed_with("64:ff9b:1::/48", "64:ff9b:1::10.0.0.1"));
}

TEST(address, teredo_needs_server_and_client)
{
	/* server 10.0.0.1, client 127.0.0.1 */
	const char *teredo = "2001:0:a00:1:0:0:80ff:fffe";
	struct address_policy policy = {0};

	CHECK(!is_allowed_with("10.0.0.0/8", teredo));
	CHECK(!is_allowed_with("127.0.0.0/8", teredo));
	allow(&policy, "10.0.0.0/8");
	allow(&policy, "127.0.0.0/8");
	CHECK(address_is_allowed(&policy, address_of(teredo)));
}

TEST(address, other_families_are_never_allowed)
{
	static const struct address_policy policy;
	struct sockaddr local = {.sa_family = AF_UNIX};

	CHECK(!address_is_allowed(&policy, &local));
	CHECK_TEXT(address_class(&local), "unknown");
}

TEST(address, what_is_no_network_is_refused_with_a_reason)
{
	static const char *const wrong[] = {"", "/8", "10.0.0.0/",
		"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8",
		"10.0.0/8", "010.0.0.0/8", "0x0a.0.0.0/8", "10.0.0.0 /8",
		" 10.0.0.0/8", "::/129", "::/0000", "::1%lo/128", "[::1]/128",
		"localhost", "10.0.0.0/99999999999999999999", "10.0.0.1/8",
		"fd00::1/8", "1:2:3:4:5:6:7:8:9/1",
		"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/1"};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct address_network network = {.prefix = 7};
		struct buf why = {0};

		if (address_network_parse(str_of(wrong[i]), &network, &why) !=
			ERR_INVALID)
			check_failed(wrong[i], 0, "was taken");
		CHECK(why.len > 0);
		CHECK_INT(network.prefix, 7);
		buf_release(&why);
	}
}

TEST(address, a_nul_inside_a_network_is_refused)
{
	struct address_network network;
	struct buf why = {0};

	CHECK_INT(address_network_parse(
			  str_make("10.0.0.1\0/8", 11), &network, &why),
		ERR_INVALID);
	buf_release(&why);
}

TEST(address, an_address_alone_is_its_full_length)
{
	struct address_network network;
	struct buf why = {0};

	CHECK_OK(address_network_parse(STR("10.0.0.1"), &network, &why));
	CHECK_INT(network.prefix, 128);
	CHECK_OK(address_network_parse(STR("10.0.0.0/8"), &network, &why));
	CHECK_INT(network.prefix, 104);
	CHECK_OK(address_network_parse(STR("fe80::/10"), &network, &why));
	CHECK_INT(network.prefix, 10);
	CHECK_INT(why.len, 0);
}

TEST(address, is_written_without_its_port)
{
	struct buf out = {0};

	address_append(&out, address_of("192.0.2.7"));
	buf_append(&out, STR(" "));
	address_append(&out, address_of("2001:db8:0:0::7"));
	buf_append(&out, STR(" "));
	address_append(&out, address_of("::ffff:10.0.0.1"));
	CHECK_STR(buf_str(&out), STR("192.0.2.7 2001:db8::7 ::ffff:10.0.0.1"));
	buf_release(&out);
}

TEST(address, a_list_opens_networks_and_names_but_no_metadata)
{
	struct address_network all[2];
	const struct str hosts[] = {
		STR_INIT("a.example"), STR_INIT(".b.example")};
	struct address_list list = {
		.networks = all, .hosts = hosts, .host_count = 2};
	struct address_policy policy = {.list = &list};
	struct buf why = {0};

	CHECK_OK(address_network_parse(STR("0.0.0.0/0"), &all[0], &why));
	CHECK_OK(address_network_parse(STR("::/0"), &all[1], &why));
	CHECK(!address_is_allowed(&policy, address_of("10.0.0.1")));
	list.network_count = 2;
	CHECK(address_is_allowed(&policy, address_of("10.0.0.1")));
	CHECK(address_is_allowed(&policy, address_of("::1")));
	CHECK(!address_is_allowed(&policy, address_of("169.254.169.254")));
	CHECK(!address_is_allowed(&policy, address_of("169.254.1.1")));
	CHECK(!address_is_allowed(&policy, address_of("fd00:ec2::254")));
	CHECK(!address_is_allowed(&policy, address_of("64:ff9b::a9fe:a9fe")));
	list.network_count = 0;
	CHECK(address_is_allowed_for(
		&policy, STR("a.example"), address_of("10.0.0.1")));
	CHECK(address_is_allowed_for(
		&policy, STR("a.example."), address_of("::1")));
	CHECK(address_is_allowed_for(
		&policy, STR("x.b.example"), address_of("10.0.0.1")));
	CHECK(!address_is_allowed_for(
		&policy, STR("b.example"), address_of("10.0.0.1")));
	CHECK(!address_is_allowed_for(
		&policy, STR("c.example"), address_of("10.0.0.1")));
	CHECK(!address_is_allowed_for(
		&policy, STR("a.example"), address_of("169.254.169.254")));
}
