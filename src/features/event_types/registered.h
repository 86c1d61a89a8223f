// The event types that users have registered, as the log says; and Validators, which keep the
// schemas that users gave, of these and of types of entities.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "features/rooms.h"
#include "schema/json_validator.h"
#include "schema/schema.h"

namespace synap::features::event_types {

inline constexpr std::size_t kTypesOfAUserMax = 1'000;
inline constexpr std::int64_t kVersionsOfATypeMax = 100;

/// x.<noun>.<what>: "x.weight.recorded".
StringSchema name_schema();
/// The aggregate type of events of this type: "x.weight.recorded" -> "x.weight".
std::string noun_of(std::string_view name);

/// One version of a registered type.
struct Registered {
  std::string name;
  std::int64_t version = 1;
  std::string schema;              // JSON text
  std::int64_t registered_at = 0;  // Unix ms
};

/// The newest version of a user's type, or the one that is asked for; nothing if there is none.
Task<Result<std::optional<Registered>>> find(const Rooms& rooms, const std::string& user_id,
                                             std::string name,
                                             std::optional<std::int64_t> version = std::nullopt);

/// Compiled schemas, those used last; a user who has many keeps nobody else's from staying. Any
/// thread.
class Validators {
 public:
  static constexpr std::size_t kKeptMax = 32;
  static constexpr std::size_t kKeptOfUserMax = 8;

  Result<JsonValidator> of(const std::string& user_id, const Registered& type);
  std::size_t kept_of(const std::string& user_id) const;

 private:
  struct Entry {
    std::string user_id;
    std::string type;
    std::int64_t version = 0;
    JsonValidator validator;
  };
  void make_room(const std::string& user_id);

  mutable std::mutex mutex_;
  std::list<Entry> newest_first_;
};

void add_registration(const Rooms& rooms);
void add_publishing(const Rooms& rooms);

}  // namespace synap::features::event_types
