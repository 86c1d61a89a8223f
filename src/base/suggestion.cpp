#include "base/suggestion.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace synap {
namespace {

constexpr std::size_t kSuggestionsMax = 3;
// Longer ones are no slips of a finger, and the distance costs the product of the lengths.
constexpr std::size_t kWordMax = 100;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return lower(c); });
  return out;
}

// How many letters must be put in, left out, changed or swapped with their neighbour (the optimal
// string alignment distance).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

// The same letters in another order: "sever" is "serve".
bool is_anagram(std::string a, std::string b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

}  // namespace

std::vector<std::string> suggestions(std::string_view word, const std::vector<std::string>& names) {
  if (word.empty() || word.size() > kWordMax) return {};
  const auto asked = lower(word);
  const auto wrong_max = std::max<std::size_t>(1, asked.size() / 3);
  // In the order of the names where they are equally near.
  std::vector<std::tuple<std::size_t, std::size_t, std::string>> near;
  for (const auto& name : names) {
    const auto there = lower(name);
    // A third of the letters may be wrong; a name that begins so comes behind a slip of one.
    auto far = distance(asked, there);
    if (asked.size() > 3 && far > 1 && is_anagram(asked, there)) far = 1;
    bool is_part = asked.size() > 2 && there.find(asked) != std::string::npos;
    // "nots" is a slip of the first half of "notes.create".
    const auto dot = there.find('.');
    if (!is_part && dot != std::string::npos && asked.find('.') == std::string::npos) {
      is_part = distance(asked, std::string_view(there).substr(0, dot)) <= wrong_max;
    }
    // "notes" is nearer to "notes.create" than to "nodes.list".
    if (is_part) far = std::min<std::size_t>(far, there.starts_with(asked) ? 1 : 2);
    if (is_part || far <= wrong_max) {
      near.emplace_back(far, near.size(), name);
    }
  }
  std::ranges::sort(near);
  std::vector<std::string> nearest;
  for (const auto& each : near) {
    if (nearest.size() < kSuggestionsMax) nearest.push_back(std::get<2>(each));
  }
  return nearest;
}

std::string asked_whether(const std::vector<std::string>& near) {
  std::string text;
  for (std::size_t i = 0; i < near.size(); ++i) {
    text += i == 0 ? "; did you mean " : i + 1 == near.size() ? " or " : ", ";
    text += "\"" + near[i] + "\"";
  }
  return text.empty() ? "; " : text + "? ";
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& names) {
  return asked_whether(suggestions(word, names));
}

}  // namespace synap
