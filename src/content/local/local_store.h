// LocalStore: content as files of one directory.
//
//   ROOT/{userId}/{entityType}/{entityId}.{ext}               what is stored: first versions,
//   ROOT/{userId}/{entityType}/{entityId}.{requestId}.{ext}   and later ones
//   ROOT/.tmp/                                                what is being written
//
// A file appears under its name whole or not at all: it is written aside, renamed and synced
// (group_writer.h). Three threads, so that nobody waits for what is not his: one gives names and
// syncs; one reads; one does what is long and for which nobody waits at each piece, the chunks of
// streamed puts and listings.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/world.h"
#include "content/local/aside.h"
#include "content/local/files.h"
#include "content/local/group_writer.h"
#include "content/local/work.h"
#include "content/store.h"

namespace synap::content {

class LocalStore final : public ContentStore {
 public:
  /// Where the store lives; both must outlive it.
  struct Place {
    World& world = real_world();
    FileSystem& files = FileSystem::real();
    /// Other processes store there, too, at the same time.
    bool is_shared = false;
  };
  /// Makes the directory if it is missing. kServiceUnavailable says why it cannot be used.
  static Result<std::unique_ptr<LocalStore>> open(const std::string& root) {
    return open(root, Place{});
  }
  static Result<std::unique_ptr<LocalStore>> open(const std::string& root, Place place);
  /// Finishes what is queued. Streams and Tasks that go on with the store must have ended or been
  /// destroyed.
  ~LocalStore() override;

  Task<Result<Stored>> put(ContentKey key, std::string bytes) override;
  Task<Result<Stored>> put(ContentKey key, Chunks chunks) override;
  Task<Result<std::string>> get(ContentKey key) override;
  Task<Result<std::string>> get(ContentKey key, Range range) override;
  Chunks read(ContentKey key, Range range) override;
  Task<Result<std::int64_t>> size(ContentKey key) override;
  Task<Result<Page>> list(Listing listing) override;
  Task<Result<>> remove(ContentKey key) override;
  /// kServiceUnavailable: the directory was moved, removed or replaced.
  Task<Result<>> check() override;

 private:
  LocalStore(std::string root, const Place& place)
      : root_path_(std::move(root)),
        files_(place.files),
        writes_(place.world),
        reads_(place.world),
        long_work_(place.world) {}
  Result<> check_place() const;
  Task<Result<>> carry_out(std::shared_ptr<Write> write);
  bool turn_of_writer();

  const std::string root_path_;
  FileSystem& files_;
  Descriptor root_;
  Aside aside_;
  WorkQueue writes_;
  WorkQueue reads_;
  WorkQueue long_work_;
  std::optional<GroupWriter> group_writer_;  // of the writer's thread
  std::unique_ptr<WorldThread> writer_;
  std::unique_ptr<WorldThread> reader_;
  std::unique_ptr<WorldThread> long_worker_;
};

}  // namespace synap::content
