#include "events/postgres/appending.h"

namespace synap::events::postgres {

// What goes in most groups is done in the fewest steps: a node that has told positions already
// knows the link before, too, and has made all links of the group. The function of log.3 stays for
// nodes of the version before.
const std::string_view kAppending = R"(
-- Appends a group of events, and gives the position before the first. The last statement of its
-- transaction. Each part goes through its rows in the order of their keys, and all nodes that know
-- the end go through the parts in one order, as do all that do not: so none of them waits here for
-- one that waits for it.
--   grown_*: streams that were found, and the version each had and will have
--   absent_*: streams that were looked for and not found; new_*: those whose ids were just made
--   key_*: idempotency keys that were looked for and not found
--   taken_to_be, link_taken_to_be: the end of the log before the first, as the node has told it
--     already; NULL: it has not
--   chained: of each event its link, where the node knows the end; otherwise what its link covers
--     beside the link before and its position (chain.h)
CREATE FUNCTION append_to_log(
  grown_streams BYTEA[], grown_from BIGINT[], grown_to BIGINT[],
  absent_streams BYTEA[], absent_users TEXT[], absent_to BIGINT[],
  new_streams BYTEA[], new_users TEXT[], new_to BIGINT[],
  key_users TEXT[], keys TEXT[], fingerprints BYTEA[], answers TEXT[], key_events BYTEA[],
  types TEXT[], data_versions BIGINT[], users TEXT[], aggregates BYTEA[], aggregate_types TEXT[],
  aggregate_versions BIGINT[], sources BIGINT[], actor_kinds BIGINT[], actors TEXT[],
  on_behalf_ofs TEXT[], timestamps BIGINT[], ids BYTEA[], correlations BYTEA[], causations BYTEA[],
  requests BYTEA[], content_hashes BYTEA[], chained BYTEA[], salts BYTEA[], metadatas TEXT[],
  datas TEXT[], taken_to_be BIGINT, link_taken_to_be BYTEA) RETURNS BIGINT LANGUAGE plpgsql
  -- By its keys, whatever is known of the tables: they may have been empty when this was planned,
  -- once for all groups. To plan for the arrays of each took a tenth of its time.
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  SET plan_cache_mode = force_generic_plan AS $$
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
  -- From here on until the commit all other nodes wait. Who has told positions already learns first
  -- whether another node was first, and takes all else behind the end, as those do who have it from
  -- the beginning of their group.
  IF taken_to_be IS NOT NULL THEN
    SELECT position, link, part_size, parts_until
      INTO before, last_link, size, room FROM log_head FOR UPDATE;
    PERFORM check_not_outrun(before, taken_to_be);
    PERFORM check_not_outrun((last_link = link_taken_to_be)::int, 1);
  END IF;
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
    INSERT INTO streams SELECT unnest(new_streams), unnest(new_users), unnest(new_to);
  END IF;
  IF cardinality(keys) > 0 THEN
    INSERT INTO idempotency
      SELECT * FROM unnest(key_users, keys, fingerprints, answers, key_events)
      AS u(user_id, key, fingerprint, answer, events) ORDER BY user_id, key ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM check_not_outrun(changed, cardinality(keys));
  END IF;

  IF taken_to_be IS NULL THEN
    SELECT position, link, part_size, parts_until
      INTO before, last_link, size, room FROM log_head FOR UPDATE;
  END IF;
  IF before + count >= room - size / 2 THEN
    PERFORM make_room_in_log(before, before + count);
  END IF;
  IF taken_to_be IS NOT NULL THEN
    links := chained;
    last_link := links[count];
  ELSE
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
  END IF;
  -- Arrays unnested side by side are read in step, and kept nowhere: those of FROM would be
  -- written to a store first, each to its own.
  INSERT INTO events SELECT before + generate_series(1, count), unnest(types),
    unnest(data_versions), unnest(users), unnest(aggregates), unnest(aggregate_types),
    unnest(aggregate_versions), unnest(sources), unnest(actor_kinds), unnest(actors),
    unnest(on_behalf_ofs), unnest(timestamps), unnest(ids), unnest(correlations),
    unnest(causations), unnest(requests), unnest(content_hashes), unnest(links), unnest(salts),
    unnest(metadatas), unnest(datas);
  IF taken_to_be IS NOT NULL THEN
    -- Whoever looked for one of them has looked behind the end that is still the end.
    INSERT INTO event_ids SELECT unnest(ids), before + generate_series(1, count);
  ELSE
    INSERT INTO event_ids SELECT unnest(ids), before + generate_series(1, count)
      ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM check_not_outrun(changed, count);
  END IF;
  INSERT INTO stream_events SELECT * FROM (SELECT unnest(aggregates) AS aggregate,
      unnest(aggregate_versions), before + generate_series(1, count)) AS u
    WHERE aggregate IS NOT NULL;
  UPDATE log_head SET position = before + count, link = last_link;
  RETURN before;
END $$;
)";

}  // namespace synap::events::postgres
