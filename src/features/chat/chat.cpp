#include "features/chat/chat.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "features/agents/running.h"
#include "features/noun/stored_text.h"
#include "features/procedures.h"

namespace synap::features::chat {
namespace {

using api::Session;

struct Send {
  std::optional<std::string> thread_id;
  std::optional<std::string> text;
  std::optional<std::string> parent_id;
  std::optional<std::string> idempotency_key;
};
const ObjectSchema<Send>& describe(Type<Send>) {
  static const auto schema =
      object<Send>("SendChatMessage")
          .field("threadId", &Send::thread_id, string().uuid(), "Absent: a new thread begins.")
          .field("text", &Send::text, string().min(1).max(kTextMax),
                 "Absent: the message parentId, which is yours, is answered once more.")
          .field("parentId", &Send::parent_id, string().uuid(),
                 "The message of the thread that this one follows: where another does already, a "
                 "branch begins. The thread's own id: it begins the thread anew. Absent: the "
                 "newest.")
          .field("idempotencyKey", &Send::idempotency_key, string().min(1).max(200),
                 "A repeat with the same key sends nothing again.");
  return schema;
}

struct Sent {
  std::string status = "pending";
  std::string request_id;
  std::string entity_id;
  std::string message_id;
  std::string run_id;
};
const ObjectSchema<Sent>& describe(Type<Sent>) {
  static const auto schema =
      object<Sent>("SentChatMessage")
          .field("status", &Sent::status, one_of({"pending"}))
          .field("requestId", &Sent::request_id, string().uuid())
          .field("entityId", &Sent::entity_id, string().uuid(), "The thread.")
          .field("messageId", &Sent::message_id, string().uuid(), "That is answered.")
          .field("runId", &Sent::run_id, string().uuid(),
                 "The run of the agent that answers: agents.watch tells how it does.");
  return schema;
}

Error no_thread() {
  return {Code::kNotFound, "You have no such thread", nullptr};
}
Error no_message() {
  return {Code::kNotFound, "The thread has no such message", nullptr};
}

Uuid uuid_of(const std::string& text) {
  return Uuid::parse(text).value_or(Uuid{});  // the schema has looked
}

std::string title_of(std::string_view text) {
  constexpr std::size_t kCharacters = 80;
  const auto line = text.substr(0, text.find('\n'));
  return std::string(first_characters(line, kCharacters));
}

struct Asked {
  std::string text;
  bool is_trusting = false;  // what is read to answer it is trusted
};

// A thread, if it is a new one, a message, if it is no other answer to one, and the run that
// answers: one append, so that none is there without the others.
class Sending {
 public:
  /// `asked` is what is answered, `place` that of the run which answers.
  Sending(const Rooms& rooms, const Session& session, Send input, Asked asked,
          agents::ChainPlace place)
      : rooms_(rooms),
        session_(session),
        input_(std::move(input)),
        text_(std::move(asked.text)),
        is_trusting_(asked.is_trusting),
        place_(place) {
    auto& world = rooms.types.world();
    is_new_ = !input_.thread_id;
    thread_ = is_new_ ? world.new_id() : uuid_of(*input_.thread_id);
    message_ = input_.text ? world.new_id() : uuid_of(*input_.parent_id);
    run_ = world.new_id();
    request_ = world.new_id();
  }

  Result<> add_events() {
    const auto thread = thread_.to_string();
    // First, so that the request is done when the run is (requests.get).
    auto of_run = about(run_, std::string(agents::kRunAggregate));
    of_run.starts_stream = true;
    Json asked =
        Json::object({{"threadId", thread}, {"messageId", message_.to_string()}, {"text", text_}});
    auto added =
        add(agents::kRunRequested,
            agents::RunRequested{
                run_.to_string(), "chat", std::move(asked), session_.actor->scopes.names(),
                std::nullopt, place_.is_tainted, agent_runs::key_of(session_), place_.told_depth(),
                is_trusting_ ? std::optional(true) : std::nullopt, place_.told_first()},
            std::move(of_run));
    if (added && is_new_) {
      auto of_thread = about(thread_, std::string(kThreadAggregate));
      of_thread.starts_stream = true;
      added = add(kThreadCreated, ThreadCreated{thread, title_of(text_)}, of_thread);
    }
    if (!added || !input_.text) return added;
    MessageCreated message{.entity_id = thread,
                           .message_id = message_.to_string(),
                           .role = "user",
                           .text = text_,
                           .run_id = run_.to_string()};
    message.key = agent_runs::key_of(session_);
    message.parent_id = is_new_ ? thread : input_.parent_id;
    return add(kMessageCreated, std::move(message), about(thread_, std::string(kThreadAggregate)));
  }

