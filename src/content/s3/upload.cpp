#include "content/s3/upload.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::content {
namespace {

// Most content is smaller, and has no use for the room of a part.
constexpr std::size_t kSmallBytesMax = 256 * 1024;

}  // namespace

S3Upload::S3Upload(S3Bucket& bucket, Changes& changes, std::string path)
    : bucket_(bucket),
      changes_(changes),
      path_(std::move(path)),
      checksum_id_(bucket.requests().world().new_id().to_string()) {}

S3Upload::~S3Upload() {
  if (id_.empty() || is_settled_) return;
  auto* bucket = &bucket_;
  changes_.carry_out_unseen("~upload/" + id_, [bucket, path = path_, id = id_]() -> Task<bool> {
    co_return (co_await bucket->abort(path, id)).has_value();
  });
}

Task<Result<>> S3Upload::add(std::string bytes) {
  hasher_.add(bytes);
  size_ += static_cast<std::int64_t>(bytes.size());
  std::string_view left = bytes;
  while (!left.empty()) {
    if (rest_.size() == S3Bucket::kPartBytes) {
      if (auto sent = co_await send_part(); !sent) co_return sent;
    }
    // What grows by doubling has half as much again beside it.
    if (rest_.size() + left.size() > kSmallBytesMax) rest_.reserve(S3Bucket::kPartBytes);
    const auto taken = left.substr(0, S3Bucket::kPartBytes - rest_.size());
    rest_ += taken;
    left.remove_prefix(taken.size());
  }
  co_return Result<>{};
}

Stored S3Upload::stored() {
  return {path_, size_, to_hex(hasher_.finish())};
}

std::shared_ptr<const std::string> S3Upload::take_rest() {
  return std::make_shared<const std::string>(std::exchange(rest_, {}));
}

Task<Result<>> S3Upload::send_part() {
  if (tags_.size() == S3Bucket::kPartsMax) {
    co_return fail(Code::kPayloadTooLarge,
                   fmt::format("Content in an S3 bucket has at most {} bytes",
                               S3Bucket::kPartBytes * S3Bucket::kPartsMax));
  }
  if (id_.empty()) {
    auto id = co_await bucket_.begin_upload(path_, checksum_id_);
    if (!id) co_return fail(id.error());
    id_ = std::move(*id);
  }
  auto tag = co_await bucket_.put_part(path_, id_, tags_.size() + 1, take_rest());
  if (!tag) co_return fail(tag.error());
  tags_.push_back(std::move(*tag));
  co_return Result<>{};
}

// The checksum first: whoever finds the object finds that, too.
Task<Result<>> S3Upload::finish(Stored stored) {
  if (auto sent = co_await send_part(); !sent) co_return sent;
  auto text = std::make_shared<const std::string>(stored.checksum);
  auto noted = co_await bucket_.put(S3Bucket::checksum_path(path_, checksum_id_), text, "",
                                    Replacing::kAllowed);
  if (!noted) co_return fail(noted.error());
  auto placing = co_await bucket_.complete(path_, id_, tags_, Replacing::kNever);
  if (!placing) co_return fail(placing.error());
  co_return co_await settle(std::move(stored), *placing);
}

Task<Result<>> S3Upload::settle(Stored stored, Placing placing) {
  if (placing == Placing::kPlaced) {
    is_settled_ = true;
    co_return Result<>{};
  }
  auto found = co_await bucket_.look(path_);
  if (!found) co_return fail(found.error());
  const bool is_ours = *found && (*found)->checksum_id == checksum_id_;
  if (is_ours) {  // it was put together, and the answer was lost
    is_settled_ = true;
    co_return Result<>{};
  }
  if (placing == Placing::kGone) co_return fail(bucket_.requests().away());
  S3Facts before = found->value_or(S3Facts{});
  if (before.size == stored.size) {
    auto checksum = co_await bucket_.checksum_of(path_, before);
    if (checksum && *checksum == stored.checksum) {
      // Ours is taken back with this S3Upload.
      co_return co_await bucket_.remove(S3Bucket::checksum_path(path_, checksum_id_));
    }
  }
  auto replaced = co_await bucket_.complete(path_, id_, tags_, Replacing::kAllowed);
  if (!replaced) co_return fail(replaced.error());
  if (*replaced != Placing::kPlaced) co_return fail(bucket_.requests().away());
  is_settled_ = true;
  if (before.checksum_id.empty()) co_return Result<>{};
  co_return co_await bucket_.remove(S3Bucket::checksum_path(path_, before.checksum_id));
}

}  // namespace synap::content
