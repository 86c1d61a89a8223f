#include "synap/short_ids.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::cli {
namespace {

constexpr std::size_t kEndMin = 6;
constexpr std::size_t kEndMax = 12;  // the last group of an id
constexpr int kPagesMax = 5;
constexpr std::int64_t kPage = 100;

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

}  // namespace

Result<std::string> whole_id(PodClient& pod, std::string_view list_path, const std::string& text) {
  if (!is_end_of_id(text)) return text;
  Json input = Json::object({{"limit", kPage}});
  std::string found;
  for (int i = 0; i < kPagesMax; ++i) {
    auto page = pod.query(list_path, input);
    if (!page) return fail(page.error());
    const Json* items = items_of(*page);
    if (items == nullptr) break;
    for (const auto& item : items->as_array()) {
      const auto id = item.string_or("id", "");
      if (!id.ends_with(text) || id == found) continue;
      if (!found.empty()) {
        return fail(Code::kConflict,
                    fmt::format("{} and {} end with {}: give more of the id", found, id, text));
      }
      found = id;
    }
    const auto cursor = page->string_or("nextCursor", "");
    if (cursor.empty()) break;
    input.set("cursor", cursor);
  }
  if (!found.empty()) return found;
  return fail(Code::kNotFound,
              fmt::format("No id ends with {} among the newest {} of {}: give the whole id", text,
                          kPagesMax * kPage, list_path));
}

}  // namespace synap::cli
