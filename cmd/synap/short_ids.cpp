#include "synap/short_ids.h"

#include <fmt/format.h>

#include <algorithm>

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

Result<> look_in_list(PodClient& pod, std::string_view list_path, Ending& ending) {
  Json input = Json::object({{"limit", kPage}});
  for (int i = 0; i < kPagesMax; ++i) {
    auto page = pod.query(list_path, input);
    if (!page) return fail(page.error());
    const Json* items = items_of(*page);
    if (items == nullptr) break;
    for (const auto& item : items->as_array()) {
      if (auto one = ending.look_at(item.string_or("id", "")); !one) return one;
    }
    const auto cursor = page->string_or("nextCursor", "");
    if (cursor.empty()) break;
    input.set("cursor", cursor);
  }
  return {};
}

// What has an older date than others stands behind them in its list, however lately it came. Who
// may not read events has been told of none either.
Result<> look_in_events(PodClient& pod, std::string_view list_path, Ending& ending) {
  auto page = pod.query("events.list", Json::object({{"limit", kEventsMax}, {"order", "desc"}}));
  if (!page) return {};
  const Json* events = page->find("events");
  if (events == nullptr || !events->is_array()) return {};
  for (const auto& event : events->as_array()) {
    const auto noun = event.string_or("aggregateType", "");
    if (noun.empty() || !list_path.starts_with(noun)) continue;
    if (auto one = ending.look_at(event.string_or("aggregateId", "")); !one) return one;
  }
  return {};
}

}  // namespace

Result<std::string> whole_id(PodClient& pod, std::string_view list_path, const std::string& text) {
  const bool is_hex = text.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (is_hex && text.size() < kEndMin) {
    return fail(Code::kBadRequest,
                fmt::format("\"{}\" is no id: give a whole one, or its last {} characters or more",
                            text, kEndMin));
  }
  if (!is_end_of_id(text)) return text;
  Ending ending(text);
  if (auto looked = look_in_list(pod, list_path, ending); !looked) return fail(looked.error());
  if (ending.found().empty()) {
    if (auto looked = look_in_events(pod, list_path, ending); !looked) return fail(looked.error());
  }
  if (!ending.found().empty()) return ending.found();
  return fail(Code::kNotFound,
              fmt::format("No id ends with {} among the newest {} of {}: give the whole id", text,
                          kPagesMax * kPage, list_path));
}

}  // namespace synap::cli
