#include "content/s3/s3_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "content/s3/reading.h"
#include "content/s3/upload.h"

namespace synap::content {
namespace {

// Enough to hide the way to a server that is far; each may have a part in memory.
constexpr int kChangesMax = 32;
// What a string may have to be put in one piece. Beyond, only its parts are copied.
constexpr std::size_t kWholePutBytesMax = 2 * S3Bucket::kPartBytes;
constexpr int kListedAtOnceMax = 1'000;  // by S3
constexpr std::chrono::milliseconds kClosingGrace(5'000);

}  // namespace

Result<std::unique_ptr<S3Store>> S3Store::open(const S3Settings& settings, World& world) {
  auto requests = S3Requests::make(settings, world);
  if (!requests) return fail(requests.error());
  return std::unique_ptr<S3Store>(new S3Store(std::move(*requests)));
}

S3Store::S3Store(std::unique_ptr<S3Requests> requests)
    : bucket_(std::move(requests)), changes_(bucket_.requests().world(), kChangesMax) {}

S3Store::~S3Store() {
  if (changes_.wait(kClosingGrace)) return;
  bucket_.requests().close();
  changes_.wait(std::chrono::hours(1));  // all that is under way ends with the requests
}

Task<Result<Stored>> S3Store::put(ContentKey key, std::string bytes) {
  if (bytes.size() > kWholePutBytesMax) {
    const auto all = [](std::string text) -> Chunks {
      co_yield std::move(text);
      co_return Result<>{};
    };
    co_return co_await put(std::move(key), all(std::move(bytes)));
  }
  Stored stored{key.path(), static_cast<std::int64_t>(bytes.size()), to_hex(sha256(bytes))};
  co_return co_await put_whole(std::make_shared<const std::string>(std::move(bytes)),
                               std::move(stored));
}

Task<Result<Stored>> S3Store::put(ContentKey key, Chunks chunks) {
  auto upload = std::make_shared<S3Upload>(bucket_, changes_, key.path());
  while (auto chunk = co_await chunks.next()) {
    if (auto added = co_await upload->add(std::move(*chunk)); !added) co_return fail(added.error());
  }
  if (!chunks.end()) co_return fail(chunks.end().error());
  auto stored = upload->stored();
  if (auto whole = upload->whole()) {
    co_return co_await put_whole(std::move(whole), std::move(stored));
  }
  auto finished = co_await changes_.carry_out<Result<>>(
      stored.path, [upload, stored] { return upload->finish(stored); });
  if (!finished) co_return fail(finished.error());
  co_return stored;
}

Task<Result<Stored>> S3Store::put_whole(std::shared_ptr<const std::string> bytes, Stored stored) {
  auto placed = co_await changes_.carry_out<Result<>>(
      stored.path, [this, bytes = std::move(bytes), stored] { return place(bytes, stored); });
  if (!placed) co_return fail(placed.error());
  co_return stored;
}

Task<Result<>> S3Store::place(std::shared_ptr<const std::string> bytes, Stored stored) {
  auto placing = co_await bucket_.put(stored.path, bytes, stored.checksum, Replacing::kNever);
  if (!placing) co_return fail(placing.error());
  if (*placing == Placing::kPlaced) co_return Result<>{};
  auto found = co_await bucket_.look(stored.path);
  if (!found) co_return fail(found.error());
  const auto before = found->value_or(S3Facts{});
  if (before.size == stored.size) {
    const auto checksum = co_await bucket_.checksum_of(stored.path, before);
    if (checksum && *checksum == stored.checksum) co_return Result<>{};
  }
  placing = co_await bucket_.put(stored.path, bytes, stored.checksum, Replacing::kAllowed);
  if (!placing) co_return fail(placing.error());
  if (before.checksum_id.empty()) co_return Result<>{};
  co_return co_await bucket_.remove(S3Bucket::checksum_path(stored.path, before.checksum_id));
}

// A string that was asked for whole is fetched again once where it is not what was stored: what a
// line has changed is right the second time.
Task<Result<std::string>> S3Store::get(ContentKey key, Range range) {
  for (bool is_second = false;; is_second = true) {
    std::string all;
    auto chunks = read_object(bucket_, key.path(), range, kWholeBytesMax);
    while (auto chunk = co_await chunks.next()) {
      if (all.empty()) {
        all = std::move(*chunk);
      } else {
        all += *chunk;
      }
    }
    if (chunks.end()) co_return all;
    if (chunks.end().error().fault != Fault::kDamaged || is_second) {
      co_return fail(chunks.end().error());
    }
  }
}

Task<Result<std::string>> S3Store::get(ContentKey key) {
  return get(std::move(key), Range{});
}

Chunks S3Store::read(ContentKey key, Range range) {
  return read_object(bucket_, key.path(), range, std::numeric_limits<std::int64_t>::max());
}

Task<Result<std::int64_t>> S3Store::size(ContentKey key) {
  auto found = co_await bucket_.look(key.path());
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "There is no such content");
  co_return (*found)->size;
}

Task<Result<Page>> S3Store::list(Listing listing) {
  if (listing.limit < 1 || listing.limit > kListedMax) {
    co_return fail(Code::kBadRequest, fmt::format("A page has 1 to {} names", kListedMax));
  }
  const auto prefix_size = bucket_.requests().prefix().size();
  Page page;
  for (;;) {
    const auto wanted = listing.limit - static_cast<int>(page.items.size());
    auto found =
        co_await bucket_.list(listing.prefix, listing.after, std::min(wanted, kListedAtOnceMax));
    if (!found) co_return fail(found.error());
    for (auto& object : found->objects) {
      if (object.name.size() < prefix_size) continue;
      auto path = object.name.substr(prefix_size);
      if (path.starts_with('~')) co_return page;  // behind all paths
      listing.after = path;
      // What somebody else has put there is not ours.
      if (!ContentKey::parse(path)) continue;
      page.items.push_back({std::move(path), object.size, object.modified_at});
    }
    if (!found->is_cut || found->objects.empty()) co_return page;
    if (static_cast<int>(page.items.size()) < listing.limit) continue;
    page.next = listing.after;
    co_return page;
  }
}

Task<Result<>> S3Store::remove(ContentKey key) {
  auto path = key.path();
  co_return co_await changes_.carry_out<Result<>>(path, [this, path] { return take_away(path); });
}

// The object first: a checksum that is left harms nobody.
Task<Result<>> S3Store::take_away(std::string path) {
  auto found = co_await bucket_.look(path);
  if (!found) co_return fail(found.error());
  if (!*found) co_return Result<>{};
  if (auto removed = co_await bucket_.remove(path); !removed) co_return removed;
  if ((*found)->checksum_id.empty()) co_return Result<>{};
  co_return co_await bucket_.remove(S3Bucket::checksum_path(path, (*found)->checksum_id));
}

Task<Result<>> S3Store::check() {
  auto right = co_await changes_.carry_out<Result<>>("~probe", [this] { return probe(); });
  if (right) co_return right;
  auto error = right.error();
  auto problem = bucket_.requests().problem();
  if (!problem.empty()) error.message = fmt::format("Content cannot be stored: {}", problem);
  co_return fail(std::move(error));
}

Task<Result<>> S3Store::probe() {
  auto& world = bucket_.requests().world();
  const auto path = fmt::format("~probe/{}", world.new_id().to_string());
  auto bytes = std::make_shared<const std::string>(path);
  auto placing = co_await bucket_.put(path, bytes, "", Replacing::kNever);
  if (!placing) co_return fail(placing.error());
  auto got = co_await bucket_.get_small(path);
  auto removed = co_await bucket_.remove(path);
  if (!got) co_return fail(got.error());
  if (!removed) co_return removed;
  if (*got && **got == *bytes) co_return Result<>{};
  co_return fail(Error{Code::kServiceUnavailable,
                       "The S3 server does not give back what was just put", nullptr,
                       Fault::kGone});
}

std::string S3Store::presigned_get(const ContentKey& key, std::chrono::seconds valid_for) {
  return bucket_.requests().presigned({.name = bucket_.name_of(key.path())}, valid_for);
}

std::string S3Store::presigned_put(const ContentKey& key, std::chrono::seconds valid_for) {
  return bucket_.requests().presigned(
      {.method = "PUT",
       .name = bucket_.name_of(key.path()),
       .headers = {{std::string(kPresignedPutHeader), std::string(kPresignedPutHeaderValue)}}},
      valid_for);
}

}  // namespace synap::content
