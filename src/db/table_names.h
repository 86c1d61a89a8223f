// TableNames: says which tables the SQL of a projection means while a second set of its tables is
// filled: in "INSERT INTO notes_data ...", notes_data becomes notes_data__second. So a fold is
// written once, with the names of the live tables.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace synap::db {

class TableNames {
 public:
  /// `tables` get `suffix` behind their names, wherever one stands as a word of its own; between
  /// double quotes is the name of a column, and stays.
  TableNames(std::vector<std::string> tables, std::string suffix)
      : tables_(std::move(tables)), suffix_(std::move(suffix)) {}

  /// The text with the other names; kept, so valid as long as this. One thread at a time.
  std::string_view resolve(std::string_view sql) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::vector<std::string> tables_;
  std::string suffix_;
  mutable std::unordered_map<std::string, std::string, Hash, std::equal_to<>> resolved_;
};

}  // namespace synap::db
