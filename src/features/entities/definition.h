// Definition: what a user says of a type of entities; and the lists that follow from it, each of
// which is a part of the index. Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/entities/values.h"
#include "schema/schema.h"

namespace synap::features::entities {

inline constexpr std::size_t kNameCharactersMax = 64;
/// Of a field by which lists are filtered or sorted.
inline constexpr std::size_t kFieldCharactersMax = 64;
inline constexpr std::size_t kFiltersMax = 8;
inline constexpr std::size_t kSortsMax = 8;
inline constexpr std::size_t kPairsMax = 8;
/// Each list is a row of the index for each entity.
inline constexpr std::size_t kListsMax = 16;
inline constexpr std::size_t kPropertiesMax = 200;
inline constexpr std::size_t kTitleCharactersMax = 500;

struct Pair {
  std::string filter;
  std::string sort;
};
const ObjectSchema<Pair>& describe(Type<Pair>);

struct Definition {
  Json schema;
  std::vector<std::string> filters;
  std::vector<std::string> sorts;
  std::vector<Pair> lists;
  std::optional<std::string> title;  // the field that is the thing's title
  std::optional<std::string> icon;
};
const ObjectSchema<Definition>& describe(Type<Definition>);

/// A list that a type declares: filtered, sorted, or both.
struct DeclaredList {
  std::string filter;  // the field; empty: not filtered
  std::string sort;    // empty: in the order of creation
  ValueKind filter_kind = ValueKind::kText;
  ValueKind sort_kind = ValueKind::kText;

  /// "status:text", "/due:date", "status:text/due:date": as it is called in the index. A field that
  /// is of another kind now is another list.
  std::string name() const;
  static std::optional<DeclaredList> parse(std::string_view name);
};

/// kBadRequest lists each place that cannot be.
Result<std::vector<DeclaredList>> lists_of(const Definition& definition);
/// The field that is the title: the one that is said, or else `title` or `name`; empty: none.
std::string title_field(const Definition& definition);

/// The names as a JSON array, as rows keep them; parse_lists() leaves out what is no name.
std::string lists_text(const std::vector<DeclaredList>& lists);
std::vector<DeclaredList> parse_lists(std::string_view text);

}  // namespace synap::features::entities
