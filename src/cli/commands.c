#include "cli/allow_list_command.h"
#include "cli/audit_command.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/connection_command.h"
#include "cli/data_store_command.h"
#include "cli/event_type_command.h"
#include "cli/explain_command.h"
#include "cli/filter_command.h"
#include "cli/help.h"
#include "cli/hook_command.h"
#include "cli/json_command.h"
#include "cli/key_command.h"
#include "cli/publish_command.h"
#include "cli/receive_command.h"
#include "cli/replay_command.h"
#include "cli/resource_command.h"
#include "cli/scenario_command.h"
#include "cli/settings_command.h"
#include "cli/subscription_command.h"
#include "cli/template_command.h"
#include "cli/version_command.h"
#include "cli/webhook_command.h"
#include "cli/webhook_delivery_options.h"
#include "cli/webhook_greenlake.h"
#include "cli/webhook_log_command.h"
#include "cli/webhook_way_options.h"

/*
 * The table of commands. After a change: tools/make-docs.sh, since the manual
 * and the completions are made from it and a test compares them.
 */

static const struct option serve_options[] = {
	{.name = "config",
		.placeholder = "FILE",
		.help = "The configuration file, YAML.",
		.environment = "GRAPNEL_CONFIG"},
	{.name = "check-config",
		.help = "Print the settings in force and where each came "
			"from, and end."},
};

static const struct option help_options[] = {
	{.name = "format",
		.placeholder = "FORMAT",
		.help = "Print a whole document made from the tables.",
		.choices = "man markdown config bash zsh"},
};

static const struct option version_options[] = {
	{.name = "json", .letter = 'j', .help = "Print it as JSON."},
};

/* filter and json read their arguments themselves; told here for help. */
static const struct option filter_eval_options[] = {
	{.name = "batch",
		.help = "Read lines of JSON {\"filter\", \"event\"} from "
			"standard input and write a line of JSON for each."},
};

static const struct option filter_explain_options[] = {
	{.name = "json",
		.letter = 'j',
		.help = "Print the tree as one object of JSON."},
};

static const struct option template_eval_options[] = {
	{.name = "batch",
		.help = "Read lines of JSON {\"expr\", \"bindings\"} from "
			"standard input and write a line of JSON for each."},
};

static const struct option_table serve_table = {
	serve_options, COUNT_OF(serve_options)};
static const struct option_table help_table = {
	help_options, COUNT_OF(help_options)};
static const struct option_table version_table = {
	version_options, COUNT_OF(version_options)};
static const struct option_table filter_eval_table = {
	filter_eval_options, COUNT_OF(filter_eval_options)};
static const struct option_table filter_explain_table = {
	filter_explain_options, COUNT_OF(filter_explain_options)};
static const struct option_table template_eval_table = {
	template_eval_options, COUNT_OF(template_eval_options)};

const struct command_group commands_groups[] = {
	{"webhook", "Webhooks: where events go", NULL},
	{"subscription", "Subscriptions: which event types a webhook wants",
		NULL},
	{"event-type", "Event types: the catalog, and registering more", NULL},
	{"resource", "Resources: their last known states", NULL},
	{"event", "Events: what was published, and what became of it", NULL},
	{"delivery", "Deliveries: what was sent where, and why not", NULL},
	{"replay", "Replays: sending again what was missed", NULL},
	{"allow-list", "Allow-lists: what may be reached though not public",
		NULL},
	{"connection", "Connections: credentials of services for scenarios",
		NULL},
	{"data-store", "Data stores: what scenarios keep from run to run",
		NULL},
	{"hook", "Hooks: where webhooks come in and start scenarios", NULL},
	{"key", "Keys: who may use the hub", NULL},
	{"scenario", "Scenarios: what runs when a request comes in", NULL},
	{"execution", "Executions: what scenarios have run, and will", NULL},
	{"audit", "Audit log: who changed what", "list"},
	{"filter", "Filters: trying them out", NULL},
	{"template", "Templates: trying expressions of scenarios out", NULL},
	{"json", "JSON: checking texts", NULL},
};
const size_t commands_group_count = COUNT_OF(commands_groups);

