#include "search/posting_ranking.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <limits>
#include <utility>

namespace synap::search {
namespace {

constexpr std::int64_t kChunkTexts = TextSizes::kBlockTexts;
constexpr std::int64_t kNowhere = std::numeric_limits<std::int64_t>::max();
// Each has some pages of each segment in memory, 16 KB.
constexpr std::size_t kTermsMax = 24;

static_assert(kColumns < kFts5ColumnsMax);

// A set of texts of a chunk.
class ChunkSet {
 public:
  void clear() { bits_.fill(0); }
  void add(std::int64_t at) { bits_[word(at)] |= bit(at); }
  void remove(std::int64_t at) { bits_[word(at)] &= ~bit(at); }
  bool has(std::int64_t at) const { return (bits_[word(at)] & bit(at)) != 0; }
  bool is_empty() const {
    return std::ranges::all_of(bits_, [](std::uint64_t word) { return word == 0; });
  }
  std::int64_t count() const {
    std::int64_t count = 0;
    for (const auto word : bits_) count += std::popcount(word);
    return count;
  }
  void keep(const ChunkSet& others) {
    for (std::size_t i = 0; i < kWords; ++i) bits_[i] &= others.bits_[i];
  }
  void add(const ChunkSet& others) {
    for (std::size_t i = 0; i < kWords; ++i) bits_[i] |= others.bits_[i];
  }
  void remove(const ChunkSet& others) {
    for (std::size_t i = 0; i < kWords; ++i) bits_[i] &= ~others.bits_[i];
  }
  template <class F>
  void each(F take) const {
    for (std::size_t i = 0; i < kWords; ++i) {
      for (auto word = bits_[i]; word != 0; word &= word - 1) {
        take(static_cast<std::int64_t>(64 * i) + std::countr_zero(word));
      }
    }
  }
  /// The one of which so many are behind it.
  std::int64_t from_end(std::int64_t behind) const {
    for (std::size_t i = kWords; i-- > 0;) {
      auto word = bits_[i];
      for (auto here = std::popcount(word); here > 0; --here, --behind) {
        const auto last = 63 - std::countl_zero(word);
        if (behind == 0) return static_cast<std::int64_t>(64 * i) + last;
        word &= ~(std::uint64_t{1} << last);
      }
    }
    return 0;
  }

 private:
  static constexpr std::size_t kWords = kChunkTexts / 64;
  static std::size_t word(std::int64_t at) { return static_cast<std::size_t>(at) / 64; }
  static std::uint64_t bit(std::int64_t at) { return std::uint64_t{1} << (at % 64); }
  std::array<std::uint64_t, kWords> bits_{};
};

}  // namespace

// What a chunk of texts has of a word.
class PostingLists::Word {
 public:
  /// `is_counted`: how often each text has it is asked for.
  Word(PostingLists& in, const Library& library, const Forms& forms, Item::Scope scope,
       bool is_counted)
      : scope_(scope), is_counted_(is_counted) {
    if (is_counted) counts_.resize(kChunkTexts);
    for (std::size_t i = 0; i < forms.terms.size(); ++i) {
      // FTS5's own prefix of what is no prefix index.
      const auto term = "0" + term_of(library.user, forms.terms[i]);
      for (const auto& segment : *in.segments_) {
        const auto& postings = lists_.emplace_back(i, *in.blocks_, segment, term).postings;
        is_strange_ = is_strange_ || postings.is_strange();
        if (!postings.has_one()) lists_.pop_back();
      }
    }
    terms_ = forms.terms.size();
  }

  bool is_strange() const { return is_strange_; }
  const ChunkSet& texts() const { return texts_; }
  const ColumnCounts& counts(std::int64_t at) const {
    return counts_[static_cast<std::size_t>(at)];
  }

  /// The place of the first posting from here on; kNowhere: there is none.
  std::int64_t next(std::int64_t place) {
    auto next = kNowhere;
    for (auto& list : lists_) {
      skip(list, place);
      if (list.postings.has_one()) next = std::min(next, list.postings.row());
    }
    return next;
  }

