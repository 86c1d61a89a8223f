// S3Store: content as objects of a bucket (bucket.h says which), at AWS, Cloudflare R2, MinIO,
// Ceph, SeaweedFS or whoever else speaks S3.
//
// A name is put only where nothing is (If-None-Match), so that of two pods neither can take the
// other's content away unseen. Where there is something, a crash came before the earlier put was
// answered: what is there is compared by size and checksum, and stays or is replaced.
//
// A server that is away answers nothing here for long: after some failures every call is refused at
// once (breaker.h) with Fault::kGone, so background work waits and spends no attempt.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/world.h"
#include "content/s3/bucket.h"
#include "content/s3/changes.h"
#include "content/store.h"

namespace synap::content {

class S3Store final : public ContentStore {
 public:
  /// `world` must outlive it. kBadRequest: a setting is wrong, with a sentence. Asks nothing of the
  /// server: that it is away keeps no pod from starting.
  static Result<std::unique_ptr<S3Store>> open(const S3Settings& settings,
                                               World& world = real_world());
  /// Finishes what is queued, if the server lets it within some seconds. Streams and Tasks that go
  /// on with the store must have ended or been destroyed.
  ~S3Store() override;

  Task<Result<Stored>> put(ContentKey key, std::string bytes) override;
  Task<Result<Stored>> put(ContentKey key, Chunks chunks) override;
  Task<Result<std::string>> get(ContentKey key) override;
  Task<Result<std::string>> get(ContentKey key, Range range) override;
  Chunks read(ContentKey key, Range range) override;
  Task<Result<std::int64_t>> size(ContentKey key) override;
  /// In the order of the paths, but at a server that has its own: SeaweedFS goes by directories.
  Task<Result<Page>> list(Listing listing) override;
  Task<Result<>> check() override;
  Task<Result<>> remove(ContentKey key) override;

  std::string presigned_get(const ContentKey& key, std::chrono::seconds valid_for) override;
  std::string presigned_put(const ContentKey& key, std::chrono::seconds valid_for) override;

 private:
  explicit S3Store(std::unique_ptr<S3Requests> requests);
  Task<Result<Stored>> put_whole(std::shared_ptr<const std::string> bytes, Stored stored);
  Task<Result<>> place(std::shared_ptr<const std::string> bytes, Stored stored);
  Task<Result<>> take_away(std::string path);
  Task<Result<>> probe();

  S3Bucket bucket_;
  Changes changes_;  // last: what it does uses the above
};

}  // namespace synap::content
