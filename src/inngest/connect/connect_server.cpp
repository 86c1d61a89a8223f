#include "inngest/connect/connect_server.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "inngest/connect/session.h"
#include "inngest/ulid.h"
#include "net/ascii.h"
#include "outbound/url.h"

namespace synap::inngest {
namespace {

// Of all users together, and a user may have as many as connections.
constexpr std::size_t kInvitationsMax = 10'000;

std::string new_token() {
  std::array<std::uint8_t, 32> bytes{};
  random_bytes(bytes.data(), bytes.size());
  return to_hex(bytes);
}

}  // namespace

// As the worker has found the pod, since that is a way that it can go.
std::string ConnectServer::gateway_of(const net::Request& request) const {
  const auto* host = request.headers.find("host");
  const std::string asked = host != nullptr ? *host : std::string("127.0.0.1");
  constexpr std::string_view kSecure = "https://";
  const bool is_secure =
      options_.public_url.starts_with(kSecure) &&
      net::equal_ignoring_case(
          options_.public_url.substr(
              kSecure.size(), options_.public_url.find('/', kSecure.size()) - kSecure.size()),
          asked);
  return fmt::format("{}://{}{}", is_secure ? "wss" : "ws", asked, kGatewayPath);
}

Result<std::string> ConnectServer::start(const net::Request& request, const Asker& asker) {
  if (!is_start_request(request.body)) {
    return fail(Code::kBadRequest, "The body is no StartRequest (protobuf)");
  }
  if (rooms_.router.is_full(asker.user_id)) {
    return fail(Code::kTooManyRequests, "You have as many workers connected as you may have");
  }
  auto& world = rooms_.router.options().world;
  const auto now = world.now();
  const auto id = ulid_of(world.new_id());
  const auto token = new_token();
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(invitations_, [&](const auto& one) { return one.second.until <= now; });
    const auto is_his = [&](const auto& one) { return one.second.asker.user_id == asker.user_id; };
    const auto open = static_cast<std::size_t>(std::ranges::count_if(invitations_, is_his));
    if (invitations_.size() >= kInvitationsMax ||
        open >= rooms_.router.options().connections_of_user_max) {
      return fail(Code::kTooManyRequests, "Too many sessions are begun and not connected");
    }
    invitations_.emplace(id, Invitation{asker, token, now + options_.token_max});
  }
  const auto gateway = gateway_of(request);
  return write_start_response({.connection_id = id,
                               .gateway_endpoint = gateway,
                               .gateway_group = "synap",
                               .session_token = token,
                               .sync_token = token});
}

Result<std::string> ConnectServer::flush(const net::Request& request, const Asker& asker) {
  const auto reply = read_worker_reply(request.body);
  if (!reply || reply->request_id.empty()) {
    return fail(Code::kBadRequest, "The body is no SDKResponse (protobuf)");
  }
  rooms_.router.take_reply(asker.user_id, *reply);
  return write_request_id(reply->request_id);
}

// Once, whether it is right or not: who guesses has one try at each.
Result<Asker> ConnectServer::redeem(const WorkerConnect& connect) {
  const auto wrong = fail(Code::kUnauthorized, "The session token is not that of this connection");
  const std::lock_guard lock(mutex_);
  const auto known = invitations_.find(std::string(connect.connection_id));
  if (known == invitations_.end()) return wrong;
  const auto invitation = std::move(known->second);
  invitations_.erase(known);
  if (!is_equal_in_constant_time(invitation.token, connect.session_token)) return wrong;
  if (invitation.until <= rooms_.router.options().world.now()) {
    return fail(Code::kUnauthorized, "The session token has expired");
  }
  return invitation.asker;
}

bool ConnectServer::speaks(const net::Request& request) {
  const auto* offered = request.headers.find("sec-websocket-protocol");
  return offered != nullptr && net::list_has(*offered, kProtocol);
}

Task<void> ConnectServer::serve(const net::Request& request, net::WebSocket& socket) {
  ConnectSession session(*this, request, socket);
  co_await session.run();
}

}  // namespace synap::inngest
