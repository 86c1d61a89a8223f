// VectorIndex: the index of meanings: of each thing its passages, and of each passage its vector,
// by one model. What it holds is made of the log, the content store and the model, and can be made
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
//   answered   how the model called itself that has answered first (Embedded::answered_by)
//
// It is a file (FileVectorIndex), or it is in the pod's database, one for all its nodes
// (shared_vector_index.h).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <type_traits>
#include <vector>

#include "base/metrics.h"
#include "search/index_file.h"
#include "search/meaning/blocks.h"
#include "search/meaning/embedding.h"
#include "search/meaning/neighbours.h"
#include "search/meaning/pieces.h"
#include "search/meaning/vector_changes.h"
#include "search/shared_tables.h"

namespace synap::search {

class VectorIndex : public IndexFile, public BlockSource {
 public:
  struct Options {
    std::size_t blocks_bytes_max;
    /// With which it is written; nullptr: it is only read and forgotten from.
    std::shared_ptr<embedding::Embedder> embedder = nullptr;
    /// Another, where the kinds' documents would be others: then all are looked at again.
    std::string kinds = {};
    /// Asked for between two texts: apply() then fails with kClientClosedRequest.
    std::stop_token stop = {};
    Counter* embedded = nullptr;  // counts passages
    /// Of what is shared: opens another connection, for what takes long; asked for once.
    std::function<Result<std::shared_ptr<db::Engine>>()> open_another = {};
    /// Passages that a step of keep_neighbours() takes, at most.
    std::int64_t listed_at_once_max = 100'000;
  };

  Task<Result<>> load() final;
  /// kServiceUnavailable: nobody has said yet of which model it is.
  Task<Result<>> load_to_read() final;
  Task<Result<>> apply(std::vector<Change> changes, Checkpoint checkpoint) final;
  Task<Result<>> forget(std::vector<Uuid> ids, Checkpoint checkpoint) final;

  /// What `closure(db::Tx&)` gives, as Database::read.
  template <class F>
  auto read(F closure) -> Task<Result<std::invoke_result_t<F&, db::Tx&>>> {
    auto found = co_await database().read([&](db::Tx& tx) {
      const auto in = to_read_in(tx);
      return closure(tx);
    });
    if (!found) co_return fail(co_await read_failed(found.error()));
    co_return std::move(*found);
  }

  // Since load().
  const std::string& model() const { return model_; }
  std::size_t dimension() const { return dimension_; }
  const Unrelated& unrelated() const { return unrelated_; }
  /// How the model calls itself by which these vectors are made; empty: it does not, or nobody has
  /// kept it. Any thread.
  std::string answered_by() const;
  /// The same of an index that another writes, who may have kept it meanwhile.
  Task<Result<std::string>> read_answered_by();

  /// As Blocks::get().
  Task<Result<std::shared_ptr<const UserBlock>>> block(std::string user_id) {
    return blocks_->get(*this, std::move(user_id));
  }
  const Blocks& blocks() const { return *blocks_; }

  /// Of those whose blocks are larger than the limit; nullptr: there is none.
  virtual const Neighbours* neighbours() const { return nullptr; }
  /// Why it does not answer for whom there should be one (of nobody: for some): a sentence; empty:
  /// it does. What it says of an owner holds until the end of the transaction.
  virtual std::string why_no_neighbours(db::Tx&, const std::optional<BlockOwner>&) const {
    return "the index of meanings is a file";
  }
  /// A step of keeping it, as whoever writes: users in turn, and one whose step has failed not
  /// before some time. One may take minutes, but not once it is asked to stop. False: there is
  /// nothing to be done.
  virtual Task<Result<bool>> keep_neighbours(SteadyClock::time_point, std::stop_token = {}) {
    co_return false;
  }

  Task<Result<std::optional<BlockOwner>>> owner(const std::string& user_id) final;
  Task<Result<BlockPage>> page(const BlockOwner& owner, std::int64_t after) final;

 protected:
  VectorIndex(std::shared_ptr<db::Engine> database, std::span<const std::string_view> tables,
              Options options)
      : IndexFile(std::move(database), tables), options_(std::move(options)) {}