  Task<Result<Sent>> run(std::string key) {
    Sent sent{.request_id = request_.to_string(),
              .entity_id = thread_.to_string(),
              .message_id = message_.to_string(),
              .run_id = run_.to_string()};
    if (!key.empty()) {
      const auto fingerprint =
          fmt::format("chat.send{}\n{}\n{}", input_.parent_id ? " after " + *input_.parent_id : "",
                      input_.thread_id.value_or(""), input_.text.value_or(""));
      append_.idempotency = {std::move(key), sha256(fingerprint), json_text(sent)};
    }
    append_.decide = [this](db::Tx& tx) {
      agents::admit(tx, place_, rooms_.agents->chain_limits);
      if (tx.ok() && !is_new_) decide(tx);
    };
    auto appended = co_await rooms_.log.append(std::move(append_));
    if (!appended) co_return fail(appended.error());
    if (!appended->is_repeat) co_return sent;
    auto answer = parse_json(appended->answer);
    if (!answer) co_return fail(answer.error());
    co_return decode<Sent>(std::move(*answer));
  }

 private:
  void decide(db::Tx& tx) const {
    {
      auto rows = tx.query("SELECT 1 FROM chat_threads_data WHERE id = $1 AND user_id = $2",
                           thread_, session_.user_id());
      if (!rows.next()) return tx.abort(no_thread());
    }
    if (is_trusting_ && !is_trusted(tx, "chat_threads_data", thread_, session_)) {
      return tx.abort({Code::kConflict, "The thread is no longer trusted: send it again", nullptr});
    }
    if (!input_.parent_id || uuid_of(*input_.parent_id) == thread_) return;
    const auto parent = uuid_of(*input_.parent_id);
    auto rows =
        tx.query("SELECT 1 FROM chat_messages_data WHERE id = $1 AND thread = $2", parent, thread_);
    if (!rows.next()) tx.abort(no_message());
  }

  events::Envelope about(const Uuid& id, std::string type) const {
    return requested_by(session_, request_, id, std::move(type));
  }
  template <class Data>
  Result<> add(const events::EventType<Data>& type, Data data, events::Envelope envelope) {
    auto event = rooms_.types.make(type, std::move(data), std::move(envelope));
    if (!event) return fail(event.error());
    append_.events.push_back(std::move(*event));
    return {};
  }

