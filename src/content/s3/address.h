// S3Settings and S3Address: which bucket of which server, and how an object of it is named in a
// request.
//
//   path style           https://HOST/BUCKET/PREFIXann/note/0192.md
//   virtual-host style   https://BUCKET.HOST/PREFIXann/note/0192.md
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace synap::content {

/// What the owner of a pod says of its bucket.
struct S3Settings {
  std::string endpoint = {};  // "https://s3.eu-central-1.amazonaws.com": a scheme, a host, a port
  std::string bucket = {};
  std::string region = "us-east-1";
  std::string prefix = {};  // before every name: "" or "pods/ann/"
  std::string access_key = {};
  std::string secret_key = {};
  bool is_path_style = true;
};

/// "a=1&b": names and values as they are, without percent signs.
using S3Query = std::vector<std::pair<std::string, std::string>>;

/// Of characters that a URL may hold as they are (RFC 3986, "unreserved") the text stays the same,
/// all others become %XX: the only spelling that a signature takes.
std::string percent_encoded(std::string_view text);
/// Sorted by name, as a signature wants it.
std::string query_text(S3Query query);

class S3Address {
 public:
  /// kBadRequest: a sentence about the setting that is wrong.
  static Result<S3Address> make(const S3Settings& settings);

  /// "https://minio.lan:9000"
  const std::string& endpoint() const { return endpoint_; }
  /// For the header `host`, as the client sends it: with a port that is not the scheme's own.
  const std::string& host() const { return host_; }
  /// Of the machine, as an outbound policy names it: "minio.lan:9000".
  std::string destination() const;
  /// The path of an object, or of the bucket where `name` is empty.
  std::string path(std::string_view name) const;
  std::string url(std::string_view name, const S3Query& query) const;

 private:
  S3Address() = default;
  std::string endpoint_;
  std::string host_;
  std::string machine_;  // without a port
  int port_ = 0;
  bool is_https_ = false;
  std::string bucket_path_;  // "/bucket", or "" in virtual-host style
};

}  // namespace synap::content
