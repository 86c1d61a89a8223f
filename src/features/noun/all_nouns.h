// AllNouns: which nouns there are, for those who know a thing by its id alone.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/uuid.h"
#include "db/database.h"

namespace synap::features {

class AllNouns {
 public:
  struct Entry {
    std::string name;    // "task"
    std::string plural;  // "tasks": of its procedures, its view, and its table with _data behind
    std::vector<std::string> merged = {};  // NounOptions::merged
    // By procedure ("tasks.complete"), the fields that it sets and their values; its input says
    // nothing of them.
    std::map<std::string, Json, std::less<>> sets = {};
  };

  /// While the pod is being made; afterwards it is only read, by any thread.
  void add(Entry entry) { entries_.push_back(std::move(entry)); }
  /// So is this: a command of that noun, which is there, gives these fields these values.
  void add_set(std::string_view plural, std::string procedure, Json fields);
  const std::vector<Entry>& entries() const { return entries_; }
  /// By its plural; nullptr: there is none.
  const Entry* named(std::string_view plural) const;

  /// The noun of which the user has a thing of this id; nullptr: there is none. In a transaction
  /// that may name tables: one look by the primary key for each noun.
  const Entry* find(db::Tx& tx, std::string_view user_id, const Uuid& id) const;
  static bool has(db::Tx& tx, std::string_view plural, std::string_view user_id, const Uuid& id);

 private:
  std::vector<Entry> entries_;
};

/// A text of a thing's row, which keeps its fields in `data`; empty where it has none, or is
/// damaged: one row is no reason to refuse a question about many.
std::string text_in(std::string_view data, std::string_view field);

}  // namespace synap::features