  const Rooms& rooms_;
  const Session& session_;
  const Send input_;
  const std::string text_;
  const bool is_trusting_;
  const agents::ChainPlace place_;
  bool is_new_ = false;
  Uuid thread_;
  Uuid message_;
  Uuid run_;
  Uuid request_;
  events::Append append_;
};

/// What is to be answered: the input's text, or that of the message which is answered once more.
Task<Result<std::string>> text_of(const Rooms& rooms, const Session& session, const Send& input) {
  if (!input.thread_id && input.parent_id) {
    co_return fail(Code::kBadRequest, "parentId is of a thread: name it by threadId");
  }
  if (input.text) co_return *input.text;
  if (!input.parent_id) {
    co_return fail(Code::kBadRequest,
                   "text: say something, or name by parentId a message that is to be answered once "
                   "more");
  }
  const auto thread = uuid_of(*input.thread_id);
  const auto parent = uuid_of(*input.parent_id);
  auto said = co_await rooms.database.read_as(
      session.user_id(), [&](db::Tx& tx) -> std::optional<MessageCreated> {
        auto rows = tx.query("SELECT data FROM chat_messages WHERE id = $1 AND thread = $2", parent,
                             thread);
        if (!rows.next()) return std::nullopt;
        auto json = parse_json(rows.view(0));
        auto data = json ? decode<MessageCreated>(*std::move(json)) : fail(json.error());
        return data ? std::optional(*std::move(data)) : std::nullopt;
      });
  if (!said) co_return fail(said.error());
  if (!*said) co_return fail(no_message());
  if ((*said)->role != "user") {
    co_return fail(Code::kBadRequest,
                   "parentId: an answer is not answered; name the message of yours before it");
  }
  co_return std::move((*said)->text);
}

Task<Result<Sent>> send(const Rooms& rooms, Session session, Send input) {
  auto key = idempotency_of(session, input.idempotency_key);
  if (!key) co_return fail(key.error());
  Asked asked;
  auto text = co_await text_of(rooms, session, input);
  if (!text) co_return fail(text.error());
  asked.text = *std::move(text);
  auto place = co_await agent_runs::place_of(rooms, session);
  if (!place) co_return fail(place.error());
  if (input.thread_id && !follows_from_run(session, *place)) {
    auto trusted = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
      return is_trusted(tx, "chat_threads", uuid_of(*input.thread_id), session);
    });
    if (!trusted) co_return fail(trusted.error());
    asked.is_trusting = *trusted;
  }
  Sending sending(rooms, session, std::move(input), std::move(asked), *place);
  if (auto added = sending.add_events(); !added) co_return fail(added.error());
  co_return co_await sending.run(*std::move(key));
}

struct ListThreads {
  std::int64_t limit = 50;
  std::optional<std::int64_t> before;
};
const ObjectSchema<ListThreads>& describe(Type<ListThreads>) {
  static const auto schema =
      object<ListThreads>("ListChatThreads")
          .field_or("limit", &ListThreads::limit, integer().min(1).max(100), 50)
          .field("before", &ListThreads::before, integer().min(1),
                 "The nextBefore of the page before.");
  return schema;
}

struct Thread {
  std::string id;
  std::string title;
  std::int64_t messages = 0;
  std::string created_at;
  std::string updated_at;
  bool is_trusted = false;  // for messages by the key that asks
  std::optional<std::string> trusted_by;

  std::int64_t position = 0;  // not told
};
const ObjectSchema<Thread>& describe(Type<Thread>) {
  static const auto schema = object<Thread>("ChatThread")
                                 .field("id", &Thread::id, string().uuid())
                                 .field("title", &Thread::title)
                                 .field("messages", &Thread::messages, integer().min(0))
                                 .field("createdAt", &Thread::created_at, string().datetime())
                                 .field("updatedAt", &Thread::updated_at, string().datetime())
                                 .field("trusted", &Thread::is_trusted, boolean(),
                                        "What a model asks for to answer a message by your key is "
                                        "done at once, since you have said so by it: chat.trust.")
                                 .field("trustedBy", &Thread::trusted_by, string(),
                                        "The id of the key for whose messages it is so, yours or "
                                        "another one. Absent: for none.");
  return schema;
}

struct ThreadList {
  std::vector<Thread> threads;
  std::optional<std::int64_t> next_before;
};
const ObjectSchema<ThreadList>& describe(Type<ThreadList>) {
  static const auto schema =
      object<ThreadList>("ChatThreadList")
          .field("threads", &ThreadList::threads, array(schema_of<Thread>()),
                 "Those first in which something was said last.")
          .field("nextBefore", &ThreadList::next_before, integer(), "Absent on the last page.");
  return schema;
}

constexpr std::string_view kThreadColumns =
    "SELECT id, title, messages, created_at, updated_at, trusted_by, position FROM chat_threads ";

Thread read_thread(db::Rows& row, const Session& session) {
  auto trusted_by = row.optional_text(5);
  const bool is_trusted = trusted_by && trusted_by == agent_runs::key_of(session);
  return {row.uuid(0).value_or(Uuid{}).to_string(),
          row.text(1),
          row.integer(2),
          to_iso8601(row.integer(3)),
          to_iso8601(row.integer(4)),
          is_trusted,
          std::move(trusted_by),
          row.integer(6)};
}

