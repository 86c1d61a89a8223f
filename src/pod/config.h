// Config: how a pod is set up. A TOML file says it, SYNAP_* variables over it, flags over both.
//
//   # synap.toml
//   data = "/var/lib/synap"
//   listen = "127.0.0.1:4400"
//   allowed_origins = ["https://notes.example"]
//
// What nobody means is refused, not ignored: a key that does not exist or a value that does not fit
// is an error which says where it stands (file and line, variable or flag) and what is allowed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/status.h"
#include "pod/pod.h"

namespace synap::pod {

/// Which source has said what a setting is.
enum class Origin : std::uint8_t { kDefault, kFile, kEnvironment, kFlag };
std::string_view origin_name(Origin origin);  // "environment"

struct Config {
  PodOptions pod;
  LogOptions log;
  /// What holds PodOptions::database instead; load_config() reads it.
  std::string database_file;
  /// Whoever starts the pod waits while another has its database, and takes over then.
  bool is_standby = false;
  /// The owner has agreed to a listen address that others can reach without TLS.
  bool is_insecure = false;
  /// SYNAP_* variables that mean nothing, likely misspelt: sentences to show.
  std::vector<std::string> warnings;
  /// By setting; those that nobody has said anything about are not in it.
  std::map<std::string, Origin, std::less<>> origins;
};

/// One thing that can be set: "http_threads" in the file, SYNAP_HTTP_THREADS in the environment,
/// --http-threads as a flag.
struct SettingInfo {
  std::string_view name;
  std::string_view docs;
  bool is_switch = false;     // true or false; as a flag it needs no value
  bool is_secret = false;     // a value that is wrong is not shown
  std::string expected = {};  // "a whole number from 1 to 256"
  std::string value = {};     // what it is where nobody says it; empty: nothing
  bool is_number = false;
};
const std::vector<SettingInfo>& settings();
std::string variable_of(std::string_view setting);  // "SYNAP_HTTP_THREADS"
std::string flag_of(std::string_view setting);      // "--http-threads"

struct ConfigSources {
  std::optional<std::string> file;  // its path
  /// By variable; others than SYNAP_* and those of OpenTelemetry (OTEL_*) are ignored.
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> flags;  // by setting
};

/// kBadRequest: a sentence about the first thing that is wrong; kNotFound: there is no such file.
Result<Config> load_config(const ConfigSources& sources);

/// "127.0.0.1:4400", "[::1]:4400" or "localhost:4400". kBadRequest says what is expected.
struct Address {
  std::string host;  // an IP address, without brackets
  std::uint16_t port = 0;
};
Result<Address> parse_address(std::string_view text);
/// As it stands in a URL: IPv6 in brackets.
std::string address_text(std::string_view host, std::uint16_t port);
bool is_loopback(std::string_view host);
/// An address at which whoever listens on `host` is found from this machine: nobody can call
/// 0.0.0.0.
std::string own_address(const std::string& host);

}  // namespace synap::pod
