#include "content/s3/signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/crypto.h"

namespace synap::content {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

// "20130524T000000Z"
std::string time_text(std::int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string bytes_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

// Spaces at the ends do not count, and several within count as one.
std::string plain_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == ' ' && (out.empty() || out.ends_with(' '))) continue;
    out += c;
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

struct Scope {
  std::string time;
  std::string text;  // "20130524/us-east-1/s3/aws4_request"
};

Scope scope_of(const S3Signer& signer, std::int64_t unix_ms) {
  auto time = time_text(unix_ms);
  auto text = fmt::format("{}/{}/s3/aws4_request", time.substr(0, 8), signer.region);
  return {std::move(time), std::move(text)};
}

std::string names_of(const outbound::Headers& sorted) {
  std::string names;
  for (const auto& header : sorted) names += (names.empty() ? "" : ";") + header.name;
  return names;
}

// With the host, in the order of the names.
outbound::Headers sorted_headers(const S3Signed& request) {
  auto headers = request.headers;
  headers.push_back({"host", request.host});
  std::ranges::sort(headers, {}, &outbound::Header::name);
  return headers;
}

std::string signature(const S3Signer& signer, const Scope& scope, const S3Signed& request,
                      const outbound::Headers& sorted, std::string_view body_hash) {
  std::string canonical =
      fmt::format("{}\n{}\n{}\n", request.method, request.path, query_text(request.query));
  for (const auto& [name, value] : sorted) {
    canonical += fmt::format("{}:{}\n", name, plain_value(value));
  }
  canonical += fmt::format("\n{}\n{}", names_of(sorted), body_hash);
  const auto to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, scope.time, scope.text, to_hex(sha256(canonical)));
  auto key = bytes_of(hmac_sha256("AWS4" + signer.secret_key, scope.time.substr(0, 8)));
  for (const std::string_view part : {std::string_view(signer.region), std::string_view("s3"),
                                      std::string_view("aws4_request")}) {
    key = bytes_of(hmac_sha256(key, part));
  }
  return to_hex(hmac_sha256(key, to_sign));
}

}  // namespace

outbound::Headers signed_headers(const S3Signer& signer, const S3Signed& request,
                                 std::string_view body_hash, std::int64_t unix_ms) {
  const auto scope = scope_of(signer, unix_ms);
  S3Signed whole = request;
  whole.headers.push_back({"x-amz-date", scope.time});
  whole.headers.push_back({"x-amz-content-sha256", std::string(body_hash)});
  const auto sorted = sorted_headers(whole);
  auto headers = std::move(whole.headers);
  headers.push_back(
      {"authorization", fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm,
                                    signer.access_key, scope.text, names_of(sorted),
                                    signature(signer, scope, request, sorted, body_hash))});
  return headers;
}

std::string presigned_query(const S3Signer& signer, const S3Signed& request,
                            std::chrono::seconds valid_for, std::int64_t unix_ms) {
  const auto scope = scope_of(signer, unix_ms);
  const auto sorted = sorted_headers(request);
  S3Signed whole = request;
  for (auto& [name, value] :
       S3Query{{"X-Amz-Algorithm", std::string(kAlgorithm)},
               {"X-Amz-Credential", fmt::format("{}/{}", signer.access_key, scope.text)},
               {"X-Amz-Date", scope.time},
               {"X-Amz-Expires", std::to_string(valid_for.count())},
               {"X-Amz-SignedHeaders", names_of(sorted)}}) {
    whole.query.emplace_back(name, value);
  }
  return fmt::format("{}&X-Amz-Signature={}", query_text(whole.query),
                     signature(signer, scope, whole, sorted, kAnyBody));
}

}  // namespace synap::content
