-- Times are milliseconds since the epoch, UTC. `body` is the event as `model::Event` serialises
-- it; the other columns repeat the parts that are searched.
CREATE TABLE event (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    tier     INTEGER NOT NULL, -- what goes first when room is short: 0 plain, 1 limit, 2 the rest
    name     TEXT    NOT NULL, -- 'request.blocked', 'policy.reloaded'
    request  TEXT,             -- request id; NULL for system events, as are the following
    verdict  TEXT,
    enforced INTEGER,
    layer    TEXT,
    client   TEXT,
    route    TEXT,
    status   INTEGER,
    body     TEXT    NOT NULL
) STRICT;
CREATE INDEX event_request ON event (request) WHERE request IS NOT NULL;
-- Every index ends in `seq`, so lists by client come out in order.
CREATE INDEX event_client  ON event (client) WHERE client IS NOT NULL;
CREATE INDEX event_top     ON event (at, verdict, enforced, client);
CREATE INDEX event_tier    ON event (tier, seq);

-- One row for each rule an event names, without the rules that only sum up others.
CREATE TABLE finding (
    event    INTEGER NOT NULL, -- event.seq
    rule     TEXT    NOT NULL,
    class    TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    verdict  TEXT    NOT NULL,
    enforced INTEGER NOT NULL,
    client   TEXT    NOT NULL,
    PRIMARY KEY (event, rule)
) STRICT, WITHOUT ROWID;
CREATE INDEX finding_rule ON finding (rule, event);
CREATE INDEX finding_top  ON finding (at, verdict, enforced, rule, class, client);

-- What a rule says, once.
CREATE TABLE rule (
    rule     TEXT PRIMARY KEY,
    message  TEXT NOT NULL,
    severity TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Exact sums over every request, kept in full or not. `class` is the status's first digit.
CREATE TABLE minute (
    minute          INTEGER NOT NULL, -- minutes since the epoch
    route           TEXT    NOT NULL,
    verdict         TEXT    NOT NULL,
    enforced        INTEGER NOT NULL,
    layer           TEXT    NOT NULL,
    class           INTEGER NOT NULL,
    count           INTEGER NOT NULL,
    decision_micros INTEGER NOT NULL,
    total_micros    INTEGER NOT NULL,
    bytes_in        INTEGER NOT NULL,
    bytes_out       INTEGER NOT NULL,
    PRIMARY KEY (minute, route, verdict, enforced, layer, class)
) STRICT, WITHOUT ROWID;
