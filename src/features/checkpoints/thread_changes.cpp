// graphThreads.create, update and copy.
#include <fmt/format.h>

#include "features/checkpoints/procedures.h"
#include "features/checkpoints/threads.h"

namespace synap::features::checkpoints {
namespace {

using api::Session;

Task<Result<GraphThread>> create(const Rooms& rooms, Session session, CreateThread input) {
  if (auto fine = check_bytes("metadata", input.metadata, kThreadMetadataBytesMax); !fine) {
    co_return fail(fine.error());
  }
  auto is_made = co_await rooms.database.write([&](db::Tx& tx) {
    return ThreadChange(rooms, session, tx, input.thread_id).make(input.metadata);
  });
  if (!is_made) co_return fail(is_made.error());
  if (!*is_made && input.if_exists == "raise") {
    co_return fail(Code::kConflict,
                   "There is such a thread: ifExists (if_exists) \"do_nothing\" answers it");
  }
  co_return co_await read_thread(rooms, session.user_id(), std::move(input.thread_id));
}

Task<Result<GraphThread>> update(const Rooms& rooms, Session session, UpdateThread input) {
  auto done = co_await rooms.database.write([&](db::Tx& tx) {
    ThreadChange(rooms, session, tx, input.thread_id)
        .merge(input.metadata, kThreadMetadataBytesMax);
  });
  if (!done) co_return fail(done.error());
  co_return co_await read_thread(rooms, session.user_id(), std::move(input.thread_id));
}

Task<Result<GraphThread>> copy(const Rooms& rooms, Session session, CopyThread input) {
  const auto target = input.target;
  auto copied = co_await copy_thread(rooms, session, std::move(input));
  if (!copied) co_return fail(copied.error());
  co_return co_await read_thread(rooms, session.user_id(), target);
}

}  // namespace

void add_thread_changes(const Rooms& rooms) {
  const std::vector<std::string> creates = {std::string(kThreadCreated.name)};
  add_mutation(
      rooms, "graphThreads.create",
      {.summary = "Make a thread for a graph outside, before it has stored anything.",
       .docs = "A thread comes to be by its first checkpoint, too: this is for those who want to "
               "give it metadata, or to know that its name is free.",
       .effects = rpc::Effects::kIdempotent,
       .errors = {{Code::kConflict, "There is such a thread, and ifExists is raise."}},
       .examples = {{R"({"threadId":"conversation-8","metadata":{"topic":"tea"}})", ""}},
       .appends = creates},
      create);
  add_mutation(rooms, "graphThreads.update",
               {.summary = "Change the metadata of a thread.",
                .effects = rpc::Effects::kIdempotent,
                .errors = {{Code::kNotFound, "You have no such thread."}},
                .examples = {{R"({"threadId":"conversation-7","metadata":{"topic":"tea"}})", ""}}},
               update);
  add_mutation(
      rooms, "graphThreads.copy",
      {.summary = "Copy a thread with its checkpoints, and answer the other one.",
       .docs = "As checkpoints.copyThread.",
       .effects = rpc::Effects::kIdempotent,
       .errors = {{Code::kNotFound, "You have no such thread."},
                  {Code::kPayloadTooLarge, "The other thread would be over 1 GiB."}},
       .examples = {{R"({"sourceThreadId":"conversation-7","targetThreadId":"copy"})", ""}},
       .appends = creates},
      copy);
}

}  // namespace synap::features::checkpoints