  /// Texts from `begin` to before `end`, which are of one chunk; nullptr: all that have it.
  void fill(std::int64_t begin, std::int64_t end, const ChunkSet* of = nullptr) {
    texts_.clear();
    of_ = of;
    active_.clear();
    for (auto& list : lists_) {
      skip(list, begin);
      if (list.postings.has_one() && list.postings.row() < end) active_.push_back(&list);
    }
    while (active_.size() > 1) {
      if (active_[0]->term != active_[1]->term) {
        // The others are of forms that few texts have: languages have more of them than a text.
        auto others = end;
        for (std::size_t i = 2; i < active_.size(); ++i) {
          others = std::min(others, active_[i]->postings.row());
        }
        fill_from_two(active_[0]->postings, active_[1]->postings, others);
        if (leave(end) || others == end) continue;
      }
      fill_place(end);
    }
    if (!active_.empty()) fill_from_one(active_.front()->postings, end);
    leave(end);
  }

 private:
  struct List {
    List(std::size_t its, Fts5Blocks& blocks, const Segment& segment, std::string_view text)
        : term(its), postings(blocks, segment, text) {}
    const std::size_t term;
    Postings postings;
  };

  void skip(List& list, std::int64_t place) {
    auto& postings = list.postings;
    if (!postings.has_one() || postings.row() >= place) return;
    postings.skip_to(place);
    is_strange_ = is_strange_ || postings.is_strange();
  }
  bool is_asked_for(std::int64_t at) const { return of_ == nullptr || of_->has(at); }

  // Lists that have no more before `end`. Answers whether there were any.
  bool leave(std::int64_t end) {
    const auto gone = std::erase_if(active_, [&](const List* list) {
      const auto& postings = list->postings;
      is_strange_ = is_strange_ || postings.is_strange();
      return !postings.has_one() || postings.row() >= end;
    });
    return gone > 0;
  }

  // Of the next text that one of the lists has.
  void fill_place(std::int64_t end) {
    auto place = kNowhere;
    for (const auto* list : active_) place = std::min(place, list->postings.row());
    if (is_asked_for(place % kChunkTexts)) take_from_all(place);
    bool is_over = false;
    for (auto* list : active_) {
      auto& postings = list->postings;
      if (postings.row() == place) postings.next();
      is_over = is_over || !postings.has_one() || postings.row() >= end;
    }
    if (is_over) leave(end);
  }

  void fill_from_one(Postings& postings, std::int64_t end) {
    for (; postings.has_one() && postings.row() < end; postings.next()) {
      const auto at = postings.row() % kChunkTexts;
      if (is_asked_for(at) && !postings.positions().empty()) take(at, postings.positions());
    }
  }

  // Of two forms of a word, most texts with the one have the other, and at the same places.
  void fill_from_two(Postings& one, Postings& other, std::int64_t end) {
    const auto goes_on = [end](const Postings& postings) {
      return postings.has_one() && postings.row() < end;
    };
    while (goes_on(one) && goes_on(other)) {
      const auto place = std::min(one.row(), other.row());
      const auto at = place % kChunkTexts;
      const bool is_asked = is_asked_for(at);
      const bool is_one = is_asked && one.row() == place && !one.positions().empty();
      const bool is_other = is_asked && other.row() == place && !other.positions().empty();
      if (is_one && is_other && one.positions() != other.positions()) {
        positions_.assign({one.positions(), other.positions()});
        take(at, positions_);
      } else if (is_one) {
        take(at, one.positions());
      } else if (is_other) {
        take(at, other.positions());
      }
      const bool is_first = one.row() == place;
      if (other.row() == place) other.next();
      if (is_first) one.next();
    }
    fill_from_one(one, end);
    fill_from_one(other, end);
  }

  // Of each term what the newest segment says, which comes last.
  void take_from_all(std::int64_t place) {
    positions_.clear();
    auto term = terms_;
    for (const auto* list : active_) {
      if (list->postings.row() != place) continue;
      if (list->term == term) positions_.pop_back();
      term = list->term;
      positions_.push_back(list->postings.positions());
    }
    std::erase_if(positions_, [](std::string_view positions) { return positions.empty(); });
    if (positions_.empty()) return;
    if (positions_.size() == 1) return take(place % kChunkTexts, positions_.front());
    take(place % kChunkTexts, positions_);
  }

