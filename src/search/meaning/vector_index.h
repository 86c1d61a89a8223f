// VectorIndex: the file of meanings: of each thing its passages, and of each passage its vector, by
// one model. What it holds is made of the log, the content store and the model, and can be made
// again at any time, but takes long: a passage some 30 ms of a processor. So what was made is used
// again wherever the same text comes once more, also after a crash in the middle of a long text.
//
//   documents  a thing: its user, and a number that is another one after each change of passages
//   passages   by number of the thing and its own: where in the text, the hash of what was
//   embedded,
//              the vector (vectors::pack)
//   made       vectors of a text that is not complete yet, by hash
//   users      by number; how much each has
//   about      the model, its dimension, and how near unrelated texts are by it; the kinds
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "search/index_file.h"
#include "search/meaning/blocks.h"
#include "search/meaning/embedding.h"
#include "search/meaning/pieces.h"

namespace synap::search {

class VectorIndex final : public IndexFile {
 public:
  struct Options {
    std::string path;
    World& world;
    std::size_t blocks_bytes_max;
    /// With which it is written; nullptr: it is only read and forgotten from.
    std::shared_ptr<embedding::Embedder> embedder = nullptr;
    /// Another, where the kinds' documents would be others: then all are looked at again.
    std::string kinds = {};
    /// Asked for between two texts: apply() then fails with kClientClosedRequest.
    std::stop_token stop = {};
    Counter* embedded = nullptr;  // counts passages
  };
  static Result<std::unique_ptr<VectorIndex>> open(Options options);

  Task<Result<>> load() override;
  Task<Result<>> apply(std::vector<Change> changes, Checkpoint checkpoint) override;
  Task<Result<>> forget(std::vector<Uuid> ids, Checkpoint checkpoint) override;

  // Since load().
  const std::string& model() const { return model_; }
  std::size_t dimension() const { return dimension_; }
  const Unrelated& unrelated() const { return unrelated_; }

  /// As Blocks::get().
  Task<Result<std::shared_ptr<const UserBlock>>> block(std::string user_id) {
    return blocks_->get(database(), std::move(user_id));
  }
  const Blocks& blocks() const { return *blocks_; }

 private:
  /// A change, whose vectors are there.
  struct Made {
    Change change;
    std::vector<Piece> pieces;
    std::vector<std::string> vectors;  // packed
  };
  VectorIndex(std::unique_ptr<db::Engine> database, Options options);
  Task<Result<>> describe();
  Task<Result<Made>> made_of(Change change, std::size_t& embedded);
  Task<Result<std::size_t>> embed_missing(Made& made);
  Task<Result<>> write(std::vector<Made> all, Checkpoint checkpoint);
  Task<Result<>> write_aside(const Made& made, std::vector<std::size_t> numbers);

  const Options options_;
  std::string model_;
  std::size_t dimension_ = 0;
  Unrelated unrelated_;
  std::unique_ptr<Blocks> blocks_;
};

/// Where the passages of these ids are; nothing for what is not there any more.
std::vector<std::optional<PassagePlace>> places_of(db::Tx& tx,
                                                   const std::vector<std::int64_t>& passages);
/// How many passages a user has.
std::int64_t count_passages(db::Tx& tx, std::string_view user_id);

}  // namespace synap::search
