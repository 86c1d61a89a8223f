// Index: the index of words: documents and their terms.
//
//   documents  what is shown of each, by its place: the number of its user, and one that grows with
//              each change, so that a user's newest have the highest places
//   users      by number, with what a relevance is computed from; so it says nothing of others
//   languages  how many documents of a user are in which
//
// and its terms (terms.h). It is a file (FileIndex), or it is in the pod's database, one for all
// its nodes (SharedIndex, shared_index.h).
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "analysis/analyzer.h"
#include "base/timer.h"
#include "search/index_file.h"
#include "search/terms.h"

namespace synap::search {

class Index : public IndexFile {
 public:
  /// What `closure(IndexTx&)` gives, as Database::read.
  template <class F>
  auto read(F closure) -> Task<Result<std::invoke_result_t<F&, IndexTx&>>> {
    auto found = co_await database().read([&](db::Tx& tx) {
      const auto in = open(tx);
      return closure(*in);
    });
    if (!found) co_return fail(co_await read_failed(found.error()));
    co_return std::move(*found);
  }

 protected:
  using IndexFile::IndexFile;
  virtual std::unique_ptr<IndexTx> open(db::Tx& tx) = 0;
  /// What it means for the index that it could not be read.
  virtual Task<Error> read_failed(Error error) { co_return error; }
  /// All of it, into the tables of these names.
  void write(db::Tx& tx, const std::vector<Change>& changes, TermsWriter& terms);

 private:
  analysis::Analyzer analyzer_;  // of the thread that writes
};

/// A file, with its terms in FTS5:
///
///   terms  FTS5, without the texts: a column for each search::Column, and one of keys
class FileIndex final : public Index {
 public:
  ~FileIndex() override;
  /// Opens the file or makes it; its directory is there. Errors as of load().
  static Result<std::unique_ptr<FileIndex>> open_file(const std::string& path, World& world);

  /// All of it and the checkpoint in one transaction.
  Task<Result<>> apply(std::vector<Change> changes, Checkpoint checkpoint) override;
  /// Merges lists of words.
  Task<Result<bool>> settle() override;
  Watermark* doubts() override { return &doubts_; }
  Task<Result<bool>> check() override;
  Task<Result<>> check_place() override { return check_file(); }

 protected:
  std::unique_ptr<IndexTx> open(db::Tx& tx) override;

 private:
  FileIndex(std::unique_ptr<db::Engine> database, World& world);
  bool is_check_due() const;
  std::string damage_in(db::Tx& tx);

  World& world_;
  std::unique_ptr<class KnownFrequencies> known_;
  std::unique_ptr<class TextSizes> sizes_;
  Watermark doubts_;

  // Of whoever checks.
  std::unique_ptr<class Fts5Check> check_;
  std::int64_t doubts_checked_ = 0;
  SteadyClock::time_point next_check_;
  SteadyClock::time_point next_check_of_doubts_;
};

}  // namespace synap::search
