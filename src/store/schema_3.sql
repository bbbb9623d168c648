-- Version 3: more than webhooks.

-- What keeps one resource's deliveries in order (rule/resource_key.h): only of
-- webhooks that want it, so that others pay for nothing.
ALTER TABLE deliveries ADD COLUMN resource INTEGER NOT NULL DEFAULT 0;

CREATE INDEX deliveries_ordered ON deliveries (webhook, resource)
	WHERE resource <> 0 AND state = 0;

-- What waits, in the order in which it is due, whosever it is: how late the
-- hub is costs one look, not one for each webhook.
CREATE INDEX deliveries_due ON deliveries (due, webhook) WHERE state = 0;

-- Small things that are set up rather than streamed (store/object.h).
CREATE TABLE objects (
	workspace INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	id TEXT NOT NULL,
	owner TEXT NOT NULL,
	revision INTEGER NOT NULL,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	body TEXT NOT NULL,
	sealed BLOB NOT NULL,
	PRIMARY KEY (workspace, kind, id)
) STRICT;

CREATE INDEX objects_owned ON objects (workspace, kind, owner, id);

-- Which 128 sequences (block * 128 and on) hold a tried delivery of a webhook.
CREATE TABLE tried_blocks (
	webhook INTEGER NOT NULL,
	block INTEGER NOT NULL,
	PRIMARY KEY (webhook, block)
) STRICT, WITHOUT ROWID;

INSERT INTO tried_blocks SELECT DISTINCT webhook, delivery / 128
	FROM attempts INDEXED BY attempts_of_webhook;

-- A delivery's first attempt is found at a place made of its sequence, and
-- needs no index; only others do (sqlite_attempts.h).
UPDATE attempts SET place = -place WHERE place IN (SELECT place FROM attempts
	INDEXED BY attempts_by_delivery
	WHERE delivery >= 0 AND place = delivery * 1024 AND number > 0);
DROP INDEX attempts_by_delivery;
DROP INDEX attempts_of_webhook;
CREATE UNIQUE INDEX attempts_apart ON attempts (delivery, number)
	WHERE place <> delivery * 1024;

-- A delivery that is sent again has its schedule anew: the attempts that do
-- not count any more, and since when it runs (0: `created`).
ALTER TABLE deliveries ADD COLUMN spent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

-- An event's deliveries are numbered in a row, so it says where they begin
-- (`matched` is how many), and only others are in an index: those made later,
-- and those of older versions.
ALTER TABLE events ADD COLUMN first_delivery INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN is_in_row INTEGER NOT NULL DEFAULT 0;

DROP INDEX deliveries_by_event;
CREATE INDEX deliveries_apart ON deliveries (event) WHERE is_in_row = 0;

-- Which 16 sequences (block * 16 and on) hold an event of a type: an entry for
-- each event cost more than looking through 16 does.
CREATE TABLE type_blocks (
	type TEXT NOT NULL,
	block INTEGER NOT NULL,
	PRIMARY KEY (type, block)
) STRICT, WITHOUT ROWID;

INSERT INTO type_blocks SELECT DISTINCT type, sequence / 16 FROM events;
DROP INDEX events_by_type;

-- The log of each webhook's changes (pipeline/webhook_news.h).
CREATE INDEX events_of_webhooks ON events (subject)
	WHERE source = '/grapnel/webhooks';

-- Executions of scenarios and their steps (store/flow.h). Large columns last.
CREATE TABLE executions (
	sequence INTEGER PRIMARY KEY,
	workspace INTEGER NOT NULL,
	state INTEGER NOT NULL,
	due INTEGER NOT NULL,
	scenario_version INTEGER NOT NULL,
	created INTEGER NOT NULL,
	started INTEGER NOT NULL,
	ended INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	operations INTEGER NOT NULL,
	failed_step INTEGER NOT NULL,
	retries INTEGER NOT NULL,
	retry_interval INTEGER NOT NULL,
	origin INTEGER NOT NULL,
	scenario TEXT NOT NULL,
	cause TEXT NOT NULL,
	error TEXT NOT NULL,
	trigger_bundle TEXT NOT NULL,
	is_confidential INTEGER NOT NULL
) STRICT;

CREATE INDEX executions_queued ON executions (scenario, sequence)
	WHERE state = 0;
CREATE INDEX executions_open ON executions (state, sequence)
	WHERE state = 0 OR state = 1 OR state = 5;
CREATE INDEX executions_of ON executions (scenario, sequence);

CREATE TABLE steps (
	execution INTEGER NOT NULL,
	ordinal INTEGER NOT NULL,
	module INTEGER NOT NULL,
	started INTEGER NOT NULL,
	ended INTEGER NOT NULL,
	failure TEXT NOT NULL,
	message TEXT NOT NULL,
	input TEXT NOT NULL,
	trace TEXT NOT NULL,
	output TEXT NOT NULL,
	PRIMARY KEY (execution, ordinal)
) STRICT, WITHOUT ROWID;

-- Keys that end (api/key_watch.h): when, and how long before that it was last
-- told.
ALTER TABLE keys ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;
ALTER TABLE keys ADD COLUMN warned INTEGER NOT NULL DEFAULT 0;

-- What hooks remember (store/hook.h).
CREATE TABLE hook_counts (
	hook TEXT NOT NULL,
	name TEXT NOT NULL,
	count INTEGER NOT NULL,
	last INTEGER NOT NULL,
	PRIMARY KEY (hook, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE hook_seen (
	hook TEXT NOT NULL,
	id BLOB NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (hook, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX hook_seen_at ON hook_seen (hook, at);

-- When scenarios started last because it was time (flow/runner_clock.c).
CREATE TABLE schedule_marks (
	scenario TEXT PRIMARY KEY,
	at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Up to which event `resources` is complete (sqlite_resources.h).
ALTER TABLE marks ADD COLUMN resources_to INTEGER NOT NULL DEFAULT 0;
UPDATE marks SET resources_to = (SELECT coalesce(max(sequence), 0) FROM events);

-- An event's webhooks, in the order of its deliveries, when their rows are
-- written later, and up to which event `deliveries` is complete
-- (sqlite_late.h).
ALTER TABLE events ADD COLUMN webhooks BLOB;
ALTER TABLE marks ADD COLUMN deliveries_to INTEGER NOT NULL DEFAULT 0;
UPDATE marks SET deliveries_to = resources_to;

-- Acknowledged first attempts of a webhook's neighbouring deliveries, those
-- from `first` to `last`, several in a row (attempt_pack.h).
CREATE TABLE attempt_packs (
	first INTEGER PRIMARY KEY,
	last INTEGER NOT NULL,
	webhook INTEGER NOT NULL,
	attempts BLOB NOT NULL
) STRICT;
