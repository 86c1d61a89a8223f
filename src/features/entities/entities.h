// Entities: things of types that users make at run time. entityTypes.define, list, get and remove
// say what there may be; entities.create and all that a noun has keep things of it.
//
// A type is the pair of its user and its name, which begins with "x.". Its JSON Schema judges the
// data of each change. Another definition is a new version: entities stay as they are, and their
// next change is judged by the newest one.
//
// All are rows of the same tables, whatever their types are: nobody's definition makes or changes a
// table. What lists are filtered and sorted by are rows of one index, for each list that the type
// declares; where a later version declares more, a run fills them in (docs/entities.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/rooms.h"

namespace synap::features::entities {

inline constexpr std::string_view kNoun = "entity";

/// Commits by which one run fills in lists; then another one goes on. A run has a thousand steps at
/// most.
inline constexpr int kBackfillPartsMax = 800;

/// Registers the noun and the procedures of its types; before the relations. `rooms` must outlive
/// it.
void add(const Rooms& rooms, int backfill_parts_max = kBackfillPartsMax);

/// "x.book": whether it could be the name of a type.
bool is_type_name(std::string_view text);
/// The user's types, in the order of their names.
struct NamedType {
  std::string name;
  std::optional<std::string> icon;
};
Task<Result<std::vector<NamedType>>> types_of(const Rooms& rooms, const std::string& user_id);

}  // namespace synap::features::entities
