// NounParts: what the commands, queries and folds of one noun share. Private to this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "db/table.h"
#include "features/noun/noun.h"

namespace synap::features {

/// A field by which lists are filtered and sorted, and its column.
struct IndexedField {
  std::string name;    // "dueDate"
  std::string column;  // "f_dueDate"
  db::ColumnType type = db::ColumnType::kText;
  bool is_nullable = false;
  bool has_ranges = false;  // numbers and texts in the order of time: ...From, ...To
  Schema schema;
};

/// The value of an indexed field in its column; views what it was made of.
db::Value column_value(const IndexedField& field, const Json* value);

struct NounParts {
  NounParts(const Rooms& rooms, NounOptions options, Schema fields);

  std::string type(std::string_view action, std::string_view suffix) const;  // task.creation.failed
  std::string title(std::string_view rest) const;                            // TaskCreated
  /// The thing's fields, and nothing else, in their order; what is absent and has a default too.
  Json filled(const Json& state) const;

  const Rooms& rooms;
  const NounOptions options;
  const Schema fields;
  Schema shown;  // a thing as callers are shown it
  std::vector<IndexedField> indexed;
  /// Its projection, while commands are being added: each brings an event that is folded.
  projections::Projection* things = nullptr;
  std::string totals;  // the name of the follower that counts
};

void add_noun_event_types(NounParts& parts);
void add_noun_change_events(NounParts& parts, const ChangeOptions& options, const Schema& input);
void add_noun_projections(const std::shared_ptr<NounParts>& parts);
void add_noun_commands(const std::shared_ptr<NounParts>& parts);
void add_noun_queries(const std::shared_ptr<NounParts>& parts);
void add_noun_list(const std::shared_ptr<NounParts>& parts);
/// The events and the procedure of a command of its own.
void add_noun_change(const std::shared_ptr<NounParts>& parts, const ChangeOptions& options,
                     const Schema& input, NounCore::Decide decide);

/// A thing as it is or was in one version.
struct Thing {
  std::int64_t version = 0;
  std::int64_t created_at = 0;  // Unix ms
  std::int64_t updated_at = 0;
  std::string source;
  std::optional<Uuid> request_id;
  Json state;  // its fields, filled
};
/// kNotFound: the user has none of this id; or it has no such version.
Task<Result<Thing>> find_thing(const NounParts& parts, const api::Session& session, Uuid id);
Task<Result<Thing>> find_version(const NounParts& parts, const api::Session& session, Uuid id,
                                 std::int64_t version);
Error no_such(const NounParts& parts);

/// What a caller is shown of a thing; its schema is NounParts::shown.
Json shown(const std::string& id, Thing thing);

}  // namespace synap::features
