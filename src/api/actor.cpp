#include "api/actor.h"

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

Requirement requirement_of(const rpc::Procedure& procedure) {
  const auto& meta = procedure.meta;
  return {
      .access = meta.access,
      .path = procedure.path,
      .scope = meta.has_scope_of_input ? "" : rpc::scope_of(procedure),
      .proposing_scope = rpc::proposing_scope_of(procedure),
      .may_be_proposed = meta.may_be_proposed,
      .is_mutation = procedure.kind == rpc::Kind::kMutation,
      .has_cause = procedure.kind == rpc::Kind::kMutation || meta.effects == rpc::Effects::kAppends,
      .keeps_idempotency_keys = meta.keeps_idempotency_keys};
}

Task<Result<std::string>> Authority::propose(const Session&, std::string_view path, Json) const {
  co_return fail(Code::kForbidden,
                 fmt::format("Nothing can be proposed here, so neither {}", path));
}

std::string Authority::key_behind(const Actor& actor) const {
  return actor.recorded.kind == events::Actor::Kind::kKey ? actor.recorded.id : actor.started_by;
}

Task<Result<events::EventRef>> Authority::cause(const Actor&, Uuid) const {
  co_return fail(Code::kBadRequest, "synap-caused-by: there is no such event of yours");
}

Task<Result<>> find_cause(Session& session) {
  auto cause = co_await session.authority->cause(session.actor, *session.caused_by);
  if (!cause) co_return fail(cause.error());
  session.cause = std::move(*cause);
  co_return Result<>{};
}

namespace {

// What a call comes to.
enum class Way : std::uint8_t { kDone, kProposed, kProposedForApproval };

// Of a call that the scopes allow.
Result<Way> allowed_way(const CallContext& context, const Requirement& requirement) {
  if (!context.needs_approval || !requirement.is_mutation) return Way::kDone;
  if (requirement.may_be_proposed) return Way::kProposedForApproval;
  return fail(Code::kForbidden,
              fmt::format("{} needs a person's approval after what the agent has read, and is "
                          "nothing that can be proposed",
                          requirement.path));
}

Result<Way> way_of(const CallContext& context, const Scopes& scopes,
                   const Requirement& requirement) {
  if (requirement.scope.empty() || scopes.allow(requirement.scope)) {
    return allowed_way(context, requirement);
  }
  const bool proposes = requirement.is_mutation && scopes.allow(requirement.proposing_scope);
  if (proposes && requirement.may_be_proposed) return Way::kProposed;
  auto message =
      fmt::format("This API key is not for that: the scope {} is needed", requirement.scope);
  if (proposes) message += fmt::format(", as {} is nothing that can be proposed", requirement.path);
  return fail(Code::kForbidden, std::move(message));
}

}  // namespace

Result<Session> admit(const rpc::Call& call, const Requirement& requirement) {
  const auto* context = dynamic_cast<const CallContext*>(call.context.get());
  SYNAP_CHECK(context != nullptr, "every call has the context of this server");
  if (!context->actor) return fail(context->actor.error());
  Session session{*context->actor, context->idempotency_key, call.stop, &context->authority,
                  context->refuses_unknown_keys};
  if (requirement.has_cause) session.caused_by = context->caused_by;
  const Actor& actor = session.actor;
  if (auto admitted = context->authority.admit(actor); !admitted) return fail(admitted.error());
  if (requirement.access == rpc::Access::kOwner && actor.role != Role::kOwner) {
    return fail(Code::kForbidden, "Only an owner of the pod may ask for this");
  }
  const auto way = way_of(*context, actor.scopes, requirement);
  if (!way) return fail(way.error());
  session.proposes = *way != Way::kDone;
  session.is_for_approval = *way == Way::kProposedForApproval;
  session.is_tainted = context->is_tainted;
  if (requirement.has_cause) session.reason = context->reason;
  if (requirement.is_mutation && !requirement.keeps_idempotency_keys &&
      !session.idempotency_key.empty()) {
    return fail(Code::kBadRequest,
                "This procedure keeps no Idempotency-Key: send none, and ask what is there before "
                "it is called again");
  }
  if (context->tracer != nullptr) {
    const auto trace = context->tracer->begin(context->parent);
    // A trace that begins here and that nobody keeps is none.
    if (trace.is_sampled || context->parent) session.trace = trace;
  }
  return session;
}

namespace {

// Is asked to stop when either of two is.
class EitherStops {
 public:
  EitherStops(std::stop_token one, std::stop_token other)
      : one_(std::move(one), Ask{source_}), other_(std::move(other), Ask{source_}) {}

  std::stop_token token() const { return source_.get_token(); }

 private:
  struct Ask {
    std::stop_source source;
    void operator()() { source.request_stop(); }
  };
  std::stop_source source_;
  std::stop_callback<Ask> one_;
  std::stop_callback<Ask> other_;
};

}  // namespace

rpc::Items while_authorized(Session session, BeginItems begin, std::string path,
                            std::optional<OpenStream> open) {
  const EitherStops stops(session.stop, session.authority->ended(session.actor));
  session.stop = stops.token();
  std::string thrown;
  try {
    auto items = begin(session);
    while (auto item = co_await items.next()) {
      if (auto live = session.check(); !live) co_return fail(live.error());
      co_yield std::move(*item);
    }
    if (auto live = session.check(); !live) co_return fail(live.error());
    co_return std::move(items.end());
  } catch (const std::exception& exception) {
    thrown = exception.what();
  } catch (...) {
    thrown = "something that is no std::exception";
  }
  co_return fail(rpc::error_of_exception(path, thrown));
}

}  // namespace synap::api
