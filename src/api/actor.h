// Actor: who acts, and by what right. Session: what a procedure knows of one call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "api/call_timer.h"
#include "api/scopes.h"
#include "base/check.h"
#include "base/status.h"
#include "base/trace.h"
#include "base/uuid.h"
#include "events/log.h"
#include "rpc/procedure.h"

namespace synap::api {

enum class Role : std::uint8_t { kOwner, kMember };
std::string_view role_name(Role role);
std::optional<Role> role_by_name(std::string_view name);

/// Made by whoever starts a call: from an API key, for a run, for an agent that acts for somebody.
struct Actor {
  /// Whose data it reads and changes.
  std::string user_id;
  Role role = Role::kMember;
  /// What stands in the events as the one who acted.
  events::Actor recorded;
  events::Source source = events::Source::kApi;
  Scopes scopes;
  /// Of an agent: the id of the key that started its run; empty where none did.
  std::string started_by = {};

  static Actor of_key(std::string user_id, Role role, std::string key_id, Scopes scopes = {}) {
    return {std::move(user_id), role, events::Actor::key(std::move(key_id)), events::Source::kApi,
            std::move(scopes),  {}};
  }
};

/// An actor, shared by all that it does: a call costs no copy. Never empty.
class ActorRef {
 public:
  ActorRef(Actor actor) : actor_(std::make_shared<const Actor>(std::move(actor))) {}
  explicit ActorRef(std::shared_ptr<const Actor> actor) : actor_(std::move(actor)) {
    SYNAP_CHECK(actor_ != nullptr);
  }

  const Actor& operator*() const { return *actor_; }
  const Actor* operator->() const { return actor_.get(); }
  operator const Actor&() const { return *actor_; }
  const std::shared_ptr<const Actor>& shared() const { return actor_; }

 private:
  std::shared_ptr<const Actor> actor_;
};

struct Session;

/// Tells whether an actor may still act. A key can be revoked while a connection or a subscription
/// that began with it goes on. Must outlive every call that it stands behind. Any thread.
class Authority {
 public:
  virtual ~Authority() = default;
  /// kUnauthorized: it may not act any more.
  virtual Result<> check(const Actor& actor) const = 0;
  /// Called once a call; besides, kTooManyRequests: its user has made more calls than he may.
  virtual Result<> admit(const Actor& actor) const = 0;
  /// Asked to stop once it may not act any more: some time, at most a minute, after check() says
  /// so. For what waits, and would not ask.
  virtual std::stop_token ended(const Actor&) const { return {}; }
  /// An event of the actor's own user, by its id. kBadRequest: there is none.
  virtual Task<Result<events::EventRef>> cause(const Actor&, Uuid event_id) const;
  /// Makes a proposal of a call with this valid input: the JSON text that the call answers.
  virtual Task<Result<std::string>> propose(const Session& session, std::string_view path,
                                            Json input) const;
  /// The key by whose right an actor acts: that of a session or of an agent's run; empty: of none.
  virtual std::string key_behind(const Actor& actor) const;
};

/// The context of every call: made once a request (once a connection over WebSocket).
class CallContext final : public rpc::Context {
 public:
  explicit CallContext(const Authority& whose) : authority(whose) {}
  const Authority& authority;
  /// Who acts, or why that is not known: then procedures that are not public answer this error.
  Result<ActorRef> actor = fail(Code::kUnauthorized, "");
  /// Of the Idempotency-Key header of one call's request; empty without one.
  std::string idempotency_key;
  std::string peer;  // the address that it came from
  /// Whether input keys that a procedure does not know are refused, and not only told.
  bool refuses_unknown_keys = false;
  /// The event because of which the caller acts (the header synap-caused-by, or causedBy of a
  /// connection's parameters).
  std::optional<Uuid> caused_by = std::nullopt;
  static constexpr std::ptrdiff_t kReasonCharactersMax = 2'000;
  /// Why the caller acts (the header synap-reason, or `reason` of a connection's parameters): kept
  /// with what the call appends.
  std::string reason = {};
  /// The caller is an agent's run that has read stored text: what it begins has, too.
  bool is_tainted = false;
  /// A model has chosen the call in such a run: a change is not made, but proposed.
  bool needs_approval = false;
  /// Null: there are no traces, and `parent` is nothing.
  Tracer* tracer = nullptr;
  std::optional<TraceContext> parent = std::nullopt;  // that the caller has sent
};

/// What a procedure is given besides its input.
struct Session {
  ActorRef actor;
  std::string idempotency_key;  // empty without one
  std::stop_token stop;
  const Authority* authority = nullptr;
  bool refuses_unknown_keys = false;
  std::optional<Uuid> caused_by = std::nullopt;  // of a call that appends
  /// The event that `caused_by` names: what the call appends follows from it. Null: from none.
  events::EventRef cause = nullptr;
  /// The actor may propose the call, and no more: nothing is done but Authority::propose().
  bool proposes = false;
  /// It does, though the actor's scopes allow the call itself: for CallContext::needs_approval.
  bool is_for_approval = false;
  bool is_tainted = false;  // CallContext::is_tainted
  std::string reason = {};  // CallContext::reason
  /// The call's span, in which what it appends stands; not valid: in none.
  TraceContext trace = {};

  /// kUnauthorized once the actor may not act any more: for calls that last.
  Result<> check() const { return authority->check(actor); }

  /// The one place where a user's reading is bounded: all a feature reads, it reads through this
  /// tenancy or through Database::read_as(user_id()).
  events::Tenancy tenancy() const { return events::Tenancy::of_user(actor->user_id); }
  const std::string& user_id() const { return actor->user_id; }
};

/// Begins the stream of a session, whose `stop` asks it to end.
using BeginItems = std::move_only_function<rpc::Items(Session)>;

/// What the stream yields, until the actor may not act any more: then it is asked to stop, and ends
/// with kUnauthorized. What it throws ends it with kInternalServerError, and is written to the log
/// as of `path`. `open`, if there is one, is counted for as long.
rpc::Items while_authorized(Session session, BeginItems begin, std::string path = {},
                            std::optional<OpenStream> open = {});

/// What a call needs, as its procedure's Meta says.
struct Requirement {
  rpc::Access access = rpc::Access::kCaller;
  std::string path;
  std::string scope;  // rpc::scope_of; empty: none, as the feature asks for it
  std::string proposing_scope;
  bool may_be_proposed = false;
  bool is_mutation = false;
  bool has_cause = false;  // it appends, so it may say what that follows from
  bool keeps_idempotency_keys = false;
};
Requirement requirement_of(const rpc::Procedure& procedure);

/// Decides whether a call may be made, and makes its Session: the one place where access is
/// enforced. kUnauthorized: the actor is not known; kForbidden: he may not; kTooManyRequests;
/// kBadRequest: an idempotency key where none is kept.
Result<Session> admit(const rpc::Call& call, const Requirement& requirement);

/// Sets the `cause` of a session that has a `caused_by`. kBadRequest: there is no such event of the
/// actor's.
Task<Result<>> find_cause(Session& session);

}  // namespace synap::api
