#include "cron/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/duration.h"
#include "base/json.h"
#include "cron/fields.h"

namespace synap::cron {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::string_view kEvery = "@every ";

// White space as Go has it (unicode.IsSpace): what is pasted from a page may have such.
constexpr std::array<std::string_view, 25> kSpaces = {
    " ",      "\t",     "\n",     "\v",     "\f",     "\r",     "\u0085", "\u00a0", "\u1680",
    "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
    "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

// Bytes of the white space that `text` begins with: 0 where it begins with none.
std::size_t space_at_front(std::string_view text) {
  for (const auto space : kSpaces) {
    if (text.starts_with(space)) return space.size();
  }
  return 0;
}

std::string_view trimmed(std::string_view text) {
  while (const auto size = space_at_front(text)) text.remove_prefix(size);
  for (std::size_t i = 0; i < kSpaces.size();) {
    if (text.ends_with(kSpaces[i])) {
      text.remove_suffix(kSpaces[i].size());
      i = 0;
    } else {
      ++i;
    }
  }
  return text;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (;;) {
    while (const auto size = space_at_front(text)) text.remove_prefix(size);
    if (text.empty()) return words;
    std::size_t end = 0;
    while (end < text.size() && space_at_front(text.substr(end)) == 0) ++end;
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

struct Named {
  std::string_view name;
  std::string_view fields;  // the same, written with five fields
};
constexpr std::array kNamed = {
    Named{"@yearly", "0 0 1 1 *"}, Named{"@annually", "0 0 1 1 *"}, Named{"@monthly", "0 0 1 * *"},
    Named{"@weekly", "0 0 * * 0"}, Named{"@daily", "0 0 * * *"},    Named{"@midnight", "0 0 * * *"},
    Named{"@hourly", "0 * * * *"},
};

// Reads one expression. Parts of it are views into it, so that an error knows where it stands.
class Parser {
 public:
  explicit Parser(std::string_view whole) : whole_(whole) {}

  Result<Rule> parse();

 private:
  Result<std::string_view> take_zone();
  Result<void> read_name(std::string_view name);
  Result<void> read_fields(std::string_view text);

  // Columns are counted in characters, from 1.
  std::unexpected<Error> refuse(std::string_view at, std::string_view message) const {
    const auto before = whole_.substr(0, static_cast<std::size_t>(at.data() - whole_.data()));
    const auto column = 1 + std::ranges::count_if(before, [](char c) {
                          return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
                        });
    return fail(Code::kBadRequest, fmt::format("column {}: {}", column, message));
  }

  std::string_view whole_;
  Rule rule_;
};

// Takes "TZ=Europe/Paris " off the front, and answers with the rest.
Result<std::string_view> Parser::take_zone() {
  if (!whole_.starts_with("TZ=") && !whole_.starts_with("CRON_TZ=")) return whole_;
  const auto from = whole_.find('=') + 1;
  const auto space = whole_.find(' ');
  if (space == std::string_view::npos) {
    return refuse(whole_.substr(whole_.size()), "behind the zone come a space and the schedule");
  }
  const auto name = whole_.substr(from, space - from);
  // These two are what the machine is set to. The same schedule would name other times elsewhere.
  if (name == "Local" || name == "localtime") {
    return refuse(name, fmt::format("\"{}\" is another zone on each machine; name one, "
                                    "as Europe/Paris",
                                    name));
  }
  const auto zone = TimeZone::find(name);
  if (!zone) {
    return refuse(name,
                  fmt::format("\"{}\" is no time zone; they are named as Europe/Paris", name));
  }
  rule_.zone = *zone;
  return trimmed(whole_.substr(space));
}

Result<void> Parser::read_name(std::string_view name) {
  for (const auto& named : kNamed) {
    if (name == named.name) return read_fields(named.fields);
  }
  if (!name.starts_with(kEvery)) {
    return refuse(name, fmt::format("\"{}\" is no schedule; names are @yearly, @annually, "
                                    "@monthly, @weekly, @daily, @midnight, @hourly and "
                                    "@every with a duration, as @every 1h30m",
                                    name));
  }
  const auto text = name.substr(kEvery.size());
  const auto nanos = parse_duration_ns(text);
  if (!nanos) {
    return refuse(text, fmt::format("\"{}\" is no duration; it is numbers with units "
                                    "(h, m, s, ms), as 1h30m, up to 292 years",
                                    text));
  }
  rule_.every_seconds = std::max<std::int64_t>(*nanos / kNanosPerSecond, 1);
  return {};
}

Result<void> Parser::read_fields(std::string_view text) {
  const auto words = words_of(text);
  const auto all = fields();
  if (words.size() != all.size()) {
    const auto at = words.size() > all.size() ? words[all.size()] : text.substr(text.size());
    return refuse(at, fmt::format("a schedule has 5 fields (minute, hour, day of month, month, day "
                                  "of week) and this has {}",
                                  words.size()));
  }
  const std::array sets = {&rule_.minutes, &rule_.hours, &rule_.days_of_month, &rule_.months,
                           &rule_.days_of_week};
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const auto set = read_field(words[i], all[i]);
    if (!set) {
      const auto& [at, message] = set.error();
      return refuse(at, fmt::format("{}: {}", all[i].name, message));
    }
    *sets[i] = *set;
  }
  return {};
}

Result<Rule> Parser::parse() {
  if (whole_.size() > kExpressionBytesMax) {
    return fail(Code::kBadRequest,
                fmt::format("column {}: a schedule has at most {} bytes and this has {}",
                            kExpressionBytesMax + 1, kExpressionBytesMax, whole_.size()));
  }
  if (!is_valid_utf8(whole_)) return fail(Code::kBadRequest, "column 1: this is no valid UTF-8");
  const auto rest = take_zone();
  if (!rest) return fail(rest.error());
  const auto read = rest->starts_with('@') ? read_name(*rest) : read_fields(*rest);
  if (!read) return fail(read.error());
  return rule_;
}

}  // namespace

Result<Rule> parse_rule(std::string_view expression) {
  return Parser(expression).parse();
}

}  // namespace synap::cron
