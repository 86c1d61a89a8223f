// GinTerms: terms in the pod's database on PostgreSQL: tsvectors that the pod has made, and a GIN
// index over these.
//
//   terms       the rows of each document (gin_rows.h), by its place
//   buckets     of each user, by number: how many rows they have, and from which place on
//   vocabulary  how many texts of a user have a term
//
// A query is led to rows by the index, and no further than a window of them; what is there is
// counted and ranked here, by the same rule as in a file.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "search/gin_rows.h"
#include "search/terms.h"

namespace synap::search {

/// So many texts are ranked: each is sent here with what it has of the query.
inline constexpr std::int64_t kGinTextsMax = 2'000;
inline constexpr std::int64_t kGinCountedMax = 200'000;
/// Where texts have to be asked for more than the index can say (a phrase beside another, what must
/// not be there, times), and are too many, so many buckets are looked at: the newest.
inline constexpr std::size_t kCheckedBucketsMax = 16;

class GinTerms final : public Terms {
 public:
  explicit GinTerms(db::Tx& tx) : tx_(tx) {}

  Bounds bounds_of(const std::vector<Wanted>&, bool) const override {
    return {.texts_max = kGinTextsMax, .counted_max = kGinCountedMax};
  }
  std::vector<std::string> beginning_with(const Library& library, std::string_view beginning,
                                          std::size_t terms_max, std::int64_t texts_max) override;
  /// Of forms of one word it is that of the commonest. Of several words together, and of one
  /// column, they are counted where they are few; else it is the most that it can be.
  Frequency frequency_of(const Library& library, const Forms& forms, Item::Scope scope,
                         std::int64_t most) override;
  Looked rank(const Reading& reading, const Window& window, const Take& take) override;
  double relevance_at(const Reading& reading, std::int64_t place) override;
  std::optional<std::unordered_set<Uuid>> listed(const Reading& reading, Rule rule,
                                                 std::int64_t most) override;
  bool holds(const Reading& reading, Rule rule, std::int64_t place) override;

  /// By which rows are found; `checks` are conditions on a row s of a bucket b. For the test that
  /// looks at its plan.
  static std::string statement(const std::string& checks);

 private:
  struct Bucket {
    std::int64_t number = 0;
    std::int64_t first = 0;
  };
  struct Lead;
  struct Text {
    std::int64_t place = 0;
    std::int64_t parts = 0;
    std::string sizes;
    std::string vector;  // of what is ranked; empty where it has several rows
  };
  using Vectors = std::unordered_map<std::int64_t, std::vector<std::string>>;  // by place
  using Ranks = std::map<std::int64_t, double, std::greater<>>;                // relevance by place
  std::int64_t rank_led(const Reading& reading, const Lead& lead, std::int64_t most, Ranks& ranks);
  const std::vector<Bucket>& buckets_of(const Library& library);
  std::string all_buckets(const Library& library);
  std::int64_t count_texts(const Library& library, const Wanted& wanted, std::int64_t otherwise);
  std::optional<std::int64_t> bucket_of(const Library& library, std::int64_t place);
  std::vector<Text> texts_of(const Lead& lead, const Library& library, const std::string& buckets,
                             std::int64_t most, const std::string& ranked);
  Vectors vectors_of(const std::vector<std::int64_t>& places, const std::string& buckets,
                     const std::string& query, const std::string& ranked);
  bool has(std::int64_t place, std::int64_t bucket, const std::string& query);

  db::Tx& tx_;
  std::optional<std::int64_t> user_;  // whose buckets_ are known
  std::vector<Bucket> buckets_;       // the newest first
};

/// Writes terms of documents into these tables.
class GinWriter final : public TermsWriter {
 public:
  void write(db::Tx& tx, const std::map<std::int64_t, Streams>& removed,
             const std::map<std::int64_t, Streams>& added) override;
};

}  // namespace synap::search
