#include "cli/webhook_command.h"

/* The tables of options of `grapnel webhook …`. */

#define OPTION_NAME \
	{ \
		.name = "name", .placeholder = "TEXT", \
		.help = "What people call it." \
	}
#define OPTION_DESTINATION \
	{ \
		.name = "destination", .placeholder = "URL", \
		.help = "Where the events go: an https:// URL, or hook:ID " \
			"for a hook of this hub. It must answer the " \
			"handshake." \
	}
#define OPTION_FILTER \
	{ \
		.name = "filter", .placeholder = "FILTER", \
		.help = "Which events go there, for example \"type eq " \
			"'compute-ops/server'\". `grapnel filter check` " \
			"explains one that is wrong." \
	}
#define OPTION_HEADER \
	{ \
		.name = "header", .placeholder = "'NAME: VALUE'", \
		.help = "A header sent with every request. It cannot be " \
			"read again.", \
		.is_repeatable = true \
	}
#define OPTION_WAIT \
	{ \
		.name = "wait", \
		.help = "Wait until the handshake is over, at most " \
			"--timeout; exit 1 unless it was accepted." \
	}

static const struct option webhook_create_options[] = {
	OPTION_NAME,
	OPTION_DESTINATION,
	OPTION_FILTER,
	{.name = "state",
		.placeholder = "STATE",
		.help = "Whether it is to send events at once.",
		.fallback = "enabled",
		.choices = "enabled disabled"},
	OPTION_HEADER,
	{.name = "dialect",
		.placeholder = "DIALECT",
		.help = "com: COM's clients see it too; native: it is the "
			"hub's own, as is one with an option of how it "
			"delivers; greenlake: GreenLake's clients see it, "
			"and subscriptions say what it is sent.",
		.fallback = "com",
		.choices = "com native greenlake"},
	OPTION_WAIT,
};
const struct option_table webhook_create_table = {
	webhook_create_options, COUNT_OF(webhook_create_options)};

static const struct option webhook_patch_options[] = {
	OPTION_NAME,
	OPTION_DESTINATION,
	OPTION_FILTER,
	{.name = "state",
		.placeholder = "STATE",
		.help = "Whether it sends events. Enabling does the handshake "
			"again.",
		.choices = "enabled disabled"},
	OPTION_HEADER,
	{.name = "remove-header",
		.placeholder = "NAME",
		.help = "A header that is not to be sent any more.",
		.is_repeatable = true},
	{.name = "dialect",
		.placeholder = "DIALECT",
		.help = "greenlake: change it as GreenLake's clients do, "
			"which has the destination verified anew.",
		.choices = "native greenlake"},
	OPTION_WAIT,
};
const struct option_table webhook_patch_table = {
	webhook_patch_options, COUNT_OF(webhook_patch_options)};

static const struct option webhook_rotate_options[] = {
	{.name = "overlap",
		.placeholder = "TIME",
		.help = "How long the old secret signs beside the new one, "
			"0s to 30d.",
		.fallback = "24h"},
};
const struct option_table webhook_rotate_table = {
	webhook_rotate_options, COUNT_OF(webhook_rotate_options)};

static const struct option delivery_retry_options[] = {
	{.name = "destination",
		.placeholder = "URL",
		.help = "Send it there once, for debugging, and show what came "
			"back; nothing else changes."},
};
const struct option_table delivery_retry_table = {
	delivery_retry_options, COUNT_OF(delivery_retry_options)};

static const struct option webhook_enable_options[] = {OPTION_WAIT};
const struct option_table webhook_enable_table = {
	webhook_enable_options, COUNT_OF(webhook_enable_options)};

static const struct option webhook_list_options[] = {
	{.name = "limit", .placeholder = "N", .help = "At most so many."},
	{.name = "offset", .placeholder = "N", .help = "Leave out the first."},
	{.name = "filter",
		.placeholder = "FILTER",
		.help = "Only those, for example \"state eq 'ENABLED'\"."},
	{.name = "sort",
		.placeholder = "FIELD",
		.help = "Order, for example \"name desc\"."},
};
const struct option_table webhook_list_table = {
	webhook_list_options, COUNT_OF(webhook_list_options)};
