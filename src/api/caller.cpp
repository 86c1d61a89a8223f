#include "api/caller.h"

namespace synap::api {

std::string_view role_name(Role role) {
  return role == Role::kOwner ? "owner" : "member";
}

std::optional<Role> role_by_name(std::string_view name) {
  if (name == "owner") return Role::kOwner;
  if (name == "member") return Role::kMember;
  return std::nullopt;
}

Result<Session> session_of(const rpc::Call& call) {
  const auto* context = dynamic_cast<const CallContext*>(call.context.get());
  SYNAP_CHECK(context != nullptr, "every call has the context of this server");
  if (!context->caller) return fail(context->caller.error());
  Session session{*context->caller, context->idempotency_key, call.stop, &context->keys};
  if (auto admitted = context->keys.admit(session.caller.key_id); !admitted) {
    return fail(admitted.error());
  }
  return session;
}

rpc::Items while_authorized(Session session, rpc::Items items) {
  while (auto item = co_await items.next()) {
    if (auto live = session.check(); !live) co_return fail(live.error());
    co_yield std::move(*item);
  }
  co_return std::move(items.end());
}

Result<> Session::check() const {
  if (keys->is_live(caller.key_id)) return {};
  return fail(Code::kUnauthorized, "This API key is not valid");
}

}  // namespace synap::api
