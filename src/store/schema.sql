-- Version 1. docs/schema.md says what every column means; store.h says what
-- the values mean. Large columns stand last, so that reading the others does
-- not walk their overflow pages.

CREATE TABLE events (
	sequence INTEGER PRIMARY KEY,
	workspace INTEGER NOT NULL,
	operation INTEGER NOT NULL,
	form INTEGER NOT NULL,
	previous INTEGER NOT NULL,
	time INTEGER NOT NULL,
	accepted INTEGER NOT NULL,
	matched INTEGER NOT NULL,
	is_id_given INTEGER NOT NULL,
	id TEXT,
	source TEXT NOT NULL,
	type TEXT NOT NULL,
	type_as_received TEXT,
	subject TEXT NOT NULL,
	publisher TEXT NOT NULL,
	attributes TEXT NOT NULL,
	body BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX events_by_given_id ON events (workspace, id, source)
	WHERE is_id_given = 1;

CREATE TABLE resources (
	workspace INTEGER NOT NULL,
	type TEXT NOT NULL,
	id TEXT NOT NULL,
	last INTEGER NOT NULL,
	is_deleted INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	PRIMARY KEY (workspace, type, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
	sequence INTEGER PRIMARY KEY,
	workspace INTEGER NOT NULL,
	event INTEGER NOT NULL,
	webhook INTEGER NOT NULL,
	state INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	due INTEGER NOT NULL,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	reason TEXT NOT NULL
) STRICT;

CREATE INDEX deliveries_by_event ON deliveries (event);
CREATE INDEX deliveries_untried ON deliveries (webhook)
	WHERE state = 0 AND attempts = 0;
CREATE INDEX deliveries_retried ON deliveries (webhook, due)
	WHERE state = 0 AND attempts > 0;

CREATE TABLE attempts (
	place INTEGER PRIMARY KEY,
	delivery INTEGER NOT NULL,
	number INTEGER NOT NULL,
	webhook INTEGER NOT NULL,
	started INTEGER NOT NULL,
	ended INTEGER NOT NULL,
	status INTEGER NOT NULL,
	is_acknowledged INTEGER NOT NULL,
	name_resolved INTEGER NOT NULL,
	connected INTEGER NOT NULL,
	tls_done INTEGER NOT NULL,
	first_byte INTEGER NOT NULL,
	failure TEXT NOT NULL,
	error TEXT NOT NULL,
	destination TEXT NOT NULL,
	request_head TEXT NOT NULL,
	response_head TEXT NOT NULL,
	response_body BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX attempts_by_delivery ON attempts (delivery, number);
CREATE INDEX attempts_by_webhook ON attempts (webhook, started);
CREATE INDEX attempts_failed ON attempts (webhook, started)
	WHERE is_acknowledged = 0;

CREATE TABLE webhooks (
	number INTEGER PRIMARY KEY,
	deliveries_after INTEGER NOT NULL,
	id BLOB NOT NULL,
	workspace INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	generation INTEGER NOT NULL,
	state INTEGER NOT NULL,
	status INTEGER NOT NULL,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	dialect TEXT NOT NULL,
	name TEXT NOT NULL,
	destination TEXT NOT NULL,
	filter TEXT NOT NULL,
	status_reason TEXT NOT NULL,
	options TEXT NOT NULL,
	sealed BLOB NOT NULL
) STRICT;

CREATE TABLE health (
	webhook INTEGER PRIMARY KEY,
	window INTEGER NOT NULL,
	count INTEGER NOT NULL,
	failures_in_a_row INTEGER NOT NULL
) STRICT;

CREATE TABLE keys (
	id TEXT PRIMARY KEY,
	workspace INTEGER NOT NULL,
	role INTEGER NOT NULL,
	is_seeded INTEGER NOT NULL,
	created INTEGER NOT NULL,
	name TEXT NOT NULL,
	salt BLOB NOT NULL,
	hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE purges (
	webhook INTEGER PRIMARY KEY,
	delivery_after INTEGER NOT NULL,
	delivery_last INTEGER NOT NULL
) STRICT;

CREATE TABLE marks (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	delivery_highest INTEGER NOT NULL,
	webhook_highest INTEGER NOT NULL,
	probes INTEGER NOT NULL
) STRICT;

INSERT INTO marks VALUES (1, 0, 0, 0);