Task<Result<ThreadList>> threads(const Rooms& rooms, Session session, ListThreads input) {
  co_return co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    ThreadList list;
    auto rows = tx.query(
        std::string(kThreadColumns) + "WHERE position < $1 ORDER BY position DESC LIMIT $2",
        input.before.value_or(INT64_MAX), input.limit + 1);
    while (rows.next()) {
      if (static_cast<std::int64_t>(list.threads.size()) == input.limit) {
        list.next_before = list.threads.back().position;
        break;
      }
      list.threads.push_back(read_thread(rows, session));
    }
    return list;
  });
}

struct GetThread {
  std::string id;
  std::int64_t limit = 100;
  std::optional<std::int64_t> before;
  std::optional<std::string> through;
};
const ObjectSchema<GetThread>& describe(Type<GetThread>) {
  static const auto schema = object<GetThread>("GetChatThread")
                                 .field("id", &GetThread::id, string().uuid())
                                 .field_or("limit", &GetThread::limit, integer().min(1).max(200),
                                           100, "So many messages of a branch, the newest.")
                                 .field("before", &GetThread::before, integer().min(1),
                                        "The nextBefore of the page before.")
                                 .field("through", &GetThread::through, string().uuid(),
                                        "A message: the branch in which it is, up to the newest "
                                        "that follows it. Absent: that of the newest of all.");
  return schema;
}

struct ShownMessage {
  std::string id;
  std::string role;
  std::string text;
  std::optional<std::string> run_id;
  std::vector<ToolUse> tools;
  std::vector<Citation> citations;
  std::optional<std::string> error;
  std::string created_at;
  std::optional<std::string> parent_id;
  std::int64_t siblings = 1;
  std::int64_t sibling = 1;
  std::optional<std::string> previous_sibling_id;
  std::optional<std::string> next_sibling_id;
};
const ObjectSchema<ShownMessage>& describe(Type<ShownMessage>) {
  static const auto schema =
      object<ShownMessage>("ChatMessage")
          .field("id", &ShownMessage::id, string().uuid())
          .field("role", &ShownMessage::role, one_of({"user", "assistant"}))
          .field("text", &ShownMessage::text)
          .field("runId", &ShownMessage::run_id, string().uuid(),
                 "The run of the agent that answers it, or whose answer it is.")
          .field("tools", &ShownMessage::tools, array(schema_of<ToolUse>()))
          .field("citations", &ShownMessage::citations, array(schema_of<Citation>()))
          .field("error", &ShownMessage::error, string(), "Why there is no answer.")
          .field("createdAt", &ShownMessage::created_at, string().datetime())
          .field("parentId", &ShownMessage::parent_id, string().uuid(),
                 "The message that it follows. Absent: it begins the thread.")
          .field("siblings", &ShownMessage::siblings, integer().min(1),
                 "How many follow the same one, with it.")
          .field("sibling", &ShownMessage::sibling, integer().min(1),
                 "Which of these it is, the oldest being 1.")
          .field("previousSiblingId", &ShownMessage::previous_sibling_id, string().uuid(),
                 "chat.get shows its branch with through.")
          .field("nextSiblingId", &ShownMessage::next_sibling_id, string().uuid());
  return schema;
}

struct WholeThread {
  Thread thread;
  std::vector<ShownMessage> messages;
  std::optional<std::int64_t> next_before;
};
const ObjectSchema<WholeThread>& describe(Type<WholeThread>) {
  static const auto schema =
      object<WholeThread>("ChatThreadWithMessages")
          .field("thread", &WholeThread::thread, schema_of<Thread>())
          .field("messages", &WholeThread::messages, array(schema_of<ShownMessage>()),
                 "Of one branch, in their order.")
          .field("nextBefore", &WholeThread::next_before, integer(),
                 "There are earlier ones. Absent: there are none.");
  return schema;
}

std::optional<Uuid> id_in(db::Rows rows) {
  return rows.next() ? rows.uuid(0) : std::nullopt;
}

