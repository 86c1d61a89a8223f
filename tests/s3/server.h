// A real S3 server for tests: a process of its own on free ports, with a bucket, in a directory
// that goes away. It can be killed and started again over the same data.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/test_support.h"
#include "content/s3/address.h"

namespace synap::s3test {

class Server {
 public:
  enum class Kind : std::uint8_t { kSeaweed, kVersity };

  /// Where the program of a kind is, or "" if it is not installed.
  static std::string program(Kind kind);

  explicit Server(Kind kind);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// For its bucket, with a prefix that nobody else has.
  content::S3Settings settings() const;
  std::uint16_t port() const { return ports_.front(); }

  void kill();
  /// Returns when it serves the bucket.
  void start();

 private:
  std::vector<std::string> command() const;
  bool serves() const;

  const Kind kind_;
  const test::TempDirectory directory_;
  std::vector<std::uint16_t> ports_;
  pid_t pid_ = 0;
};

/// Of this process, made at the first call.
Server& seaweed();
Server& versity();

/// What SYNAP_TEST_S3_ENDPOINT, _BUCKET, _REGION, _ACCESS_KEY, _SECRET_KEY and _PATH_STYLE say;
/// without an endpoint there is none.
content::S3Settings given();

}  // namespace synap::s3test
