// chat.executeAction: a person does what a message of his is about, by one call: the action is the
// procedure's own, and what it appends follows from the message.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agents/tools.h"
#include "features/chat/chat.h"
#include "features/procedures.h"

namespace synap::features::chat {
namespace {

using api::Session;

/// By the names that actions have in chats.
struct Action {
  std::string_view type;
  std::string_view procedure;
  std::string_view id = "";  // the parameter that is the procedure's id; empty: all have its names
};
constexpr std::array kActions = {
    Action{"note.create", "notes.create"},
    Action{"task.create", "tasks.create"},
    Action{"task.complete", "tasks.complete", "taskId"},
    Action{"project.create", "projects.create"},
};

struct ExecuteAction {
  std::string thread_id;
  std::string message_id;
  std::string type;
  Json params;
};
const ObjectSchema<ExecuteAction>& describe(Type<ExecuteAction>) {
  static const auto schema =
      object<ExecuteAction>("ExecuteChatAction")
          .field("threadId", &ExecuteAction::thread_id, string().uuid())
          .field("messageId", &ExecuteAction::message_id, string().uuid(),
                 "Of the thread: what the action follows from.")
          .field("actionType", &ExecuteAction::type,
                 one_of({"note.create", "task.create", "task.complete", "project.create"}))
          .field("actionParams", &ExecuteAction::params, record(any()),
                 "The input of the procedure; of task.complete {taskId}.");
  return schema;
}

struct Executed {
  std::string status;
  std::string procedure;
  std::optional<std::string> request_id;
  std::optional<std::string> entity_id;
  Json result;
};
const ObjectSchema<Executed>& describe(Type<Executed>) {
  static const auto schema =
      object<Executed>("ExecutedChatAction")
          .field("status", &Executed::status, string(),
                 "Of the command; \"proposed\" where the key may only propose it.")
          .field("procedure", &Executed::procedure, string(), "That was called.")
          .field("requestId", &Executed::request_id, string().uuid())
          .field("entityId", &Executed::entity_id, string().uuid(),
                 "What was made or changed, or the proposal.")
          .field("result", &Executed::result, any(), "All that the procedure answered.");
  return schema;
}

// The event by which the message came to be.
Task<Result<Uuid>> event_of(const Rooms& rooms, const Session& session,
                            const ExecuteAction& input) {
  const auto thread = Uuid::parse(input.thread_id);
  const auto message = Uuid::parse(input.message_id);
  auto position = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    auto rows = tx.query("SELECT position FROM chat_messages WHERE thread = $1 AND id = $2", thread,
                         message);
    if (rows.next()) return rows.integer(0);
    tx.abort({Code::kNotFound, "There is no such message in a thread of yours", nullptr});
    return std::int64_t{0};
  });
  if (!position) co_return fail(position.error());
  auto event = co_await rooms.log.at(*position);
  if (!event) co_return fail(event.error());
  co_return (*event)->id;
}

// What is wrong with the input of the procedure, by the names that the caller has given.
Error by_given_names(Error error, const Action& action) {
  const Json* issues = error.details ? error.details->find("issues") : nullptr;
  if (issues == nullptr || !issues->is_array()) return error;
  Json told = Json::array();
  for (const auto& issue : issues->as_array()) {
    Json path = Json::array();
    path.push_back("actionParams");
    const Json* inner = issue.find("path");
    for (const auto& part : inner != nullptr ? inner->as_array() : Json::Array{}) {
      const bool is_id = !action.id.empty() && part == Json("id");
      path.push_back(is_id ? Json(action.id) : part);
    }
    Json renamed = issue;
    renamed.set("path", std::move(path));
    told.push_back(std::move(renamed));
  }
  error.message = told.dump_pretty();
  error.details = std::make_shared<Json>(Json::object({{"issues", std::move(told)}}));
  return error;
}

// A repeat is answered as the first call was, by the procedure, which knows nothing of messages:
// that it followed from this one the event says that the first call made.
Task<Result<>> check_repeat(const Rooms& rooms, const Session& session, const Uuid& cause,
                            std::string_view request_id) {
  events::Filter filter{.limit = 1};
  filter.request_id = Uuid::parse(request_id);
  if (!filter.request_id) co_return Result<>{};
  auto page = co_await rooms.log.read(session.tenancy(), std::move(filter));
  if (!page) co_return fail(page.error());
  if (page->events.empty() || page->events.front()->causation_id == cause) co_return Result<>{};
  co_return fail(Code::kConflict, "This idempotency key was used for another message");
}

Task<Result<Executed>> execute(const Rooms& rooms, Session session, ExecuteAction input) {
  const auto& action = *std::ranges::find(kActions, input.type, &Action::type);
  auto cause = co_await event_of(rooms, session, input);
  if (!cause) co_return fail(cause.error());
  if (!action.id.empty()) {
    const Json* id = input.params.find(action.id);
    if (id == nullptr || input.params.as_object().size() != 1) {
      co_return fail(Code::kBadRequest,
                     fmt::format("actionParams of {} are {{\"{}\"}}", action.type, action.id));
    }
    input.params = Json::object({{"id", *id}});
  }
  const std::string path(action.procedure);
  // What the caller says himself goes before.
  const auto reason = session.caused_by.value_or(*cause);
  const agents::Tools calls(rooms.procedures, {path}, *session.actor, *session.authority, reason,
                            agents::Guard::kOff);
  const agents::Reading read{.is_tainted = session.is_tainted};
  auto answer = co_await calls.call(path, std::move(input.params), session.idempotency_key, read);
  if (!answer) co_return fail(by_given_names(answer.error(), action));
  if (!session.idempotency_key.empty()) {
    auto same = co_await check_repeat(rooms, session, reason, answer->string_or("requestId", ""));
    if (!same) co_return fail(same.error());
  }
  const auto member = [&](std::string_view name) -> std::optional<std::string> {
    const Json* value = answer->find(name);
    return value != nullptr && value->is_string() ? std::optional(value->as_string())
                                                  : std::nullopt;
  };
  co_return Executed{.status = member("status").value_or("completed"),
                     .procedure = path,
                     .request_id = member("requestId"),
                     .entity_id = member("entityId"),
                     .result = *answer};
}

}  // namespace

void add_actions(const Rooms& rooms) {
  add_mutation(
      rooms, "chat.executeAction",
      {.summary = "Do what a message of a thread is about: make a note, a task or a project.",
       .docs =
           "As the procedure of the action does it, so the key needs that one's scope, too. "
           "What is made follows from the message, which events.why tells, unless Synap-Caused-By "
           "names another cause.",
       .effects = rpc::Effects::kAppends,
       .errors = {{Code::kNotFound, "There is no such message in a thread of yours."}},
       .examples = {{R"({"threadId":"0192d3a0-5b1c-7c3e-9f4a-2b6d8e0f1a2b","messageId":)"
                     R"("0192d3a0-5b1c-7c3e-9f4a-2b6d8e0f1a2c","actionType":"task.create",)"
                     R"("actionParams":{"title":"Order seeds"}})",
                     ""}},
       .keeps_idempotency_keys = true,
       .appends = {"note.creation.requested", "task.creation.requested",
                   "task.completion.requested", "project.creation.requested"}},
      execute);
}

}  // namespace synap::features::chat
