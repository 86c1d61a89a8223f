// Nodes: the table of those that write to a database side by side. A node is a row for as long as
// it writes: each of its commits changes its own row, or is refused. So whoever removes the row of
// a node that is dead, stopped or cut off has ended all that this one could still write, and waits
// for no more than a commit that is under way.
//
// The row says, too, how many of its commits have changed something. Nobody else writes to the
// database, so where these numbers stand still there is nothing for a node to look for.
//
// One of them leads. All methods with a Tx are for the writer's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.h"

namespace synap::db::postgres {

/// A node by how it is told from others.
struct NodeName {
  std::string name;     // what its operator knows it by
  std::string version;  // of the program: those of one database have the same
};

struct Node {
  std::int64_t number = 0;  // given when it came, and to no other
  NodeName who;
  std::int64_t came_at = 0;     // Unix ms, by the database's clock
  std::int64_t silent_for = 0;  // ms since its last commit, by the same
  std::int64_t commits = 0;     // grows while it lives
  std::int64_t changes = 0;     // of these, those that others may have to look at
  bool leads = false;
  bool is_connected = false;  // its session is there; behind a pooler: it was, 10 s ago or less
  std::int64_t slots = 0;     // jobs that it does at a time; 0: none, so far or any more
  std::string mark = {};      // asks those that came before whether they see it; "": it does not
};

/// What was found at one moment.
struct NodesNow {
  std::int64_t unix_ms = 0;  // by the database's clock
  std::vector<Node> all;     // in the order in which they came
};

/// Said to whoever would write and has been removed.
extern const std::string_view kRemovedNode;

/// The class of the advisory locks that sessions of nodes hold, by their numbers.
inline constexpr std::int64_t kNodeLocks = 495521554;

/// SQL that makes the table, if it is not there.
extern const std::string_view kNodeTable;

/// Adds a node; its number. The Tx fails where nodes of another version are there
/// (kPreconditionFailed, with a sentence).
std::int64_t add_node(Tx& tx, const NodeName& who, bool is_pooled);
/// On any Tx.
NodesNow read_nodes(Tx& tx);
/// How many jobs a node takes at a time; 0: none.
struct NodeSlots {
  std::int64_t number = 0;
  std::int64_t slots = 0;
  bool leads = false;
};
/// Of all nodes. On any Tx.
std::vector<NodeSlots> read_node_slots(Tx& tx);
void set_node_slots(Tx& tx, std::int64_t number, std::int64_t slots);
/// What a node commits by connections that are not its writer's is to be seen from its row, too.
void note_change(Tx& tx, std::int64_t number);
/// What a node has made outside of the database, by which others find out whether they reach it,
/// too; "": it asks no more.
void set_node_mark(Tx& tx, std::int64_t number, std::string_view mark);
/// Whose marks a node sees, of all that ask now.
void set_marks_seen(Tx& tx, std::int64_t number, const std::vector<std::int64_t>& seen);
/// The names of the nodes that came before this one and do not see its mark. Not of those of a
/// build before there were marks (`sees` is null): they answer nothing, and an upgrade goes on.
std::vector<std::string> read_nodes_that_see_not(Tx& tx, std::int64_t number);
/// Removes a node that has not committed since it was seen. False: it has, or is gone.
bool remove_node(Tx& tx, const Node& seen);
/// The node of this number leads from now on, if none does. False: one does.
bool lead_nodes(Tx& tx, std::int64_t number);

}  // namespace synap::db::postgres
