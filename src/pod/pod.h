// Pod: one installation, running: all rooms made, handed to each other, started in order and
// stopped in order.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace synap::pod {

struct PodOptions {
  std::string data = "./synap-data";
  std::string host = "127.0.0.1";
  std::uint16_t port = 4400;
  int http_threads = 2;
  int worker_concurrency = 256;
  std::vector<std::string> allowed_origins = {"*"};
  std::size_t body_bytes_max = 10 * 1024 * 1024;
  std::size_t batch_max = 100;
  std::chrono::milliseconds stop_grace{8'000};
};

class Pod {
 public:
  /// Opens (or makes) the data directory, recovers, and serves. kConflict: another process has the
  /// directory or the address. kServiceUnavailable: the directory cannot be used.
  static Result<std::unique_ptr<Pod>> start(PodOptions options);
  ~Pod();
  Pod(const Pod&) = delete;
  Pod& operator=(const Pod&) = delete;

  std::uint16_t port() const;
  /// The owner's key, if this start has made it; otherwise empty.
  const std::string& new_owner_key() const;

  /// Stops within the grace of the options. False: some runs were cut off; they go on after the
  /// next start.
  bool stop();

 private:
  struct Parts;
  Pod();
  std::unique_ptr<Parts> parts_;
};

}  // namespace synap::pod
