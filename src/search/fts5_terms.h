// Fts5Terms: terms in SQLite's FTS5. Words are counted and ranked by its lists themselves
// (posting_ranking.h); FTS5 is asked for all else, and for everything where it has written these
// lists otherwise than is known here.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "search/posting_ranking.h"
#include "search/terms.h"

namespace synap::search {

/// How many texts have a word that many have, which takes as long to be counted as to be ranked:
/// kept until a user's texts are others by a sixty-fourth. Of one index; thread-safe.
class KnownFrequencies {
 public:
  std::optional<Frequency> find(const Library& library, const std::string& phrase);
  void keep(const Library& library, std::string phrase, const Frequency& frequency);

 private:
  static constexpr std::int64_t kTextsMin = 1'000;  // of fewer it is counted each time
  static constexpr std::size_t kCountMax = 10'000;
  struct Known {
    Frequency frequency;
    std::int64_t documents = 0;
    std::int64_t last = 0;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Known> known_;
};

class Fts5Terms final : public Terms {
 public:
  Fts5Terms(db::Tx& tx, KnownFrequencies& known, TextSizes& sizes, Watermark& doubts)
      : tx_(tx), known_(known), lists_(tx, sizes, doubts) {}

  Bounds bounds_of(const std::vector<Wanted>& wanted, bool has_times) const override;
  std::vector<std::string> beginning_with(const Library& library, std::string_view beginning,
                                          std::size_t terms_max, std::int64_t texts_max) override;
  Frequency frequency_of(const Library& library, const Forms& forms, Item::Scope scope,
                         std::int64_t most) override;
  Looked rank(const Reading& reading, const Window& window, const Take& take) override;
  double relevance_at(const Reading& reading, std::int64_t place) override;
  std::optional<std::unordered_set<Uuid>> listed(const Reading& reading, Rule rule,
                                                 std::int64_t most) override;
  bool holds(const Reading& reading, Rule rule, std::int64_t place) override;

  /// The same as frequency_of() before it is estimated, and as rank() from a place on, by FTS5
  /// alone.
  Frequency count_by_match(const Library& library, const Forms& forms, Item::Scope scope,
                           std::int64_t most);
  Looked rank_by_match(const Reading& reading, const Window& window, std::int64_t from,
                       const Take& take);
  PostingLists& lists() { return lists_; }

 private:
  db::Tx& tx_;
  KnownFrequencies& known_;
  PostingLists lists_;
};

/// Writes terms of documents into FTS5.
class Fts5Writer final : public TermsWriter {
 public:
  void write(db::Tx& tx, const std::map<std::int64_t, Streams>& removed,
             const std::map<std::int64_t, Streams>& added) override;
};

}  // namespace synap::search
