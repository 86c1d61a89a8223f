// Neighbours: an index of neighbours, pgvector's HNSW, of each user who has more vectors than a
// node has room for, in the pod's database. Each has a part of the table and an index of his own,
// so what others have neither hides what is his nor takes his time.
//
//   neighbours  by user: the passages, with their things, when these were changed, and a level by
//               chance: half of all have one of at least 1, a quarter of at least 2, ...
//   users       besides: up to which revision they are in there, and whether they were all once
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "search/meaning/block_source.h"
#include "search/shared_tables.h"

namespace synap::search {

/// pgvector, as it is in a database.
struct VectorTypes {
  std::string schema;  // quoted
  std::string version;
  bool has_iterative_scans = false;  // 0.8 or later: it goes on until enough pass a filter
};
/// Nothing: it is not there, or not for this role.
std::optional<VectorTypes> vector_types_in(db::Tx& tx);

class Neighbours {
 public:
  /// Of an index of this name.
  Neighbours(std::string name, std::size_t dimension)
      : name_(std::move(name)), dimension_(dimension) {}

  /// Why there can be none: a sentence; empty: there can.
  std::string why_not(const std::optional<VectorTypes>& types) const;

  // With the tables of the index. What is made is of whoever writes it.

  enum class State : std::uint8_t { kNone, kBroken, kWhole };
  /// Of the table without its parts: somebody may have taken its vectors away with pgvector.
  State state(db::Tx& tx) const;
  /// Whether the user's part is as it was made.
  bool has_part(db::Tx& tx, std::int64_t user) const;
  /// All parts, by user, and whether they are finished.
  std::map<std::int64_t, bool> parts(db::Tx& tx) const;
  /// Makes the user's part, anew where there is one; without what finds the nearest, which costs
  /// more than all else of a row and less where it is made of all of them at once.
  void make(db::Tx& tx, const VectorTypes& types, std::int64_t user) const;
  /// Of a part that is filled: what finds the nearest of so many passages. It takes minutes for a
  /// million; `is_alone`: by one process of the server, in memory of its own.
  void finish(db::Tx& tx, const VectorTypes& types, std::int64_t user, std::int64_t passages,
              bool is_alone) const;
  /// Takes it away.
  void remove(db::Tx& tx, std::int64_t user) const;
  /// Takes all of them away.
  void remove(db::Tx& tx) const;
  void carry_out(db::Tx& tx, const VectorTypes& types, std::int64_t user,
                 const std::vector<Effect>& effects) const;
  /// Of a thing that is written in several transactions: takes away what is not as it is now, and
  /// says at which passage to go on.
  std::int64_t to_go_on_at(db::Tx& tx, std::int64_t user, const Vectors& thing) const;
  /// Passages of a thing, of which the first has this id.
  struct Some {
    const Vectors& of;
    std::int64_t first = 0;
  };
  void add(db::Tx& tx, const VectorTypes& types, std::int64_t user,
           const std::vector<Some>& all) const;
  /// So many passages are a statement of some MB.
  std::int64_t at_once() const;

  struct Asked {
    std::span<const float> query;
    std::int64_t count = 0;  // passages
    // Of things: those that may be found.
    std::int64_t from = 0;
    std::int64_t to = 0;
    const std::unordered_set<Uuid>* only = nullptr;  // these; they are compared one by one
    const std::unordered_set<Uuid>* never = nullptr;
  };
  /// The nearest passages, the nearest first.
  std::vector<Near> nearest(db::Tx& tx, const VectorTypes& types, const BlockOwner& owner,
                            const Asked& asked) const;
  /// The nearest passage of each thing.
  std::vector<Near> nearness(db::Tx& tx, const VectorTypes& types, const BlockOwner& owner,
                             std::span<const float> query, const std::vector<Uuid>& things) const;
  /// By some thousand of them, drawn by chance, the same each time.
  vectors::Background background(db::Tx& tx, const VectorTypes& types, const BlockOwner& owner,
                                 std::span<const float> query) const;
  /// As nearest() is asked for: the user is $2.
  std::string statement(const VectorTypes& types, std::string_view condition,
                        std::string_view order = "") const;

 private:
  std::string part_of(std::int64_t user) const;
  std::string type(const VectorTypes& types) const;
  std::string distance(const VectorTypes& types) const;

  const std::string name_;
  const std::size_t dimension_;
};

}  // namespace synap::search
