// Signatures of requests to S3: AWS Signature Version 4 (docs.aws.amazon.com, "Signature Version 4
// signing process"; for S3 "Authenticating Requests").
//
//   canonical request  METHOD \n path \n query \n "name:value\n" of each header, sorted \n
//                      names of the headers, ";" between \n SHA-256 of the body
//   string to sign     "AWS4-HMAC-SHA256" \n time \n DATE/REGION/s3/aws4_request \n
//                      SHA-256 of the canonical request
//   signature          HMAC by a key made of the secret, date, region, service, "aws4_request"
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "content/s3/address.h"
#include "outbound/http.h"

namespace synap::content {

/// Who signs, and for which region.
struct S3Signer {
  std::string access_key;
  std::string secret_key;
  std::string region;
};

/// What is signed of a request.
struct S3Signed {
  std::string method;
  std::string host;
  std::string path;  // encoded
  S3Query query = {};
  outbound::Headers headers = {};  // names in lower case; without host
};

/// Instead of the hash of a body: whoever has a presigned URL may send any.
inline constexpr std::string_view kAnyBody = "UNSIGNED-PAYLOAD";

/// The headers of `request`, and x-amz-date, x-amz-content-sha256 and authorization. `body_hash` is
/// the SHA-256 of the body in lower-case hexadecimal.
outbound::Headers signed_headers(const S3Signer& signer, const S3Signed& request,
                                 std::string_view body_hash, std::int64_t unix_ms);

/// The query of a URL that whoever has it may use for `valid_for`, at most a week.
std::string presigned_query(const S3Signer& signer, const S3Signed& request,
                            std::chrono::seconds valid_for, std::int64_t unix_ms);

}  // namespace synap::content