  template <class Positions>
  void take(std::int64_t at, const Positions& positions) {
    texts_.add(at);
    if (!is_counted_ && scope_ == Item::Scope::kAll) return;
    auto& counts = is_counted_ ? counts_[static_cast<std::size_t>(at)] : counts_of_one_;
    if (!counted(positions, counts)) is_strange_ = true;
    if (scope_ != Item::Scope::kAll && !keep_scope(counts)) texts_.remove(at);
  }

  static bool counted(std::string_view positions, ColumnCounts& counts) {
    return count_padded(positions, counts);
  }
  static bool counted(const std::vector<std::string_view>& positions, ColumnCounts& counts) {
    return count(positions, counts);
  }

  // False: nothing is left.
  bool keep_scope(ColumnCounts& counts) const {
    const bool is_title = scope_ == Item::Scope::kTitle;
    constexpr auto kTitle = static_cast<std::size_t>(Column::kTitle);
    constexpr auto kTags = static_cast<std::size_t>(Column::kTags);
    bool is_there = false;
    for (std::size_t column = 0; column < counts.size(); ++column) {
      const bool is_text = column != kTitle && column != kTags && column < kColumns;
      if (is_title ? column != kTitle : !is_text) counts[column] = 0;
      is_there = is_there || counts[column] > 0;
    }
    return is_there;
  }

  const Item::Scope scope_;
  const bool is_counted_;
  std::size_t terms_ = 0;
  std::deque<List> lists_;  // by term, of each those of the oldest segment first
  std::vector<List*> active_;
  const ChunkSet* of_ = nullptr;
  std::vector<std::string_view> positions_;
  ChunkSet texts_;
  std::vector<ColumnCounts> counts_;  // of texts_
  ColumnCounts counts_of_one_;
  bool is_strange_ = false;
};

class PostingLists::Ranking {
 public:
  Ranking(PostingLists& in, const Reading& reading, const Terms::Take& take)
      : in_(in), reading_(reading), take_(take), rule_(rule_of(reading)) {
    const auto& expression = reading.expression;
    add(expression.all, all_, true);
    add(expression.any, any_, true);
    add(expression.further, further_, true);
    add(expression.excluded, excluded_, false);
    leading_ = ranked_.size() - further_.size();
    others_.resize(ranked_.size() + 1);
    for (auto word = ranked_.size(); word > leading_; --word) {
      others_[word - 1] = others_[word] + rule_.rarity(word - 1);
    }
  }

  Ranked run(std::int64_t lowest) {
    Ranked ranked{.next = lowest};
    const auto highest = reading_.library.highest();
    while (!is_strange()) {
      const auto begin = next_led(ranked.next);
      if (begin > highest) {
        ranked.is_whole = !is_strange();
        break;
      }
      const auto end = (begin / kChunkTexts + 1) * kChunkTexts;
      if (!look(begin, end)) break;
      if (!score(begin, end)) break;
      ranked.matches += texts_.count();
      ranked.next = end;
    }
    return ranked;
  }

 private:
  static db::sqlite::Bm25f rule_of(const Reading& reading) {
    std::vector<double> rarities;
    for (const auto i : reading.ranked()) rarities.push_back(reading.rarities[i]);
    return {ranked_columns_of(reading.library), std::move(rarities)};
  }

  void add(const std::vector<std::size_t>& numbers, std::vector<Word*>& words, bool are_ranked) {
    for (const auto i : numbers) {
      const auto& wanted = reading_.wanted[i];
      const bool is_ranked = are_ranked && !wanted.is_filter;
      words_.emplace_back(in_, reading_.library, wanted.places.front(), wanted.scope, is_ranked);
      words.push_back(&words_.back());
      if (is_ranked) ranked_.push_back(words.back());
    }
  }

  bool is_strange() const {
    return !in_.tx_.ok() ||
           std::ranges::any_of(words_, [](const Word& word) { return word.is_strange(); });
  }

