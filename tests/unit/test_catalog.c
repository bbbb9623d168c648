#include "rule/catalog.h"

#include "check.h"

static const struct catalog_type *
find(const char *name)
{
	const struct catalog_type *type =
		catalog_find(catalog_builtin(), str_of(name));

	if (type == NULL)
		check_failed(__FILE__, __LINE__, "%s is not there", name);
	return type;
}

TEST(catalog, the_built_in_files_are_well_formed)
{
	size_t at = 0, resources = 0, events = 0;
	const struct catalog_type *type;

	while ((type = catalog_next(catalog_builtin(), &at)) != NULL) {
		CHECK(catalog_find(catalog_builtin(), type->name) == type);
		CHECK(type->friendly_name.len > 0);
		resources += type->is_resource;
		events += !type->is_resource;
	}
	CHECK_INT(resources, 7);
	CHECK_INT(events, 24);
	CHECK(catalog_find(catalog_builtin(), STR("compute-ops/x")) == NULL);
	CHECK(catalog_find(catalog_builtin(), STR("Compute-ops/job")) == NULL);
}

TEST(catalog, com_types_have_the_monitorable_properties_of_com)
{
	static const struct {
		const char *name, *properties;
	} rows[] = {
		{"compute-ops/server",
			"hardware state firmwareInventory softwareInventory "
			"lastFirmwareUpdate tags autoIloFwUpdate "},
		{"compute-ops/alert", ""},
		{"compute-ops/group",
			"name autoFwUpdateOnAdd groupComplianceStatus "
			"serverSettingsUris devices serverPolicies "
			"autoAddServerTags "},
		{"compute-ops/server-setting", "name settings "},
		{"compute-ops/job", "state "},
		{"compute-ops/group/compliance", "complianceStatus "},
		{"compute-ops/firmware-bundle", "advisories isActive "},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct catalog_type *type = find(rows[i].name);
		CLEANUP(buf_release) struct buf got = buf_make(0);

		CHECK(type->is_resource && type->is_com);
		for (size_t k = 0; k < type->monitorable_count; k++)
			buf_printf(
				&got, "%.*s ", STR_ARG(type->monitorable[k]));
		CHECK_TEXT(buf_text(&got), rows[i].properties);
	}
	CHECK(!find("compute-ops/alert")->sends_updated);
	CHECK(find("compute-ops/alert")->sends_deleted);
	CHECK(find("compute-ops/job")->sends_updated);
	CHECK(!find("compute-ops/job")->sends_deleted);
}

static bool
is_sent(const char *name, enum operation operation, const char *old_text,
	const char *new_text)
{
	struct arena arena = {0};
	struct json_doc old_doc, new_doc;
	bool answer;

	CHECK_OK(json_read(str_of(old_text), &arena, &old_doc, NULL));
	CHECK_OK(json_read(str_of(new_text), &arena, &new_doc, NULL));
	answer = catalog_is_sent(name ? find(name) : NULL, operation,
		json_root(&old_doc), json_root(&new_doc));
	arena_release(&arena);
	return answer;
}

