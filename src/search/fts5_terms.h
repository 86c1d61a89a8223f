// Fts5Terms: terms in SQLite's FTS5, in lists by term, the newest places first.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

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
  Fts5Terms(db::Tx& tx, KnownFrequencies& known) : tx_(tx), known_(known) {}

  std::int64_t texts_max() const override;
  std::vector<std::string> beginning_with(const Library& library, std::string_view beginning,
                                          std::size_t terms_max, std::int64_t texts_max) override;
  Frequency frequency_of(const Library& library, const Forms& forms, Item::Scope scope,
                         std::int64_t most) override;
  std::int64_t rank(const Reading& reading, const Window& window, const Take& take) override;
  double relevance_at(const Reading& reading, std::int64_t place) override;
  std::optional<std::unordered_set<Uuid>> listed(const Reading& reading, Rule rule,
                                                 std::int64_t most) override;
  bool holds(const Reading& reading, Rule rule, std::int64_t place) override;

 private:
  Frequency count(const Library& library, const std::string& phrase, std::int64_t most);

  db::Tx& tx_;
  KnownFrequencies& known_;
};

/// Writes terms of documents into FTS5.
class Fts5Writer final : public TermsWriter {
 public:
  void write(db::Tx& tx, const std::map<std::int64_t, Streams>& removed,
             const std::map<std::int64_t, Streams>& added) override;
};

}  // namespace synap::search
