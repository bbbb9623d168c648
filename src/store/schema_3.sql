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

-- A delivery that is sent again has its schedule anew: the attempts that do
-- not count any more, and since when it runs (0: `created`).
ALTER TABLE deliveries ADD COLUMN spent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

-- The log of each webhook's changes (pipeline/webhook_news.h).
CREATE INDEX events_of_webhooks ON events (subject)
	WHERE source = '/grapnel/webhooks';
