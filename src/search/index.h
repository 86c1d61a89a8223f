// Index: the file of words: documents and their terms.
//
//   documents  what is shown of each, by its place: the number of its user, and one that grows with
//              each change, so that a user's newest have the highest places
//   terms      FTS5, without the texts: a column for each search::Column, and one of keys
//   users      by number, with what a relevance is computed from; so it says nothing of others
//   languages  how many documents of a user are in which
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analysis/analyzer.h"
#include "search/index_file.h"
#include "search/streams.h"

namespace synap::search {

class Index final : public IndexFile {
 public:
  /// Opens the file or makes it; its directory is there. Errors as of load().
  static Result<std::unique_ptr<Index>> open(const std::string& path, World& world);

  /// All of it and the checkpoint in one transaction.
  Task<Result<>> apply(std::vector<Change> changes, Checkpoint checkpoint) override;

 private:
  explicit Index(std::unique_ptr<db::Engine> database);

  analysis::Analyzer analyzer_;  // of the thread that writes
};

}  // namespace synap::search
