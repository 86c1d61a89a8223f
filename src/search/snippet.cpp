#include "search/snippet.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "search/streams.h"

namespace synap::search {
namespace {

// Of a text that is full of what was looked for.
constexpr std::size_t kMatchesMax = 2'000;
// So much stands before the first match.
constexpr std::size_t kBeforeBytes = 40;

struct Match {
  std::size_t begin = 0;
  std::size_t end = 0;
  int term = 0;
};

// Where all that was looked for stands together, there is no better place further on.
class Together {
 public:
  explicit Together(std::size_t words) : words_(words) {}

  void add(const Match& match) {
    if (end_ > 0) return;
    last_[match.term] = match.begin;
    std::erase_if(last_, [&](const auto& one) { return one.second + kSnippetBytes < match.end; });
    if (last_.size() < words_) return;
    auto first = match.begin;
    for (const auto& [term, begin] : last_) first = std::min(first, begin);
    end_ = first + kSnippetBytes;
  }
  /// From there on nothing is shown.
  bool is_behind(std::size_t at) const { return end_ > 0 && at >= end_; }

 private:
  const std::size_t words_;
  std::map<int, std::size_t> last_;  // where each was last
  std::size_t end_ = 0;
};

// Sets `looked` to how much of the text it has looked at.
std::vector<Match> matches_in(analysis::Analyzer& analyzer, std::string_view text,
                              analysis::Language language, const Marked& marked, std::size_t words,
                              std::size_t& looked) {
  std::vector<Match> matches;
  looked = 0;
  if (marked.empty()) return matches;
  looked = text.size();
  Together together(std::max<std::size_t>(words, 1));
  std::map<std::string, int, std::less<>> numbers;
  analyzer.analyze(text, language, [&](const analysis::Token& token) {
    if (together.is_behind(token.begin)) {
      looked = token.begin;
      return false;
    }
    const auto is_marked = [&](const std::string& form) { return marked.contains(form); };
    const bool is_term = is_marked(token.term);
    const auto stem = std::ranges::find_if(token.stems, is_marked);
    if (!is_term && stem == token.stems.end()) return true;
    // Forms of a word are one: "runs" and "running".
    const auto& name = token.stems.empty() ? token.term : token.stems.front();
    const auto number = numbers.emplace(name, static_cast<int>(numbers.size())).first->second;
    matches.push_back({token.begin, token.end, number});
    together.add(matches.back());
    return matches.size() < kMatchesMax;
  });
  return matches;
}

// The first of the matches from which on most different terms are within a snippet.
std::size_t best_of(const std::vector<Match>& matches) {
  std::map<int, int> inside;
  std::size_t best = 0;
  std::size_t most = 0;
  std::size_t last = 0;
  for (std::size_t first = 0; first < matches.size(); ++first) {
    while (last < matches.size() && matches[last].end <= matches[first].begin + kSnippetBytes) {
      ++inside[matches[last++].term];
    }
    if (inside.size() > most) {
      most = inside.size();
      best = first;
    }
    const auto leaving = inside.find(matches[first].term);
    if (leaving != inside.end() && --leaving->second == 0) inside.erase(leaving);
    last = std::max(last, first + 1);
  }
  return best;
}

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

// Where a snippet begins that is to show `at`: behind a space, if there is one near.
std::size_t begin_before(std::string_view text, std::size_t at) {
  if (at <= kBeforeBytes) return 0;
  auto begin = at - kBeforeBytes;
  const auto space = text.find_first_of(" \n\t", begin);
  if (space < at - kBeforeBytes / 2) return space + 1;
  while (begin < at && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
  return begin;
}

std::size_t end_behind(std::string_view text, std::size_t begin) {
  if (text.size() - begin <= kSnippetBytes) return text.size();
  const auto end = begin + beginning_of(text.substr(begin), kSnippetBytes).size();
  const auto space = text.find_last_of(" \n\t", end);
  const bool is_near = space != text.npos && space > begin + kSnippetBytes / 2;
  return is_near ? space : end;
}

// On one line, and what is no text left out.
class Parts {
 public:
  void add(std::string_view text, bool is_match) {
    std::string plain;
    while (!text.empty()) {
      const auto next = first_code_point(text);
      if (is_space(text.front())) {
        if (!ends_with_space_) plain += ' ';
        ends_with_space_ = true;
      } else if (next.is_valid) {
        plain += text.substr(0, next.bytes);
        ends_with_space_ = false;
      }
      text.remove_prefix(next.bytes);
    }
    if (plain.empty()) return;
    if (parts_.empty() || parts_.back().is_match != is_match) parts_.push_back({"", is_match});
    parts_.back().text += plain;
  }
  std::vector<SnippetPart> take() { return std::move(parts_); }

 private:
  std::vector<SnippetPart> parts_;
  bool ends_with_space_ = true;  // none at the beginning
};

}  // namespace

bool has_match(const std::vector<SnippetPart>& snippet) {
  return std::ranges::any_of(snippet, &SnippetPart::is_match);
}

std::vector<SnippetPart> snippet_of(analysis::Analyzer& analyzer, std::string_view text,
                                    analysis::Language language, const Marked& marked,
                                    std::size_t words, std::size_t& look_bytes) {
  const auto look = beginning_of(text, std::min(look_bytes, kSnippetLookBytesMax));
  std::size_t looked = 0;
  const auto matches = matches_in(analyzer, look, language, marked, words, looked);
  look_bytes -= looked;
  const auto first = matches.empty() ? 0 : best_of(matches);
  const auto begin = matches.empty() ? 0 : begin_before(text, matches[first].begin);
  const auto end = end_behind(text, begin);
  Parts parts;
  if (begin > 0) parts.add("… ", false);
  auto at = begin;
  for (const auto& match : matches) {
    // Pairs of characters overlap.
    if (match.end <= at || match.begin >= end) continue;
    const auto from = std::max(match.begin, at);
    const auto to = std::min(match.end, end);
    parts.add(text.substr(at, from - at), false);
    parts.add(text.substr(from, to - from), true);
    at = to;
  }
  parts.add(text.substr(at, end - at), false);
  if (end < text.size()) parts.add(" …", false);
  return parts.take();
}

}  // namespace synap::search
