#include "events/postgres/parts.h"

#include <fmt/format.h>

namespace synap::events::postgres {

// Where TimescaleDB is, `events` becomes a hypertable (of its chunks see kChunksAhead). Elsewhere
// a new `events` takes the table that was there as its first part: as it is, so that it need only
// be read through once. Not CREATE TABLE ... PARTITION OF for the next ones: that would wait for
// all who read the log, and they for it; to attach a table waits for nobody who reads or appends.
//
// A part is closed to everybody but the owner, by whom it is made: whoever reads the log reads
// `events`, whose rights and policies count then.
//
// Function append_to_log of log.1 is replaced. It is not in log.1 any more, since nothing is
// appended between the two.
const std::string_view kParts = R"(
-- `part_size`: of parts that are still to be made, in positions. `parts_until`: the first position
-- that no part has room for; NULL where TimescaleDB makes them.
ALTER TABLE log_head ADD COLUMN part_size BIGINT NOT NULL DEFAULT 1000000 CHECK (part_size > 0),
  ADD COLUMN parts_until BIGINT DEFAULT 0;

DO $$ DECLARE
  end_of_log BIGINT := (SELECT position FROM log_head);
  timescale TEXT := (SELECT quote_ident(space.nspname) FROM pg_extension AS extension
    JOIN pg_namespace AS space ON space.oid = extension.extnamespace
    WHERE extension.extname = 'timescaledb' AND has_schema_privilege(space.oid, 'USAGE')
      AND EXISTS (SELECT FROM pg_proc
        WHERE pronamespace = space.oid AND proname = 'by_range'));
BEGIN
  IF timescale IS NOT NULL THEN
    -- To move rows below policies, and to empty the table they were in, is refused otherwise. The
    -- policies are given again behind the migrations, as to all tables.
    ALTER TABLE events NO FORCE ROW LEVEL SECURITY;
    DROP TRIGGER events_are_not_truncated ON events;
    EXECUTE format('SELECT %1$s.create_hypertable(''events'', '
      '%1$s.by_range(''position'', 1000000), create_default_indexes => false, '
      'migrate_data => true)', timescale);
    CREATE TRIGGER events_are_not_truncated BEFORE TRUNCATE ON events
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_events();
    UPDATE log_head SET parts_until = NULL;
    RETURN;
  END IF;

  ALTER TABLE events RENAME TO events_0;
  ALTER INDEX events_pkey RENAME TO events_0_pkey;
  ALTER INDEX events_by_user RENAME TO events_0_by_user;
  ALTER INDEX events_by_correlation RENAME TO events_0_by_correlation;
  ALTER INDEX events_by_caused_request RENAME TO events_0_by_caused_request;
  -- That of TRUNCATE stays: it is not handed down.
  DROP TRIGGER events_are_not_updated ON events_0;
  DROP TRIGGER events_are_not_deleted ON events_0;
  CREATE TABLE events(LIKE events_0) PARTITION BY RANGE(position);
  ALTER TABLE events ADD PRIMARY KEY(position);
  CREATE INDEX events_by_user ON events(user_id, position);
  CREATE INDEX events_by_correlation ON events(correlation, position)
    WHERE correlation IS NOT NULL;
  CREATE INDEX events_by_caused_request ON events(request, position)
    WHERE request IS NOT NULL AND request IS DISTINCT FROM correlation;
  CREATE TRIGGER events_are_not_updated BEFORE UPDATE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_events();
  CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_events();
  CREATE TRIGGER events_are_not_truncated BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_events();
  IF end_of_log = 0 THEN
    DROP TABLE events_0;
  ELSE
    EXECUTE format('ALTER TABLE events ATTACH PARTITION events_0 FOR VALUES FROM (0) TO (%s)',
      end_of_log + 1);
    UPDATE log_head SET parts_until = end_of_log + 1;
  END IF;
END $$;

-- Makes parts until there is room for the position `last`, and for half a part behind it: as the
-- owner, whose transaction this is. Whoever calls it has the end of the log in his hands. Ends at a
-- multiple of the size, where all parts end but the one that was there before there were parts.
CREATE FUNCTION make_parts_of_log(last BIGINT) RETURNS void LANGUAGE plpgsql
  SET lock_timeout = '1s' AS $$
DECLARE
  role TEXT := current_setting('role');
  pod TEXT := current_database() || '_pod';
  size BIGINT;
  first BIGINT;
  behind BIGINT;
  part TEXT;
BEGIN
  PERFORM set_config('role', 'none', true);
  SELECT part_size, parts_until INTO size, first FROM log_head FOR UPDATE;
  WHILE first <= last + size / 2 LOOP
    behind := (first / size + 1) * size;
    part := format('events_%s', first);
    EXECUTE format('CREATE TABLE %I (LIKE events)', part);
    EXECUTE format('CREATE TRIGGER events_are_not_truncated BEFORE TRUNCATE ON %I '
      'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_events()', part);
    EXECUTE format('REVOKE ALL ON %I FROM %I', part, pod);
    EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', part,
      first, behind);
    first := behind;
  END LOOP;
  UPDATE log_head SET parts_until = first WHERE parts_until < first;
  PERFORM set_config('role', role, true);
END $$;

