#include "events/postgres/tables.h"

namespace synap::events::postgres {

// Names stand as they are, not as numbers: nodes would have to agree on those.
//
// What is unique over the whole log (an id, a version of an aggregate) stands in tables beside it,
// so that `events` itself can be kept in parts by position, as parts.cpp has it.
const std::string_view kTables = R"(
CREATE TABLE events(
  position BIGINT PRIMARY KEY,
  type TEXT COLLATE "C" NOT NULL,
  data_version BIGINT NOT NULL,
  user_id TEXT COLLATE "C" NOT NULL,
  aggregate BYTEA,
  aggregate_type TEXT COLLATE "C",
  aggregate_version BIGINT,
  source BIGINT NOT NULL,
  actor_kind BIGINT,
  actor TEXT,
  on_behalf_of TEXT,
  timestamp BIGINT NOT NULL,
  id BYTEA NOT NULL,
  correlation BYTEA,
  causation BYTEA,
  request BYTEA,
  content_hash BYTEA NOT NULL,
  link BYTEA NOT NULL,
  salt BYTEA,
  metadata TEXT,
  data TEXT NOT NULL
);
CREATE INDEX events_by_user ON events(user_id, position);
CREATE INDEX events_by_correlation ON events(correlation, position) WHERE correlation IS NOT NULL;

CREATE TABLE event_ids(id BYTEA PRIMARY KEY, position BIGINT NOT NULL);
CREATE TABLE stream_events(
  aggregate BYTEA NOT NULL,
  version BIGINT NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY(aggregate, version)
);
-- The newest version of each stream: the row that an append locks. Room is left in its pages, so
-- that a new version needs no new entry of the index.
CREATE TABLE streams(
  aggregate BYTEA PRIMARY KEY,
  user_id TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL
) WITH (fillfactor = 70);

-- The end of the log: one row, which whoever appends locks last.
CREATE TABLE log_head(
  one BIGINT PRIMARY KEY CHECK(one = 1),
  position BIGINT NOT NULL,
  link BYTEA NOT NULL
) WITH (fillfactor = 10);
INSERT INTO log_head VALUES (1, 0, decode(repeat('00', 32), 'hex'));

-- `events`: the ids of those that were appended with it, one behind another.
CREATE TABLE idempotency(
  user_id TEXT COLLATE "C" NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  fingerprint BYTEA NOT NULL,
  answer TEXT NOT NULL,
  events BYTEA NOT NULL,
  PRIMARY KEY(user_id, key)
);

CREATE FUNCTION refuse_change_of_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- The one change there is: salt, metadata and data go together, and for good.
  IF TG_OP = 'UPDATE' AND old.salt IS NOT NULL AND new.salt IS NULL AND new.metadata IS NULL
    AND new.data = '{}'
    AND (new.position, new.type, new.data_version, new.user_id, new.aggregate, new.aggregate_type,
      new.aggregate_version, new.source, new.actor_kind, new.actor, new.on_behalf_of, new.timestamp,
      new.id, new.correlation, new.causation, new.request, new.content_hash, new.link)
    IS NOT DISTINCT FROM
      (old.position, old.type, old.data_version, old.user_id, old.aggregate, old.aggregate_type,
      old.aggregate_version, old.source, old.actor_kind, old.actor, old.on_behalf_of, old.timestamp,
      old.id, old.correlation, old.causation, old.request, old.content_hash, old.link)
  THEN RETURN new; END IF;
  RAISE EXCEPTION 'events are immutable' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER events_are_not_updated BEFORE UPDATE ON events
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_events();
CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_events();
CREATE TRIGGER events_are_not_truncated BEFORE TRUNCATE ON events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_events();

-- Something is not as it was found any more: the group is run again.
CREATE FUNCTION check_not_outrun(changed BIGINT, expected BIGINT) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF changed <> expected THEN
    RAISE EXCEPTION 'another node was first' USING ERRCODE = 'serialization_failure';
  END IF;
END $$;
)";

const std::string_view kCausedRequests = R"(
CREATE INDEX events_by_caused_request ON events(request, position)
  WHERE request IS NOT NULL AND request IS DISTINCT FROM correlation;
)";

}  // namespace synap::events::postgres
