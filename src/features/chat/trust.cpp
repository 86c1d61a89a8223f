// chat.trust: what a thread's model asks for after it has read something is done at once, because
// the person whose thread it is has said so. It holds for what that person says by the same key:
// what others say in the thread, or by another key, is trusted by nobody.
#include <fmt/format.h>

#include "features/agents/running.h"
#include "features/chat/chat.h"
#include "features/command.h"
#include "features/procedures.h"

namespace synap::features::chat {
namespace {

using api::Session;

struct TrustThread {
  std::string id;
  bool is_trusted = false;
};
const ObjectSchema<TrustThread>& describe(Type<TrustThread>) {
  static const auto schema =
      object<TrustThread>("TrustChatThread")
          .field("id", &TrustThread::id, string().uuid())
          .field("trusted", &TrustThread::is_trusted, boolean(),
                 "What a model asks for is done at once; false: it waits for you again.");
  return schema;
}

struct Trusted {
  std::string status = "completed";
  std::string entity_id;
  bool is_trusted = false;
};
const ObjectSchema<Trusted>& describe(Type<Trusted>) {
  static const auto schema = object<Trusted>("TrustedChatThread")
                                 .field("status", &Trusted::status, one_of({"completed"}))
                                 .field("entityId", &Trusted::entity_id, string().uuid())
                                 .field("trusted", &Trusted::is_trusted, boolean());
  return schema;
}

Task<Result<Trusted>> trust(const Rooms& rooms, Session session, TrustThread input) {
  const auto key = agent_runs::key_of(session);
  // What a run or an agent would say here nobody has said.
  if (!key || session.is_tainted) {
    co_return fail(Code::kForbidden, "Only a person says whether a thread is trusted");
  }
  auto place = co_await agent_runs::place_of(rooms, session);
  if (!place) co_return fail(place.error());
  if (follows_from_run(session, *place)) {
    co_return fail(Code::kForbidden,
                   "Only a person says whether a thread is trusted, and synap-caused-by names what "
                   "follows from a run of an agent");
  }
  const auto id = Uuid::parse(input.id).value_or(Uuid{});
  auto event = rooms.types.make(
      kThreadTrusted, ThreadTrusted{input.id, input.is_trusted, *key},
      requested_by(session, rooms.types.world().new_id(), id, std::string(kThreadAggregate)));
  if (!event) co_return fail(event.error());
  auto told = co_await rooms.database.write([&](db::Tx& tx) {
    std::optional<std::string> before;
    {
      auto rows =
          tx.query("SELECT trusted_by FROM chat_threads_data WHERE id = $1 AND user_id = $2", id,
                   session.user_id());
      if (!rows.next()) {
        return tx.abort({Code::kNotFound, "You have no such thread", nullptr});
      }
      before = rows.optional_text(0);
    }
    // As it is already: nothing has happened.
    if (before == (input.is_trusted ? key : std::nullopt)) return;
    rooms.log.append(tx, {.events = {*event}});
  });
  if (!told) co_return fail(told.error());
  co_return Trusted{.entity_id = input.id, .is_trusted = input.is_trusted};
}

}  // namespace

bool follows_from_run(const Session& session, const agents::ChainPlace& place) {
  if (session.cause == nullptr) return false;
  const auto& actor = session.cause->actor;
  return (actor && actor->kind == events::Actor::Kind::kAgent) || place.depth > 1;
}

bool is_trusted(db::Tx& tx, std::string_view table, const Uuid& thread, std::string_view key) {
  auto rows = tx.query(fmt::format("SELECT 1 FROM {} WHERE id = $1 AND trusted_by = $2", table),
                       thread, key);
  return rows.next();
}

bool is_trusted(db::Tx& tx, std::string_view table, const Uuid& thread, const Session& session) {
  const auto key = agent_runs::key_of(session);
  return key && !session.is_tainted && is_trusted(tx, table, thread, *key);
}

void add_trust(const Rooms& rooms) {
  add_mutation(
      rooms, "chat.trust",
      {.summary = "Have the model of a thread go on without asking you, or ask you again.",
       .docs = "What it asks for after it has read something is then done at once, and is no "
               "proposal: for messages that you send by the key with which you say so, and as long "
               "as nobody has spoken in their branch by another one. It is that of one key: who "
               "says so by another has it for that one from then on, and false, by whichever key, "
               "ends it, also for runs that are under way. Whatever is stored is trusted then, "
               "also what others have written.",
       .effects = rpc::Effects::kIdempotent,
       .errors = {{Code::kNotFound, "You have no such thread."},
                  {Code::kForbidden,
                   "An agent or a run has asked, or it was asked because of one."}},
       .examples = {{R"({"id":"0192d3a0-5b1c-7c3e-9f4a-2b6d8e0f1a2b","trusted":true})", ""}},
       .appends = {std::string(kThreadTrusted.name)}},
      trust);
}

}  // namespace synap::features::chat
