// S3Bucket: what is asked of a bucket, each as a function of its own. Names are those of content,
// before which the owner's prefix is put.
//
// What is stored of content, and where:
//
//   {path}                    the bytes. Metadata: `sha256`, their checksum; or of an upload in
//                             parts `sha256-of`, an id
//   ~sha256/{path}/{id}       the checksum of an upload in parts, as text: it is known when the
//   last
//                             byte has come, and metadata must be said before the first
//   ~probe/{id}               for as long as somebody looks whether all works
//
// "~" is in no path of content, and behind all of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "content/s3/answers.h"
#include "content/s3/requests.h"

namespace synap::content {

/// What is known of an object without its bytes.
struct S3Facts {
  std::int64_t size = 0;
  std::string tag;          // of the entity, as the server spells it
  std::string checksum;     // SHA-256 in hexadecimal; "" where it is stored apart, or not known
  std::string checksum_id;  // where it is stored apart; otherwise ""
};
S3Facts facts_of(const outbound::Headers& headers);

/// Whether something that is there may be replaced.
enum class Replacing : std::uint8_t { kNever, kAllowed };

/// What came of a put.
enum class Placing : std::uint8_t {
  kPlaced,
  kOccupied,  // there is something, and it was not to be replaced
  kGone,      // the upload in parts is not known any more
};

class S3Bucket {
 public:
  /// The size of each part of an upload but the last. Servers want 5 MiB at least, R2 all alike.
  static constexpr std::size_t kPartBytes = std::size_t{8} * 1024 * 1024;
  static constexpr std::size_t kPartsMax = 10'000;

  explicit S3Bucket(std::unique_ptr<S3Requests> requests) : requests_(std::move(requests)) {}

  S3Requests& requests() { return *requests_; }
  std::string name_of(std::string_view path) const;

  /// Nothing: there is no such object.
  Task<Result<std::optional<S3Facts>>> look(std::string path);
  /// The checksum of these facts; "" where none was stored. Fault::kDamaged: one that was is gone.
  Task<Result<std::string>> checksum_of(std::string path, S3Facts facts);
  /// `checksum`: for its metadata; "" has none.
  Task<Result<Placing>> put(std::string path, std::shared_ptr<const std::string> bytes,
                            std::string checksum, Replacing replacing);
  Task<Result<>> remove(std::string path);
  Task<Result<S3Listing>> list(std::string prefix, std::string after, int limit);
  /// The bytes of a small object. Nothing: there is none.
  Task<Result<std::optional<std::string>>> get_small(std::string path);

  /// Begins an upload in parts, whose checksum will be stored under `checksum_id`; its id.
  Task<Result<std::string>> begin_upload(std::string path, std::string checksum_id);
  /// The tag of a part. `number` counts from 1.
  Task<Result<std::string>> put_part(std::string path, std::string upload, std::size_t number,
                                     std::shared_ptr<const std::string> bytes);
  Task<Result<Placing>> complete(std::string path, std::string upload,
                                 std::vector<std::string> tags, Replacing replacing);
  Task<Result<>> abort(std::string path, std::string upload);

  static std::string checksum_path(std::string_view path, std::string_view id);

 private:
  /// Adds the condition, unless the server knows none.
  void forbid_replacing(S3Request& request, Replacing replacing) const;
  /// Whether the server refuses the condition itself. Then it is not said again.
  bool refuses_condition(const outbound::Response& answer);

  std::unique_ptr<S3Requests> requests_;
  std::atomic<bool> has_conditions_ = true;
};

}  // namespace synap::content
