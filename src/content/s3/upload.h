// S3Upload: one object that is sent in parts, of which one is in memory. What fits into one part is
// never begun as an upload, and handed back whole.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "base/task.h"
#include "content/s3/bucket.h"
#include "content/s3/changes.h"
#include "content/store.h"

namespace synap::content {

/// One coroutine at a time. One that goes before its end is taken back at the server, in the
/// background.
class S3Upload {
 public:
  /// `bucket` and `changes` must outlive it.
  S3Upload(S3Bucket& bucket, Changes& changes, std::string path);
  ~S3Upload();
  S3Upload(const S3Upload&) = delete;
  S3Upload& operator=(const S3Upload&) = delete;

  /// Sends what fills a part, and keeps the rest. kPayloadTooLarge: more than an upload can have.
  Task<Result<>> add(std::string bytes);

  /// What was added, in all.
  Stored stored();
  /// All of it, if it fitted into one part.
  std::shared_ptr<const std::string> whole() { return id_.empty() ? take_rest() : nullptr; }
  /// Sends the rest and puts all together under the path, which has it then and not before. If the
  /// same is there already, that stays. `stored` is what stored() gave.
  Task<Result<>> finish(Stored stored);

 private:
  Task<Result<>> send_part();
  Task<Result<>> settle(Stored stored, Placing placing);
  std::shared_ptr<const std::string> take_rest();

  S3Bucket& bucket_;
  Changes& changes_;
  const std::string path_;
  const std::string checksum_id_;
  std::string id_;  // of the server; "" until the first part is full
  std::vector<std::string> tags_;
  std::string rest_;
  Sha256Hasher hasher_;
  std::int64_t size_ = 0;
  bool is_settled_ = false;  // nothing is left to be taken back
};

}  // namespace synap::content
