-- Version 3: more than webhooks.

-- What keeps one resource's deliveries in order (rule/resource_key.h): only of
-- webhooks that want it, so that others pay for nothing.
ALTER TABLE deliveries ADD COLUMN resource INTEGER NOT NULL DEFAULT 0;

CREATE INDEX deliveries_ordered ON deliveries (webhook, resource)
	WHERE state = 0 AND resource <> 0;

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
