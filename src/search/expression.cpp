#include "search/expression.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace synap::search {
namespace {

using analysis::Token;

std::string quoted(std::string_view stream) {
  std::string text = "\"";
  for (const char c : stream) {
    text += c;
    if (c == '"') text += c;
  }
  return text + '"';
}

std::string_view column_filter(Item::Scope scope) {
  switch (scope) {
    case Item::Scope::kTitle:
      return "{title} : ";
    case Item::Scope::kText:
      return "{text others} : ";
    case Item::Scope::kAll:
      break;
  }
  return "";
}

// An item as the places of its words: of each the forms that stand there.
using Forms = std::vector<std::string>;

class Reading {
 public:
  Reading(analysis::Analyzer& analyzer, std::int64_t user,
          std::span<const analysis::Language> languages, const TermsWith& terms, Marked& marked)
      : analyzer_(analyzer), user_(user), languages_(languages), terms_(terms), marked_(marked) {}

  std::vector<Forms> places_of(const Item& item) {
    std::vector<Forms> places;
    bool ends_alone = false;
    bool ends_with_tail = false;
    // Between quotation marks words are meant as they are.
    const bool has_stems = item.kind != Item::Kind::kPhrase && item.kind != Item::Kind::kPrefix;
    analyzer_.analyze(item.text, has_stems ? languages_ : std::span<const analysis::Language>(),
                      [&](const Token& token) {
                        Forms forms = {token.term};
                        forms.insert(forms.end(), token.stems.begin(), token.stems.end());
                        places.push_back(std::move(forms));
                        ends_alone = token.is_alone;
                        ends_with_tail = token.kind == Token::Kind::kSingle;
                        return places.size() < kPlacesMax;
                      });
    // The last character of "東京" is in the pair before it; in a text others may follow.
    if (ends_with_tail && !ends_alone) places.pop_back();
    if (!places.empty() && (item.kind == Item::Kind::kPrefix || ends_alone)) {
      places.back() = terms_(places.back().front());
    }
    return places;
  }

  std::string stream_of(const Forms& forms) const {
    std::string stream;
    for (const auto& form : forms) {
      stream += (stream.empty() ? "" : " /") + term_of(user_, form);
    }
    return stream;
  }

  void mark(const std::vector<Forms>& places) {
    for (const auto& forms : places) marked_.insert(forms.begin(), forms.end());
  }

 private:
  static constexpr std::size_t kPlacesMax = 64;

  analysis::Analyzer& analyzer_;
  std::int64_t user_;
  std::span<const analysis::Language> languages_;
  const TermsWith& terms_;
  Marked& marked_;
};

Wanted wanted_of(Reading& reading, const Item& item, const std::vector<Forms>& places) {
  Wanted wanted{.is_required = item.is_required(), .is_excluded = item.is_excluded};
  std::string stream;
  for (const auto& forms : places) {
    if (forms.empty()) return wanted;  // a prefix that no text has
    const auto at = reading.stream_of(forms);
    if (places.size() > 1) wanted.parts.push_back(quoted(at));
    stream += (stream.empty() ? "" : " ") + at;
  }
  wanted.phrase = std::string(column_filter(item.scope)) + quoted(stream);
  if (!item.is_excluded) reading.mark(places);
  return wanted;
}

std::string joined(const std::vector<std::string>& parts, std::string_view by) {
  return fmt::format("({})", fmt::join(parts, by));
}

// What leads to rows, as numbers of `wanted`.
struct Leaders {
  std::vector<std::size_t> all;  // each of these must be there
  std::vector<std::size_t> any;  // and one of these, if there are any
  std::int64_t lowest = 0;
  bool is_partial = false;
};

std::vector<std::size_t> numbers_where(const std::vector<Wanted>& wanted, auto holds) {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i].is_excluded && holds(wanted[i])) numbers.push_back(i);
  }
  return numbers;
}

// Of what must all be there the rarest bounds the work.
const Frequency& rarest_of(const std::vector<Wanted>& wanted,
                           const std::vector<std::size_t>& numbers) {
  return wanted[*std::ranges::min_element(numbers, {},
                                          [&](std::size_t i) {
                                            const auto& frequency = wanted[i].frequency;
                                            return std::pair(frequency.is_cut, frequency.lowest);
                                          })]
      .frequency;
}

void lead_by(Leaders& leaders, const Frequency& frequency) {
  if (!frequency.is_cut) return;
  leaders.is_partial = true;
  leaders.lowest = std::max(leaders.lowest, frequency.lowest);
}

// The rarest words that few texts have together.
void lead_by_words(Leaders& leaders, const std::vector<Wanted>& wanted,
                   std::vector<std::size_t> words, std::int64_t texts_max) {
  std::ranges::sort(words, {}, [&](std::size_t i) { return wanted[i].frequency.texts; });
  std::int64_t texts = 0;
  for (const auto i : words) {
    texts += wanted[i].frequency.texts;
    if (!leaders.any.empty() && texts > texts_max) {
      leaders.is_partial = true;
      break;
    }
    leaders.any.push_back(i);
    lead_by(leaders, wanted[i].frequency);
  }
}

