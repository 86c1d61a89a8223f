// SharedIndex: the index of words in the pod's database on PostgreSQL, one for all nodes
// (shared_tables.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "search/index.h"
#include "search/shared_tables.h"

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
  SharedTables tables_;
};

extern const SharedFamily kSharedWords;

}  // namespace synap::search