  // The place of the first text from here on that may match.
  std::int64_t next_led(std::int64_t place) {
    auto next = place;
    for (auto* word : all_) next = std::max(next, word->next(next));
    if (any_.empty() || next == kNowhere) return next;
    auto any = kNowhere;
    for (auto* word : any_) any = std::min(any, word->next(next));
    return any;
  }

  // Sets texts_ to those that match.
  bool look(std::int64_t begin, std::int64_t end) {
    texts_.clear();
    for (auto* word : any_) {
      word->fill(begin, end);
      texts_.add(word->texts());
    }
    for (std::size_t i = 0; i < all_.size(); ++i) {
      all_[i]->fill(begin, end);
      if (i == 0 && any_.empty()) {
        texts_ = all_[i]->texts();
      } else {
        texts_.keep(all_[i]->texts());
      }
    }
    for (auto* word : excluded_) {
      if (texts_.is_empty()) break;
      word->fill(begin, end, &texts_);
      texts_.remove(word->texts());
    }
    return !is_strange();
  }

  // Shows those of texts_ that may be among the best. Of each that its words so far and those to
  // come cannot bring there no more is read.
  bool score(std::int64_t begin, std::int64_t end) {
    best_ = texts_;
    if (!sift_by_words()) return true;
    const auto chunk = begin / kChunkTexts;
    const auto sizes = in_.sizes_.block(in_.tx_, chunk, reading_.library.highest());
    for (std::size_t word = 0; word < ranked_.size(); ++word) {
      if (word >= leading_) {
        sift(others_[word]);
        if (best_.is_empty()) return true;
        ranked_[word]->fill(begin, end, &best_);
        if (is_strange()) return false;
      }
      add_word(word, chunk, *sizes);
    }
    best_.each([&](std::int64_t at) {
      const auto& known = known_[static_cast<std::size_t>(at)];
      const auto relevance = rule_.relevance(known.parts, known.found);
      if (relevance >= bar_) bar_ = take_(chunk * kChunkTexts + at, relevance);
    });
    return true;
  }

  // By how rare the words are that lead to a text. Many texts have the same.
  bool sift_by_words() {
    double found_before = -1;
    bool may_be = false;
    texts_.each([&](std::int64_t at) {
      double found = 0;
      for (std::size_t word = 0; word < leading_; ++word) {
        if (ranked_[word]->texts().has(at)) found += rule_.rarity(word);
      }
      if (found != found_before) {
        found_before = found;
        may_be = rule_.relevance_max(rule_.part_max(found), found, others_[leading_]) >= bar_;
      }
      known_[static_cast<std::size_t>(at)] = {};
      if (!may_be) best_.remove(at);
    });
    return !best_.is_empty();
  }

  void sift(double others) {
    const auto all = best_;
    all.each([&](std::int64_t at) {
      const auto& known = known_[static_cast<std::size_t>(at)];
      if (rule_.relevance_max(known.parts, known.found, others) < bar_) best_.remove(at);
    });
  }

  void add_word(std::size_t word, std::int64_t chunk, const TextSizes::Block& block) {
    const auto& texts = ranked_[word]->texts();
    best_.each([&](std::int64_t at) {
      if (!texts.has(at)) return;
      const auto sizes = block.of(in_.tx_, chunk * kChunkTexts + at);
      const auto& counts = ranked_[word]->counts(at);
      double frequency = 0;
      for (std::size_t i = 0; i < kColumns; ++i) {
        if (counts[i] > 0) frequency += rule_.factor(i, sizes[i]) * counts[i];
      }
      auto& known = known_[static_cast<std::size_t>(at)];
      known.found += rule_.rarity(word);
      known.parts += rule_.part(word, frequency);
    });
  }

  // Of a text, by its words so far.
  struct Known {
    double parts = 0;
    double found = 0;
  };