/// The newest message that follows `from`, and the one that follows that, to the end.
Uuid end_of_branch(db::Tx& tx, const Uuid& thread, const Uuid& from) {
  auto rows = tx.query(
      "WITH RECURSIVE down(id, number) AS (SELECT id, 1 FROM chat_messages WHERE id = $2 UNION ALL "
      "SELECT (SELECT child.id FROM chat_messages AS child WHERE child.thread = $1 AND "
      "child.parent "
      "= down.id ORDER BY child.position DESC LIMIT 1), down.number + 1 FROM down WHERE down.id IS "
      "NOT NULL) SELECT id FROM down WHERE id IS NOT NULL ORDER BY number DESC LIMIT 1",
      thread, from);
  return id_in(std::move(rows)).value_or(from);
}

/// The last message of a page, which is the end of a branch or the one before an earlier page;
/// nothing: there is none.
std::optional<Uuid> end_of_page(db::Tx& tx, const Uuid& thread, const GetThread& input) {
  if (input.before) {
    auto parent =
        id_in(tx.query("SELECT parent FROM chat_messages WHERE thread = $1 AND position = $2",
                       thread, *input.before));
    if (parent) return parent;
  } else if (input.through) {
    const auto through = uuid_of(*input.through);
    const bool is_there =
        id_in(
            tx.query("SELECT id FROM chat_messages WHERE thread = $1 AND id = $2", thread, through))
            .has_value();
    if (is_there) return end_of_branch(tx, thread, through);
    tx.abort(no_message());
    return std::nullopt;
  }
  return id_in(tx.query(
      "SELECT id FROM chat_messages WHERE thread = $1 AND position < $2 ORDER BY position DESC "
      "LIMIT 1",
      thread, input.before.value_or(INT64_MAX)));
}

// Of a page of a branch; what is counted of siblings is found in the index on parents.
std::string page_of_branch() {
  constexpr std::string_view kSiblings =
      "FROM chat_messages AS other WHERE other.thread = $1 AND other.parent = path.parent AND "
      "length(path.parent) > 0";
  return fmt::format(
      "{0}SELECT message.data, message.created_at, path.position, path.above, (SELECT count(*) "
      "{1}), (SELECT count(*) {1} AND other.position <= path.position), (SELECT other.id {1} AND "
      "other.position < path.position ORDER BY other.position DESC LIMIT 1), (SELECT other.id {1} "
      "AND other.position > path.position ORDER BY other.position LIMIT 1) FROM path JOIN "
      "chat_messages AS message ON message.id = path.id ORDER BY path.position DESC",
      path_of_branch(), kSiblings);
}

std::optional<std::string> text_of(const std::optional<Uuid>& id) {
  return id ? std::optional(id->to_string()) : std::nullopt;
}

void read_branch(db::Tx& tx, const Uuid& thread, const Uuid& end, std::int64_t limit,
                 WholeThread& whole) {
  static const auto sql = page_of_branch();
  const auto most = limit + 1;
  auto rows = tx.query(sql, thread, end, most);
  std::int64_t last = 0;
  for (std::int64_t read = 0; rows.next(); ++read) {
    if (read == limit) {
      whole.next_before = last;
      break;
    }
    last = rows.integer(2);
    auto json = parse_json(rows.view(0));
    auto data = json ? decode<MessageCreated>(*std::move(json)) : fail(json.error());
    if (!data) continue;
    const auto parent = rows.uuid(3);
    whole.messages.push_back({.id = data->message_id,
                              .role = data->role,
                              .text = data->text,
                              .run_id = data->run_id,
                              .tools = std::move(data->tools),
                              .citations = std::move(data->citations),
                              .error = data->error,
                              .created_at = to_iso8601(rows.integer(1)),
                              .parent_id = parent == thread ? std::nullopt : text_of(parent),
                              .siblings = std::max<std::int64_t>(rows.integer(4), 1),
                              .sibling = std::max<std::int64_t>(rows.integer(5), 1),
                              .previous_sibling_id = text_of(rows.uuid(6)),
                              .next_sibling_id = text_of(rows.uuid(7))});
  }
  std::ranges::reverse(whole.messages);
}

Task<Result<WholeThread>> get(const Rooms& rooms, Session session, GetThread input) {
  const auto id = uuid_of(input.id);
  co_return co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    WholeThread whole;
    {
      auto rows = tx.query(std::string(kThreadColumns) + "WHERE id = $1", id);
      if (!rows.next()) {
        tx.abort(no_thread());
        return whole;
      }
      whole.thread = read_thread(rows, session);
    }
    if (const auto end = end_of_page(tx, id, input)) {
      read_branch(tx, id, *end, input.limit, whole);
    }
    return whole;
  });
}

