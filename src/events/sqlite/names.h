// Names: types, users and the like, stored as small numbers in the rows of events.
#pragma once

#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "db/database.h"

namespace synap::events::sqlite {

/// The table `names` and its two maps. Thread-safe; number() is for the writer alone.
class Names {
 public:
  /// Reads all names. Before anything else.
  void load(db::Tx& tx);
  /// Within a write: the number of `name`, given now if it has none.
  std::int64_t number(db::Tx& tx, std::string_view name);
  /// The number if `name` has one.
  std::optional<std::int64_t> find(db::Tx& tx, std::string_view name);
  /// The name of a number. Valid as long as this.
  std::string_view name(db::Tx& tx, std::int64_t number);

 private:
  void remember(std::int64_t number, std::string_view name);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::shared_mutex mutex_;
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> numbers_;
  std::unordered_map<std::int64_t, std::string> names_;
  std::int64_t next_number_ = 1;  // writer thread only
};

}  // namespace synap::events::sqlite
