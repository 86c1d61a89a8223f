#include "events/postgres/tables.h"

namespace synap::events::postgres {

// Names stand as they are, not as numbers: nodes would have to agree on those.
//
// What is unique over the whole log (an id, a version of an aggregate) stands in tables beside it,
// so that `events` itself can be kept in parts by position.
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

-- Appends a group of events, and gives the position before the first. The last statement of its
-- transaction. Each part goes through its rows in the order of their keys, and all nodes go through
-- the parts in this order: so none waits for one that waits for it.
--   grown_*: streams that were found, and the version each had and will have
--   absent_*: streams that were looked for and not found; new_*: those whose ids were just made
--   key_*: idempotency keys that were looked for and not found
--   chained: of each event what its link covers beside the link before and its position (chain.h)
--   taken_to_be: the position before the first as the node has told it already; NULL: it has not
CREATE FUNCTION append_to_log(
  grown_streams BYTEA[], grown_from BIGINT[], grown_to BIGINT[],
  absent_streams BYTEA[], absent_users TEXT[], absent_to BIGINT[],
  new_streams BYTEA[], new_users TEXT[], new_to BIGINT[],
  key_users TEXT[], keys TEXT[], fingerprints BYTEA[], answers TEXT[], key_events BYTEA[],
  types TEXT[], data_versions BIGINT[], users TEXT[], aggregates BYTEA[], aggregate_types TEXT[],
  aggregate_versions BIGINT[], sources BIGINT[], actor_kinds BIGINT[], actors TEXT[],
  on_behalf_ofs TEXT[], timestamps BIGINT[], ids BYTEA[], correlations BYTEA[], causations BYTEA[],
  requests BYTEA[], content_hashes BYTEA[], chained BYTEA[], salts BYTEA[], metadatas TEXT[],
  datas TEXT[], taken_to_be BIGINT) RETURNS BIGINT LANGUAGE plpgsql
  -- By its keys, whatever is known of the tables: they may have been empty when this was planned.
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  count BIGINT := cardinality(ids);
  changed BIGINT;
  before BIGINT;
  place BIGINT;
  high BYTEA;
  one BYTEA;
  last_link BYTEA;
  links BYTEA[] := '{}';
BEGIN
  IF cardinality(grown_streams) > 0 THEN
    PERFORM 1 FROM streams WHERE aggregate = ANY(grown_streams) ORDER BY aggregate FOR UPDATE;
    UPDATE streams SET version = u.later FROM unnest(grown_streams, grown_from, grown_to)
      AS u(aggregate, before, later) WHERE streams.aggregate = u.aggregate AND version = u.before;
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM check_not_outrun(changed, cardinality(grown_streams));
  END IF;
  IF cardinality(absent_streams) > 0 THEN
    INSERT INTO streams SELECT * FROM unnest(absent_streams, absent_users, absent_to)
      AS u(aggregate, user_id, version) ORDER BY aggregate ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM check_not_outrun(changed, cardinality(absent_streams));
  END IF;
  IF cardinality(new_streams) > 0 THEN
    INSERT INTO streams SELECT * FROM unnest(new_streams, new_users, new_to)
      AS u(aggregate, user_id, version) ORDER BY aggregate;
  END IF;
  IF cardinality(keys) > 0 THEN
    INSERT INTO idempotency
      SELECT * FROM unnest(key_users, keys, fingerprints, answers, key_events)
      AS u(user_id, key, fingerprint, answer, events) ORDER BY user_id, key ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM check_not_outrun(changed, cardinality(keys));
  END IF;

  -- From here on until the commit all other nodes wait, and this one waits for nobody.
  SELECT position, link INTO before, last_link FROM log_head FOR UPDATE;
  PERFORM check_not_outrun(before, coalesce(taken_to_be, before));
  place := before;
  FOREACH one IN ARRAY chained LOOP
    place := place + 1;
    -- The position in eight bytes, the lowest first. Seven of them seldom change.
    IF high IS NULL OR place & 255 = 0 THEN
      high := int8send(place >> 8);
      high := substring(high FROM 8 FOR 1) || substring(high FROM 7 FOR 1)
        || substring(high FROM 6 FOR 1) || substring(high FROM 5 FOR 1)
        || substring(high FROM 4 FOR 1) || substring(high FROM 3 FOR 1)
        || substring(high FROM 2 FOR 1);
    END IF;
    last_link := sha256('synap.event.link.1'::bytea || last_link
      || set_byte('\x00', 0, (place & 255)::int) || high || one);
    links[place - before] := last_link;
  END LOOP;
  INSERT INTO events SELECT before + n, type, data_version, user_id, aggregate, aggregate_type,
      aggregate_version, source, actor_kind, actor, on_behalf_of, timestamp, id, correlation,
      causation, request, content_hash, link, salt, metadata, data
    FROM unnest(types, data_versions, users, aggregates, aggregate_types, aggregate_versions,
      sources, actor_kinds, actors, on_behalf_ofs, timestamps, ids, correlations, causations,
      requests, content_hashes, links, salts, metadatas, datas) WITH ORDINALITY
    AS u(type, data_version, user_id, aggregate, aggregate_type, aggregate_version, source,
      actor_kind, actor, on_behalf_of, timestamp, id, correlation, causation, request,
      content_hash, link, salt, metadata, data, n);
  INSERT INTO event_ids SELECT id, before + n FROM unnest(ids) WITH ORDINALITY AS u(id, n)
    ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS changed = ROW_COUNT;
  PERFORM check_not_outrun(changed, count);
  INSERT INTO stream_events SELECT aggregate, version, before + n
    FROM unnest(aggregates, aggregate_versions) WITH ORDINALITY AS u(aggregate, version, n)
    WHERE aggregate IS NOT NULL;
  UPDATE log_head SET position = before + count, link = last_link;
  RETURN before;
END $$;
)";

const std::string_view kCausedRequests = R"(
CREATE INDEX events_by_caused_request ON events(request, position)
  WHERE request IS NOT NULL AND request IS DISTINCT FROM correlation;
)";

}  // namespace synap::events::postgres
