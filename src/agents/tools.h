// Tools: the procedures that an agent may call, as itself: an actor of its own, on behalf of the
// user whose run it is, with no more rights than whoever has started the run.
//
// Those that it is made for are told to its model one by one. The rest of the table, where it may
// have that, is told by two tools: the model looks for a procedure and then calls it by its name,
// so that a question to it does not carry a hundred schemas.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agents/reading.h"
#include "api/actor.h"
#include "models/conversation.h"
#include "rpc/procedure.h"

namespace synap::agents {

/// What a tool gave.
struct ToolDone {
  std::string id;    // of the call
  std::string name;  // the procedure's path, if there is one
  bool is_ok = false;
  std::string text;                       // JSON, or a sentence on what was wrong
  std::vector<std::string> sources = {};  // ids that the call rests on, as the model has said
  /// Of what is not ok: the procedure itself has said it, and may have quoted what is stored.
  bool may_quote = false;
};
const ObjectSchema<ToolDone>& describe(Type<ToolDone>);

/// Whether the key still stands by which a run was started. Others' keys are not asked for.
class AgentAuthority final : public api::Authority {
 public:
  /// `keys` must outlive it. `key`: nothing where no key started the run.
  AgentAuthority(const api::Authority& keys, std::optional<api::Actor> key)
      : keys_(keys), key_(std::move(key)) {}
  Result<> check(const api::Actor&) const override {
    return key_ ? keys_.check(*key_) : Result<>{};
  }
  Result<> admit(const api::Actor&) const override {
    return key_ ? keys_.admit(*key_) : Result<>{};
  }
  Task<Result<events::EventRef>> cause(const api::Actor& actor, Uuid event_id) const override {
    return keys_.cause(actor, event_id);
  }
  Task<Result<std::string>> propose(const api::Session& session, std::string_view path,
                                    Json input) const override {
    return keys_.propose(session, path, std::move(input));
  }
  std::string key_behind(const api::Actor& actor) const override { return keys_.key_behind(actor); }

 private:
  const api::Authority& keys_;
  const std::optional<api::Actor> key_;
};

/// Whether whoever asked for a run still trusts what it reads.
using Trust = std::function<Task<Result<bool>>()>;

class Tools {
 public:
  /// Among the paths that an agent is made for: whatever of the table an agent may have.
  static constexpr std::string_view kAll = "*";
  static constexpr std::string_view kFind = "procedures_find";
  static constexpr std::string_view kCall = "procedures_call";
  static constexpr std::size_t kTextMax = 16 * 1024;  // of what one gives
  static constexpr std::size_t kReasonMax = 1'000;    // of why it asks for one: bytes, too
  static constexpr std::size_t kSourcesMax = 100;     // that a model can name

  /// `table` and `authority` must outlive it; `paths` are those that the agent is made for. Under
  /// Guard::kTrusting `trust` is asked before each change that is spared an approval; where there
  /// is none, none is spared.
  Tools(const rpc::ProcedureTable& table, std::vector<std::string> paths, api::Actor actor,
        const api::Authority& authority, Uuid cause, Guard guard, Trust trust = {})
      : table_(table),
        paths_(std::move(paths)),
        actor_(std::move(actor)),
        authority_(authority),
        cause_(cause),
        guard_(guard),
        trust_(std::move(trust)) {}

  /// Those that the actor's scopes allow, as a model is told of them. Under guard those that change
  /// something take `sources` and a `reason` besides, unless they have one of their own.
  std::vector<models::Tool> offered() const;
  /// A call of kCall as the call of the procedure that it names; any other, and what makes no
  /// sense, as it is.
  models::ToolCall unwrapped(models::ToolCall asked) const;
  /// Calls the tool of this name. `key`: a repeat with the same one does nothing again. An error is
  /// one that may go away; all others are what the tool gave. Under guard a change that is asked
  /// for by a run which is tainted is proposed (Guard says when), and `sources` must be of what it
  /// has read; what destroys is proposed in any case. `reading` must outlive the call.
  Task<Result<ToolDone>> call(models::ToolCall asked, std::string key,
                              const Reading& reading) const;
  /// What a procedure answers to an input of the agent's own, not a model's: no approval is needed,
  /// since the code of its graph says what it does. What it begins is tainted as `reading` is,
  /// which must outlive the call.
  Task<Result<Json>> call(std::string_view path, Json input, std::string key,
                          const Reading& reading) const;
  /// Whether the procedure of this path only tells what there is.
  bool reads(std::string_view path) const;

  const api::ActorRef& actor() const { return actor_; }
  /// CHECKs that an agent may be made for these: procedures of the table that people may call, that
  /// destroy nothing, that can be repeated, and that say whom they reach.
  static void check(const rpc::ProcedureTable& table, const std::vector<std::string>& paths);
  /// Whether it is of those for which kAll stands: the same, and what destroys, if that can be
  /// proposed.
  static bool is_of_all(const rpc::Procedure& procedure);

 private:
  bool is_allowed(const rpc::Procedure& procedure) const;
  const rpc::Procedure* find(std::string_view tool) const;
  bool has_all() const;
  std::vector<const rpc::Procedure*> allowed_of_all() const;
  std::string found(const Json& input) const;
  std::string sentence_of_none(std::string_view name) const;
  Json parameters_of(const rpc::Procedure& procedure) const;
  bool takes_sources(const rpc::Procedure& procedure) const;
  bool needs_approval(const rpc::Procedure& procedure, const Reading& reading) const;
  Task<Result<bool>> needs_approval_now(const rpc::Procedure& procedure,
                                        const Reading& reading) const;
  Result<> may_reach(const rpc::Procedure& procedure, const Reading& reading) const;
  std::shared_ptr<api::CallContext> context_for(const rpc::Procedure& procedure, std::string key,
                                                const Reading& reading) const;
  static Task<Result<std::string>> invoke(const rpc::Procedure& procedure, Json input,
                                          std::shared_ptr<api::CallContext> context);

  const rpc::ProcedureTable& table_;
  const std::vector<std::string> paths_;
  const api::ActorRef actor_;
  const api::Authority& authority_;
  const Uuid cause_;
  const Guard guard_;
  const Trust trust_;
};

/// "notes.create" as models take it: "notes_create".
std::string tool_name(std::string_view path);

}  // namespace synap::agents
