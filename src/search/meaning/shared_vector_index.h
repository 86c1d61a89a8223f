// SharedVectorIndex: the index of meanings in the pod's database on PostgreSQL, one for all nodes
// (shared_tables.h). Whoever searches has the user's vectors in memory (blocks.h), and is told of
// nothing: so of each change stands there which it was.
//
//   users      besides: the revision, which grows with each change of what the user has
//   documents  besides: the revision by which it came to be as it is
//   gone       things of a user that are gone, by revision; the newest kRevisionsKept revisions
//   about      besides: what is another one where all was made anew
//   damaged    things of which a node could not read what is stored: it has left them out, and
//              whoever writes makes them again. Made by who opens it to write.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "search/meaning/vector_index.h"

namespace synap::search {

class SharedVectorIndex final : public VectorIndex {
 public:
  SharedVectorIndex(std::shared_ptr<db::Engine> engine, std::string name, Options options);

  bool is_shared() const override { return true; }
  /// Nodes that do not write it know from its checkpoint alone how far it is.
  std::int64_t unsaved_max() const override { return 1; }
  const Neighbours* neighbours() const override { return neighbours_ ? &*neighbours_ : nullptr; }
  std::string why_no_neighbours(db::Tx& tx, const std::optional<BlockOwner>& owner) const override;
  Task<Result<bool>> keep_neighbours(SteadyClock::time_point now,
                                     std::stop_token stop = {}) override;
  Task<Result<std::vector<Uuid>>> to_mend() override;
  Task<Result<>> mended(std::vector<Uuid> ids) override;
  /// What a page of a user is read with: his number, behind which revision and up to which.
  static std::string_view page_statement();

 protected:
  /// As whoever writes from now on.
  Task<Result<>> load_tables() override;
  InTx in(db::Tx& tx) const override { return tables_.in(tx); }
  InTx to_read_in(db::Tx& tx) const override { return tables_.to_read_in(tx); }
  void keep_checkpoint(db::Tx& tx, const Checkpoint& checkpoint) const override {
    tables_.keep(tx, checkpoint);
  }
  std::unique_ptr<VectorChanges> changes(db::Tx& tx) const override;
  bool has_answered(db::Tx& tx) const override { return has_beside(tx, "answered"); }
  std::optional<BlockOwner> owner_in(db::Tx& tx, const std::string& user_id) const override;
  BlockPage page_in(db::Tx& tx, const BlockOwner& owner, std::int64_t after) const override {
    return page_in(tx, owner, after, kPassagesPerPage);
  }
  Task<void> tell_damaged(std::vector<DamagedThing> things) override;
  Task<Error> read_failed(Error error) override;
  void described() override;

 private:
  BlockPage page_in(db::Tx& tx, const BlockOwner& owner, std::int64_t after,
                    std::int64_t passages_max) const;
  /// What is to be done next.
  enum class Due : std::uint8_t { kNothing, kEnd, kMend, kStep, kFinish };
  struct Next {
    Due due = Due::kNothing;
    std::optional<BlockOwner> owner = {};
  };
  bool has_beside(db::Tx& tx, std::string_view table) const;
  Next next(db::Tx& tx, SteadyClock::time_point now) const;
  std::optional<BlockOwner> next_large(db::Tx& tx, SteadyClock::time_point now) const;
  std::vector<std::int64_t> lost(db::Tx& tx) const;
  bool rests(std::int64_t user, SteadyClock::time_point now) const;
  bool list_part(db::Tx& tx, const VectorTypes& types, const BlockOwner& owner) const;
  void carry_out(db::Tx& tx, const Next& next) const;
  Task<Result<>> finish(const BlockOwner& owner, std::stop_token stop);
  std::int64_t listed_at_once(const BlockOwner& owner) const;
  db::Database& another();

  SharedTables tables_;
  std::optional<Neighbours> neighbours_;
  std::shared_ptr<db::Engine> another_;  // once it was needed
  bool finishes_alone_ = false;          // several processes have failed
  // Of whoever keeps the neighbours, who is one. Users whose step has failed: few are large.
  struct Rest {
    SteadyClock::time_point until;
    SteadyClock::duration pause;
  };
  std::map<std::int64_t, Rest> resting_;
  std::int64_t last_ = 0;  // user whose step was the last
  SteadyClock::time_point looks_at_ = {};
};

extern const SharedFamily kSharedMeanings;

}  // namespace synap::search