const struct command commands_table[] = {
	{
		.name = "serve",
		.summary = "Run the hub",
		.description =
			"Runs the hub in the foreground until SIGTERM or "
			"Ctrl-C. Every setting is a flag, a variable "
			"GRAPNEL_... and a key of the configuration file; a "
			"flag counts before a variable, a variable before the "
			"file. GRAPNEL_ADMIN_TOKEN is the token of the first "
			"administrator.",
		.examples = "grapnel serve --data /var/lib/grapnel\n"
			    "grapnel serve --config /etc/grapnel/"
			    "grapnel.yaml --check-config",
		.no_means = "The hub could not start or had to stop; with "
			    "--check-config: a setting is wrong.",
		.tables = {&serve_table},
		.has_settings = true,
		.run = settings_command_serve,
	},
	{
		.name = "receive",
		.summary = "Run a receiver that prints what arrives",
		.description =
			"A receiver for developing and trying out. It answers "
			"the handshakes of COM, CloudEvents and GreenLake and "
			"prints every delivery: when, what, how large, and "
			"with --secret whether its signature is good.",
		.examples = "grapnel receive --secret \"$SECRET\"\n"
			    "grapnel receive --listen 127.0.0.1:9091 "
			    "--status 500",
		.no_means = "It could not listen.",
		.tables = {&receive_table},
		.run = receive_command,
	},
	{
		.name = "publish",
		.summary = "Publish a resource's state or an event",
		.operands = "[FILE|-]",
		.operands_max = 1,
		.description =
			"Sends a resource's new state, one or more "
			"CloudEvents, or many resources at once. When it ends "
			"with 0, what was sent is on the hub's disk.",
		.examples = "grapnel publish --type compute-ops/server --id "
			    "rack1-07 state.json\n"
			    "grapnel publish --event event.json\n"
			    "produce | grapnel publish --bulk -",
		.no_means = "The hub refused it, or some of many: then it "
			    "says which, and the others were accepted.",
		.tables = {&publish_table, &client_table},
		.talks_to_hub = true,
		.run = publish_command,
	},
	{
		.name = "version",
		.summary = "Print the version",
		.description = "Prints the version of this program.",
		.tables = {&version_table},
		.run = version_command,
	},
	{
		.name = "help",
		.summary = "Say what a command does and takes",
		.operands = "[COMMAND...]",
		.operands_max = 2,
		.description = "The same as COMMAND --help.",
		.tables = {&help_table},
		.is_hidden = true,
		.run = help_run,
	},
	{
		.group = "webhook",
		.name = "create",
		.summary = "Register a webhook and print its secret",
		.description =
			"Registers a webhook. Its secret is printed this once "
			"only. The hub then asks the destination for a "
			"handshake; --wait waits for the outcome.",
		.examples = "grapnel webhook create --name 'Servers off' "
			    "--destination https://ops.example.com/hook "
			    "--filter \"type eq 'compute-ops/server' and "
			    "new/hardware/powerState eq 'OFF'\" --wait",
		.no_means = "The hub refused, or (with --wait) the handshake "
			    "was not accepted.",
		.tables = {&webhook_create_table, &webhook_delivery_table,
			&webhook_way_table, &webhook_greenlake_table,
			&client_table},
		.talks_to_hub = true,
		.run = webhook_command_create,
	},
	{
		.group = "webhook",
		.name = "list",
		.summary = "List webhooks",
		.description = "Lists webhooks and how they are doing.",
		.tables = {&webhook_list_table, &client_table},
		.talks_to_hub = true,
		.run = webhook_command_list,
	},
	{
		.group = "webhook",
		.name = "get",
		.summary = "Show a webhook",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Shows a webhook, its status and the reason "
			       "for it.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = webhook_command_get,
	},
	{
		.group = "webhook",
		.name = "patch",
		.summary = "Change a webhook",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Changes what is given and leaves the rest as it is. "
			"A new destination or new headers make the hub ask "
			"for the handshake again.",
		.examples = "grapnel webhook patch 3f1c... --header "
			    "'Authorization: Bearer abc' --wait",
		.tables = {&webhook_patch_table, &webhook_delivery_table,
			&webhook_way_table, &webhook_greenlake_table,
			&client_table},
		.talks_to_hub = true,
		.run = webhook_command_patch,
	},
	{
		.group = "webhook",
		.name = "enable",
		.summary = "Let a webhook send events",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Enables a webhook; the hub asks for the "
			       "handshake again.",
		.tables = {&webhook_enable_table, &client_table},
		.talks_to_hub = true,
		.run = webhook_command_enable,
	},
	{
		.group = "webhook",
		.name = "disable",
		.summary = "Stop a webhook from sending events",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Disables a webhook.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = webhook_command_disable,
	},
	{
		.group = "webhook",
		.name = "delete",
		.summary = "Delete webhooks",
		.operands = "ID...",
		.operands_min = 1,
		.operands_max = ARGS_MAX,
		.description =
			"Deletes webhooks with their deliveries. When one "
			"cannot be deleted the others are all the same, and "
			"the exit code is that of the first failure.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = webhook_command_delete,
	},
	{
		.group = "webhook",
		.name = "deliveries",
		.summary = "Show what was sent to a webhook",
		.operands = "ID [DELIVERY_ID]",
		.operands_min = 1,
		.operands_max = 2,
		.description = "Lists the latest deliveries of a webhook, or "
			       "shows one of them with its body.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = webhook_command_deliveries,
	},
	{
		.group = "webhook",
		.name = "log",
		.summary = "Show what changed a webhook, and when",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Lists every change of a webhook's state, the newest "
			"first: what it was and became, who or what did it "
			"(a key, the handshake, its health, a probe) and why; "
			"also what was skipped or given up.",
		.tables = {&webhook_log_table, &client_table},
		.talks_to_hub = true,
		.run = webhook_command_log,
	},
	{
		.group = "webhook",
		.name = "test",
		.summary = "Send a webhook an event made for trying it out",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Makes an event of type grapnel.webhook.test "
			       "and delivers it to this webhook only.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = webhook_command_test,
	},
	{
		.group = "webhook",
		.name = "replay",
		.summary = "Send a webhook again what it missed",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Starts a job that sends a webhook again what was "
			"given up, what was skipped while it was not sending, "
			"or all of a time. `grapnel replay show` tells how far "
			"it is. Each delivery has its schedule of retries "
			"anew.",
		.examples =
			"grapnel webhook replay 3f1c... --which skipped "
			"--from 2026-03-01T12:00:00Z --preview\n"
			"grapnel webhook replay 3f1c... --which failed --rate "
			"600",
		.no_means = "The hub refused: the webhook is not sending, or "
			    "has a replay already.",
		.tables = {&webhook_replay_table, &client_table},
		.talks_to_hub = true,
		.run = webhook_command_replay,
	},
	{
		.group = "webhook",
		.name = "verify",
		.summary = "Ask a webhook's destination for its challenge anew",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Sends the destination of a webhook of the dialect "
			"greenlake a challenge, and waits for the outcome. The "
			"webhook sends again if it was stopped by failures.",
		.no_means = "The challenge was not answered, or the hub "
			    "refused.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = webhook_greenlake_verify,
	},
	{
		.group = "webhook",
		.name = "rotate-secret",
		.summary = "Give a webhook a new secret and print it",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Makes a new secret and prints it this once only. "
			"Until the overlap is over deliveries are signed by "
			"the old one too, so the receiver can change over "
			"without refusing any.",
		.examples = "grapnel webhook rotate-secret 3f1c... --overlap "
			    "1h",
		.tables = {&webhook_rotate_table, &client_table},
		.talks_to_hub = true,
		.run = webhook_command_rotate_secret,
	},
	{
		.group = "subscription",
		.name = "create",
		.summary = "Subscribe a webhook to an event type",
		.description =
			"Subscribes a webhook to events of a type. The webhook "
			"is one that has subscriptions instead of a filter, as "
			"GreenLake's have. The filter is a condition on the "
			"event's data: category is data.category.",
		.examples =
			"grapnel subscription create --webhook 3f1c... --type "
			"com.hpe.greenlake.audit-log.v1.logs.created --filter "
			"\"category eq 'user_management'\"",
		.no_means = "The hub refused it.",
		.tables = {&subscription_create_table, &client_table},
		.talks_to_hub = true,
		.run = subscription_command_create,
	},
	{
		.group = "subscription",
		.name = "list",
		.summary = "List subscriptions",
		.description = "Lists subscriptions, all or those of one "
			       "webhook.",
		.tables = {&subscription_list_table, &client_table},
		.talks_to_hub = true,
		.run = subscription_command_list,
	},
	{
		.group = "subscription",
		.name = "delete",
		.summary = "Delete subscriptions",
		.operands = "ID...",
		.operands_min = 1,
		.operands_max = ARGS_MAX,
		.description =
			"Deletes subscriptions. When one cannot be deleted the "
			"others are all the same, and the exit code is that of "
			"the first failure.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = subscription_command_delete,
	},
	{
		.group = "event-type",
		.name = "list",
		.summary = "List the catalog",
		.description = "Lists the event types that ship with the "
			       "product and those that were registered.",
		.tables = {&event_type_list_table, &client_table},
		.talks_to_hub = true,
		.run = event_type_command_list,
	},
	{
		.group = "event-type",
		.name = "show",
		.summary = "Show an event type, its schema and a sample",
		.operands = "NAME",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Shows an event type with its schema and a "
			       "sample of its data.",
		.examples = "grapnel event-type show "
			    "com.hpe.greenlake.audit-log.v1.logs.created",
		.tables = {&event_type_show_table, &client_table},
		.talks_to_hub = true,
		.run = event_type_command_show,
	},
	{
		.group = "event-type",
		.name = "register",
		.summary = "Register an event type, or change one",
		.operands = "NAME",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Registers an event type. With a schema its events are "
			"held against it when they are published. Another "
			"schema is another version; the last ten are kept.",
		.examples =
			"grapnel event-type register com.example.orders.v1."
			"orders.created --schema order.json --group Orders\n"
			"grapnel event-type register com.example.orders.v1."
			"orders.created --update --validation warn",
		.no_means = "The hub refused it.",
		.tables = {&event_type_register_table, &client_table},
		.talks_to_hub = true,
		.run = event_type_command_register,
	},
	{
		.group = "event-type",
		.name = "delete",
		.summary = "Delete an event type",
		.operands = "NAME",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Takes a registered event type out of the catalog. "
			"Events of it are published and delivered as before, "
			"held against no schema.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = event_type_command_delete,
	},
	{
		.group = "resource",
		.name = "get",
		.summary = "Show a resource's last state",
		.operands = "TYPE ID",
		.operands_min = 2,
		.operands_max = 2,
		.description = "Shows the last state that was published.",
		.examples = "grapnel resource get compute-ops/server "
			    "rack1-07",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = resource_command_get,
	},
	{
		.group = "resource",
		.name = "delete",
		.summary = "Publish that a resource is gone",
		.operands = "TYPE ID",
		.operands_min = 2,
		.operands_max = 2,
		.description = "Publishes that a resource was deleted.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = resource_command_delete,
	},
	{
		.group = "event",
		.name = "list",
		.summary = "List events, the newest first",
		.description =
			"Lists events, also those that matched no webhook. The "
			"last line says how to go on when there are more.",
		.examples = "grapnel event list --type compute-ops/server "
			    "--from 2026-03-01T00:00:00Z",
		.tables = {&event_list_table, &client_table},
		.talks_to_hub = true,
		.run = explain_command_events,
	},
	{
		.group = "event",
		.name = "get",
		.summary = "Show an event and every webhook's outcome",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Shows an event, its states, who published it "
			       "and what became of it at every webhook.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = explain_command_event,
	},
	{
		.group = "event",
		.name = "explain",
		.summary = "Say why an event reached a webhook or did not",
		.operands = "ID [WEBHOOK_ID]",
		.operands_min = 1,
		.operands_max = 2,
		.description = "Holds a stored event against the filters of "
			       "all webhooks, or of one.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = explain_command_match,
	},
	{
		.group = "delivery",
		.name = "list",
		.summary = "List deliveries, the newest first",
		.description =
			"Lists deliveries. The last line says how to go on "
			"when there are more; a page may hold less than "
			"asked for and yet not be the last.",
		.examples = "grapnel delivery list --webhook 3f1c... --state "
			    "DEAD",
		.tables = {&delivery_list_table, &client_table},
		.talks_to_hub = true,
		.run = explain_command_deliveries,
	},
	{
		.group = "delivery",
		.name = "get",
		.summary = "Show a delivery with all its attempts",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Shows a delivery and each attempt: the request's "
			"head with secrets masked, what was answered, how "
			"long each part took, what went wrong.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = explain_command_delivery,
	},
	{
		.group = "delivery",
		.name = "retry",
		.summary = "Attempt a delivery once more",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Attempts a delivery that has ended (delivered, dead "
			"or skipped) again at once. The id is what the "
			"receiver got as webhook-id, and what `grapnel "
			"webhook deliveries` shows. With --destination the "
			"same payload goes somewhere else, signed, without "
			"the webhook's own headers and credential.",
		.no_means = "The hub refused, or (with --destination) the "
			    "attempt was not acknowledged.",
		.tables = {&delivery_retry_table, &client_table},
		.talks_to_hub = true,
		.run = webhook_command_retry,
	},
	{
		.group = "replay",
		.name = "list",
		.summary = "List replays, the newest first",
		.description = "Lists the replays that run and the latest "
			       "that have ended.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = replay_command_list,
	},
	{
		.group = "replay",
		.name = "show",
		.summary = "Show how far a replay is",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Shows what a replay sends and how far it is.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = replay_command_show,
	},
	{
		.group = "replay",
		.name = "cancel",
		.summary = "End a replay",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Ends a replay. What it has made to wait until "
			       "then is still sent.",
		.no_means = "It has ended already.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = replay_command_cancel,
	},
	{
		.group = "allow-list",
		.name = "create",
		.summary = "Make an allow-list",
		.operands = "NAME",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Makes a list of networks and hosts that webhooks may "
			"reach although they are not public. A webhook names "
			"those it may use, or uses the default ones. "
			"Link-local and metadata addresses stay closed.",
		.examples = "grapnel allow-list create lab --network "
			    "10.20.0.0/16 --host .lab.example.com",
		.tables = {&allow_list_create_table, &client_table},
		.talks_to_hub = true,
		.run = allow_list_command_create,
	},
	{
		.group = "allow-list",
		.name = "list",
		.summary = "List allow-lists",
		.description = "Lists allow-lists with what they open.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = allow_list_command_list,
	},
	{
		.group = "allow-list",
		.name = "patch",
		.summary = "Change an allow-list",
		.operands = "NAME",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Changes what is given. Networks and hosts that "
			       "are given replace all former ones; an empty "
			       "one alone leaves none.",
		.examples = "grapnel allow-list patch lab --network "
			    "10.20.0.0/16 --network 10.30.0.0/16",
		.tables = {&allow_list_patch_table, &client_table},
		.talks_to_hub = true,
		.run = allow_list_command_patch,
	},
	{
		.group = "allow-list",
		.name = "delete",
		.summary = "Delete an allow-list",
		.operands = "NAME",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Deletes it; webhooks that name it reach what "
			       "it opened no more.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = allow_list_command_delete,
	},
	{
		.group = "audit",
		.name = "list",
		.summary = "Show who changed what, and when",
		.description =
			"Lists the entries of the audit log, the newest first. "
			"--json shows each with what was before and after.",
		.examples = "grapnel audit list --category webhooks --from "
			    "2026-03-01T00:00:00Z",
		.tables = {&audit_table, &client_table},
		.talks_to_hub = true,
		.run = audit_command_list,
	},
	{
		.group = "connection",
		.name = "create",
		.summary = "Make or change a connection",
		.operands = "NAME",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Makes a connection: credentials and addresses of a "
			"service, which the steps of scenarios name by its id. "
			"Secrets are sealed and never shown again. "
			"docs/services.md has the members of each type.",
		.examples = "grapnel connection create team --type slack --id "
			    "slack1 --member token=@slack.token\n"
			    "grapnel connection create team --update --id "
			    "slack1 --member token=@-",
		.tables = {&connection_create_table, &client_table},
		.talks_to_hub = true,
		.run = connection_command_create,
	},
	{
		.group = "connection",
		.name = "list",
		.summary = "List connections",
		.description = "Lists the workspace's connections.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = connection_command_list,
	},
	{
		.group = "connection",
		.name = "show",
		.summary = "Show a connection",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Shows a connection; of secrets, whether they "
			       "are set.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = connection_command_show,
	},
	{
		.group = "connection",
		.name = "delete",
		.summary = "Delete a connection",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Deletes it; steps that name it fail from then "
			       "on.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = connection_command_delete,
	},
	{
		.group = "data-store",
		.name = "create",
		.summary = "Make or change a data store",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Makes a data store, or changes its settings. One that a scenario writes to comes into being by itself, without a structure.",
		.examples =
			"grapnel data-store create servers --structure fields.json --strict true\ngrapnel data-store create servers --update --max-records 500",
		.tables = {&data_store_create_table, &client_table},
		.talks_to_hub = true,
		.run = data_store_command_create,
	},
	{
		.group = "data-store",
		.name = "list",
		.summary = "List data stores",
		.description =
			"Lists the workspace's data stores, and how full they are.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = data_store_command_list,
	},
	{
		.group = "data-store",
		.name = "show",
		.summary = "Show a data store",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Shows its settings and how full it is.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = data_store_command_show,
	},
	{
		.group = "data-store",
		.name = "records",
		.summary = "List or search records",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Lists records in order of their keys, or those that a filter lets through.",
		.examples =
			"grapnel data-store records servers --filter '[[{\"a\":\"state\",\"o\":\"text:equal\",\"b\":\"off\"}]]' --sort -seen",
		.tables = {&data_store_records_table, &client_table},
		.talks_to_hub = true,
		.run = data_store_command_records,
	},
	{
		.group = "data-store",
		.name = "put",
		.summary = "Write a record",
		.operands = "ID KEY DATA",
		.operands_min = 3,
		.operands_max = 3,
		.description =
			"Writes a record, new or over the one that is there. Its data is a JSON object, or @FILE (@- from standard input).",
		.examples =
			"grapnel data-store put servers s1 '{\"state\": \"on\"}'\ngrapnel data-store put servers s1 @s1.json --merge",
		.tables = {&data_store_put_table, &client_table},
		.talks_to_hub = true,
		.run = data_store_command_put,
	},
	{
		.group = "data-store",
		.name = "get",
		.summary = "Show a record",
		.operands = "ID KEY",
		.operands_min = 2,
		.operands_max = 2,
		.description = "Shows a record with its key and its data.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = data_store_command_get,
	},
	{
		.group = "data-store",
		.name = "delete",
		.summary = "Delete a record, or all",
		.operands = "ID [KEY]",
		.operands_min = 1,
		.operands_max = 2,
		.description = "Deletes a record, or with --all every one.",
		.tables = {&data_store_delete_table, &client_table},
		.talks_to_hub = true,
		.run = data_store_command_delete,
	},
	{
		.group = "data-store",
		.name = "drop",
		.summary = "Delete a data store",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Deletes it with all its records.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = data_store_command_drop,
	},
	{
		.group = "hook",
		.name = "create",
		.summary = "Make a hook and print its address",
		.operands = "NAME",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Makes a hook: an address at which webhooks come in. "
			"It answers challenges and checks who calls before "
			"anything else happens, and starts its scenario.",
		.examples = "grapnel hook create alerts --scenario "
			    "\"$SCENARIO\" --challenge com\n"
			    "grapnel hook create audit --scenario "
			    "\"$SCENARIO\" --challenge greenlake --signature "
			    "greenlake --secret \"$SECRET\"",
		.tables = {&hook_create_table, &client_table},
		.talks_to_hub = true,
		.run = hook_command_create,
	},
	{
		.group = "hook",
		.name = "list",
		.summary = "List hooks",
		.description = "Lists hooks and their addresses.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = hook_command_list,
	},
	{
		.group = "hook",
		.name = "show",
		.summary = "Show a hook",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Shows how a hook is set up and what it has "
			       "counted.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = hook_command_show,
	},
	{
		.group = "hook",
		.name = "log",
		.summary = "List a hook's last requests",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Lists the last requests to a hook, the newest "
			       "first, and why some were refused.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = hook_command_log,
	},
	{
		.group = "hook",
		.name = "delete",
		.summary = "Delete a hook",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Deletes a hook; its address answers 410 from "
			       "then on.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = hook_command_delete,
	},
	{
		.group = "key",
		.name = "create",
		.summary = "Make a key and print its token",
		.description = "Makes a key. Its token is printed this once "
			       "only.",
		.examples = "grapnel key create --role publisher --name "
			    "'rack 1 poller'",
		.tables = {&key_create_table, &client_table},
		.talks_to_hub = true,
		.run = key_command_create,
	},
	{
		.group = "key",
		.name = "list",
		.summary = "List keys",
		.description = "Lists keys; their tokens are not kept.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = key_command_list,
	},
	{
		.group = "key",
		.name = "revoke",
		.summary = "Make a key useless",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description = "Revokes a key at once.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = key_command_revoke,
	},
	{
		.group = "scenario",
		.name = "check",
		.summary = "Check blueprints without a hub",
		.operands = "FILE...",
		.operands_min = 1,
		.operands_max = 1000,
		.description =
			"Reads blueprints, JSON as exported or YAML, and prints all that is wrong with them, a line a problem, with its place. A module that is not known here is a warning, and so the scenario cannot be run.",
		.examples = "grapnel scenario check examples/*.json",
		.no_means = "Something is wrong with one of them.",
		.tables = {&scenario_check_table},
		.run = scenario_command_check,
	},
	{
		.group = "scenario",
		.name = "import",
		.summary = "Make a scenario of a blueprint",
		.operands = "FILE|-",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Sends a blueprint, JSON as exported or YAML, to the hub. One with errors is kept and can be mended, but not enabled.",
		.examples = "grapnel scenario import power-off.yaml --enable",
		.no_means = "The hub refused it.",
		.tables = {&scenario_import_table, &client_table},
		.talks_to_hub = true,
		.run = scenario_command_import,
	},
	{
		.group = "scenario",
		.name = "list",
		.summary = "List scenarios",
		.description = "Lists the scenarios of the workspace.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = scenario_command_list,
	},
	{
		.group = "scenario",
		.name = "show",
		.summary = "Show a scenario and its blueprint",
		.operands = "ID|NAME",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Shows a scenario, what is wrong with it, and its blueprint.",
		.tables = {&scenario_show_table, &client_table},
		.talks_to_hub = true,
		.run = scenario_command_show,
	},
	{
		.group = "scenario",
		.name = "run",
		.summary = "Run a scenario by hand",
		.operands = "ID|NAME [FILE|-]",
		.operands_min = 1,
		.operands_max = 2,
		.description =
			"Runs a scenario with the bundle that its first module would give: the object of JSON in the file, or an empty one. It need not be enabled. With --once it waits for a request instead, and shows what comes of it.",
		.examples = "grapnel scenario run 3f1c... request.json --wait\n"
			    "grapnel scenario run \"Disk alert\" --once "
			    "--timeout 10m",
		.no_means =
			"The hub refused, or (with --wait or --once) the run failed or nothing came.",
		.tables = {&scenario_run_table, &client_table},
		.talks_to_hub = true,
		.run = scenario_command_run,
	},
	{
		.group = "scenario",
		.name = "enable",
		.summary = "Let a scenario run",
		.operands = "ID|NAME",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Enables a scenario: requests and its schedule start it.",
		.no_means = "It has errors.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = scenario_command_enable,
	},
	{
		.group = "scenario",
		.name = "disable",
		.summary = "Stop a scenario from starting",
		.operands = "ID|NAME",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Disables a scenario. Runs that have begun go on.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = scenario_command_disable,
	},
	{
		.group = "scenario",
		.name = "history",
		.summary = "List executions, or show one with its steps",
		.operands = "[ID|NAME [EXECUTION]]",
		.operands_max = 2,
		.description =
			"Lists what was run, the newest first. With an execution shows it and every step: what went in, what came out, or why it failed and what the service answered. Long lines are cut; --json has everything.",
		.tables = {&scenario_history_table, &client_table},
		.talks_to_hub = true,
		.run = scenario_command_history,
	},
	{
		.group = "scenario",
		.name = "retry",
		.summary = "Try an incomplete execution again",
		.operands = "EXECUTION",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Goes on with an execution that failed and was kept, at the step that failed and with the same input.",
		.no_means = "It is not incomplete.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = scenario_command_retry,
	},
	{
		.group = "scenario",
		.name = "drop",
		.summary = "Give an incomplete execution up",
		.operands = "EXECUTION",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Gives up an execution that failed and was kept.",
		.no_means = "It is not incomplete.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = scenario_command_drop,
	},
	{
		.group = "scenario",
		.name = "replay",
		.summary = "Run again with what started an execution",
		.operands = "EXECUTION",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Makes another execution with the first bundle of this one.",
		.no_means = "The hub refused it.",
		.tables = {&scenario_replay_table, &client_table},
		.talks_to_hub = true,
		.run = scenario_command_replay,
	},
	{
		.group = "scenario",
		.name = "delete",
		.summary = "Delete a scenario",
		.operands = "ID|NAME",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Deletes a scenario and its versions. What it has run stays in the history.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = scenario_command_delete,
	},
	{
		.group = "execution",
		.name = "list",
		.summary = "List executions of scenarios",
		.description = "Lists what was run, the newest first.",
		.examples = "grapnel execution list --state INCOMPLETE",
		.tables = {&execution_list_table, &scenario_history_table,
			&client_table},
		.talks_to_hub = true,
		.run = execution_command_list,
	},
	{
		.group = "execution",
		.name = "show",
		.summary = "Show an execution with its steps",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Shows an execution and every step of it: what went in, what came out.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = execution_command_show,
	},
	{
		.group = "execution",
		.name = "retry",
		.summary = "Try an incomplete execution again",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Goes on with an execution that failed and was kept, at the step that failed and with the same input.",
		.no_means = "It is not incomplete.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = scenario_command_retry,
	},
	{
		.group = "execution",
		.name = "drop",
		.summary = "Give an incomplete execution up",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Gives up an execution that failed and was kept.",
		.no_means = "It is not incomplete.",
		.tables = {&client_table},
		.talks_to_hub = true,
		.run = scenario_command_drop,
	},
	{
		.group = "execution",
		.name = "replay",
		.summary = "Run again with what started an execution",
		.operands = "ID",
		.operands_min = 1,
		.operands_max = 1,
		.description =
			"Makes another execution with the first bundle of this one, and with the scenario as it is now or as it was then.",
		.examples = "grapnel execution replay 17 --version then --wait",
		.no_means = "The hub refused, or (with --wait) the run failed.",
		.tables = {&scenario_replay_table, &client_table},
		.talks_to_hub = true,
		.run = scenario_command_replay,
	},
	{
		.group = "filter",
		.name = "check",
		.summary = "Say whether a filter is well-formed",
		.operands = "FILTER...|-",
		.operands_min = 1,
		.operands_max = ARGS_MAX,
		.description =
			"Reads filters; says where one is wrong and what was "
			"expected there. With - it reads a filter a line from "
			"standard input.",
		.examples = "grapnel filter check \"type eq "
			    "'compute-ops/server'\"",
		.no_means = "A filter is wrong.",
		.run_raw = filter_command_check,
	},
	{
		.group = "filter",
		.name = "eval",
		.summary = "Say whether a filter matches an event",
		.operands = "FILTER FILE",
		.operands_max = 2,
		.description =
			"Says whether an event matches a filter. The event is "
			"JSON with type, operation, new and old. With --batch "
			"filters and events are read as lines of JSON from "
			"standard input.",
		.no_means = "The filter does not match.",
		.tables = {&filter_eval_table},
		.run_raw = filter_command_eval,
	},
	{
		.group = "filter",
		.name = "explain",
		.summary = "Say why a filter matches an event or does not",
		.operands = "FILTER FILE",
		.operands_min = 2,
		.operands_max = 2,
		.description =
			"Shows the filter as a tree: each condition with what "
			"it came to (true, false, unknown) and the values it "
			"looked at. An arrow marks the conditions that "
			"decided. The event is JSON with type, operation, new "
			"and old.",
		.examples = "grapnel filter explain \"type eq "
			    "'compute-ops/server' and changed/name\" "
			    "event.json",
		.no_means = "The filter does not match.",
		.tables = {&filter_explain_table},
		.run_raw = filter_command_explain,
	},
	{
		.group = "template",
		.name = "check",
		.summary = "Say whether templates are well-formed",
		.operands = "TEXT...|-",
		.operands_min = 1,
		.operands_max = ARGS_MAX,
		.description =
			"Reads texts with {{expressions}} as they stand in a "
			"scenario; says everything that is wrong and where. "
			"With - it reads a text a line from standard input.",
		.examples = "grapnel template check 'Server {{1.name}}'",
		.no_means = "A template is wrong.",
		.run_raw = template_command_check,
	},
	{
		.group = "template",
		.name = "eval",
		.summary = "Evaluate a template",
		.operands = "TEXT [FILE]",
		.operands_max = 2,
		.description =
			"Prints what a template comes to, as JSON. The file "
			"is a JSON object of bundles by module number. With "
			"--batch each line of standard input is an object "
			"with expr, bindings and, if wanted, variables, "
			"timezone and now; the answers are {\"value\"} or "
			"{\"error\", \"column\"}.",
		.examples = "grapnel template eval '{{upper(1.name)}}' "
			    "bundles.json",
		.tables = {&template_eval_table},
		.run_raw = template_command_eval,
	},
	{
		.group = "template",
		.name = "functions",
		.summary = "List what expressions can use",
		.description = "Prints the tables of keywords, functions, "
			       "tokens of dates and operators of filters as "
			       "Markdown.",
		.run_raw = template_command_functions,
	},
	{
		.group = "json",
		.name = "check",
		.summary = "Say whether files are JSON",
		.operands = "FILE...|-",
		.operands_min = 1,
		.operands_max = ARGS_MAX,
		.description = "Reads files as strictly as the hub does; - is "
			       "standard input.",
		.no_means = "One is not JSON.",
		.run_raw = json_command_check,
	},
};
const size_t commands_count = COUNT_OF(commands_table);
