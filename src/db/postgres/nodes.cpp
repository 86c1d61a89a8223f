#include "db/postgres/nodes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace synap::db::postgres {

const std::string_view kRemovedNode =
    "The other nodes have taken this one for dead, and go on without it: it starts anew";

const std::string_view kNodeTable = R"(
CREATE TABLE IF NOT EXISTS pod_nodes(
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  came_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  seen_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  commits BIGINT NOT NULL DEFAULT 0,
  leads BOOLEAN NOT NULL DEFAULT false
) WITH (fillfactor = 50);
ALTER TABLE pod_nodes ADD COLUMN IF NOT EXISTS is_pooled BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE pod_nodes ADD COLUMN IF NOT EXISTS slots BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pod_nodes ADD COLUMN IF NOT EXISTS changes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pod_nodes ADD COLUMN IF NOT EXISTS mark TEXT NOT NULL DEFAULT '';
ALTER TABLE pod_nodes ADD COLUMN IF NOT EXISTS sees BIGINT[];
CREATE UNIQUE INDEX IF NOT EXISTS pod_nodes_leads ON pod_nodes(leads) WHERE leads)";

// Those of another version that have no session may come back, and must not then.
std::int64_t add_node(Tx& tx, const NodeName& who, bool is_pooled) {
  for (const auto& node : read_nodes(tx).all) {
    if (node.who.version == who.version) continue;
    if (node.is_connected) {
      tx.abort({Code::kPreconditionFailed,
                fmt::format("The node {} runs Synap {}, this one is {}: all nodes of a database "
                            "run the same version. Stop those of the other one first",
                            node.who.name, node.who.version, who.version),
                nullptr});
      return 0;
    }
    remove_node(tx, node);
  }
  auto rows = tx.query(
      "INSERT INTO pod_nodes(name, version, is_pooled, sees) VALUES ($1, $2, $3, '{}') RETURNING "
      "number",
      who.name, who.version, is_pooled);
  return rows.next() ? rows.integer(0) : 0;
}

NodesNow read_nodes(Tx& tx) {
  NodesNow now;
  auto rows = tx.query(R"(
SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT), number, name, version,
  CAST(extract(epoch FROM came_at) * 1000 AS BIGINT),
  CAST(extract(epoch FROM clock_timestamp() - seen_at) * 1000 AS BIGINT), commits, leads,
  (is_pooled AND clock_timestamp() - seen_at < interval '10 s')
    OR EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND CAST(classid AS BIGINT) = $1 AND CAST(objid AS BIGINT) = number), slots, changes, mark
FROM pod_nodes ORDER BY number)",
                       kNodeLocks);
  while (rows.next()) {
    now.unix_ms = rows.integer(0);
    now.all.push_back({.number = rows.integer(1),
                       .who = {rows.text(2), rows.text(3)},
                       .came_at = rows.integer(4),
                       .silent_for = std::max<std::int64_t>(rows.integer(5), 0),
                       .commits = rows.integer(6),
                       .changes = rows.integer(10),
                       .leads = rows.integer(7) != 0,
                       .is_connected = rows.integer(8) != 0,
                       .slots = rows.integer(9),
                       .mark = rows.text(11)});
  }
  return now;
}

std::vector<NodeSlots> read_node_slots(Tx& tx) {
  std::vector<NodeSlots> all;
  auto rows = tx.query("SELECT number, slots, leads FROM pod_nodes ORDER BY number");
  while (rows.next()) all.push_back({rows.integer(0), rows.integer(1), rows.integer(2) != 0});
  return all;
}

void set_node_slots(Tx& tx, std::int64_t number, std::int64_t slots) {
  tx.run("UPDATE pod_nodes SET slots = $2 WHERE number = $1", number, slots);
}

void note_change(Tx& tx, std::int64_t number) {
  tx.run("UPDATE pod_nodes SET changes = changes + 1 WHERE number = $1", number);
}

void set_node_mark(Tx& tx, std::int64_t number, std::string_view mark) {
  tx.run("UPDATE pod_nodes SET mark = $2 WHERE number = $1", number, mark);
}

void set_marks_seen(Tx& tx, std::int64_t number, const std::vector<std::int64_t>& seen) {
  tx.run("UPDATE pod_nodes SET sees = CAST(CAST($2 AS TEXT) AS BIGINT[]) WHERE number = $1", number,
         fmt::format("{{{}}}", fmt::join(seen, ",")));
}

std::vector<std::string> read_nodes_that_see_not(Tx& tx, std::int64_t number) {
  std::vector<std::string> names;
  auto rows = tx.query(
      "SELECT name FROM pod_nodes WHERE number < $1 AND NOT ($1 = ANY(sees)) ORDER BY number",
      number);
  while (rows.next()) names.push_back(rows.text(0));
  return names;
}

bool remove_node(Tx& tx, const Node& seen) {
  return tx.run("DELETE FROM pod_nodes WHERE number = $1 AND commits = $2", seen.number,
                seen.commits) > 0;
}

bool lead_nodes(Tx& tx, std::int64_t number) {
  return tx.run(
             "UPDATE pod_nodes SET leads = true WHERE number = $1 "
             "AND NOT EXISTS (SELECT FROM pod_nodes WHERE leads)",
             number) > 0;
}

}  // namespace synap::db::postgres
