#include "features/event_types/registered.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/types.h"

namespace synap::features::event_types {
namespace {

bool is_name(std::string_view name) {
  if (!name.starts_with("x.")) return false;
  int parts = 0;
  for (name.remove_prefix(2);; ++parts) {
    const auto part = name.substr(0, name.find('.'));
    const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
    const bool is_part =
        !part.empty() && is_lower(part[0]) && std::ranges::all_of(part, [&](char c) {
          return is_lower(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
        });
    if (!is_part) return false;
    if (part.size() == name.size()) return parts >= 1;
    name.remove_prefix(part.size() + 1);
  }
}

}  // namespace

StringSchema name_schema() {
  return string()
      .pattern(R"(^x(\.[a-z][a-z0-9_-]*){2,}$)", is_name,
               "a name of your own, as x.weight.recorded")
      .max(events::kEventTypeCharactersMax);
}

std::string noun_of(std::string_view name) {
  return std::string(name.substr(0, name.rfind('.')));
}

Task<Result<std::optional<Registered>>> find(const Rooms& rooms, const std::string& user_id,
                                             std::string name,
                                             std::optional<std::int64_t> version) {
  co_return co_await rooms.database.read_as(user_id, [&](db::Tx& tx) {
    std::optional<Registered> found;
    auto rows = tx.query(
        "SELECT version, schema, registered_at FROM event_types WHERE name = $1 AND "
        "($2 = 0 OR version = $2) ORDER BY version DESC LIMIT 1",
        name, version.value_or(0));
    if (rows.next()) found = Registered{name, rows.integer(0), rows.text(1), rows.integer(2)};
    return found;
  });
}

Result<JsonValidator> Validators::of(const std::string& user_id, const Registered& type) {
  {
    const std::lock_guard lock(mutex_);
    const auto at = std::ranges::find_if(newest_first_, [&](const Entry& entry) {
      return entry.version == type.version && entry.type == type.name && entry.user_id == user_id;
    });
    if (at != newest_first_.end()) {
      newest_first_.splice(newest_first_.begin(), newest_first_, at);
      return at->validator;
    }
  }
  auto schema = parse_json(type.schema);
  if (!schema) return fail(Code::kInternalServerError, schema.error().message);
  auto compiled = JsonValidator::compile(*schema, "schema");
  // It could be used when it was registered: what a later version refuses, it must still read.
  if (!compiled) return fail(Code::kInternalServerError, compiled.error().message);
  const std::lock_guard lock(mutex_);
  make_room(user_id);
  newest_first_.push_front({user_id, type.name, type.version, *compiled});
  return compiled;
}

std::size_t Validators::kept_of(const std::string& user_id) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count(newest_first_, user_id, &Entry::user_id));
}

// The user's own oldest goes first, where he has his share.
void Validators::make_room(const std::string& user_id) {
  const auto own = std::ranges::count(newest_first_, user_id, &Entry::user_id);
  if (static_cast<std::size_t>(own) >= kKeptOfUserMax) {
    const auto oldest = std::find_if(newest_first_.rbegin(), newest_first_.rend(),
                                     [&](const Entry& entry) { return entry.user_id == user_id; });
    newest_first_.erase(std::next(oldest).base());
  } else if (newest_first_.size() >= kKeptMax) {
    newest_first_.pop_back();
  }
}

}  // namespace synap::features::event_types
