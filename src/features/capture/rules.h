// Rules that say of a thought what kind of thing it is: a task, or a note. They are words and
// forms of English, and nothing else is asked: where they are not sure, it is a note, which loses
// nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synap::features::capture {

struct Verdict {
  std::string kind;       // "task" or "note"
  double confidence = 0;  // 0 to 1: that it is of this kind
  std::vector<std::string> reasons;
  // Of a task.
  bool is_marked = false;  // by a word: "task: "
  std::string title;
  std::optional<std::string> due_date;  // "2026-11-28"
  std::optional<std::string> priority;
};

/// Below this a thought is no task. Found by the judged set (rules_test.cpp).
inline constexpr double kTaskFrom = 0.6;

/// `now`: Unix ms, from which "tomorrow" counts, by UTC.
Verdict judge(std::string_view text, std::int64_t now);

/// The day that a text says, from `now` on: "2026-11-28".
std::optional<std::string> day_in(std::string_view text, std::int64_t now);

/// The day that a text is, with no other word: "on friday".
std::optional<std::string> day_in_whole(std::string_view text, std::int64_t now);

/// "weight: 82.5": what stands before the colon and behind it, where the former may be the noun of
/// a type of the user's own. The latter may be empty.
struct Labelled {
  std::string label;
  std::string value;
};
std::optional<Labelled> labelled(std::string_view text);

}  // namespace synap::features::capture
