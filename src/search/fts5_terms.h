// Fts5Terms: terms in SQLite's FTS5, in lists by term, the newest places first.
#pragma once

#include <string>

#include "search/terms.h"

namespace synap::search {

class Fts5Terms final : public Terms {
 public:
  explicit Fts5Terms(db::Tx& tx) : tx_(tx) {}

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
  db::Tx& tx_;
};

/// Writes terms of documents into FTS5.
class Fts5Writer final : public TermsWriter {
 public:
  void write(db::Tx& tx, const std::map<std::int64_t, Streams>& removed,
             const std::map<std::int64_t, Streams>& added) override;
};

}  // namespace synap::search
