// What `synap doctor` looks at: each check looks at one thing and says how it is.
#pragma once

#include <optional>
#include <string>

#include "synap/pod_client.h"

namespace synap::cli {

struct Check {
  enum class Status { kOk, kWarn, kFail };
  std::string name;
  Status status = Status::kOk;
  std::string message;
};

/// The lock of a data directory: held here for as long as this lives, or held by a pod.
class LockProbe {
 public:
  explicit LockProbe(const std::string& data);
  ~LockProbe();
  LockProbe(const LockProbe&) = delete;
  LockProbe& operator=(const LockProbe&) = delete;
  bool is_pod_running() const { return is_held_by_pod_; }
  const std::string& pid() const { return pid_; }

 private:
  int directory_ = -1;
  int lock_ = -1;
  bool is_held_by_pod_ = false;
  std::string pid_;
};

/// `data` need not exist yet; then the directory in which it would be made is looked at.
Check check_directory(const std::string& data);
Check check_fsync(const std::string& data);
Check check_space(const std::string& data);
Check check_clock(const std::string& data);
Check check_sqlite();
Check check_key_file(const std::string& data);

/// With a pod: that it answers, can write, and knows the key.
/// `data`: the directory that is looked at beside it.
Check check_pod(PodClient& pod, const std::string& data);
Check check_key(PodClient& pod);
/// What only the pod itself knows: how workers prove who they are, how search stands. Empty: it
/// does not say.
std::vector<Check> checks_of_pod(PodClient& pod);
/// Without one: that nothing has its port, but for a pod with another directory.
Check check_port(PodClient& pod);
/// Empty, or why the files of a directory that is there cannot be looked at.
std::string unreadable(const std::string& data);

}  // namespace synap::cli