struct ThreadId {
  std::string id;
};
const ObjectSchema<ThreadId>& describe(Type<ThreadId>) {
  static const auto schema =
      object<ThreadId>("ChatThreadId").field("id", &ThreadId::id, string().uuid());
  return schema;
}

struct Deleted {
  std::string status = "completed";
  std::string entity_id;
};
const ObjectSchema<Deleted>& describe(Type<Deleted>) {
  static const auto schema = object<Deleted>("DeletedChatThread")
                                 .field("status", &Deleted::status, one_of({"completed"}))
                                 .field("entityId", &Deleted::entity_id, string().uuid());
  return schema;
}

Task<Result<Deleted>> remove(const Rooms& rooms, Session session, ThreadId input) {
  const auto id = Uuid::parse(input.id).value_or(Uuid{});
  auto event = rooms.types.make(
      kThreadDeleted, ThreadDeleted{input.id},
      requested_by(session, rooms.types.world().new_id(), id, std::string(kThreadAggregate)));
  if (!event) co_return fail(event.error());
  events::Append append;
  append.events.push_back(std::move(*event));
  append.decide = [user_id = session.user_id(), id](db::Tx& tx) {
    auto rows =
        tx.query("SELECT 1 FROM chat_threads_data WHERE id = $1 AND user_id = $2", id, user_id);
    if (!rows.next()) tx.abort(no_thread());
  };
  auto appended = co_await rooms.log.append(std::move(append));
  if (!appended) co_return fail(appended.error());
  co_return Deleted{.entity_id = input.id};
}

}  // namespace

void add(const Rooms& rooms) {
  rooms.types.add(kThreadCreated, "A person begins to talk with the agent chat.");
  rooms.types.add(kMessageCreated, "Something was said in a thread, by a person or the agent.");
  rooms.types.add(kThreadTrusted,
                  "A person trusts what answers of a thread are made of, or does so no more.");
  rooms.types.add(kThreadRenamed, "A person has given a thread another title.");
  rooms.types.add(kThreadDeleted, "A thread was taken away, with its messages.");
  rooms.projections.add(projection());
  add_agent(rooms);
  const rpc::ErrorMeta no_such{Code::kNotFound, "You have no such thread, or it no such message."};
  add_mutation(
      rooms, "chat.send",
      {.summary = "Say something to the agent chat, in a thread or in a new one.",
       .docs =
           "Its answer is a message of the thread: watch the run with agents.watch, which tells "
           "it as it comes, or ask chat.get. It reads what you have stored, cites it, and acts "
           "by procedures, as far as your key may. Once it has read something, a change is a "
           "proposal, which you accept, unless you trust the thread (chat.trust). Where no "
           "language model is set, the answer says so. With "
           "parentId a branch begins: another message in the place of an earlier one, or, without "
           "text, another answer to one.",
       .effects = rpc::Effects::kAppends,
       .errors = {no_such},
       .examples = {{R"({"text":"What did I plan for the garden?"})", ""}},
       .keeps_idempotency_keys = true,
       .appends = {std::string(kThreadCreated.name), std::string(kMessageCreated.name),
                   std::string(agents::kRunRequested.name)}},
      send);
  add_query(rooms, "chat.threads", {.summary = "Your threads.", .reach = rpc::Reach::kPod},
            threads);
  add_query(rooms, "chat.get",
            {.summary = "A thread with the messages of one of its branches.",
             .docs = "Of each it says how many siblings it has, and which are beside it.",
             .errors = {no_such},
             .reach = rpc::Reach::kPod},
            get);
  add_mutation(rooms, "chat.delete",
               {.summary = "Take a thread away, with its messages.",
                .docs = "Their events stay in the log.",
                .effects = rpc::Effects::kDestroys,
                .errors = {no_such},
                .appends = {std::string(kThreadDeleted.name)}},
               remove);
  add_actions(rooms);
  add_renaming(rooms);
  add_trust(rooms);
}

}  // namespace synap::features::chat