-- The same for those who append, and have half a part left to do so: where it cannot be done now
-- (somebody has the table, the role may make none any more) it is tried again whenever an eighth of
-- what is left is gone. An append fails for it when nothing is.
CREATE FUNCTION make_room_in_log(before BIGINT, last BIGINT) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  step BIGINT;
  room BIGINT;
BEGIN
  SELECT greatest(least(part_size / 2, parts_until - before) / 8, 1), parts_until
    INTO step, room FROM log_head;
  IF last < room AND before / step = last / step THEN RETURN; END IF;
  PERFORM make_parts_of_log(last);
EXCEPTION WHEN OTHERS THEN
  IF last >= room THEN RAISE; END IF;
  RAISE WARNING 'the next part of the log cannot be made: %', SQLERRM;
END $$;

-- Appends a group of events, and gives the position before the first. The last statement of its
-- transaction. Each part goes through its rows in the order of their keys, and all nodes go through
-- the parts in this order: so none waits for one that waits for it.
--   grown_*: streams that were found, and the version each had and will have
--   absent_*: streams that were looked for and not found; new_*: those whose ids were just made
--   key_*: idempotency keys that were looked for and not found
--   chained: of each event what its link covers beside the link before and its position (chain.h)
--   taken_to_be: the position before the first as the node has told it already; NULL: it has not
CREATE OR REPLACE FUNCTION append_to_log(
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
  size BIGINT;
  room BIGINT;
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
  SELECT position, link, part_size, parts_until
    INTO before, last_link, size, room FROM log_head FOR UPDATE;
  PERFORM check_not_outrun(before, coalesce(taken_to_be, before));
  IF before + count >= room - size / 2 THEN
    PERFORM make_room_in_log(before, before + count);
  END IF;
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

// TimescaleDB makes a chunk with the first row of it. Whoever reads just then may know already that
// there is an event, and have a plan yet that was made before its chunk was: what tells others that
// a plan is outdated is sent a moment after the commit can be seen. So chunks are made ahead, as
// parts are; and where rows are to go into a part in the transaction that makes it, all who read
// the log are waited for.
const std::string_view kChunksAhead = R"(
CREATE OR REPLACE FUNCTION make_parts_of_log(last BIGINT) RETURNS void LANGUAGE plpgsql
  SET lock_timeout = '1s' AS $$
DECLARE
  role TEXT := current_setting('role');
  pod TEXT := current_database() || '_pod';
  is_hypertable BOOLEAN := (SELECT relkind = 'r' FROM pg_class WHERE oid = 'events'::regclass);
  size BIGINT;
  first BIGINT;
  behind BIGINT;
  part TEXT;
BEGIN
  PERFORM set_config('role', 'none', true);
  SELECT part_size, parts_until INTO size, first FROM log_head FOR UPDATE;
  IF first <= last THEN
    LOCK TABLE events IN ACCESS EXCLUSIVE MODE;
  END IF;
  WHILE first <= last + size / 2 LOOP
    behind := (first / size + 1) * size;
    IF is_hypertable THEN
      INSERT INTO events(position) VALUES (first);
    ELSE
      part := format('events_%s', first);
      EXECUTE format('CREATE TABLE %I (LIKE events)', part);
      EXECUTE format('CREATE TRIGGER events_are_not_truncated BEFORE TRUNCATE ON %I '
        'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_events()', part);
      EXECUTE format('REVOKE ALL ON %I FROM %I', part, pod);
      EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', part,
        first, behind);
    END IF;
    first := behind;
  END LOOP;
  UPDATE log_head SET parts_until = first WHERE parts_until < first;
  PERFORM set_config('role', role, true);
END $$;

-- A row that is left out makes its chunk all the same, and nothing else in that edition does.
CREATE FUNCTION leave_out() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;

DO $$ DECLARE
  until BIGINT := 0;
BEGIN
  IF (SELECT parts_until FROM log_head) IS NOT NULL THEN RETURN; END IF;
  CREATE TRIGGER events_without_id_make_chunks BEFORE INSERT ON events
    FOR EACH ROW WHEN (NEW.id IS NULL) EXECUTE FUNCTION leave_out();
  EXECUTE 'SELECT coalesce(max(range_end_integer), 0) FROM timescaledb_information.chunks '
    'WHERE hypertable_schema = (SELECT relnamespace::regnamespace::text FROM pg_class '
    'WHERE oid = ''events''::regclass) AND hypertable_name = ''events''' INTO until;
  UPDATE log_head SET parts_until = until;
END $$;
)";

void keep_in_parts(db::Tx& tx, std::int64_t positions) {
  const std::int64_t changed =
      tx.run("UPDATE log_head SET part_size = $1 WHERE part_size <> $1", positions);
  if (changed > 0) {
    tx.run(fmt::format(R"(DO $$ BEGIN
  IF (SELECT relkind <> 'r' FROM pg_class WHERE oid = 'events'::regclass) THEN RETURN; END IF;
  EXECUTE format('SELECT %s.set_chunk_time_interval(''events'', {}::bigint)',
    (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'timescaledb'));
END $$)",
                       positions));
  }
  // As an append that was made when there was room for more than half a part would.
  std::ignore = tx.query(
                      "SELECT make_room_in_log(0, position) FROM log_head WHERE parts_until <= "
                      "position + part_size / 2")
                    .next();
}

}  // namespace synap::events::postgres
