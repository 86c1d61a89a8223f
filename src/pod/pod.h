// Pod: one installation, running: all rooms made, handed to each other, started in order and
// stopped in order.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agents/chain.h"
#include "base/status.h"
#include "content/s3/address.h"
#include "models/provider.h"
#include "workers/run_pruner.h"

namespace synap::pod {

/// A setting as it is in force, for those who look: each value is text, as one would write it.
struct SettingInForce {
  std::string name;
  std::string value;          // empty: nothing; of a secret "(set)" or "(not set)"
  std::string default_value;  // what it would be if nobody had said anything
  std::string from;           // "default", "file", "environment" or "flag"
  std::string description;
};

/// Of the pod as a server for apps of Inngest's SDKs.
struct InngestOptions {
  std::optional<std::uint16_t> port{};  // of its own, beside the pod's; nothing: none
  // A further one, where workers look that are told where the gateway is. Nothing: 8289, where
  // `port` is 8288 and nobody has it.
  std::optional<std::uint16_t> connect_port{};
  bool is_dev = false;                 // without keys, from this machine
  std::vector<std::string> apps = {};  // addresses that are asked to register
  std::optional<std::chrono::milliseconds> retry_interval{};  // instead of the usual delays
};

/// Of the pod as an app of an Inngest server, which then is the bus.
struct InngestBusOptions {
  bool is_on = false;          // the setting `bus`
  std::string url = {};        // of its API; empty: there is no such server
  std::string event_url = {};  // of its event API; empty: the same
  std::string event_key = {};
  std::string signing_key = {};
  std::string signing_key_fallback = {};
  std::string app = "synap";
  std::string serve_url = {};     // where it finds the pod's /api/inngest; empty: as others do
  std::string event_prefix = {};  // before the names of events there
  std::vector<std::string> events = {};  // types that are posted besides what functions hear
};

/// Where content is kept.
struct ContentOptions {
  bool is_in_s3 = false;  // the setting `content`; otherwise in the data directory
  content::S3Settings s3 = {};
  // Files that hold the keys, instead of the settings themselves; load_config() reads them.
  std::string access_key_file = {};
  std::string secret_key_file = {};
};

/// Search by meaning.
struct SearchOptions {
  std::string model = {};                   // its id; empty: that which was added last
  std::int64_t memory_mib = 256;            // of vectors
  std::chrono::milliseconds patience{150};  // so long a query waits for its vector
};

/// Traces of OpenTelemetry.
struct TraceOptions {
  std::string endpoint = {};  // of a collector, "http://127.0.0.1:4318"; empty: there are no traces
  std::string headers = {};   // "name=value,other=value"
  double ratio = 1;           // of traces that begin here, so many are kept
  std::string service_name = "synap";
};

/// One of many nodes on one database.
struct NodeOptions {
  bool is_one_of_many = false;  // the setting `nodes`
  std::string name = {};        // empty: the machine's name and the port
  std::chrono::milliseconds lease{10'000};
};

struct PodOptions {
  std::string data = "./synap-data";
  // On a PostgreSQL server, as libpq takes it; empty: in the data directory.
  std::string database = {};
  bool is_database_pooled = false;           // db::postgres::ConnectionOptions::is_pooled
  std::int64_t log_part_events = 1'000'000;  // there: of so many a part of the log is
  NodeOptions node = {};
  ContentOptions content = {};
  std::string host = "127.0.0.1";
  std::uint16_t port = 4400;
  int http_threads = 2;
  int worker_concurrency = 256;
  // Of web pages, beside the pod's own and those of this machine; "*" is any.
  std::vector<std::string> allowed_origins = {};
  std::string public_url = {};  // where others find the pod, through a proxy; empty: nowhere else
  std::size_t body_bytes_max = 10 * 1024 * 1024;
  std::size_t batch_max = 100;
  int calls_per_second_max = 0;  // of one user; 0: no limit
  std::size_t header_bytes_max = 64 * 1024;
  std::size_t connections_max = 10'000;
  // Of these, for callers with a key; nothing: a quarter of them.
  std::optional<std::size_t> connections_kept{};
  // Of requests and messages that are on their way or being carried out.
  std::size_t bytes_in_flight_max = 256 * 1024 * 1024;
  std::size_t bytes_in_flight_key_max = 64 * 1024 * 1024;       // of one API key
  std::size_t bytes_in_flight_strangers_max = 8 * 1024 * 1024;  // of all without a key together
  std::chrono::milliseconds head_timeout{10'000};  // first byte of a request to end of its head
  std::chrono::milliseconds body_timeout{30'000};  // end of head to end of body
  std::chrono::milliseconds idle_timeout{75'000};  // between two requests
  // Of a connection without a key: between requests, and until a WebSocket says one.
  std::chrono::milliseconds stranger_timeout{5'000};
  std::chrono::milliseconds write_timeout{30'000};  // one write that makes no progress
  std::chrono::milliseconds stop_grace{8'000};
  // A stop says no to /ready for so long before it takes no more connections.
  std::chrono::milliseconds drain{0};
  // Below this /ready says no: less is gone within minutes of notes, and a database that cannot
  // grow can neither tidy its log away.
  std::int64_t disk_free_bytes_min = 64 * 1024 * 1024;
  // What /metrics takes beside an owner's key; empty: nothing.
  std::string metrics_key = {};
  // Addresses that the pod may call although they are not of the public internet.
  std::vector<std::string> outbound_allowed = {};
  // Where else nothing is sent; empty: anywhere on the public internet (egress.h).
  std::vector<std::string> egress_allowed = {};
  InngestOptions inngest = {};
  workers::RunRetention runs = {};  // which of those that have ended stay
  // Threads of graphs outside that nobody has used for longer go; 0: none does.
  std::chrono::milliseconds threads_age{0};
  InngestBusOptions inngest_bus = {};
  TraceOptions traces = {};
  models::Options models = {};
  bool guards_agents = true;  // the setting `agent_guard`
  agents::ChainLimits agent_chains = {};
  SearchOptions search = {};
  // What load_config() made these options of; empty where somebody else did.
  std::vector<SettingInForce> settings = {};
};

struct OwnerResetOptions {
  std::string data;
  std::string database = {};  // as PodOptions has it
  /// All other keys of owners are revoked: of a pod whose keys others may have.
  bool revokes_others = false;
};
/// What became of a reset.
struct OwnerReset {
  std::string user_id;
  std::string key_id;
  std::string path;          // of the file that holds the key
  bool is_new_user = false;  // there was no owner
  int revoked = 0;           // other keys
};

class Pod {
 public:
  /// Takes the address, opens (or makes) the data directory, recovers, and serves. kConflict:
  /// another process has the address, and nothing was made, or the directory. kServiceUnavailable:
  /// the directory cannot be used. Where it fails
  /// after it has made the owner's key, the message and {"ownerKeyFile"} say where that is.
  static Result<std::unique_ptr<Pod>> start(PodOptions options);
  ~Pod();
  Pod(const Pod&) = delete;
  Pod& operator=(const Pod&) = delete;

  std::uint16_t port() const;
  /// That of InngestOptions::port, once started; nothing: there is none.
  std::optional<std::uint16_t> inngest_port() const;
  /// The owner's key, if this start has made it; otherwise empty.
  const std::string& new_owner_key() const;
  /// At the same start: what signs its owner in at the page, once, within 15 minutes, from the
  /// pod's address on: "/#token=...".
  const std::string& new_owner_link() const;

  /// Brings an owner back into a pod that does not run: makes a key for the first owner, or an
  /// owner if there is none, and puts it into owner.key. kConflict: it runs; kNotFound: there is no
  /// pod in the directory, where nothing was changed.
  /// Of a pod that is not running: the digest of each of its read models by name, when all that is
  /// in its log is in them. Blocks.
  static Result<std::map<std::string, std::string>> read_models(const PodOptions& options);
  static Result<OwnerReset> reset_owner(const OwnerResetOptions& asked);

  /// From now on /ready says no, and all else goes on: before stop().
  void drain();

  /// Stops within the grace of the options. False: some runs were cut off; they go on after the
  /// next start.
  bool stop();

  /// Whether another pod has the database now, or the other nodes go on without this one, so that
  /// it is of no use any more: it is to be stopped. Looks for that at most once a second, and
  /// blocks meanwhile.
  bool is_lost();

 private:
  struct Parts;
  Pod();
  std::unique_ptr<Parts> parts_;
};

}  // namespace synap::pod
