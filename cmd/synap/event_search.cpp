#include "synap/event_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "events/types.h"
#include "pod/description.h"
#include "synap/output.h"
#include "synap/suggestion.h"

namespace synap::cli {
namespace {

constexpr std::int64_t kPageMax = 1'000;  // of events.list
constexpr int kPagesMax = 100;            // to look back with; the pod bounds the work of each
constexpr std::size_t kTypesMax = 100;    // of events.list

struct Page {
  std::vector<Json> events;
  std::int64_t next_after = 0;
  std::int64_t next_before = 0;
  bool is_at_end = true;
};

std::int64_t integer_of(const Json& object, std::string_view key, std::int64_t otherwise) {
  const Json* value = object.find(key);
  return value != nullptr && value->is_integer() ? value->as_integer() : otherwise;
}

// What pods have listed from the beginning; all else an older one passes over without a word.
bool is_for_any_pod(const Json& input) {
  return std::ranges::all_of(input.as_object(), [](const auto& member) {
    const auto& [name, value] = member;
    if (name == "types") {
      return std::ranges::none_of(value.as_array(), [](const Json& type) {
        return type.as_string().find('*') != std::string::npos;
      });
    }
    return name == "aggregateId" || name == "correlationId";
  });
}

Result<Page> page_of(PodClient& pod, Json input, std::int64_t after, std::int64_t limit) {
  const bool is_new = !is_for_any_pod(input);
  input.set("after", after).set("limit", std::clamp<std::int64_t>(limit, 1, kPageMax));
  auto answer = pod.query("events.list", input);
  if (!answer) return fail(answer.error());
  Page page{.next_after = integer_of(*answer, "nextAfter", after),
            .next_before = integer_of(*answer, "nextBefore", 0)};
  if (const Json* found = answer->find("events"); found != nullptr && found->is_array()) {
    page.events = found->as_array();
  }
  const Json* at_end = answer->find("atEnd");
  if (is_new && at_end == nullptr) {
    return fail(Code::kPreconditionFailed,
                "This pod is older than this program: it lists events from the first on, without "
                "times and wildcards. `synap events list --after 0` does that");
  }
  page.is_at_end = at_end == nullptr || !at_end->is_bool() || at_end->as_bool();
  return page;
}

// The types of this program, and those that the user has registered if a pattern may mean them.
std::vector<std::string> known_types(PodClient& pod, const std::vector<std::string>& patterns) {
  static const pod::Description described;
  std::vector<std::string> known;
  for (const auto* info : described.types().all()) known.push_back(info->name);
  const bool may_be_registered = std::ranges::any_of(patterns, [](const std::string& pattern) {
    return pattern.starts_with(events::kRegisteredPrefix) || pattern.starts_with('*');
  });
  if (!may_be_registered) return known;
  const auto listed = pod.query("eventTypes.list", Json::object());
  const Json* types = listed ? listed->find("types") : nullptr;
  if (types == nullptr || !types->is_array()) return known;
  for (const auto& type : types->as_array()) known.emplace_back(type.string_or("name", ""));
  return known;
}

}  // namespace

Result<FoundEvents> newest_events(PodClient& pod, const EventSearch& search) {
  FoundEvents found;
  Json input = search.filter;
  input.set("order", "desc");
  const auto limit = static_cast<std::size_t>(search.limit);
  for (int i = 0; i < kPagesMax; ++i) {
    auto page = page_of(pod, input, search.after,
                        search.limit - static_cast<std::int64_t>(found.events.size()));
    if (!page) return fail(page.error());
    std::ranges::move(page->events, std::back_inserter(found.events));
    if (i == 0) found.to = page->next_after;
    found.from = page->next_before;
    found.has_more = !page->is_at_end;
    if (page->is_at_end || found.events.size() >= limit) break;
    input.set("before", page->next_before);
  }
  std::ranges::reverse(found.events);
  return found;
}

Result<FoundEvents> events_after(PodClient& pod, const EventSearch& search) {
  FoundEvents found{.events = {}, .from = search.after, .to = search.after};
  while (static_cast<std::int64_t>(found.events.size()) < search.limit) {
    auto page = page_of(pod, search.filter, found.to,
                        search.limit - static_cast<std::int64_t>(found.events.size()));
    if (!page) return fail(page.error());
    for (auto& event : page->events) found.events.push_back(std::move(event));
    found.to = page->next_after;
    found.has_more = !page->is_at_end;
    if (page->is_at_end) break;
  }
  return found;
}

Result<std::int64_t> position_at(PodClient& pod, const std::string& iso8601) {
  auto first = events_after(pod, {.filter = Json::object({{"from", iso8601}}), .limit = 1});
  if (!first) return fail(first.error());
  if (first->events.empty()) return first->to;
  return integer_of(first->events[0], "position", 1) - 1;
}

bool fits(std::string_view text, std::string_view pattern) {
  while (!pattern.empty()) {
    if (pattern[0] == '*') {
      pattern.remove_prefix(1);
      if (pattern.empty()) return true;
      for (std::size_t i = 0; i <= text.size(); ++i) {
        if (fits(text.substr(i), pattern)) return true;
      }
      return false;
    }
    if (text.empty() || text[0] != pattern[0]) return false;
    text.remove_prefix(1);
    pattern.remove_prefix(1);
  }
  return text.empty();
}

Result<std::vector<std::string>> event_types(PodClient& pod,
                                             const std::vector<std::string>& patterns) {
  if (patterns.empty() || std::ranges::count(patterns, "*") > 0) return std::vector<std::string>{};
  const auto known = known_types(pod, patterns);
  std::vector<std::string> types;
  for (const auto& pattern : patterns) {
    const auto count = types.size();
    // The pod itself knows beginnings.
    const auto star = pattern.find('*');
    const bool is_beginning = star + 1 == pattern.size() && pattern.ends_with(".*");
    if (is_beginning &&
        std::ranges::any_of(known, [&](const auto& type) { return fits(type, pattern); })) {
      types.push_back(pattern);
      continue;
    }
    for (const auto& type : known) {
      if (fits(type, pattern) && std::ranges::count(types, type) == 0) types.push_back(type);
    }
    if (types.size() > count || std::ranges::count(types, pattern) > 0) continue;
    const auto meant = did_you_mean(pattern, known);
    tell(fmt::format("there is no event type \"{}\" that this synap knows{}", pattern,
                     meant == "; " ? "" : meant.substr(0, meant.size() - 1)));
    types.push_back(pattern);
  }
  if (types.size() <= kTypesMax) return types;
  return fail(Code::kBadRequest, fmt::format("These are {} event types; at most {} can be asked "
                                             "for at once",
                                             types.size(), kTypesMax));
}

}  // namespace synap::cli
