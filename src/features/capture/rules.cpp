#include "features/capture/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/clock.h"
#include "base/json.h"

namespace synap::features::capture {
namespace {

constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;
constexpr std::size_t kTitleBytesMax = 400;
constexpr std::size_t kLong = 280;

char lower(char one) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(one)));
}

bool is_space(char one) {
  return std::isspace(static_cast<unsigned char>(one)) != 0;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Words in small letters, one space between them and on both sides: " buy milk by friday ". So
// " by friday " is found as a text. Apostrophes are left out: "don't" is "dont".
std::string words_of(std::string_view text) {
  std::string words = " ";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto one = static_cast<unsigned char>(text[i]);
    const bool is_word = std::isalnum(one) != 0 || one >= 0x80 || one == '-' || one == '/';
    if (one == '\'') continue;
    if (one == 0xE2 && text.substr(i).starts_with("\u2019")) {
      i += 2;
      continue;
    }
    if (is_word) {
      words.push_back(lower(text[i]));
    } else if (words.back() != ' ') {
      words.push_back(' ');
    }
  }
  if (words.back() != ' ') words.push_back(' ');
  return words;
}

template <std::size_t N>
std::string_view first_of(const std::string& words, const std::array<std::string_view, N>& list,
                          bool is_at_start) {
  for (const auto one : list) {
    const auto found = words.find(fmt::format(" {} ", one));
    if (found != std::string::npos && (!is_at_start || found == 0)) return one;
  }
  return {};
}

constexpr auto kMarks =
    std::to_array<std::string_view>({"todo", "to do", "task", "action item", "reminder"});
constexpr auto kDuties = std::to_array<std::string_view>(
    {"remind me to", "remember to", "dont forget to", "do not forget to", "i need to",
     "i have to",    "i must",      "i ought to",     "i should",         "need to",
     "have to",      "must",        "gotta",          "ive got to",       "we need to",
     "we have to",   "we should",   "make sure to",   "i still need to",  "dont forget"});
constexpr auto kVerbs = std::to_array<std::string_view>(
    {"answer",  "apply",    "arrange", "ask",     "assign",    "back up",  "book",    "bring",
     "buy",     "call",     "cancel",  "change",  "check",     "clean",    "collect", "confirm",
     "contact", "cook",     "create",  "deliver", "deploy",    "email",    "mail",    "fetch",
     "file",    "fill",     "finish",  "fix",     "follow up", "get",      "hang",    "install",
     "invite",  "mow",      "order",   "pack",    "paint",     "pay",      "phone",   "pick up",
     "plan",    "practice", "prepare", "print",   "publish",   "register", "renew",   "repair",
     "replace", "reply",    "reserve", "return",  "review",    "schedule", "sell",    "send",
     "set up",  "sign",     "submit",  "take",    "tell",      "text",     "update",  "wash",
     "water",   "write"});
constexpr auto kThoughts = std::to_array<std::string_view>(
    {"idea", "note", "quote", "i think", "i wonder", "i feel", "i noticed", "i learned", "today i",
     "thinking about", "what if", "fun fact"});
constexpr auto kPast = std::to_array<std::string_view>(
    {"met",     "had",    "saw",     "went",   "read",   "learned",   "talked",    "found",
     "watched", "dreamt", "dreamed", "bought", "called", "finished",  "sent",      "paid",
     "fixed",   "wrote",  "got",     "it was", "was",    "yesterday", "last week", "last night"});
constexpr auto kQuestions =
    std::to_array<std::string_view>({"why", "how", "what", "who", "where", "when", "which"});
// Behind what could be an order: then it is a sentence that says something.
constexpr auto kStates = std::to_array<std::string_view>(
    {"is", "was", "are", "were", "has", "had", "will", "of", "needs", "has been"});
