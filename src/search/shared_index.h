// SharedIndex: the index of words in the pod's database on PostgreSQL, one for all nodes. One of
// them writes it, all read.
//
// Its tables have its name behind theirs ("documents_search_1_0f3a..."), so that one of another
// description is filled beside it. Whoever opened it last to write is the one who writes: its
// number is in the row of the checkpoint, which each write changes, and a node that was the one
// before, and does not know that it is not any more, finds another there.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/index.h"
#include "search/index_place.h"

namespace synap::search {

class SharedIndex final : public Index {
 public:
  SharedIndex(std::shared_ptr<db::Engine> engine, std::string name);

  /// As whoever writes from now on. Fault::kDamaged: some of its tables are missing.
  Task<Result<>> load() override;
  /// kServiceUnavailable: another writes it now.
  Task<Result<>> apply(std::vector<Change> changes, Checkpoint checkpoint) override;
  Task<Result<>> forget(std::vector<Uuid> ids, Checkpoint checkpoint) override;
  /// Nodes that do not write it know from its checkpoint alone how far it is.
  std::int64_t unsaved_max() const override { return 1; }

 protected:
  std::unique_ptr<IndexTx> open(db::Tx& tx) override;
  Task<Error> read_failed(Error error) override;

 private:
  void keep_checkpoint(db::Tx& tx, const Checkpoint& checkpoint);

  const std::string name_;
  std::int64_t writer_ = 0;
};

/// Where these are: a database that is open beside the one of the pod, so that nobody's command
/// waits for what is written into an index.
class SharedPlace final : public IndexPlace {
 public:
  explicit SharedPlace(std::shared_ptr<db::Engine> engine, World& world);

  bool is_shared() const override { return true; }
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
  const std::shared_ptr<db::Engine> engine_;
  World& world_;
  std::vector<Retired> retired_;
};

}  // namespace synap::search
