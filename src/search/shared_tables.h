// SharedTables: what indexes in the pod's database on PostgreSQL have in common, which are one for
// all nodes. One of them writes it, all read.
//
// Its tables have its name behind theirs ("documents_search_1_0f3a..."), so that one of another
// description is filled beside it. Whoever opened it last to write is the one who writes: its
// number is in the row of the checkpoint, which each write changes, and a node that was the one
// before, and does not know that it is not any more, finds another there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "search/index_place.h"

namespace synap::search {

/// Indexes of one kind: of which tables each is made, besides that of its checkpoint ("state").
struct SharedFamily {
  std::string_view name;    // "search_": how names of its indexes begin
  std::string_view prefix;  // "search_1_": of those that can still be read
  std::span<const std::string_view> tables;
  std::span<const std::string_view> indexes;      // of these tables
  std::span<const std::string_view> statements;   // that make all of them
  std::span<const std::string_view> beside = {};  // tables that may be there, too
};

class SharedTables {
 public:
  /// `family` outlives it.
  SharedTables(const SharedFamily& family, std::string name)
      : family_(family), name_(std::move(name)) {}

  /// While this lives, statements of the Tx that name a table mean that of this index.
  class InTx {
   public:
    InTx(db::Tx& tx, db::TableNames names) : names_(std::move(names)), with_(tx, names_) {}

   private:
    const db::TableNames names_;
    const db::Tx::WithTableNames with_;
  };
  std::unique_ptr<InTx> in(db::Tx& tx) const { return std::make_unique<InTx>(tx, names()); }
  /// For reading: what the server would read of a table that is small is all of it.
  std::unique_ptr<InTx> to_read_in(db::Tx& tx) const;

  /// Makes them, where there are none, and is whoever writes from now on. Fault::kDamaged: some are
  /// missing.
  Task<Result<Checkpoint>> load(db::Database& database);
  /// The first of a transaction: so two that write stand behind each other, and the second finds
  /// what the first has left. Fails with kServiceUnavailable where another writes it now.
  void keep(db::Tx& tx, const Checkpoint& checkpoint) const;
  /// The same where it is written besides: the checkpoint stays.
  void stay(db::Tx& tx) const;
  bool are_written_here() const { return writer_ > 0; }
  const std::string& name() const { return name_; }
  /// What it means for the index that it could not be read.
  Task<Error> read_failed(db::Database& database, Error error) const;

  bool are_whole(db::Tx& tx) const { return count(tx) == family_.tables.size() + 1; }
  /// Nothing: there are none, not all, or nobody is to answer from them.
  std::optional<Checkpoint> checkpoint(db::Tx& tx) const;
  /// Without a checkpoint nobody takes it for one to answer from.
  void retire(db::Tx& tx) const;
  void remove(db::Tx& tx) const;

 private:
  db::TableNames names() const;
  std::size_t count(db::Tx& tx) const;

  const SharedFamily& family_;
  const std::string name_;
  std::int64_t writer_ = 0;
};

/// Where these are: a database that is open beside the one of the pod, so that nobody's command
/// waits for what is written into an index.
class SharedPlace final : public IndexPlace {
 public:
  struct Options {
    std::shared_ptr<db::Engine> engine;
    World& world;
    const SharedFamily& family;
    std::function<Result<std::unique_ptr<IndexFile>>(const std::string& name)> open;
  };
  explicit SharedPlace(Options options) : options_(std::move(options)) {}

  Watermark* shared_commits() override { return &options_.engine->commits(); }
  std::string name_of(std::string_view version) const override;
  bool is_readable(const std::string& name) const override;
  Task<Result<>> prepare() override;
  Task<Result<std::vector<std::string>>> names() override;
  Result<std::unique_ptr<IndexFile>> open(const std::string& name) override;
  Task<Result<>> remove(std::string name) override;
  /// Its tables stay for a while: others find only now and then that another answers.
  Task<Result<>> retire(std::string name) override;
  Task<Result<>> tidy() override;
  Task<Result<std::optional<Checkpoint>>> checkpoint_of(std::string name) override;

 private:
  struct Retired {
    std::string name;
    SteadyClock::time_point at;
  };
  const Options options_;
  std::vector<Retired> retired_;
};

}  // namespace synap::search
