// What features share that ask agents to do something, and the procedures agents.*.
#pragma once

#include <optional>
#include <string>

#include "agents/agents.h"
#include "features/command.h"
#include "features/rooms.h"

namespace synap::features::agent_runs {

/// Before any agent is added.
void add(const Rooms& rooms);
/// When all agents are there: what begins by itself can be switched on (agents.enable). CHECKs that
/// the procedures exist which agents are made for.
void finish(const Rooms& rooms);
void add_watching(const Rooms& rooms);    // of add()
void add_beginnings(const Rooms& rooms);  // of finish()
/// What users have switched on begins by itself, and nothing else does: at a start, before events
/// are appended, and of one of many nodes before it leads. Blocks.
Result<> load_beginnings(const Rooms& rooms);
/// Another node may have appended agents::kSwitched: this one does as the newest says.
Task<Result<>> hear_beginning(const Rooms& rooms, const events::Event& event);

/// Asks for a run of an agent. `input` is valid; `fingerprint` is what a repeat of the idempotency
/// key must have in common with the first call.
Task<Result<Accepted>> start(const Rooms& rooms, const api::Session& session,
                             const agents::Agent& agent, Json input, std::string idempotency_key,
                             std::string fingerprint,
                             std::optional<agents::ForkOf> fork = std::nullopt);

/// Where a run that this call asks for stands in a chain of such (agents/chain.h): it follows from
/// what the call follows from, and is tainted where that is.
Task<Result<agents::ChainPlace>> place_of(const Rooms& rooms, const api::Session& session);

/// By whose right a call is made: the key, for which a session stands. Nothing: by no key's.
std::optional<std::string> key_of(const api::Session& session);
/// Whoever acts by this key of a user, or by a session of it.
api::Actor by_key(const std::string& user_id, std::string key_id);

/// A run of an agent as it is shown.
struct ShownRun {
  std::string id;
  std::string agent;
  std::string status;
  RawJson input;
  std::optional<RawJson> output;
  std::optional<RawJson> error;
  RawJson questions;
  std::string created_at;
  std::optional<std::string> ended_at;
  std::optional<std::string> fork_of;
  std::optional<std::int64_t> fork_checkpoint;
  std::optional<std::string> run_id;

  std::int64_t position = 0;  // not told
};
const ObjectSchema<ShownRun>& describe(Type<ShownRun>);

const UntypedObjectSchema& question_schema();
const UntypedObjectSchema& run_error_schema();

template <class T>
void add_shown_fields(ObjectSchema<T>& schema) {
  const auto of = []<class M>(M ShownRun::* member) -> M T::* { return member; };
  schema.field("id", of(&ShownRun::id), string().uuid())
      .field("agent", of(&ShownRun::agent), string())
      .field("status", of(&ShownRun::status),
             one_of({"running", "interrupted", "completed", "failed"}),
             "interrupted: it waits for an answer to its questions.")
      .field("input", of(&ShownRun::input), any())
      .field("output", of(&ShownRun::output), any(), "What it came to.")
      .field("error", of(&ShownRun::error), run_error_schema())
      .field("questions", of(&ShownRun::questions), array(question_schema()),
             "That wait for an answer.")
      .field("createdAt", of(&ShownRun::created_at), string().datetime())
      .field("endedAt", of(&ShownRun::ended_at), string().datetime())
      .field("forkOf", of(&ShownRun::fork_of), string().uuid(), "The run that it is a fork of.")
      .field("forkCheckpoint", of(&ShownRun::fork_checkpoint), integer().min(0),
             "Where it began there.")
      .field("runId", of(&ShownRun::run_id), string().uuid(),
             "The run of the engine that carries it out: runs.get has its steps.");
}

/// One run of the user's. kNotFound.
Task<Result<ShownRun>> find_run(const Rooms& rooms, const std::string& user_id, const Uuid& id);

}  // namespace synap::features::agent_runs
