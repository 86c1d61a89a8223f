// checkpoints.put and checkpoints.putWrites.
#include "features/checkpoints/procedures.h"
#include "features/checkpoints/thread_store.h"
#include "features/command.h"

namespace synap::features::checkpoints {
namespace {

using api::Session;

constexpr std::size_t kLabelBytesMax = 64 * 1024;

Task<Result<Stored>> put(const Rooms& rooms, Session session, PutCheckpoint input) {
  if (json_text(input.labels).size() > kLabelBytesMax) {
    co_return fail(Code::kPayloadTooLarge, "labels may have 64 KiB of JSON");
  }
  auto done = co_await rooms.database.write(
      [&](db::Tx& tx) { ThreadChange(rooms, session, tx, input.thread_id).put(input); });
  if (!done) co_return fail(done.error());
  co_return Stored{};
}

Task<Result<Stored>> put_writes(const Rooms& rooms, Session session, PutWrites input) {
  auto done = co_await rooms.database.write(
      [&](db::Tx& tx) { ThreadChange(rooms, session, tx, input.thread_id).put_writes(input); });
  if (!done) co_return fail(done.error());
  co_return Stored{};
}

}  // namespace

void add(const Rooms& rooms) {
  rooms.types.add(kThreadCreated,
                  "A thread of a graph outside is there: by a call, or by its first checkpoint.");
  rooms.types.add(kThreadInterrupted, "A graph outside waits for an answer, in this thread.");
  rooms.types.add(kThreadResumed,
                  "A graph outside goes on that waited: with an answer or another "
                  "input.");
  rooms.types.add(kThreadDeleted, "A thread of a graph outside was deleted, with its checkpoints.");
  const std::vector<std::string> appends = {std::string(kThreadCreated.name),
                                            std::string(kThreadInterrupted.name),
                                            std::string(kThreadResumed.name)};
  const rpc::ErrorMeta too_large{Code::kPayloadTooLarge,
                                 "The state would be over 16 MiB, or the thread over 1 GiB."};
  add_mutation(
      rooms, "checkpoints.put",
      {.summary = "Store a checkpoint of a thread of LangGraph.",
       .docs = "For checkpointers: @synap/langgraph and synap-langgraph call it. The "
               "thread comes to be with its first checkpoint. The same id again replaces "
               "it.",
       .effects = rpc::Effects::kIdempotent,
       .errors = {too_large},
       .examples =
           {{R"({"threadId":"conversation-7","checkpointId":"1f0c8f5a",)"
             R"("checkpoint":{"type":"json","bytes":"e30"},"metadata":{"type":"json","bytes":"e30"}})",
             ""}},
       .appends = appends},
      put);
  add_mutation(
      rooms, "checkpoints.putWrites",
      {.summary = "Store what a task has written, before its step is over.",
       .docs = "What a task wrote first counts, so a repeat changes nothing.",
       .effects = rpc::Effects::kIdempotent,
       .errors = {too_large},
       .examples =
           {{R"({"threadId":"conversation-7","checkpointId":"1f0c8f5a",)"
             R"("taskId":"a","writes":[{"index":0,"channel":"messages","type":"json","bytes":"e30"}]})",
             ""}},
       .appends = appends},
      put_writes);
  add_reading(rooms);
  add_tending(rooms);
  add_threads(rooms);
  add_thread_changes(rooms);
}

}  // namespace synap::features::checkpoints
