#include "synap/short_ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/uuid.h"
#include "synap/output.h"

namespace synap::cli {
namespace {

constexpr std::size_t kEndMin = 6;
constexpr std::size_t kEndMax = 12;  // the last group of an id
constexpr int kPagesMax = 5;
constexpr std::int64_t kPage = 100;
constexpr std::int64_t kEventsMax = 500;

bool is_end_of_id(std::string_view text) {
  return text.size() >= kEndMin && text.size() <= kEndMax &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The one list in an answer.
const Json* items_of(const Json& page) {
  if (!page.is_object()) return nullptr;
  for (const auto& [key, value] : page.as_object()) {
    if (value.is_array()) return &value;
  }
  return nullptr;
}

// The one id that ends so, as far as was looked.
class Ending {
 public:
  explicit Ending(const std::string& text) : text_(text) {}

  /// kConflict: another one was there already.
  Result<> look_at(std::string_view id) {
    if (!id.ends_with(text_) || id == found_) return {};
    if (!found_.empty()) {
      return fail(Code::kConflict,
                  fmt::format("{} and {} end with {}: give more of the id", found_, id, text_));
    }
    found_ = id;
    return {};
  }
  const std::string& found() const { return found_; }

 private:
  const std::string& text_;
  std::string found_;
};

// Shows `look`, a callable (const Json& item) -> Result<>, the first few hundred of a list.
template <class Look>
Result<> look_in_list(PodClient& pod, std::string_view list_path, Look look) {
  Json input = Json::object({{"limit", kPage}});
  for (int i = 0; i < kPagesMax; ++i) {
    auto page = pod.query(list_path, input);
    if (!page) return fail(page.error());
    const Json* items = items_of(*page);
    if (items == nullptr) break;
    for (const auto& item : items->as_array()) {
      if (auto one = look(item); !one) return one;
    }
    const auto cursor = page->string_or("nextCursor", "");
    if (cursor.empty()) break;
    input.set("cursor", cursor);
  }
  return {};
}

// The newest events, the newest first; none where they may not be read.
Json::Array newest_events(PodClient& pod) {
  auto page = pod.query("events.list", Json::object({{"limit", kEventsMax}, {"order", "desc"}}));
  const Json* events = page ? page->find("events") : nullptr;
  return events != nullptr && events->is_array() ? events->as_array() : Json::Array();
}

Result<> check_length(std::string_view text) {
  const bool is_hex = text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (!is_hex || text.size() >= kEndMin) return {};
  return fail(Code::kBadRequest,
              fmt::format("\"{}\" is no id: give a whole one, or its last {} characters or more",
                          text, kEndMin));
}

// What has an older date than others stands behind them in its list, however lately it came. Who
// may not read events has been told of none either.
Result<> look_in_events(PodClient& pod, std::string_view list_path, Ending& ending) {
  for (const auto& event : newest_events(pod)) {
    const auto noun = event.string_or("aggregateType", "");
    if (noun.empty() || !list_path.starts_with(noun)) continue;
    if (auto one = ending.look_at(event.string_or("aggregateId", "")); !one) return one;
  }
  return {};
}

}  // namespace

Result<std::string> whole_id(PodClient& pod, std::string_view list_path, const std::string& text) {
  if (auto checked = check_length(text); !checked) return fail(checked.error());
  if (!is_end_of_id(text)) return text;
  Ending ending(text);
  auto looked = look_in_list(
      pod, list_path, [&](const Json& item) { return ending.look_at(item.string_or("id", "")); });
  if (!looked) return fail(looked.error());
  if (ending.found().empty()) {
    if (auto late = look_in_events(pod, list_path, ending); !late) return fail(late.error());
  }
  if (!ending.found().empty()) return ending.found();
  return fail(Code::kNotFound,
              fmt::format("No id ends with {} among the newest {} of {}: give the whole id", text,
                          kPagesMax * kPage, list_path));
}

Result<std::string> whole_id_of_events(PodClient& pod, std::string_view member,
                                       const std::string& text) {
  if (auto checked = check_length(text); !checked) return fail(checked.error());
  if (!is_end_of_id(text)) return text;
  Ending ending(text);
  for (const auto& event : newest_events(pod)) {
    if (auto one = ending.look_at(event.string_or(member, "")); !one) return fail(one.error());
  }
  if (!ending.found().empty()) return ending.found();
  return fail(Code::kNotFound,
              fmt::format("No {} ends with {} among the newest {} events: give the whole id",
                          member, text, kEventsMax));
}

Result<std::string> whole_user_id(PodClient& pod, const std::string& text) {
  if (Uuid::parse(text)) return text;
  Ending ending(text);
  std::vector<std::string> named;
  auto looked = look_in_list(pod, "users.list", [&](const Json& user) -> Result<> {
    if (user.string_or("name", "") == text) named.emplace_back(user.string_or("id", ""));
    return is_end_of_id(text) ? ending.look_at(user.string_or("id", "")) : Result<>{};
  });
  if (!looked) return fail(looked.error());
  if (named.size() > 1) {
    return fail(Code::kConflict,
                fmt::format("{} users are called {}: give the id, which `synap users list` has",
                            named.size(), printable(text)));
  }
  if (!named.empty()) return named.front();
  if (!ending.found().empty()) return ending.found();
  return fail(Code::kNotFound,
              fmt::format("No user is called {}, or has an id that ends so; `synap users list` "
                          "names them",
                          printable(text)));
}

}  // namespace synap::cli
