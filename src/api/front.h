// Front: what the HTTP server serves: a table of mounts, with CORS and the check of the Host around
// all of them. /trpc, /api, /openapi.json, /health and /ready are its own; other protocols are
// mounted beside them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/keys.h"
#include "api/session_cookie.h"
#include "base/metrics.h"
#include "base/trace.h"
#include "net/cors.h"
#include "net/http.h"
#include "net/origins.h"
#include "rpc/procedure.h"
#include "trpc/server.h"

namespace synap::api {

struct FrontOptions {
  net::Origins origins{};
  net::HostNames names{};
  SessionCookie cookie{};
  std::size_t batch_max = 100;
  /// Who is told of calls as spans; null: nobody.
  Tracer* tracer = nullptr;
  /// Whether this is the node that leads. Any thread; null: it is alone.
  std::function<bool()> leads = nullptr;
};

/// How it is found out who calls, before a body is read.
enum class Authentication : std::uint8_t {
  kByPath,       // nobody need be known: the head alone is served, whatever its body
  kByHandler,    // its own admit() decides
  kBySignature,  // of the body, which its serve() verifies: the head must carry `signature_header`
};

/// A path, all that is below it, and who serves it.
struct Mount {
  std::string prefix;                     // "/trpc"; empty: all that no other serves
  std::shared_ptr<net::Handler> handler;  // kept by the front
  std::string cors_headers = {};          // what pages of other origins may send: "a, b"
  std::string cors_methods = "GET, POST";
  Authentication authentication = Authentication::kByHandler;
  /// Of kBySignature. Whoever cannot show a signature is refused before his body is read. Who sent
  /// one is not known before all of it is: its bytes are on the account of strangers, and few.
  std::string signature_header = {};
  std::size_t body_bytes_max = 1 << 20;
  /// What it is called where all that is served is listed. Empty: by its prefix.
  std::string listed_as = {};
  /// Its handler says by itself which pages of other origins may call what.
  bool has_own_cors = false;
  /// Served whatever name the request goes to: those who look after many machines (probes,
  /// scrapers) go by addresses and names of their own. It says nothing to whoever has no key, or
  /// what a page of another name may know.
  bool has_any_name = false;
  /// It only says why nothing is here: another mount of its prefix takes its place.
  bool gives_way = false;
};

class Front final : public net::Handler {
 public:
  /// `procedures` and `keys` must outlive the front. `is_ready` tells whether writes work now, and
  /// if not, why.
  Front(FrontOptions options, const rpc::ProcedureTable& procedures, const Keys& keys,
        std::function<Task<Result<>>()> is_ready);

  /// Before the server starts. A path is served by the longest prefix that it is below; CHECKs that
  /// no other mount has this one, but one that gives way.
  void mount(Mount mount);

  /// What serves procedures as REST, for other protocols that are turned into it.
  const std::shared_ptr<net::Handler>& rest() const { return rest_; }

  /// kNotFound, with a list of what is served: of a path that is below no mount, or that the mount
  /// of all others does not know.
  Error nothing_here() const;

  Task<net::Admission> admit(const net::Request& head) override;
  Task<net::Response> serve(const net::Request& request) override;
  std::optional<net::Response> refuse_upgrade(const net::Request& request) override;
  std::string websocket_protocol(const net::Request& request) override;
  Task<void> serve_websocket(const net::Request& request, net::WebSocket& socket) override;
  net::Response refusal(const Error& error) override;
  net::Response refusal_to(const net::Request& head, const Error& error) override;

  /// How many requests were for a host that is not the pod's. Any thread.
  std::uint64_t hosts_refused() const { return hosts_refused_.value(); }
  /// How many pages of other origins wanted to open a WebSocket or to send a form.
  std::uint64_t origins_refused() const { return origins_refused_.value(); }

 private:
  const Mount* find(std::string_view path) const;
  std::optional<net::Response> wrong_host(const net::Request& head);
  Task<net::Admission> admit(const Mount* mount, const net::Request& head);

  const net::HostNames names_;
  const net::CorsPolicy cors_;
  const std::shared_ptr<net::Handler> rest_;
  Counter hosts_refused_;
  Counter origins_refused_;
  std::vector<Mount> mounts_;
};

}  // namespace synap::api
