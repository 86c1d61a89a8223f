// Changes: what is written into an index of a document that came, is another now, or is gone.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "analysis/analyzer.h"
#include "db/database.h"
#include "search/index_file.h"
#include "search/streams.h"

namespace synap::search {

/// So many bits of a place are the number within a user's.
inline constexpr int kPlaceBits = 36;
/// A place among titles: what is behind these bytes of a title orders nothing.
inline constexpr std::size_t kTitleKeyBytesMax = 200;

/// What an index keeps terms in, of whoever writes.
class TermsWriter {
 public:
  TermsWriter() = default;
  TermsWriter(const TermsWriter&) = delete;
  TermsWriter& operator=(const TermsWriter&) = delete;
  virtual ~TermsWriter() = default;
  /// By place, which has its user.
  virtual void write(db::Tx& tx, const std::map<std::int64_t, Streams>& removed,
                     const std::map<std::int64_t, Streams>& added) = 0;
};

/// In one transaction of an index. Terms, and what is kept of users, are gathered in memory and
/// written at the end: FTS5 writes out what it has gathered, as a list to be merged later, wherever
/// a row comes whose place is before the last one's (users in turns, a deletion), and at a
/// savepoint, which SQLite opens for some kinds of statements. (An UPDATE with RETURNING between
/// any two documents took more time than their words: 55 us each.)
class Changes {
 public:
  Changes(db::Tx& tx, analysis::Analyzer& analyzer, TermsWriter& terms)
      : tx_(tx), analyzer_(analyzer), terms_(terms) {}
  void carry_out(const Change& change);
  /// After the last of them.
  void finish();

 private:
  struct Stored {
    std::int64_t place = 0;
    std::int64_t user = 0;
    Kept kept;
  };
  std::optional<Stored> stored(const Uuid& id);
  void remove(const Stored& stored);
  void insert(const Document& document, const Kept& kept);
  struct User {
    std::int64_t last = 0;  // of the numbers that were given; 0: none was
    std::int64_t documents = 0;
    std::array<std::int64_t, kColumns> sizes{};
    std::map<analysis::Language, std::int64_t> languages;
  };
  std::int64_t user_of(const std::string& user_id);
  void count(std::int64_t user, const Streams& streams, analysis::Language language, int by);

  db::Tx& tx_;
  analysis::Analyzer& analyzer_;
  TermsWriter& terms_;
  std::unordered_map<std::string, std::int64_t> numbers_;  // of users, by id
  std::map<std::int64_t, Streams> added_;                  // by place
  std::map<std::int64_t, Streams> removed_;
  std::map<std::int64_t, User> users_;  // what they have more than is stored, by number
};

}  // namespace synap::search
