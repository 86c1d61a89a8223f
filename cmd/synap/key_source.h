// KeySource: where the address of a pod and the key for it come from: flags, variables, a context
// that somebody has signed in to, or the data directory.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "synap/pod_client.h"

namespace synap::cli {

/// A pod and a key, and what people are told of where they come from.
struct PodAndKey {
  std::string url;     // without a slash at its end
  std::string key;     // empty: none
  std::string origin;  // of the key: "--key", a path, "none, as there is no …"
  /// What to do, where there is no key or the file of it says nothing; empty otherwise.
  std::string advice;
  /// Where nobody has said which pod is meant, and the current context is another than that of the
  /// data directory here: a sentence that tells them apart. Empty otherwise.
  std::string other_pod;
};

/// Where the pod of a data directory listens, as it says there; empty where it says nothing.
std::string url_in(const std::string& data);
/// Of one pod: the same address, or two names of this machine with the same port.
bool is_same_place(std::string_view url, std::string_view other);

/// kBadRequest: the URL is none, a key was given that is empty or is no key, there is no such
/// context.
Result<PodAndKey> find_pod_and_key(const ClientOptions& options);

/// A key that somebody gave, by `origin`, without a byte order mark and spaces around it.
/// kBadRequest: it is empty, or is no one line.
Result<std::string> given_key(const std::string& text, std::string_view origin);

/// The key in a file as people and editors leave it: with a byte order mark, CRLF, spaces around
/// it. What is no text of one key is told in `problem`.
struct KeyFile {
  std::string key;
  std::string problem;  // "it cannot be read: Permission denied"
  bool is_missing = false;
};
KeyFile read_key_file(const std::string& path);

}  // namespace synap::cli
