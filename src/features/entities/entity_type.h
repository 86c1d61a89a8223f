// The types of entities that users have defined: their events, and their rows. Private to this
// folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/types.h"
#include "features/entities/definition.h"
#include "features/entities/entities.h"
#include "features/noun/noun.h"

namespace synap::features::entities {

/// Those that there are, and with those that there were.
inline constexpr std::int64_t kTypesOfAUserMax = 100;
inline constexpr std::int64_t kNamesOfAUserMax = 1'000;
inline constexpr std::int64_t kVersionsOfATypeMax = 100;

/// x.<name>: "x.book".
StringSchema name_schema();

struct TypeDefined {
  std::string name;
  std::int64_t version = 1;
  Definition definition;
};
const ObjectSchema<TypeDefined>& describe(Type<TypeDefined>);
struct TypeRemoved {
  std::string name;
};
const ObjectSchema<TypeRemoved>& describe(Type<TypeRemoved>);
/// What a run is to fill in, and has filled in.
struct Backfill {
  std::string name;
  std::int64_t version = 1;
  std::optional<std::string> behind;  // the entity where an earlier run ended
};
const ObjectSchema<Backfill>& describe(Type<Backfill>);
/// An entity is in the lists that this version of its type declares.
struct Indexed {
  std::string type;
  std::int64_t type_version = 1;
};
const ObjectSchema<Indexed>& describe(Type<Indexed>);

inline constexpr events::EventType<TypeDefined> kDefined{"entity_type.definition.completed"};
inline constexpr events::EventType<TypeRemoved> kRemoved{"entity_type.removal.completed"};
inline constexpr events::EventType<Backfill> kBackfillRequested{"entity_type.backfill.requested"};
inline constexpr events::EventType<Backfill> kBackfillCompleted{"entity_type.backfill.completed"};
inline constexpr events::EventType<Indexed> kIndexed{.name = "entity.indexing.completed",
                                                     .needs_aggregate = true};

/// A type as its row has it.
struct EntityType {
  std::string name;
  std::int64_t version = 1;
  std::int64_t events = 0;  // the version of its stream
  bool is_removed = false;
  std::string definition;  // JSON text
  std::string title;       // the field; empty: none
  std::vector<DeclaredList> lists;
  std::vector<std::string> ready;  // the names of those that are filled
  std::int64_t defined_at = 0;     // Unix ms

  bool is_ready(const std::string& list) const;
};
inline constexpr std::string_view kTypeColumns =
    "name, version, events, removed, definition, title, lists, ready, defined_at";
EntityType read_type(db::Rows& row);

/// The stream of a type: its definitions and removals.
Uuid stream_of(const std::string& user_id, std::string_view name);
/// Of a user's own; nothing if there is none, or none any more.
Task<Result<std::optional<EntityType>>> find_type(const Rooms& rooms, const std::string& user_id,
                                                  std::string name);
Error no_such_type(std::string_view name);

void add_types(const Rooms& rooms);
void add_list(const Rooms& rooms, const NounCore& noun);
void add_backfill(const Rooms& rooms, int parts_max);
/// A page of a list of the index: type, list, filter_key, where it goes on sort_key and entity of
/// the last one, and how many.
std::string list_statement(const std::string& columns, bool is_descending, bool goes_on);
/// Of types and of the index, folded with the entities.
NounOptions::Beside tables_beside();

}  // namespace synap::features::entities