  std::size_t blocks_bytes_max() const { return options_.blocks_bytes_max; }
  const Options& options() const { return options_; }

  // What a file and the tables of a database have each in its way.

  /// As IndexFile::load().
  virtual Task<Result<>> load_tables() = 0;
  /// While it lives, statements of the Tx mean these tables; nullptr: they do anyway.
  using InTx = std::unique_ptr<SharedTables::InTx>;
  virtual InTx in(db::Tx& tx) const = 0;
  virtual InTx to_read_in(db::Tx& tx) const { return in(tx); }
  /// The first of a transaction that writes.
  virtual void keep_checkpoint(db::Tx& tx, const Checkpoint& checkpoint) const = 0;
  virtual std::unique_ptr<VectorChanges> changes(db::Tx& tx) const = 0;
  /// Whether there is the table, where another writes.
  virtual bool has_answered(db::Tx&) const { return true; }
  virtual std::optional<BlockOwner> owner_in(db::Tx& tx, const std::string& user_id) const = 0;
  virtual BlockPage page_in(db::Tx& tx, const BlockOwner& owner, std::int64_t after) const = 0;
  /// What `closure(db::Tx&)` gives, as Database::write.
  template <class F>
  auto write_background(F closure) {
    return database().write(db::Lane::kBackground,
                            [this, closure = std::move(closure)](db::Tx& tx) {
                              const auto in = this->in(tx);
                              return closure(tx);
                            });
  }
  /// To be made again, by whoever writes.
  virtual Task<void> tell_damaged(std::vector<DamagedThing>) { co_return; }
  /// What it means for the index that it could not be read.
  virtual Task<Error> read_failed(Error error) { co_return error; }
  /// The model is known from now on.
  virtual void described() {}
  /// Of whoever opens it to write: an index of before has no such table.
  static void make_answered(db::Tx& tx);

 private:
  /// A change, whose vectors are there.
  struct Made {
    Change change;
    std::vector<Piece> pieces;
    std::vector<std::string> vectors;  // packed
  };
  struct About {
    std::string model;
    std::int64_t dimension = 0;
    Unrelated unrelated;
    std::string kinds;
  };
  static std::optional<About> about_in(db::Tx& tx);
  Task<Result<>> describe();
  void be(const About& about);
  void set_answered_by(std::string name);
  Task<Result<>> keep_answered_by(const std::string& name);
  Task<Result<Made>> made_of(Change change, std::size_t& embedded);
  Task<Result<std::size_t>> embed_missing(Made& made);
  Task<Result<>> write(std::vector<Made> all, Checkpoint checkpoint);
  Task<Result<>> write_aside(const Made& made, std::vector<std::size_t> numbers);
  void tell(const std::map<std::string, std::vector<Effect>>& effects,
            const std::vector<Made>& all);

  const Options options_;
  std::string model_;
  std::size_t dimension_ = 0;
  Unrelated unrelated_;
  std::unique_ptr<Blocks> blocks_;
  mutable std::mutex mutex_;
  std::string answered_by_;  // under mutex_
};

class FileVectorIndex final : public VectorIndex {
 public:
  static Result<std::unique_ptr<FileVectorIndex>> open_file(const std::string& path, World& world,
                                                            Options options);
  bool is_shared() const override { return false; }
  Task<Result<>> check_place() override { return check_file(); }

 protected:
  Task<Result<>> load_tables() override;
  InTx in(db::Tx&) const override { return nullptr; }
  void keep_checkpoint(db::Tx& tx, const Checkpoint& checkpoint) const override {
    save(tx, checkpoint);
  }
  std::unique_ptr<VectorChanges> changes(db::Tx& tx) const override {
    return std::make_unique<VectorChanges>(tx);
  }
  std::optional<BlockOwner> owner_in(db::Tx& tx, const std::string& user_id) const override;
  BlockPage page_in(db::Tx& tx, const BlockOwner& owner, std::int64_t after) const override;

 private:
  FileVectorIndex(std::unique_ptr<db::Engine> database, Options options);
};

/// Where the passages of these ids are; nothing for what is not there any more.
std::vector<std::optional<PassagePlace>> places_of(db::Tx& tx,
                                                   const std::vector<std::int64_t>& passages);

}  // namespace synap::search