TEST(catalog, updates_are_sent_only_for_a_monitorable_change)
{
	static const struct {
		const char *name;
		enum operation operation;
		const char *old_text, *new_text;
		bool is_sent;
	} rows[] = {
		{"compute-ops/server", OPERATION_UPDATED,
			"{\"hardware\":{\"powerState\":\"ON\"}}",
			"{\"hardware\":{\"powerState\":\"OFF\"}}", true},
		{"compute-ops/server", OPERATION_UPDATED,
			"{\"hardware\":{\"a\":1,\"b\":2},\"name\":\"x\"}",
			"{\"name\":\"y\",\"hardware\":{\"b\":2.0,\"a\":1}}",
			false},
		{"compute-ops/server", OPERATION_UPDATED, "{\"name\":\"x\"}",
			"{\"name\":\"y\"}", false},
		{"compute-ops/group", OPERATION_UPDATED, "{\"name\":\"x\"}",
			"{\"name\":\"y\"}", true},
		{"compute-ops/server", OPERATION_UPDATED, "{}", "{\"tags\":{}}",
			true},
		{"compute-ops/server", OPERATION_UPDATED, "{}",
			"{\"tags\":null}", false},
		{"compute-ops/server", OPERATION_CREATED, "{}", "{}", true},
		{"compute-ops/server", OPERATION_DELETED, "{}", "{}", true},
		{"compute-ops/alert", OPERATION_CREATED, "{}", "{}", true},
		{"compute-ops/alert", OPERATION_UPDATED, "{\"name\":1}",
			"{\"name\":2}", false},
		{"compute-ops/alert", OPERATION_DELETED, "{}", "{}", true},
		{"compute-ops/job", OPERATION_UPDATED,
			"{\"state\":\"RUNNING\"}", "{\"state\":\"COMPLETE\"}",
			true},
		{"compute-ops/job", OPERATION_UPDATED, "{\"resultCode\":1}",
			"{\"resultCode\":2}", false},
		{"compute-ops/job", OPERATION_DELETED, "{}", "{}", false},
		{"com.hpe.greenlake.audit-log.v1.logs.created",
			OPERATION_UPDATED, "{}", "{}", true},
		{NULL, OPERATION_UPDATED, "{}", "{}", true},
		{NULL, OPERATION_DELETED, "{}", "{}", true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (is_sent(rows[i].name, rows[i].operation, rows[i].old_text,
			    rows[i].new_text) != rows[i].is_sent)
			check_failed(__FILE__, __LINE__, "row %zu", i);
	}
}

TEST(catalog, only_the_long_prefix_is_rewritten)
{
	static const struct {
		const char *name, *canonical;
	} rows[] = {
		{"compute-ops-mgmt/server", "compute-ops/server"},
		{"compute-ops-mgmt/group/compliance",
			"compute-ops/group/compliance"},
		{"compute-ops-mgmt/compute-ops-mgmt/x",
			"compute-ops/compute-ops-mgmt/x"},
		{"compute-ops-mgmt/", "compute-ops/"},
		{"compute-ops/server", "compute-ops/server"},
		{"Compute-Ops-Mgmt/server", "Compute-Ops-Mgmt/server"},
		{"compute-ops-mgmt", "compute-ops-mgmt"},
		{"x/compute-ops-mgmt/server", "x/compute-ops-mgmt/server"},
		{"", ""},
	};
	struct arena arena = {0};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		CHECK_STR(catalog_canonical(str_of(rows[i].name), &arena),
			str_of(rows[i].canonical));
	CHECK_INT(
		catalog_canonical(str_make("compute-ops-mgmt/a\0b", 20), &arena)
			.len,
		15);
	arena_release(&arena);
}

TEST(catalog, malformed_files_are_refused_with_file_and_place)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"{", "f.json: line 1 column 2: expected a member name in "
		      "'\"', found the end of the text"},
		{"[]", "f.json: expected {\"types\": [...]}"},
		{"{\"types\":[],\"x\":1}", "f.json: expected {\"types\": "
					   "[...]}"},
		{"{\"types\":[1]}", "f.json: type 1: name is missing"},
		{"{\"types\":[{\"name\":\"a\",\"friendlyName\":\"A\","
		 "\"kind\":\"event\"},{\"name\":\"b\",\"kind\":\"event\"}]}",
			"f.json: type 2: friendlyName is missing"},
		{"{\"types\":[{\"name\":\"\"}]}",
			"f.json: type 1: name: expected a non-empty string"},
		{"{\"types\":[{\"kind\":\"x\"}]}",
			"f.json: type 1: kind: expected \"resource\" or "
			"\"event\""},
		{"{\"types\":[{\"colour\":1}]}",
			"f.json: type 1: unexpected member 'colour'"},
		{"{\"types\":[{\"kind\":\"event\",\"kind\":\"event\"}]}",
			"f.json: type 1: unexpected member 'kind'"},
		{"{\"types\":[{\"monitorable\":[]}]}",
			"f.json: type 1: monitorable: expected an array of 1 "
			"to 64 property names"},
		{"{\"types\":[{\"monitorable\":[1]}]}",
			"f.json: type 1: monitorable: expected an array of 1 "
			"to 64 property names"},
		{"{\"types\":[{\"sendsUpdated\":\"no\"}]}",
			"f.json: type 1: sendsUpdated: expected true or "
			"false"},
		{"{\"types\":[{\"dialect\":\"gl\"}]}",
			"f.json: type 1: dialect: expected \"com\""},
		{"{\"types\":[{\"name\":\"compute-ops-mgmt/x\","
		 "\"friendlyName\":\"A\",\"kind\":\"resource\"}]}",
			"f.json: type 1: name: expected the canonical "
			"spelling"},
		{"{\"types\":[{\"name\":\"a\",\"friendlyName\":\"A\","
		 "\"kind\":\"resource\",\"dialect\":\"com\"}]}",
			"f.json: type 1: monitorable is missing: no Updated "
			"could ever be sent"},
		{"{\"types\":[{\"name\":\"a\",\"friendlyName\":\"A\","
		 "\"kind\":\"event\"},{\"name\":\"a\",\"friendlyName\":"
		 "\"A\",\"kind\":\"event\"}]}",
			"f.json: type 2: 'a' is in the catalog already"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct catalog *catalog = catalog_new();
		CLEANUP(buf_release) struct buf why = buf_make(0);

		CHECK(catalog_add_file(
			catalog, STR("f.json"), str_of(rows[i].text), &why));
		CHECK_TEXT(buf_text(&why), rows[i].why);
		catalog_free(catalog);
	}
}

TEST(catalog, operations_have_names)
{
	enum operation operation;

	CHECK_TEXT(operation_name(OPERATION_NONE), "");
	for (int i = OPERATION_CREATED; i <= OPERATION_DELETED; i++) {
		CHECK_OK(operation_parse(
			str_of(operation_name((enum operation)i)), &operation));
		CHECK_INT(operation, i);
	}
	CHECK_INT(operation_parse(STR("created"), &operation), ERR_INVALID);
	CHECK_INT(operation_parse(STR(""), &operation), ERR_INVALID);
}
