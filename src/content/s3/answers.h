// What an S3 server answers in XML, read into values. The text comes from another machine: expat
// reads it within bounds of our own, and a document type, the door of entities that grow or lead
// elsewhere, is refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace synap::content {

/// Why a request was refused: <Error>.
struct S3Error {
  std::string code;    // "NoSuchKey"; letters and digits only, "" if the text is no such answer
  std::string region;  // where the bucket is, if that is what is wrong; otherwise ""
};
S3Error parse_s3_error(std::string_view xml);

/// An object of a listing.
struct S3Object {
  std::string name;
  std::int64_t size = 0;
  std::int64_t modified_at = 0;  // Unix time in milliseconds
};
/// <ListBucketResult>. kBadGateway: the text is no such answer.
struct S3Listing {
  std::vector<S3Object> objects;
  bool is_cut = false;  // there are more
};
Result<S3Listing> parse_s3_listing(std::string_view xml);

/// <InitiateMultipartUploadResult>: the upload's id. kBadGateway: the text is no such answer.
Result<std::string> parse_s3_upload(std::string_view xml);
/// Whether this is <CompleteMultipartUploadResult>. An <Error> may come with status 200, too.
bool is_s3_completion(std::string_view xml);

/// <CompleteMultipartUpload>: the parts, by their entity tags, in order.
std::string s3_completion_text(const std::vector<std::string>& tags);

}  // namespace synap::content
