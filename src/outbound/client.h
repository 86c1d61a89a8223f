// Client: HTTP requests to other machines. The only place of the program that reaches out.
//
//   Client client(*Policy::public_only(config.outbound_allowed));
//   auto answer = co_await client.send({.method = "POST", .url = url, .body = text}, {.stop =
//   stop});
//
//   auto stream = client.stream({.url = url}, {.deadline = SteadyClock::time_point::max()});
//   while (auto chunk = co_await stream.next()) use(*chunk);
//   if (!stream.end()) ...
//
// One thread does the transfers of a client, by libcurl; the coroutine that awaits an answer is
// resumed on its own executor. Any executor's coroutines may use a client at the same time. TLS
// certificates are always verified. Connections are kept and used again, each only for the host it
// was made for.
//
// Errors, each a sentence that names the origin and never the URL's path, query or password:
//   kBadRequest          the URL, the method or a header is none
//   kForbidden           the policy refuses the address, or a redirect leads where none may
//   kServiceUnavailable  nobody answers; too much is waiting already; the client is going
//   kBadGateway          the answer is no HTTP, broke off, or its certificate is not to be trusted
//   kGatewayTimeout      the deadline is over, or no byte came for too long
//   kPayloadTooLarge     the answer is larger than asked for, or than the client's whole budget
//   kClientClosedRequest `stop` was asked for
//   or what ClientOptions::refuse_to_send says
// Where libcurl said why, details are {"reason": its words}.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/status.h"
#include "base/stream.h"
#include "base/task.h"
#include "outbound/http.h"
#include "outbound/policy.h"

namespace synap::outbound {

/// Which proxy is used.
enum class Proxy : std::uint8_t {
  kNone,
  kOfEnvironment,  // http_proxy and its like, but never for a host that is this machine
};

/// What a client's transfers may take together. What is beyond waits for its turn: those to one
/// origin in their order, and origins take turns.
struct Budget {
  std::size_t transfers_max = 64;
  /// To one origin: so that one that never answers leaves room for others. 0: as many as in all.
  std::size_t transfers_of_origin_max = 0;
  /// Of bodies to be sent, and of answers as large as they may become. A stream counts with what is
  /// kept until it is pulled: two windows of 64 KiB.
  std::uint64_t bytes_max = std::uint64_t{256} * 1024 * 1024;
  /// Of those that wait. One more is refused.
  std::size_t waiting_max = 1'000;
  std::uint64_t waiting_bytes_max = std::uint64_t{64} * 1024 * 1024;
};

/// How a client is set up, once.
struct ClientOptions {
  Proxy proxy = Proxy::kNone;
  Budget budget = {};
  std::chrono::milliseconds connect_timeout{5'000};
  /// A file of PEM certificates that are trusted instead of the system's; empty: the system's.
  std::string ca_file = {};
  /// Asked when a request's connection is there and nothing of it is sent, of each hop: an error
  /// ends it so. On the thread of the transfers, which waits for it. Null: nobody minds.
  std::function<std::optional<Error>()> refuse_to_send = nullptr;
};

class Engine;

class Client {
 public:
  /// A proxy would hide the address that is reached, so a policy that guards allows none.
  explicit Client(Policy policy, ClientOptions options = {});
  /// Ends what is in flight with kServiceUnavailable. Tasks and streams may outlive the client.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// kForbidden: the policy lets no request go to this URL, wherever its host leads.
  Result<> may_reach(std::string_view url) const;

  /// The whole answer, whatever its status. Destroying the task cancels the transfer.
  Task<Result<Response>> send(Request request, Options options = {});

  /// The answer as it comes. While nobody pulls, at most two windows of 64 KiB are kept and the
  /// sender is made to wait. Destroying the stream cancels the transfer.
  Stream<Chunk, Result<End>> stream(Request request, Options options = {});

 private:
  std::shared_ptr<Engine> engine_;
};

}  // namespace synap::outbound