constexpr auto kDays = std::to_array<std::string_view>(
    {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"});

std::string day_of(std::int64_t unix_ms) {
  return to_iso8601(unix_ms).substr(0, 10);
}

// 0: Sunday. 1970-01-01 was a Thursday.
int weekday_of(std::int64_t unix_ms) {
  return static_cast<int>((unix_ms / kDayMs + 4) % 7);
}

bool is_digit(char one) {
  return one >= '0' && one <= '9';
}

std::optional<std::string> written_day(const std::string& words) {
  constexpr std::size_t kSize = 10;  // 2026-11-28
  for (std::size_t at = 1; at + kSize < words.size(); ++at) {
    const auto part = std::string_view(words).substr(at, kSize);
    if (words[at - 1] != ' ' || words[at + kSize] != ' ' || part[4] != '-' || part[7] != '-') {
      continue;
    }
    const bool is_day = parse_iso8601(std::string(part) + "T00:00:00Z").has_value();
    if (is_day) return std::string(part);
  }
  return std::nullopt;
}

std::optional<std::int64_t> number_before(const std::string& words, std::string_view unit) {
  for (const auto& ending : {fmt::format(" {} ", unit), fmt::format(" {}s ", unit)}) {
    const auto at = words.find(ending);
    if (at == std::string::npos) continue;
    auto begin = at;
    while (begin > 0 && is_digit(words[begin - 1])) --begin;
    constexpr std::size_t kDigitsMax = 3;
    if (begin == at || at - begin > kDigitsMax || begin < 4) continue;
    if (words.compare(begin - 4, 4, " in ") != 0) continue;
    return std::stoll(words.substr(begin, at - begin));
  }
  return std::nullopt;
}

// The day by which it is to be done, if it says one.
std::optional<std::string> due_of(const std::string& words, std::int64_t now) {
  const auto says = [&words](std::string_view text) {
    return words.find(fmt::format(" {} ", text)) != std::string::npos;
  };
  if (auto day = written_day(words)) return day;
  if (says("day after tomorrow")) return day_of(now + 2 * kDayMs);
  if (says("tomorrow")) return day_of(now + kDayMs);
  if (says("today") || says("tonight") || says("this evening") || says("this afternoon")) {
    return day_of(now);
  }
  if (const auto days = number_before(words, "day")) return day_of(now + *days * kDayMs);
  if (const auto weeks = number_before(words, "week")) return day_of(now + *weeks * 7 * kDayMs);
  for (int day = 0; day < 7; ++day) {
    const auto name = kDays[static_cast<std::size_t>(day)];
    if (!says(fmt::format("by {}", name)) && !says(fmt::format("on {}", name)) &&
        !says(fmt::format("next {}", name)) && !says(fmt::format("this {}", name)) &&
        !says(fmt::format("before {}", name)) && !says(fmt::format("until {}", name)) &&
        !says(fmt::format("due {}", name))) {
      continue;
    }
    const int ahead = (day - weekday_of(now) + 6) % 7 + 1;
    return day_of(now + ahead * kDayMs);
  }
  if (says("next week")) return day_of(now + 7 * kDayMs);
  return std::nullopt;
}

// "by friday", "on 2026-12-24": whether a word begins it that leads to a day.
bool is_before_day(const std::string& words) {
  return !first_of(words, std::to_array<std::string_view>({"by", "on", "before", "until", "due"}),
                   true)
              .empty();
}

std::optional<std::string> priority_of(const std::string& words, std::string_view text) {
  if (words.find(" urgent ") != std::string::npos || words.find(" asap ") != std::string::npos ||
      words.find(" immediately ") != std::string::npos) {
    return "urgent";
  }
  if (words.find(" important ") != std::string::npos || text.find("!!") != text.npos) return "high";
  return std::nullopt;
}

// Whether one of the first words but the very first says how something is: "Plan B was better".
bool says_a_state(const std::string& words) {
  constexpr std::size_t kFirst = 7;
  std::size_t at = words.find(' ', 1);
  for (std::size_t count = 1; count < kFirst && at != std::string::npos; ++count) {
    const auto end = words.find(' ', at + 1);
    if (end == std::string::npos) return false;
    const auto word = std::string_view(words).substr(at + 1, end - at - 1);
    if (std::ranges::find(kStates, word) != kStates.end()) return true;
    at = end;
  }
  return false;
}

// "Recipe: two eggs": a colon behind the first words, which are no mark of a task.
bool has_label(std::string_view line) {
  const auto colon = line.find(": ");
  return colon != line.npos && std::ranges::count(line.substr(0, colon), ' ') < 3;
}

// "- [ ] buy milk" and "TODO: buy milk" without what says that it is one.
std::string_view without_mark(std::string_view line) {
  line = trimmed(line);
  for (const std::string_view mark : {"- [ ]", "* [ ]", "[ ]", "- ", "* "}) {
    if (line.starts_with(mark)) return trimmed(line.substr(mark.size()));
  }
  constexpr std::string_view kMark = "todo ";
  if (words_of(line.substr(0, kMark.size())) == " todo ") return trimmed(line.substr(kMark.size()));
  const auto colon = line.find(':');
  if (colon == line.npos || colon > 12) return line;
  const auto words = words_of(line.substr(0, colon));
  const bool is_mark = std::ranges::any_of(
      kMarks, [&](std::string_view mark) { return words == fmt::format(" {} ", mark); });
  return is_mark ? trimmed(line.substr(colon + 1)) : line;
}

bool is_box(std::string_view text) {
  return text.starts_with("[ ]") || text.starts_with("- [ ]") || text.starts_with("* [ ]");
}

// Signs for a task and against it, each with its weight. What they come to is no probability: the
// judged set says which threshold is a good one.
class Signs {
 public:
  void add(double weight, std::string reason) {
    score_ = std::clamp(score_ + weight, 0.0, 0.98);
    reasons_.push_back(std::move(reason));
  }
  double score() const { return score_; }
  std::vector<std::string> take_reasons() { return std::move(reasons_); }

 private:
  double score_ = 0.15;
  std::vector<std::string> reasons_;
};

void add_signs_against(Signs& signs, std::string_view text, const std::string& words) {
  if (const auto past = first_of(words, kPast, true); !past.empty()) {
    signs.add(-0.4, fmt::format("It begins with \"{}\": that has happened", past));
  }
  if (const auto thought = first_of(words, kThoughts, true); !thought.empty()) {
    signs.add(-0.5, fmt::format("It begins with \"{}\": that is a thought", thought));
  }
  if (trimmed(text).ends_with('?') || !first_of(words, kQuestions, true).empty()) {
    signs.add(-0.35, "It asks something");
  }
  if (text.size() > kLong) signs.add(-0.4, "It is long");
  if (std::ranges::count(trimmed(text), '\n') > 1) signs.add(-0.2, "It has several lines");
  if (trimmed(text).starts_with('#')) signs.add(-0.5, "It has a heading");
  if (trimmed(text).starts_with("http")) signs.add(-0.4, "It is a link");
  if (trimmed(text).starts_with('"')) signs.add(-0.5, "It is a quotation");
}

}  // namespace

Verdict judge(std::string_view text, std::int64_t now) {
  Signs signs;
  const auto words = words_of(text);
  const auto first_line = trimmed(text).substr(0, trimmed(text).find('\n'));
  const auto line = without_mark(first_line);
  const auto line_words = words_of(line);
  if (is_box(trimmed(text))) signs.add(0.8, "It has a box to tick");
  const bool is_marked = line.size() != first_line.size() && !is_box(trimmed(text)) &&
                         !first_of(words_of(first_line), kMarks, true).empty();
  if (is_marked) signs.add(0.8, "It says that it is a task");
  auto duty = first_of(line_words, kDuties, true);
  if (duty.empty()) duty = first_of(line_words, kDuties, false);
  if (!duty.empty()) {
    const bool is_first = line_words.starts_with(fmt::format(" {} ", duty));
    signs.add(is_first ? 0.6 : 0.3, fmt::format("It says \"{}\"", duty));
  }
  const auto polite =
      line_words.starts_with(" please ") ? std::string(" ") + line_words.substr(8) : line_words;
  if (const auto verb = first_of(polite, kVerbs, true); !verb.empty()) {
    signs.add(0.5, fmt::format("It begins with \"{}\"", verb));
    if (says_a_state(polite)) signs.add(-0.35, "It says how something is");
    if (has_label(line)) signs.add(-0.35, "Its first words are a label");
  }
  if (!duty.empty() && line_words.find(fmt::format(" {} be ", duty)) != std::string::npos) {
    signs.add(-0.35, "It says how somebody wants to be");
  }
  auto due = due_of(words, now);
  if (due) signs.add(0.15, fmt::format("It says when: {}", *due));
  if (words.find(" deadline ") != std::string::npos || words.find(" due ") != std::string::npos) {
    signs.add(0.3, "It says that there is a deadline");
  }
  auto priority = priority_of(words, text);
  if (priority) signs.add(0.15, "It is urgent");
  add_signs_against(signs, text, words);

  Verdict verdict;
  const auto score = signs.score();
  verdict.reasons = signs.take_reasons();
  if (score < kTaskFrom) {
    verdict.kind = "note";
    verdict.confidence = 1 - score;
    verdict.reasons.emplace_back(score > 1 - kTaskFrom
                                     ? "Not sure that it is a task: a note loses nothing"
                                     : "Nothing says that it is to be done");
    return verdict;
  }
  verdict.kind = "task";
  verdict.confidence = score;
  verdict.is_marked = is_marked;
  verdict.title = std::string(line.substr(0, kTitleBytesMax));
  verdict.title.resize(valid_utf8_prefix(verdict.title));
  if (verdict.title.empty()) verdict.title = "Untitled";
  verdict.due_date = std::move(due);
  verdict.priority = std::move(priority);
  return verdict;
}

std::optional<std::string> day_in(std::string_view text, std::int64_t now) {
  return due_of(words_of(text), now);
}

std::optional<std::string> day_in_whole(std::string_view text, std::int64_t now) {
  auto words = words_of(text);
  const auto is_one_of = [&words](std::initializer_list<std::string_view> phrases) {
    return std::ranges::any_of(
        phrases, [&](std::string_view one) { return words == fmt::format(" {} ", one); });
  };
  if (std::ranges::any_of(kDays, [&](std::string_view day) { return is_one_of({day}); })) {
    words.insert(0, " on");
  }
  auto day = due_of(words, now);
  if (!day || is_one_of({"tomorrow", "today", "tonight", "this evening", "this afternoon",
                         "next week", "day after tomorrow", "the day after tomorrow"})) {
    return day;
  }
  // "by friday", "on 2026-12-24", "in 3 days": one word, that many, and no more.
  const auto count = std::ranges::count(words, ' ') - 1;
  if (is_one_of({*day})) return day;
  const auto behind = words.substr(words.find(' ', 1));
  const bool is_day = std::ranges::any_of(
      kDays, [&](std::string_view one) { return behind == fmt::format(" {} ", one); });
  const bool is_date = behind == fmt::format(" {} ", *day) && is_before_day(words);
  const bool is_span = count == 3 && (number_before(words, "day") || number_before(words, "week"));
  return is_day || is_date || is_span ? day : std::nullopt;
}

std::optional<Labelled> labelled(std::string_view text) {
  constexpr std::size_t kLabelMax = 40;
  text = trimmed(text);
  const auto colon = text.find(':');
  if (colon == text.npos || colon == 0 || colon > kLabelMax) return std::nullopt;
  Labelled found;
  for (const char one : trimmed(text.substr(0, colon))) {
    const char small = lower(one);
    const bool is_letter = (small >= 'a' && small <= 'z') || is_digit(small) || small == '_';
    if (!is_letter) return std::nullopt;
    found.label.push_back(small);
  }
  found.value = std::string(trimmed(text.substr(colon + 1)));
  if (found.value.starts_with("//")) return std::nullopt;
  return found;
}

}  // namespace synap::features::capture
