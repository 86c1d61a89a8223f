#include "content/s3/bucket.h"

#include <fmt/format.h>

#include <charconv>

#include "base/crypto.h"
#include "base/io_errors.h"
#include "base/log.h"

namespace synap::content {
namespace {

constexpr std::string_view kChecksum = "x-amz-meta-sha256";
constexpr std::string_view kChecksumId = "x-amz-meta-sha256-of";

std::string value_of(const outbound::Headers& headers, std::string_view name) {
  const auto* value = outbound::find(headers, name);
  return value != nullptr ? *value : std::string();
}

// Every S3 server compares it with what came, where some do not compare the hash that is signed.
outbound::Header digest_of(const std::string& bytes) {
  const auto hash = md5(bytes);
  return {"content-md5", to_base64({reinterpret_cast<const char*>(hash.data()), hash.size()})};
}

}  // namespace

S3Facts facts_of(const outbound::Headers& headers) {
  S3Facts facts{.size = -1,
                .tag = value_of(headers, "etag"),
                .checksum = value_of(headers, kChecksum),
                .checksum_id = value_of(headers, kChecksumId)};
  const auto size = value_of(headers, "content-length");
  std::from_chars(size.data(), size.data() + size.size(), facts.size);
  return facts;
}

std::string S3Bucket::name_of(std::string_view path) const {
  return requests_->prefix() + std::string(path);
}

std::string S3Bucket::checksum_path(std::string_view path, std::string_view id) {
  return fmt::format("~sha256/{}/{}", path, id);
}

Task<Result<std::optional<S3Facts>>> S3Bucket::look(std::string path) {
  S3Request request{.method = "HEAD", .name = name_of(path), .expected = {404}};
  auto answer = co_await requests_->send(std::move(request));
  if (!answer) co_return fail(answer.error());
  if (answer->status != 404) co_return facts_of(answer->headers);
  // An answer to HEAD has no body, and so does not say whether the object or the bucket is missing.
  S3Request again{
      .name = name_of(path), .headers = {{"range", "bytes=0-0"}}, .expected = {404, 416}};
  answer = co_await requests_->send(std::move(again));
  if (!answer) co_return fail(answer.error());
  co_return std::nullopt;
}

Task<Result<std::string>> S3Bucket::checksum_of(std::string path, S3Facts facts) {
  if (facts.checksum_id.empty()) co_return facts.checksum;
  auto text = co_await get_small(checksum_path(path, facts.checksum_id));
  if (!text) co_return fail(text.error());
  if (*text) co_return std::move(**text);
  io_errors(Store::kContent, Fault::kDamaged).add();
  write_log(LogLevel::kError, "content", "content: the checksum of {path} is gone",
            {{"path", path}});
  co_return fail(Error{Code::kInternalServerError, "Content is damaged: run synap doctor --deep",
                       nullptr, Fault::kDamaged});
}

void S3Bucket::forbid_replacing(S3Request& request, Replacing replacing) const {
  if (replacing == Replacing::kAllowed || !has_conditions_) return;
  request.headers.push_back({"if-none-match", "*"});
  request.expected = {412, 501};
}

bool S3Bucket::refuses_condition(const outbound::Response& answer) {
  if (answer.status != 501) return false;
  has_conditions_ = false;
  write_log(LogLevel::kWarn, "content",
            "the S3 server does not know If-None-Match on a put: what a crash left is replaced "
            "unseen");
  return true;
}

Task<Result<Placing>> S3Bucket::put(std::string path, std::shared_ptr<const std::string> bytes,
                                    std::string checksum, Replacing replacing) {
  S3Request request{.method = "PUT",
                    .name = name_of(path),
                    .headers = {{"content-type", "application/octet-stream"}, digest_of(*bytes)},
                    .body = bytes};
  if (!checksum.empty()) request.headers.push_back({std::string(kChecksum), checksum});
  auto plain = request;
  forbid_replacing(request, replacing);
  auto answer = co_await requests_->send(std::move(request));
  if (answer && refuses_condition(*answer)) answer = co_await requests_->send(std::move(plain));
  if (!answer) co_return fail(answer.error());
  co_return answer->status == 412 ? Placing::kOccupied : Placing::kPlaced;
}

Task<Result<>> S3Bucket::remove(std::string path) {
  S3Request request{.method = "DELETE", .name = name_of(path), .expected = {404}};
  auto answer = co_await requests_->send(std::move(request));
  if (!answer) co_return fail(answer.error());
  co_return Result<>{};
}

Task<Result<S3Listing>> S3Bucket::list(std::string prefix, std::string after, int limit) {
  S3Request request{.query = {{"list-type", "2"},
                              {"prefix", name_of(prefix)},
                              {"max-keys", std::to_string(limit)}}};
  if (!after.empty()) request.query.emplace_back("start-after", name_of(after));
  auto answer = co_await requests_->send(std::move(request));
  if (!answer) co_return fail(answer.error());
  co_return parse_s3_listing(answer->body);
}

Task<Result<std::optional<std::string>>> S3Bucket::get_small(std::string path) {
  S3Request request{.name = name_of(path), .expected = {404}};
  auto answer = co_await requests_->send(std::move(request));
  if (!answer) co_return fail(answer.error());
  if (answer->status == 404) co_return std::nullopt;
  co_return std::move(answer->body);
}

Task<Result<std::string>> S3Bucket::begin_upload(std::string path, std::string checksum_id) {
  S3Request request{.method = "POST",
                    .name = name_of(path),
                    .query = {{"uploads", ""}},
                    .headers = {{"content-type", "application/octet-stream"},
                                {std::string(kChecksumId), checksum_id}}};
  auto answer = co_await requests_->send(std::move(request));
  if (!answer) co_return fail(answer.error());
  co_return parse_s3_upload(answer->body);
}

Task<Result<std::string>> S3Bucket::put_part(std::string path, std::string upload,
                                             std::size_t number,
                                             std::shared_ptr<const std::string> bytes) {
  S3Request request{.method = "PUT",
                    .name = name_of(path),
                    .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}},
                    .headers = {digest_of(*bytes)},
                    .body = bytes};
  auto answer = co_await requests_->send(std::move(request));
  if (!answer) co_return fail(answer.error());
  auto tag = value_of(answer->headers, "etag");
  if (tag.empty()) {
    co_return fail(Code::kBadGateway, "What the S3 server answers to a part has no entity tag");
  }
  co_return tag;
}

