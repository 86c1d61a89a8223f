#include "features/event_types/registered.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/types.h"

namespace synap::features::event_types {
namespace {

// Patterns make a compiled schema large, up to some MiB, if somebody wants that.
constexpr std::size_t kCompiledMax = 32;

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
      .pattern(R"(^x(\.[a-z][a-z0-9_-]*){2,}$)", is_name)
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
  auto key = fmt::format("{}\n{}\n{}", user_id, type.name, type.version);
  {
    const std::lock_guard lock(mutex_);
    const auto at = std::ranges::find(newest_first_, key, &Entry::key);
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
  newest_first_.push_front({std::move(key), *compiled});
  if (newest_first_.size() > kCompiledMax) newest_first_.pop_back();
  return compiled;
}

}  // namespace synap::features::event_types
