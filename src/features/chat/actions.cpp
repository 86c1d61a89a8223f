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
  std::string_view event = "";  // that it asks for; empty: it changes nothing
  std::string_view told = "";   // where it is done
  std::string_view id = "";  // the parameter that is the procedure's id; empty: all have its names
};
constexpr std::array kActions = {
    Action{"note.create", "notes.create", "note.creation.requested", "The note is being made"},
    Action{"task.create", "tasks.create", "task.creation.requested", "The task is made"},
    Action{"task.complete", "tasks.complete", "task.completion.requested", "The task is done",
           "taskId"},
    Action{"project.create", "projects.create", "project.creation.requested",
           "The project is made"},
    Action{"search.semantic", "search.query", "", "It was looked for"},
};
constexpr std::string_view kTasks = "tasks";
constexpr std::string_view kTaskProcedure = "tasks.create";
constexpr std::size_t kTasksMax = 50;  // of a project

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
                 one_of({"note.create", "task.create", "task.complete", "project.create",
                         "search.semantic"}))
          .field("actionParams", &ExecuteAction::params, record(any()),
                 "The input of the procedure; of task.complete {taskId}. project.create takes "
                 "tasks besides, 50 at most: inputs of tasks.create, or titles. search.semantic "
                 "is search.query, by meaning.");
  return schema;
}

/// A task of a project.
struct ExecutedTask {
  bool is_ok = false;
  std::optional<std::string> request_id = {};
  std::optional<std::string> entity_id = {};
  std::optional<std::string> error = {};
};
const ObjectSchema<ExecutedTask>& describe(Type<ExecutedTask>) {
  static const auto schema =
      object<ExecutedTask>("ExecutedChatTask")
          .field("success", &ExecutedTask::is_ok, boolean())
          .field("requestId", &ExecutedTask::request_id, string().uuid())
          .field("entityId", &ExecutedTask::entity_id, string().uuid(), "The task.")
          .field("error", &ExecutedTask::error, string(), "Why it was not made.");
  return schema;
}