Task<Result<Placing>> S3Bucket::complete(std::string path, std::string upload,
                                         std::vector<std::string> tags, Replacing replacing) {
  const auto began = requests_->world().now();
  S3Request request{.method = "POST",
                    .name = name_of(path),
                    .query = {{"uploadId", upload}},
                    .headers = {{"content-type", "application/xml"}},
                    .body = std::make_shared<const std::string>(s3_completion_text(tags)),
                    // Servers put thousands of parts together in it.
                    .attempt_max = std::chrono::seconds(120)};
  for (int attempt = 1;; ++attempt) {
    auto asked = request;
    forbid_replacing(asked, replacing);
    asked.expected.push_back(404);
    // A repeat of one whose answer was lost finds no upload, and some servers then miss its parts.
    asked.expected.push_back(400);
    auto answer = co_await requests_->send(std::move(asked));
    if (!answer) co_return fail(answer.error());
    if (answer->status == 412) co_return Placing::kOccupied;
    if (refuses_condition(*answer)) continue;
    if (answer->status == 404 || answer->status == 400) co_return Placing::kGone;
    if (is_s3_completion(answer->body)) co_return Placing::kPlaced;
    // It has begun with 200 before it knew.
    if (!co_await requests_->wait(attempt, began)) {
      write_log(LogLevel::kError, "content",
                "content: an upload of {path} is not put together: {code}",
                {{"path", path}, {"code", parse_s3_error(answer->body).code}});
      co_return fail(requests_->away());
    }
  }
}

Task<Result<>> S3Bucket::abort(std::string path, std::string upload) {
  S3Request request{.method = "DELETE",
                    .name = name_of(path),
                    .query = {{"uploadId", upload}},
                    .expected = {404}};
  auto answer = co_await requests_->send(std::move(request));
  if (!answer) co_return fail(answer.error());
  co_return Result<>{};
}

}  // namespace synap::content
