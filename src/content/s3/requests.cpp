#include "content/s3/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/crypto.h"
#include "base/io_errors.h"
#include "base/log.h"
#include "content/s3/answers.h"

namespace synap::content {
namespace {

// A page of 1,000 names of 1 KiB in XML, with all that stands beside each.
constexpr std::uint64_t kAnswerBytesMax = std::uint64_t{4} * 1024 * 1024;
// A line that carries less than this (2 Mbit/s) is counted as none.
constexpr std::int64_t kBytesASecondMin = 256 * 1024;
constexpr std::chrono::seconds kSilenceMax{15};
constexpr std::chrono::milliseconds kDelayMin{200};

// Readers are as slow as who reads, and each has a connection.
constexpr outbound::Budget kBudget{.transfers_max = 1'024,
                                   .transfers_of_origin_max = 0,
                                   .bytes_max = std::uint64_t{512} * 1024 * 1024,
                                   .waiting_max = 10'000,
                                   .waiting_bytes_max = std::uint64_t{512} * 1024 * 1024};

// A number from 0 to 1.
double chance(World& world) {
  std::uint8_t bytes[2] = {};
  world.random(bytes, sizeof bytes);
  return (bytes[0] * 256 + bytes[1]) / 65'535.0;
}

outbound::Policy policy_of(const S3Address& address) {
  auto policy = outbound::Policy::public_only({address.destination()});
  SYNAP_CHECK(policy.has_value(), "the endpoint of S3 is no destination");
  return std::move(*policy);
}

bool is_success(int status) {
  return status >= 200 && status < 300;
}

// What goes away by itself: by its code, and else by its status.
bool is_passing(std::string_view code) {
  return code == "RequestTimeout" || code == "SlowDown" || code == "OperationAborted" ||
         code == "ConditionalRequestConflict" || code == "BadDigest" ||
         code == "XAmzContentSHA256Mismatch" || code == "IncompleteBody";
}
bool is_passing(int status) {
  return status >= 500 || status == 429 || status == 408;
}

// That nothing was asked, or that nobody has answered: not that what was asked is wrong.
bool is_of_network(const Error& error) {
  return error.code == Code::kServiceUnavailable || error.code == Code::kBadGateway ||
         error.code == Code::kGatewayTimeout;
}

}  // namespace

Result<std::unique_ptr<S3Requests>> S3Requests::make(const S3Settings& settings, World& world) {
  auto address = S3Address::make(settings);
  if (!address) return fail(address.error());
  return std::unique_ptr<S3Requests>(new S3Requests(settings, std::move(*address), world));
}

S3Requests::S3Requests(S3Settings settings, S3Address address, World& world)
    : settings_(std::move(settings)),
      address_(std::move(address)),
      world_(world),
      signer_{settings_.access_key, settings_.secret_key, settings_.region},
      breaker_([&world] { return chance(world); }),
      client_(policy_of(address_),
              {.budget = kBudget, .connect_timeout = std::chrono::milliseconds(3'000)}) {}

S3Signed S3Requests::to_sign(const S3Request& request) const {
  return {request.method, address_.host(), address_.path(request.name), request.query,
          request.headers};
}

outbound::Request S3Requests::to_send(const S3Request& request) const {
  const auto hash = to_hex(sha256(request.body != nullptr ? std::string_view(*request.body) : ""));
  return {.method = request.method,
          .url = address_.url(request.name, request.query),
          .headers = signed_headers(signer_, to_sign(request), hash, world_.unix_ms()),
          .kept_body = request.body};
}

Task<Result<outbound::Response>> S3Requests::send(S3Request request) {
  const auto began = world_.now();
  const auto size = request.body != nullptr ? static_cast<std::int64_t>(request.body->size()) : 0;
  const auto most = request.attempt_max + std::chrono::seconds(size / kBytesASecondMin);
  for (int attempt = 1;; ++attempt) {
    auto leave = ask();
    if (!leave) co_return fail(away());
    auto answer = co_await client_.send(to_send(request),
                                        {.deadline = SteadyClock::now() + most,
                                         .stop = closing_.get_token(),
                                         .response_bytes_max = kAnswerBytesMax,
                                         .silence_max = std::max(kSilenceMax, request.attempt_max),
                                         .redirects_max = 0});
    auto failure = judge(request, answer);
    if (!failure || !failure->is_outage) {
      leave.succeeded();
    } else {
      leave.failed(world_.now());
    }
    if (!failure) co_return answer;
    const bool is_over = !failure->is_worth_another || !co_await wait(attempt, began);
    if (is_over) co_return fail(std::move(failure->error));
  }
}

Breaker::Leave S3Requests::ask() {
  return breaker_.ask(world_.now());
}

Stream<outbound::Chunk, Result<outbound::End>> S3Requests::stream(const S3Request& request) {
  return client_.stream(to_send(request),
                        {.deadline = SteadyClock::time_point::max(),
                         .stop = closing_.get_token(),
                         .response_bytes_max = std::numeric_limits<std::uint64_t>::max(),
                         .silence_max = kSilenceMax,
                         .redirects_max = 0});
}

Task<bool> S3Requests::wait(int attempt, SteadyClock::time_point began) {
  if (attempt >= kAttemptsMax || world_.now() - began > kPatience) co_return false;
  const auto delay = kDelayMin * (1 << (attempt - 1)) * (0.5 + chance(world_) / 2);
  co_return co_await world_.sleep_for(std::chrono::duration_cast<std::chrono::milliseconds>(delay),
                                      closing_.get_token());
}

std::optional<S3Requests::Failure> S3Requests::judge(const S3Request& request,
                                                     const Result<outbound::Response>& answer) {
  if (!answer) {
    const bool is_outage = is_of_network(answer.error()) && !closing_.stop_requested();
    return Failure{told(answer.error().message), is_outage, is_outage};
  }
  const auto status = answer->status;
  if (is_success(status)) {
    std::lock_guard lock(mutex_);
    problem_.clear();
    return std::nullopt;
  }
  const auto code = parse_s3_error(answer->body).code;
  const bool passes = is_passing(code);
  if (!passes && std::ranges::count(request.expected, status) > 0 && code != "NoSuchBucket") {
    return std::nullopt;
  }
  if (!passes && !is_passing(status)) return Failure{told(refusal(*answer, request.method))};
  return Failure{
      told(fmt::format("{} answers {} with status {}{}{}{}", address_.endpoint(), request.method,
                       status, code.empty() ? "" : " (", code, code.empty() ? "" : ")")),
      true, true};
}

std::string S3Requests::refusal(const outbound::Response& answer, std::string_view method) const {
  const auto [code, region] = parse_s3_error(answer.body);
  const auto said = code.empty() ? fmt::format("status {}", answer.status) : code;
  if (code == "RequestTimeTooSkewed" || code == "RequestExpired") {
    return fmt::format("the clock of this machine and that of {} differ too much ({}): set it",
                       address_.endpoint(), said);
  }
  if (code == "SignatureDoesNotMatch") {
    return fmt::format("s3_secret_key is not the one of s3_access_key ({})", said);
  }
  if (code == "InvalidAccessKeyId") {
    return fmt::format("{} does not know s3_access_key ({})", address_.endpoint(), said);
  }
  if (code == "NoSuchBucket") {
    return fmt::format("there is no bucket {} at {} ({})", settings_.bucket, address_.endpoint(),
                       said);
  }
  const auto* bucket_region = outbound::find(answer.headers, "x-amz-bucket-region");
  const bool is_elsewhere = code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect" ||
                            answer.status == 301 || answer.status == 307;
  if (is_elsewhere) {
    const auto where = region.empty() && bucket_region != nullptr ? *bucket_region : region;
    return fmt::format("the bucket {} is in another region than s3_region, {} ({}){}",
                       settings_.bucket, settings_.region, said,
                       where.empty() || where.size() > 64 ? "" : ": in " + where);
  }
  if (answer.status == 401 || answer.status == 403) {
    return fmt::format(
        "{} does not let these keys {} in the bucket {} ({}): they need to get, "
        "put, delete and list its objects",
        address_.endpoint(), method, settings_.bucket, said);
  }
  return fmt::format("{} refuses {} in the bucket {} ({})", address_.endpoint(), method,
                     settings_.bucket, said);
}

Error S3Requests::told(std::string problem) {
  io_errors(Store::kContent, Fault::kGone).add();
  write_log_bounded(Same::kLine, LogLevel::kError, "content", "content: {error}",
                    {{"error", problem}});
  {
    std::lock_guard lock(mutex_);
    problem_ = std::move(problem);
  }
  return away();
}

Error S3Requests::away() {
  return {Code::kServiceUnavailable, "Content cannot be reached now", nullptr, Fault::kGone};
}

std::string S3Requests::presigned(const S3Request& request, std::chrono::seconds valid_for) {
  return fmt::format("{}?{}", address_.url(request.name, {}),
                     presigned_query(signer_, to_sign(request), valid_for, world_.unix_ms()));
}

std::string S3Requests::problem() const {
  std::lock_guard lock(mutex_);
  return problem_;
}

std::string S3Requests::place() const {
  return fmt::format("{} at {}", settings_.bucket, address_.endpoint());
}

}  // namespace synap::content
