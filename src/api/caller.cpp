#include "api/caller.h"

#include <fmt/format.h>

namespace synap::api {

std::string_view role_name(Role role) {
  return role == Role::kOwner ? "owner" : "member";
}

std::optional<Role> role_by_name(std::string_view name) {
  if (name == "owner") return Role::kOwner;
  if (name == "member") return Role::kMember;
  return std::nullopt;
}

namespace {

const CallContext& context_of(const std::shared_ptr<const rpc::Context>& context) {
  const auto* ours = dynamic_cast<const CallContext*>(context.get());
  SYNAP_CHECK(ours != nullptr, "every call has the context of this server");
  return *ours;
}

}  // namespace

Result<Session> session_of(const rpc::Call& call) {
  const auto& context = context_of(call.context);
  auto caller = context.caller();
  if (!caller) return fail(caller.error());
  Session session{std::move(*caller), context.idempotency_key, call.stop};
  // One header serves a batch: each of its calls needs a key of its own.
  if (!session.idempotency_key.empty() && call.batch_index > 0) {
    session.idempotency_key += fmt::format("#{}", call.batch_index);
  }
  return session;
}

rpc::Items while_authorized(std::shared_ptr<const rpc::Context> context, rpc::Items items) {
  while (auto item = co_await items.next()) {
    if (auto caller = context_of(context).caller(); !caller) co_return fail(caller.error());
    co_yield std::move(*item);
  }
  co_return std::move(items.end());
}

}  // namespace synap::api
