// Caller: who is asking. Session: what a procedure knows of one call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/status.h"
#include "base/uuid.h"
#include "events/log.h"
#include "rpc/procedure.h"

namespace synap::api {

enum class Role : std::uint8_t { kOwner, kMember };
std::string_view role_name(Role role);
std::optional<Role> role_by_name(std::string_view name);

struct Caller {
  std::string user_id;
  Role role = Role::kMember;
  std::string key_id;
};

/// Tells whether a key is still good. Keys can be revoked while a connection or a subscription that
/// began with them goes on.
class KeyStatus {
 public:
  virtual ~KeyStatus() = default;
  virtual bool is_live(const std::string& key_id) const = 0;
  /// Called once a call. kUnauthorized: the key is not live; kTooManyRequests: it has made more
  /// calls than it may.
  virtual Result<> admit(const std::string& key_id) const = 0;
};

/// The context of every call: made once a request (once a connection over WebSocket).
class CallContext final : public rpc::Context {
 public:
  explicit CallContext(const KeyStatus& key_status) : keys(key_status) {}
  const KeyStatus& keys;
  /// Who calls, or why that is not known: then procedures that need a caller answer this error.
  Result<Caller> caller = fail(Code::kUnauthorized, "");
  /// Of the Idempotency-Key header of one call's request; empty without one.
  std::string idempotency_key;
};

/// What a procedure is given besides its input.
struct Session {
  Caller caller;
  std::string idempotency_key;  // empty without one
  std::stop_token stop;
  const KeyStatus* keys = nullptr;

  /// kUnauthorized once the key has been revoked: for calls that last.
  Result<> check() const;

  /// The one place where a user's reading is bounded: all a feature reads, it reads through this
  /// scope or through Database::read_as(user_id()).
  events::Scope scope() const { return events::Scope::of_user(caller.user_id); }
  const std::string& user_id() const { return caller.user_id; }
};

/// What `items` yields, until the caller's key is revoked: then it ends with kUnauthorized.
rpc::Items while_authorized(Session session, rpc::Items items);

/// Makes the Session of a call. kUnauthorized: the caller is not known; kTooManyRequests.
Result<Session> session_of(const rpc::Call& call);

}  // namespace synap::api
