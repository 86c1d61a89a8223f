#include "content/s3/reading.h"

#include <fmt/format.h>

#include <charconv>

#include "base/crypto.h"
#include "base/io_errors.h"
#include "base/log.h"

namespace synap::content {
namespace {

// An error's text is short; more is no error of S3.
constexpr std::size_t kRefusalBytesMax = 64 * 1024;

Error damaged(std::string_view path) {
  io_errors(Store::kContent, Fault::kDamaged).add();
  write_log(LogLevel::kError, "content",
            "content: {path} is not what was stored: its checksum differs", {{"path", path}});
  return {Code::kInternalServerError, "Content is damaged: run synap doctor --deep", nullptr,
          Fault::kDamaged};
}

/// What has been read of an object, and what is still to come. Knows no server.
class Progress {
 public:
  Progress(Range range) : range_(range), at_(range.offset) {}

  bool has_begun() const { return !facts_.tag.empty() || is_known_; }
  bool is_of_all() const { return range_.offset == 0 && end_ == total_; }
  bool is_at_end() const { return is_known_ && at_ == end_; }
  std::int64_t at() const { return at_; }
  std::int64_t left() const { return end_ - at_; }
  const S3Facts& facts() const { return facts_; }

  S3Request request(std::string name) const {
    S3Request request{.name = std::move(name), .expected = {404, 412, 416}};
    const auto reach = std::numeric_limits<std::int64_t>::max() - range_.offset;
    const bool is_open = range_.length > reach || range_.length == reach;
    if (at_ > 0 || !is_open) {
      request.headers.push_back(
          {"range", is_open ? fmt::format("bytes={}-", at_)
                            : fmt::format("bytes={}-{}", at_, range_.offset + range_.length - 1)});
    }
    if (is_known_ && !facts_.tag.empty()) request.headers.push_back({"if-match", facts_.tag});
    return request;
  }

  /// The head of an answer that has bytes. False: they are not those that were asked for.
  bool begin(const outbound::Head& head) {
    auto facts = facts_of(head.headers);
    std::int64_t from = 0;
    std::int64_t total = facts.size;
    if (head.status == 206 && !read_content_range(head, from, total)) return false;
    if (from != at_ || total < at_) return false;
    if (is_known_) return total == total_ && facts.tag == facts_.tag;
    facts_ = std::move(facts);
    total_ = total;
    end_ = range_.length > total - range_.offset ? total : range_.offset + range_.length;
    is_known_ = true;
    return true;
  }
  /// False: more than there is.
  bool add(std::string_view bytes) {
    at_ += static_cast<std::int64_t>(bytes.size());
    hasher_.add(bytes);
    return at_ <= end_;
  }
  std::string checksum() { return to_hex(hasher_.finish()); }

 private:
  // "bytes 2-3/4"
  static bool read_content_range(const outbound::Head& head, std::int64_t& from,
                                 std::int64_t& total) {
    const auto* text = outbound::find(head.headers, "content-range");
    if (text == nullptr || !text->starts_with("bytes ")) return false;
    const auto slash = text->find('/');
    if (slash == std::string::npos) return false;
    const auto number = [&](std::size_t begin, std::int64_t& out) {
      return std::from_chars(text->data() + begin, text->data() + text->size(), out).ec ==
             std::errc{};
    };
    return number(6, from) && number(slash + 1, total);
  }

  const Range range_;
  std::int64_t at_;
  bool is_known_ = false;
  std::int64_t total_ = 0;
  std::int64_t end_ = 0;
  S3Facts facts_;
  Sha256Hasher hasher_;
};

// What the range means where the server gives no bytes for it.
Task<Result<>> explain(S3Bucket& bucket, std::string path, Range range) {
  auto found = co_await bucket.look(std::move(path));
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Code::kNotFound, "There is no such content");
  auto part = cut(range, (*found)->size);
  if (!part) co_return fail(part.error());
  if (part->length == 0) co_return Result<>{};
  co_return fail(bucket.requests().away());
}

Task<Result<>> verify(S3Bucket& bucket, std::string path, S3Facts facts, std::string checksum) {
  auto stored = co_await bucket.checksum_of(path, std::move(facts));
  if (!stored) co_return fail(stored.error());
  if (!stored->empty() && *stored != checksum) co_return fail(damaged(path));
  co_return Result<>{};
}

}  // namespace

Chunks read_object(S3Bucket& bucket, std::string path, Range range, std::int64_t most) {
  if (auto good = cut(range, std::numeric_limits<std::int64_t>::max()); !good) {
    co_return fail(good.error());
  }
  if (range.length == 0) co_return co_await explain(bucket, std::move(path), range);
  auto& requests = bucket.requests();
  Progress progress(range);
  std::string pending;
  auto began = requests.world().now();
  for (int attempt = 1; !progress.is_at_end();) {
    auto leave = requests.ask();
    if (!leave) co_return fail(requests.away());
    const auto request = progress.request(bucket.name_of(path));
    auto stream = requests.stream(request);
    const auto from = progress.at();
    outbound::Response refused;
    bool is_good = false;
    while (auto chunk = co_await stream.next()) {
      if (refused.status == 0) {
        static_cast<outbound::Head&>(refused) = *chunk->head;
        is_good = refused.status == 200 || refused.status == 206;
        if (is_good && leave) leave.succeeded();
        if (is_good && !progress.begin(refused)) co_return fail(requests.away());
        if (is_good && progress.left() > most) {
          co_return fail(Code::kPayloadTooLarge,
                         fmt::format("These are {} bytes; more than {} are read in chunks",
                                     progress.left(), most));
        }
      }
      if (!is_good) {
        if (refused.body.size() < kRefusalBytesMax) refused.body += chunk->bytes;
        continue;
      }
      if (!progress.add(chunk->bytes)) co_return fail(requests.away());
      pending += chunk->bytes;
      // The last one stays here until all is known to be right.
      while (pending.size() > kChunkBytesMax) {
        auto piece = pending.substr(0, kChunkBytesMax);
        pending.erase(0, kChunkBytesMax);
        co_yield std::move(piece);
      }
    }
    if (is_good && stream.end() && progress.is_at_end()) break;
    Result<outbound::Response> answer = std::move(refused);
    if (!stream.end()) answer = fail(stream.end().error());
    auto failure = requests.judge(request, answer);
    if (leave && (!failure || !failure->is_outage)) leave.succeeded();
    if (leave) leave.failed(requests.world().now());
    if (!failure) {
      if (answer->status == 416 && !progress.has_begun()) {
        co_return co_await explain(bucket, std::move(path), range);
      }
      if (answer->status == 404 && !progress.has_begun()) {
        co_return fail(Code::kNotFound, "There is no such content");
      }
      co_return fail(requests.away());  // another version than the one that was begun
    }
    if (progress.at() > from) {  // it goes on, if slowly
      attempt = 0;
      began = requests.world().now();
    }
    const bool is_over =
        !failure->is_worth_another || !co_await requests.wait(std::max(attempt, 1), began);
    if (is_over) co_return fail(std::move(failure->error));
    ++attempt;
  }
  if (progress.is_of_all()) {
    auto right = co_await verify(bucket, path, progress.facts(), progress.checksum());
    if (!right) co_return fail(right.error());
  }
  if (!pending.empty()) co_yield std::move(pending);
  co_return Result<>{};
}

}  // namespace synap::content
