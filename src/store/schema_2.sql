-- Version 2: what explaining needs, made so that publishing and a delivery
-- that succeeds at once pay for next to nothing (docs/decisions/explain.md).

-- In place of (webhook, started): the deliveries of a webhook that were
-- tried, in their order. Only attempts after the first are out of it.
DROP INDEX attempts_by_webhook;
CREATE INDEX attempts_of_webhook ON attempts (webhook, delivery);
CREATE INDEX attempts_repeated ON attempts (webhook, started)
	WHERE number > 0;

CREATE INDEX deliveries_ended ON deliveries (state) WHERE state >= 2;
CREATE INDEX deliveries_ended_of ON deliveries (webhook, state)
	WHERE state >= 2;

CREATE INDEX events_by_type ON events (type);
