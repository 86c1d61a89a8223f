// GinRows: a document as rows of a table of tsvectors.
//
// A tsvector has 16,383 positions, 255 of a term, and 1 MB. So a document is a row for each
// kPartWords words of its longest column, whose vector has these words of each column, and behind
// them the next kPhraseWords, so that a phrase is in the row in which it begins. The columns of a
// vector are told apart by weights (title A, text B, tags C, others D) and have positions that are
// far from each other's, so no phrase goes from one into another. Keys are in each row.
//
// A term stands behind the number of its bucket, "7:oak": so many rows of one user, and of nobody
// else. A look for a term of a bucket meets nothing of others, and no more than so many rows,
// however often the user has the word.
//
//   lexeme = bucket ":" term
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "search/expression.h"
#include "search/streams.h"

namespace synap::search {

inline constexpr int kPartWords = 250;
inline constexpr int kPhraseWords = 64;
/// A bucket takes no further document once it has so many rows.
inline constexpr std::int64_t kBucketRows = 4'096;

/// In the place of a bucket's number in a tsquery, until it is known.
inline constexpr char kBucketMark = '\x01';

/// A term as a tsvector and an index can have it: a longer one has its hash for an end.
std::string lexeme_of(std::string_view term);
/// Of all first rows of documents.
std::string key_of_first();

struct GinRows {
  std::vector<std::string> vectors;  // of each row, as text
  std::set<std::string> terms;       // all of the document, without their bucket
};
int rows_of(const Streams& streams);
GinRows gin_rows(const Streams& streams, std::int64_t bucket);

/// What one of these must have, as a tsquery with kBucketMark in it.
std::string tsquery_of(const Wanted& wanted);

/// Counts what is ranked in the vectors of one document.
class Occurrences {
 public:
  /// `ranked` are numbers of `wanted`, which must live as long.
  Occurrences(const std::vector<Wanted>& wanted, std::span<const std::size_t> ranked);
  void clear();
  /// Of a row, as PostgreSQL says a tsvector.
  void add(std::string_view vector);
  /// By what is ranked, and by column and kKeys behind these.
  const std::vector<int>& counts() const { return counts_; }

 private:
  struct Role {
    std::size_t ranked;
    std::size_t place;
  };
  void count(std::size_t ranked);

  std::vector<const Wanted*> wanted_;
  std::map<std::string, std::vector<Role>, std::less<>> roles_;  // of terms
  std::vector<std::vector<std::vector<int>>> positions_;         // of each place of each, in a row
  std::vector<int> counts_;
};

}  // namespace synap::search