struct Executed {
  std::string status;
  std::string procedure;
  std::optional<std::string> request_id;
  std::optional<std::string> entity_id;
  Json result;
  bool is_ok = true;
  std::string told;
  std::optional<std::string> event_type = {};
  std::optional<std::vector<ExecutedTask>> tasks = {};
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
          .field("result", &Executed::result, any(), "All that the procedure answered.")
          .field("success", &Executed::is_ok, boolean(),
                 "True: all of it was done, or proposed. False: not each of the tasks was made.")
          .field("systemMessage", &Executed::told, string(), "What came of it, in a sentence.")
          .field("eventType", &Executed::event_type, string(),
                 "Of the event that asks for it, where it changes something.")
          .field("tasks", &Executed::tasks, array(schema_of<ExecutedTask>()),
                 "Of a project with tasks: what came of each, in their order.");
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

std::optional<std::string> member(const Json& answer, std::string_view name) {
  const Json* value = answer.find(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->as_string();
}

// Takes the tasks out of a project's input, as inputs of tasks.create. What is wrong with one is
// found before anything is made.
Result<std::optional<std::vector<Json>>> take_tasks(const rpc::ProcedureTable& table,
                                                    Json& params) {
  auto& members = params.as_object();
  const auto found = std::ranges::find(members, kTasks, &Json::Member::first);
  if (found == members.end()) return std::nullopt;
  const auto given = std::move(found->second);
  members.erase(found);
  if (!given.is_array() || given.as_array().size() > kTasksMax) {
    return fail(Code::kBadRequest,
                fmt::format("actionParams.tasks: a list, of {} at most", kTasksMax));
  }
  const auto* procedure = table.find(kTaskProcedure);
  if (procedure == nullptr) return fail(Code::kNotFound, "There are no tasks here");
  std::vector<Json> tasks;
  for (const auto& one : given.as_array()) {
    Json task = one.is_string() ? Json::object({{"title", one}}) : one;
    // Whose they are, and that each is made once, says the project.
    const bool is_own = task.is_object() && task.find("projectId") == nullptr &&
                        task.find("idempotencyKey") == nullptr;
    auto valid = is_own ? validate(procedure->input, task)
                        : fail(Code::kBadRequest,
                               "an input of tasks.create, without projectId and idempotencyKey");
    if (!valid) {
      return fail(valid.error().code,
                  fmt::format("actionParams.tasks[{}]: {}", tasks.size(), valid.error().message));
    }
    tasks.push_back(std::move(task));
  }
  return tasks;
}

// Each is a command of its own: one that fails is told, and those behind it are made.
Task<std::vector<ExecutedTask>> make_tasks(const agents::Tools& calls, std::vector<Json> tasks,
                                           std::string project, std::string key,
                                           const agents::Reading& read) {
  std::vector<ExecutedTask> all;
  for (auto& task : tasks) {
    task.set("projectId", project);
    // Of the action's, so that a repeat of it makes those that are missing, and no other.
    auto own = key.empty()
                   ? std::string()
                   : Uuid::derived(0, fmt::format("{}\n{}\ntask {}", project, key, all.size()))
                         .to_string();
    auto made = co_await calls.call(kTaskProcedure, std::move(task), std::move(own), read);
    if (made) {
      all.push_back({true, member(*made, "requestId"), member(*made, "entityId")});
    } else {
      all.push_back({.error = made.error().message});
    }
  }
  co_return all;
}

std::string sentence_of(const Action& action, const Executed& done) {
  if (done.status == kProposed) return "It is proposed: somebody has to accept it.";
  if (!done.tasks) return fmt::format("{}.", action.told);
  const auto made = std::ranges::count_if(*done.tasks, &ExecutedTask::is_ok);
  return fmt::format("{}, with {} of {} tasks.", action.told, made, done.tasks->size());
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
  if (rooms.procedures.find(path) == nullptr) {
    co_return fail(Code::kNotFound, fmt::format("There is no procedure {} here", path));
  }
  if (action.type == "search.semantic") input.params.set("mode", "semantic");
  std::optional<std::vector<Json>> tasks;
  if (action.type == "project.create") {
    auto taken = take_tasks(rooms.procedures, input.params);
    if (!taken) co_return fail(taken.error());
    tasks = std::move(*taken);
  }
  // What the caller says himself goes before.
  const auto because_of = session.caused_by.value_or(*cause);
  std::vector<std::string> paths = {path};
  if (tasks) paths.emplace_back(kTaskProcedure);
  const agents::Tools calls(rooms.procedures, std::move(paths), *session.actor, *session.authority,
                            because_of, agents::Guard::kOff);
  const agents::Reading read{.is_tainted = session.is_tainted};
  auto answer = co_await calls.call(path, std::move(input.params), session.idempotency_key, read);
  if (!answer) co_return fail(by_given_names(answer.error(), action));
  if (!session.idempotency_key.empty()) {
    auto same =
        co_await check_repeat(rooms, session, because_of, answer->string_or("requestId", ""));
    if (!same) co_return fail(same.error());
  }
  Executed done{.status = member(*answer, "status").value_or("completed"),
                .procedure = path,
                .request_id = member(*answer, "requestId"),
                .entity_id = member(*answer, "entityId"),
                .result = *answer};
  if (!action.event.empty()) done.event_type = std::string(action.event);
  if (tasks && done.status == kProposed) {
    // There is no project that they could be of.
    done.tasks = std::vector<ExecutedTask>(
        tasks->size(), {.error = "The project is only proposed: add its tasks when it is there"});
  } else if (tasks) {
    done.tasks = co_await make_tasks(calls, *std::move(tasks), done.entity_id.value_or(""),
                                     session.idempotency_key, read);
  }
  if (done.tasks) done.is_ok = std::ranges::all_of(*done.tasks, &ExecutedTask::is_ok);
  done.told = sentence_of(action, done);
  co_return done;
}

}  // namespace

void add_actions(const Rooms& rooms) {
  add_mutation(
      rooms, "chat.executeAction",
      {.summary =
           "Do what a message of a thread is about: make a note, a task or a project, or search.",
       .docs =
           "As the procedure of the action does it, so the key needs that one's scope, too. "
           "What is made follows from the message, which events.why tells, unless Synap-Caused-By "
           "names another cause. Tasks of a project are made behind it, each by a command of its "
           "own and by its scope: one that fails is told in tasks, and the others are made; a "
           "repeat with the same Idempotency-Key makes those that are missing.",
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