  PostingLists& in_;
  const Reading& reading_;
  const Terms::Take& take_;
  const db::sqlite::Bm25f rule_;
  std::deque<Word> words_;
  std::vector<Word*> all_;
  std::vector<Word*> any_;
  std::vector<Word*> further_;
  std::vector<Word*> excluded_;
  std::vector<Word*> ranked_;   // in the order of the rule's
  std::size_t leading_ = 0;     // so many of these lead to texts; the others are further ones
  std::vector<double> others_;  // the rarity of each further word and those behind it
  ChunkSet texts_;
  ChunkSet best_;
  std::vector<Known> known_ = std::vector<Known>(kChunkTexts);  // of best_
  double bar_ = -std::numeric_limits<double>::infinity();       // what is below is none of the best
};

PostingLists::PostingLists(db::Tx& tx, TextSizes& sizes, Watermark& doubts)
    : tx_(tx), sizes_(sizes), doubts_(doubts), blocks_(std::make_unique<TableBlocks>(tx)) {}

PostingLists::~PostingLists() = default;

bool PostingLists::are_known() {
  if (!std::exchange(is_read_, true) && blocks_->has_known_version()) {
    segments_ = blocks_->segments();
    if (!segments_) doubt();
  }
  return segments_.has_value();
}

void PostingLists::doubt() {
  // An error has its own way.
  if (tx_.ok()) doubts_.raise(doubts_.value() + 1);
}

bool PostingLists::takes(const std::vector<Wanted>& wanted) {
  std::size_t terms = 0;
  for (const auto& one : wanted) {
    if (one.places.size() > 1) return false;
    if (!one.places.empty()) terms += one.places.front().terms.size();
  }
  return terms <= kTermsMax;
}

std::optional<Frequency> PostingLists::frequency_of(const Library& library, const Forms& forms,
                                                    Item::Scope scope, std::int64_t most) {
  if (!are_known() || forms.terms.size() > kTermsMax) return std::nullopt;
  // A library that has documents, and there is no list.
  if (segments_->empty() && library.documents > 0) doubt();
  // Lists are read from the oldest text to the newest, but it is the newest that are counted: some
  // chunks at once, from behind, each time twice as many.
  std::int64_t chunks_at_once = 32;
  Frequency frequency;
  const auto first = library.lowest() / kChunkTexts;
  for (auto end = library.highest() / kChunkTexts + 1; end > first; chunks_at_once *= 2) {
    const auto begin = std::max(first, end - chunks_at_once);
    auto counts = counts_of(library, forms, scope, begin, end);
    if (!counts) return std::nullopt;
    for (auto chunk = end; chunk-- > begin;) {
      const auto here = (*counts)[static_cast<std::size_t>(chunk - begin)];
      if (frequency.texts + here <= most) {
        frequency.texts += here;
        continue;
      }
      Word word(*this, library, forms, scope, false);
      word.fill(chunk * kChunkTexts, (chunk + 1) * kChunkTexts);
      if (word.is_strange() || !tx_.ok()) {
        doubt();
        return std::nullopt;
      }
      const auto place = word.texts().from_end(most - frequency.texts);
      return Frequency{.texts = most + 1, .is_cut = true, .lowest = chunk * kChunkTexts + place};
    }
    end = begin;
  }
  return frequency;
}

// How many texts of each chunk from `begin` to before `end` have it.
std::optional<std::vector<std::int64_t>> PostingLists::counts_of(const Library& library,
                                                                 const Forms& forms,
                                                                 Item::Scope scope,
                                                                 std::int64_t begin,
                                                                 std::int64_t end) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(end - begin));
  Word word(*this, library, forms, scope, false);
  for (auto place = begin * kChunkTexts;;) {
    place = word.next(place);
    const auto chunk = place / kChunkTexts;
    if (chunk >= end) break;
    word.fill(place, (chunk + 1) * kChunkTexts);
    counts[static_cast<std::size_t>(chunk - begin)] = word.texts().count();
    place = (chunk + 1) * kChunkTexts;
  }
  if (word.is_strange() || !tx_.ok()) {
    doubt();
    return std::nullopt;
  }
  return counts;
}

PostingLists::Ranked PostingLists::rank(const Reading& reading, std::int64_t lowest,
                                        const Terms::Take& take) {
  const auto ranked = Ranking(*this, reading, take).run(lowest);
  if (!ranked.is_whole) doubt();
  return ranked;
}

}  // namespace synap::search
