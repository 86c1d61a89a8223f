// chat.rename: a thread has another title than the beginning of its first message.
#include "features/chat/chat.h"
#include "features/command.h"
#include "features/procedures.h"

namespace synap::features::chat {
namespace {

using api::Session;

constexpr std::size_t kTitleMax = 200;

struct RenameThread {
  std::string id;
  std::string title;
};
const ObjectSchema<RenameThread>& describe(Type<RenameThread>) {
  static const auto schema = object<RenameThread>("RenameChatThread")
                                 .field("id", &RenameThread::id, string().uuid())
                                 .field("title", &RenameThread::title,
                                        string().min(1).max(kTitleMax), "That it has from now on.");
  return schema;
}

struct Renamed {
  std::string status = "completed";
  std::string entity_id;
  std::string title;
};
const ObjectSchema<Renamed>& describe(Type<Renamed>) {
  static const auto schema = object<Renamed>("RenamedChatThread")
                                 .field("status", &Renamed::status, one_of({"completed"}))
                                 .field("entityId", &Renamed::entity_id, string().uuid())
                                 .field("title", &Renamed::title);
  return schema;
}

Task<Result<Renamed>> rename(const Rooms& rooms, Session session, RenameThread input) {
  const auto id = Uuid::parse(input.id).value_or(Uuid{});
  auto event = rooms.types.make(
      kThreadRenamed, ThreadRenamed{input.id, input.title},
      requested_by(session, rooms.types.world().new_id(), id, std::string(kThreadAggregate)));
  if (!event) co_return fail(event.error());
  auto told = co_await rooms.database.write([&](db::Tx& tx) {
    std::string before;
    {
      auto rows = tx.query("SELECT title FROM chat_threads_data WHERE id = $1 AND user_id = $2", id,
                           session.user_id());
      if (!rows.next()) return tx.abort({Code::kNotFound, "You have no such thread", nullptr});
      before = rows.text(0);
    }
    // As it is already: nothing has happened.
    if (before == input.title) return;
    rooms.log.append(tx, {.events = {*event}});
  });
  if (!told) co_return fail(told.error());
  co_return Renamed{.entity_id = std::move(input.id), .title = std::move(input.title)};
}

}  // namespace

void add_renaming(const Rooms& rooms) {
  add_mutation(
      rooms, "chat.rename",
      {.summary = "Give a thread another title.",
       .docs = "A new thread has the beginning of its first message as its title.",
       .effects = rpc::Effects::kIdempotent,
       .errors = {{Code::kNotFound, "You have no such thread."}},
       .examples = {{R"({"id":"0192d3a0-5b1c-7c3e-9f4a-2b6d8e0f1a2b","title":"The garden"})", ""}},
       .appends = {std::string(kThreadRenamed.name)}},
      rename);
}

}  // namespace synap::features::chat
