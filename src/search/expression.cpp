#include "search/expression.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <tuple>

namespace synap::search {
namespace {

using analysis::Token;

// An item as the places of its words.
class ItemReading {
 public:
  ItemReading(analysis::Analyzer& analyzer, std::span<const analysis::Language> languages,
              const TermsWith& terms, Marked& marked)
      : analyzer_(analyzer), languages_(languages), terms_(terms), marked_(marked) {}

  std::vector<Forms> places_of(const Item& item) {
    std::vector<Forms> places;
    bool ends_alone = false;
    bool ends_with_tail = false;
    is_weak_ = true;
    // Between quotation marks words are meant as they are.
    const bool has_stems = item.kind != Item::Kind::kPhrase && item.kind != Item::Kind::kPrefix;
    analyzer_.analyze(item.text, has_stems ? languages_ : std::span<const analysis::Language>(),
                      [&](const Token& token) {
                        is_weak_ = is_weak_ && says_nothing(token);
                        places.push_back(forms_of(token));
                        ends_alone = token.is_alone;
                        ends_with_tail = token.kind == Token::Kind::kSingle;
                        return places.size() < kPlacesMax;
                      });
    // The last character of "東京" is in the pair before it; in a text others may follow.
    if (ends_with_tail && !ends_alone) places.pop_back();
    if (!places.empty() && (item.kind == Item::Kind::kPrefix || ends_alone)) {
      places.back() = {terms_(places.back().terms.front()), false};
    }
    return places;
  }

  /// Of what was read last.
  bool is_weak() const { return is_weak_; }

  void mark(const std::vector<Forms>& places) {
    for (const auto& forms : places) marked_.insert(forms.terms.begin(), forms.terms.end());
  }

 private:
  static constexpr std::size_t kPlacesMax = 64;

  // The stem that a language makes of another's word may be one that says nothing, as "und" of
  // "under", which all texts of that language have.
  Forms forms_of(const Token& token) const {
    Forms forms{.terms = {token.term}};
    const bool is_said = analysis::is_stop_word(token.term, languages_);
    for (const auto& stem : token.stems) {
      if (is_said || !analysis::is_stop_word(stem, languages_)) forms.terms.push_back(stem);
    }
    return forms;
  }
  // A letter, and no digit; characters of scripts without spaces are no words of this kind.
  bool says_nothing(const Token& token) const {
    if (token.kind != Token::Kind::kWord) return false;
    const auto characters = std::ranges::count_if(
        token.term, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    const bool is_digit = token.term.front() >= '0' && token.term.front() <= '9';
    return (characters == 1 && !is_digit) || analysis::is_stop_word(token.term, languages_);
  }

  analysis::Analyzer& analyzer_;
  std::span<const analysis::Language> languages_;
  const TermsWith& terms_;
  Marked& marked_;
  bool is_weak_ = false;
};

Wanted wanted_of(ItemReading& reading, const Item& item, std::vector<Forms> places) {
  Wanted wanted{
      .scope = item.scope, .is_required = item.is_required(), .is_excluded = item.is_excluded};
  const auto is_of_none = [](const Forms& forms) { return forms.terms.empty(); };
  // A prefix that no text has.
  if (std::ranges::any_of(places, is_of_none)) return wanted;
  if (!item.is_excluded) reading.mark(places);
  wanted.is_weak = item.kind == Item::Kind::kWord && reading.is_weak();
  wanted.places = std::move(places);
  return wanted;
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
                                            return std::tuple(frequency.is_cut, frequency.lowest,
                                                              frequency.texts);
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
  const auto is_empty = [&](std::size_t i) { return wanted[i].is_impossible(); };
  if (std::ranges::any_of(leaders.all, is_empty)) return std::nullopt;
  const bool are_filters =
      std::ranges::all_of(leaders.all, [&](std::size_t i) { return wanted[i].is_filter; });
  if (!are_filters || words.empty()) {
    lead_by(leaders, rarest_of(wanted, leaders.all));
    return leaders;
  }
  auto possible = words;
  std::erase_if(possible, is_empty);
  // A question that has nothing else, or of whose other words no text has any, is asked by these.
  const auto is_weak = [&](std::size_t i) { return wanted[i].is_weak; };
  const auto leads = [&](std::size_t i) { return !is_weak(i) && wanted[i].frequency.texts > 0; };
  if (std::ranges::any_of(possible, leads)) {
    std::erase_if(possible, is_weak);
  } else if (std::ranges::any_of(possible, is_weak)) {
    std::erase_if(possible, std::not_fn(is_weak));
  }
  if (possible.empty()) return std::nullopt;
  if (!leaders.all.empty() && !rarest_of(wanted, leaders.all).is_cut) {
    leaders.any = std::move(possible);
  } else {
    lead_by_words(leaders, wanted, std::move(possible), texts_max);
  }
  return leaders;
}

}  // namespace

Result<Meaning> meaning_of(analysis::Analyzer& analyzer, std::string_view query,
                           const std::vector<Item>& items,
                           std::span<const analysis::Language> languages, const TermsWith& terms) {
  Meaning meaning;
  ItemReading reading(analyzer, languages, terms, meaning.marked);
  for (const auto& item : items) {
    if (item.kind == Item::Kind::kFilter) {
      meaning.wanted.push_back({.places = {{.terms = {key_of(item.field, item.text)}}},
                                .is_required = true,
                                .is_excluded = item.is_excluded,
                                .is_filter = true});
      continue;
    }
    auto places = reading.places_of(item);
    if (places.empty()) {
      // "&" between words is no mistake.
      if (item.kind == Item::Kind::kWord && !item.is_required() && !item.is_excluded) continue;
      return fail(wrong_at(query, item.place, "there is no word in this"));
    }
    meaning.wanted.push_back(wanted_of(reading, item, std::move(places)));
  }
  const bool has_any =
      std::ranges::any_of(meaning.wanted, [](const Wanted& wanted) { return !wanted.is_excluded; });
  if (!has_any) return fail(wrong_at(query, 0, "there is no word to look for"));
  return meaning;
}

std::vector<std::size_t> Expression::leading(const std::vector<Wanted>& wanted) const {
  const auto is_weak = [&](std::size_t i) { return wanted[i].is_weak; };
  auto leading = further;
  if (!std::ranges::all_of(any, is_weak)) std::erase_if(leading, is_weak);
  return leading;
}

Expression expression_of(const std::vector<Wanted>& wanted, std::int64_t texts_max) {
  auto leaders = leaders_of(wanted, texts_max);
  if (!leaders) return {};
  Expression expression{.all = std::move(leaders->all),
                        .any = std::move(leaders->any),
                        .lowest = leaders->lowest,
                        .is_partial = leaders->is_partial};
  const auto leads = [&](std::size_t i) {
    const auto has = [i](const auto& numbers) {
      return std::ranges::find(numbers, i) != numbers.end();
    };
    return has(expression.all) || has(expression.any);
  };
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].is_impossible() || leads(i)) continue;
    (wanted[i].is_excluded ? expression.excluded : expression.further).push_back(i);
  }
  return expression;
}

}  // namespace synap::search