// What must be there leads. Where these are filters alone, one of the words must be there, too.
// Nothing: no text can have it.
std::optional<Leaders> leaders_of(const std::vector<Wanted>& wanted, std::int64_t texts_max) {
  Leaders leaders;
  leaders.all = numbers_where(wanted, [](const Wanted& one) { return one.is_required; });
  const auto words = numbers_where(wanted, [](const Wanted& one) { return !one.is_required; });
  const auto is_empty = [&](std::size_t i) { return wanted[i].phrase.empty(); };
  if (std::ranges::any_of(leaders.all, is_empty)) return std::nullopt;
  const bool are_filters =
      std::ranges::all_of(leaders.all, [&](std::size_t i) { return wanted[i].is_filter; });
  if (!are_filters || words.empty()) {
    lead_by(leaders, rarest_of(wanted, leaders.all));
    return leaders;
  }
  auto possible = words;
  std::erase_if(possible, is_empty);
  if (possible.empty()) return std::nullopt;
  if (!leaders.all.empty() && !rarest_of(wanted, leaders.all).is_cut) {
    leaders.any = std::move(possible);
  } else {
    lead_by_words(leaders, wanted, std::move(possible), texts_max);
  }
  return leaders;
}

class Builder {
 public:
  explicit Builder(const std::vector<Wanted>& wanted) : wanted_(wanted) {}

  Expression run(const Leaders& leaders) {
    auto leading = phrases_of(leaders.all, true);
    if (!leaders.any.empty()) leading.push_back(joined(phrases_of(leaders.any, true), " OR "));
    auto text = joined(leading, " AND ");
    if (const auto further = further_of(leaders); !further.empty()) {
      // Every row that is led to has one of the leaders, so none is lost here.
      auto either = phrases_of(leaders.any.empty() ? leaders.all : leaders.any, false);
      for (auto& phrase : phrases_of(further, true)) either.push_back(std::move(phrase));
      text += " AND " + joined(either, " OR ");
    }
    std::vector<std::size_t> excluded;
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (wanted_[i].is_excluded && !wanted_[i].phrase.empty()) excluded.push_back(i);
    }
    if (!excluded.empty()) {
      text = fmt::format("({}) NOT {}", text, joined(phrases_of(excluded, false), " OR "));
    }
    expression_.text = std::move(text);
    expression_.lowest = leaders.lowest;
    expression_.is_partial = leaders.is_partial;
    return std::move(expression_);
  }

 private:
  // What is looked for and leads to nothing: it adds to the relevance.
  std::vector<std::size_t> further_of(const Leaders& leaders) const {
    auto further = numbers_where(wanted_, [](const Wanted& one) { return !one.phrase.empty(); });
    std::erase_if(further, [&](std::size_t i) {
      return std::ranges::find(leaders.all, i) != leaders.all.end() ||
             std::ranges::find(leaders.any, i) != leaders.any.end();
    });
    return further;
  }

  // FTS5 numbers phrases as they come: each is written where it is asked for, in this order.
  std::vector<std::string> phrases_of(const std::vector<std::size_t>& numbers, bool are_ranked) {
    std::vector<std::string> phrases;
    for (const auto i : numbers) {
      const bool is_ranked = are_ranked && !wanted_[i].is_filter;
      expression_.groups.push_back(is_ranked ? static_cast<int>(expression_.ranked.size()) : -1);
      if (is_ranked) expression_.ranked.push_back(wanted_[i].frequency);
      phrases.push_back(wanted_[i].phrase);
    }
    return phrases;
  }

  const std::vector<Wanted>& wanted_;
  Expression expression_;
};

}  // namespace

Result<Meaning> meaning_of(analysis::Analyzer& analyzer, std::int64_t user, std::string_view query,
                           const std::vector<Item>& items,
                           std::span<const analysis::Language> languages, const TermsWith& terms) {
  Meaning meaning;
  Reading reading(analyzer, user, languages, terms, meaning.marked);
  for (const auto& item : items) {
    if (item.kind == Item::Kind::kFilter) {
      meaning.wanted.push_back({.phrase = quoted(key_of(user, item.field, item.text)),
                                .is_required = true,
                                .is_excluded = item.is_excluded,
                                .is_filter = true});
      continue;
    }
    const auto places = reading.places_of(item);
    if (places.empty()) {
      // "&" between words is no mistake.
      if (item.kind == Item::Kind::kWord && !item.is_required() && !item.is_excluded) continue;
      return fail(wrong_at(query, item.place, "there is no word in this"));
    }
    meaning.wanted.push_back(wanted_of(reading, item, places));
  }
  const bool has_any =
      std::ranges::any_of(meaning.wanted, [](const Wanted& wanted) { return !wanted.is_excluded; });
  if (!has_any) return fail(wrong_at(query, 0, "there is no word to look for"));
  return meaning;
}

Expression expression_of(const std::vector<Wanted>& wanted, std::int64_t texts_max) {
  const auto leaders = leaders_of(wanted, texts_max);
  return leaders ? Builder(wanted).run(*leaders) : Expression{};
}

}  // namespace synap::search
