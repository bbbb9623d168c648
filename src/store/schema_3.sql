-- Version 3: more than webhooks.

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

-- An attempt is looked for by its webhook and delivery: one index, not two,
-- for what every delivery adds.
DROP INDEX attempts_by_delivery;
DROP INDEX attempts_of_webhook;
CREATE UNIQUE INDEX attempts_of_webhook ON attempts (webhook, delivery, number);
