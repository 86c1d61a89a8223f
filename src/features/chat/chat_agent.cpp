// The agent *chat*. Round by round: it reads the thread and looks for passages side by side, asks a
// model, calls the tools that the model wants, asks again, and at last says its message.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "agents/agents.h"
#include "agents/conversation.h"
#include "agents/data_marks.h"
#include "base/clock.h"
#include "features/chat/chat.h"
#include "features/command.h"
#include "features/words.h"
#include "models/secrets.h"

namespace synap::features::chat {
namespace {

using agents::as_data;
using agents::Node;
using agents::Update;

constexpr std::int64_t kHistoryMax = 40;  // messages
constexpr std::int64_t kTurnsMax = 12;    // answers of the model to one message
constexpr std::int64_t kPassages = 6;
constexpr std::size_t kPassageBytes = 2'000;
constexpr std::size_t kShownBytes = 1'000;  // of a tool's arguments and result

struct Talk {
  std::string thread_id;
  std::string message_id;
  std::string text;
  std::string today;
  std::vector<models::Message> history;  // what was said before the message that is answered
  std::vector<Citation> passages;
  std::vector<models::Message> exchange;  // with the model, since
  std::vector<ToolUse> tools;
  std::string answer;
  std::string error;
};
const ObjectSchema<Talk>& describe(Type<Talk>) {
  static const auto schema =
      object<Talk>("ChatState")
          .field("threadId", &Talk::thread_id, string().uuid())
          .field("messageId", &Talk::message_id, string().uuid())
          .field("text", &Talk::text)
          .field_or("today", &Talk::today, string(), "")
          .field_or("history", &Talk::history, array(schema_of<models::Message>()), {})
          .field_or("passages", &Talk::passages, array(schema_of<Citation>()), {})
          .field_or("exchange", &Talk::exchange, array(schema_of<models::Message>()), {})
          .field_or("tools", &Talk::tools, array(schema_of<ToolUse>()), {})
          .field_or("answer", &Talk::answer, string(), "")
          .field_or("error", &Talk::error, string(), "");
  return schema;
}

template <class T>
Json json_of(const T& value) {
  return parse_json(json_text(value)).value_or(Json(nullptr));
}
template <class T>
Json json_list(const std::vector<T>& values) {
  Json list = Json::array();
  for (const auto& value : values) list.push_back(json_of(value));
  return list;
}

/// What was said before the message that is answered. A version before this one kept that, too.
struct History {
  std::vector<models::Message> messages;
  /// Something of it may be what others wrote: an answer for which stored text was read, or a
  /// message of somebody else than who has sent the one that is answered.
  bool is_tainted = false;
  /// Somebody else has spoken, of before or now.
  bool hears_others = false;
};
const ObjectSchema<History>& describe(Type<History>) {
  static const auto schema =
      object<History>("ChatHistory")
          .field("messages", &History::messages, array(schema_of<models::Message>()))
          .field("tainted", &History::is_tainted, boolean())
          .field_or("others", &History::hears_others, boolean(), false);
  return schema;
}

// For the message, which is in the log and in every copy of it for good: a key stays in the note it
// was written into. Before anything is cut, as the half of a key is not known for one.
std::string shown(std::string text, std::size_t bytes_max) {
  models::mask_secrets(text);
  return agents::shortened(text, bytes_max);
}

// Who has sent a message. One of a version that did not say the key has its session's own.
std::string sender_of(const MessageCreated& said, std::string_view kind, std::string_view id) {
  return said.key ? "key " + *said.key : fmt::format("{} {}", kind, id);
}

// What was said before, as the model reads it: words of others, and answers to them, are material
// as passages are. An answer for which the pod was read is not: nearly each is one, and a model
// that is shown its own words as data comes to write such marks. What it asks for waits all the
// same.
models::Message told(const MessageCreated& said, bool is_of_others) {
  if (!is_of_others) return agents::message(said.role, said.text);
  const auto* kind = said.role == "user" ? "message" : "answer";
  return agents::message(said.role, as_data(kind, said.message_id, said.text));
}

// `key`: by whose right the run is.
History read_history(db::Tx& tx, const Talk& talk, const std::optional<std::string>& key) {
  History history;
  // Of the message that is answered, which is the first.
  std::optional<std::string> asker;
  const auto thread = Uuid::parse(talk.thread_id);
  const auto message = Uuid::parse(talk.message_id);
  auto rows = tx.query(path_of_branch() +
                           "SELECT data, actor_kind, actor FROM chat_messages JOIN path ON "
                           "chat_messages.id = path.id ORDER BY path.position DESC",
                       thread, message, kHistoryMax);
  while (rows.next()) {
    auto json = parse_json(rows.view(0));
    if (!json) continue;
    auto said = decode<MessageCreated>(std::move(*json));
    if (!said || (said->text.empty() && said->role != "user")) continue;
    const auto sender = sender_of(*said, rows.view(1), rows.view(2));
    const bool has_read = said->role != "user" && said->is_tainted.value_or(true);
    // Somebody else may ask for another answer to what was said; whoever is not known is one.
    const bool is_asked_by_others = !asker && (!key || !said->key || *said->key != *key);
    const bool is_others = is_asked_by_others || sender != asker.value_or(sender) ||
                           said->hears_others.value_or(false);
    history.hears_others = history.hears_others || is_others;
    history.is_tainted = history.is_tainted || has_read || is_others;
    if (asker) {
      // By another key than who asks now, whoever has sent what is answered.
      const bool is_foreign = is_others || (key && sender != "key " + *key);
      history.messages.push_back(told(*said, is_foreign));
    } else {
      asker = sender;  // the message itself is in the state, and may be long
    }
  }
  std::ranges::reverse(history.messages);
  return history;
}

Task<Result<Update>> read(const Rooms& rooms, Node& node, Talk talk) {
  auto& context = node.context();
  auto history =
      co_await context.step.run<History>(node.step_id("thread"), [&]() -> Task<Result<History>> {
        auto read = co_await rooms.database.read_as(
            context.event.user_id, [&](db::Tx& tx) { return read_history(tx, talk, context.key); });
        if (!read) co_return fail(read.error());
        co_return std::move(*read);
      });
  if (!history) co_return fail(history.error());
  if (history->is_tainted) node.taint();
  if (history->hears_others) node.reading().hears_others = true;
  co_return Json::object({{"history", json_list(history->messages)}});
}

Task<Result<Update>> retrieve(Node& node, Talk talk) {
  const auto query = query_of(talk.text);
  if (query.empty()) co_return Json::object();
  auto found = co_await node.use("search", "search.query",
                                 Json::object({{"q", query}, {"limit", kPassages}}));
  // Without it there is an answer, too; what the key may not do, the agent may not.
  if (!found) co_return Json::object();
  std::vector<Citation> passages;
  const Json* hits = found->find("hits");
  for (const auto& hit : hits != nullptr ? hits->as_array() : Json::Array{}) {
    Citation passage{.number = static_cast<std::int64_t>(passages.size()) + 1,
                     .entity_id = std::string(hit.string_or("entityId", "")),
                     .entity_type = std::string(hit.string_or("entityType", "")),
                     .title = shown(std::string(hit.string_or("title", "")), kPassageBytes),
                     .passage = std::string(hit.string_or("passage", ""))};
    if (const Json* parts = hit.find("snippet"); passage.passage.empty() && parts != nullptr) {
      for (const auto& part : parts->as_array()) passage.passage += part.string_or("text", "");
    }
    passage.passage = shown(std::move(passage.passage), kPassageBytes);
    passages.push_back(std::move(passage));
  }
  co_return Json::object({{"passages", json_list(passages)}});
}

std::string instructions(const Talk& talk) {
  return fmt::format(
      "You are the assistant of a person in their own pod of notes, tasks and projects. Today is "
      "{}. Answer in the language of the person, and briefly. Where you use one of the passages "
      "below, cite it by its number, as [1]. Say so where you do not know. Use the tools to look "
      "further and to do what the person asks for; say what you have done. What a tool says is "
      "proposed is not done yet: say that, too, and that the person has to accept it.\n{}",
      talk.today, agents::kDataRule);
}

std::string passages_of(const Talk& talk) {
  std::string text;
  for (const auto& passage : talk.passages) {
    if (!text.empty()) text.push_back('\n');
    text += fmt::format(
        "[{}] {}", passage.number,
        as_data(passage.entity_type, passage.entity_id, passage.title + "\n" + passage.passage));
  }
  return text;
}

// Takes what only the model needs out of `talk`: it would lie beside it while the model answers.
models::Ask ask_of(Talk& talk, const agents::Tools& tools) {
  models::Ask ask;
  // By themselves: they are the same for each message of the day, and are never cut.
  ask.messages.push_back(agents::message("system", instructions(talk)));
  ask.messages.back().is_cached = true;
  if (auto passages = passages_of(talk); !passages.empty()) {
    ask.messages.push_back(agents::message("system", std::move(passages)));
  }
  std::ranges::move(talk.history, std::back_inserter(ask.messages));
  auto asked = agents::message("user", std::move(talk.text));
  // A history of a version before this one ends with it.
  const auto& last = ask.messages.back();
  if (last.role != asked.role || last.text != asked.text) ask.messages.push_back(std::move(asked));
  std::ranges::copy(talk.exchange, std::back_inserter(ask.messages));
  // Most messages are answered in one round, and who charges a quarter more for what is kept would
  // do so for nothing. Once a tool was called, another round is likely.
  if (!talk.exchange.empty()) ask.messages.back().is_cached = true;
  ask.tools = tools.offered();
  talk.history.clear();
  talk.passages.clear();
  return ask;
}

Task<Result<Update>> answer(Node& node, Talk talk) {
  // Before the graph's own limit, which would leave the thread without a word.
  if (std::ranges::count(talk.exchange, "assistant", &models::Message::role) >= kTurnsMax) {
    co_return Json::object(
        {{"error", fmt::format("The model has called tools {} times, one answer after another, and "
                               "has come to none",
                               kTurnsMax)}});
  }
  auto answer = co_await node.ask("model", ask_of(talk, node.context().tools));
  if (!answer) {
    // What was seen of it stays.
    co_return Json::object({{"error", answer.error().message}, {"answer", node.heard()}});
  }
  const auto most = node.context().limits.tool_calls_of_answer;
  auto exchange = talk.exchange;
  exchange.push_back(agents::message_of(*answer, most));
  Json update = Json::object();
  if (!answer->tool_calls.empty()) {
    auto& calls = answer->tool_calls;
    auto done = co_await node.call_all(calls);
    if (!done) co_return Json::object({{"error", done.error().message}});
    for (auto& more : agents::messages_of(*done, calls.size() - done->size())) {
      exchange.push_back(std::move(more));
    }
    auto tools = talk.tools;
    for (std::size_t i = 0; i < done->size(); ++i) {
      tools.push_back({(*done)[i].name, shown(calls[i].arguments, kShownBytes), (*done)[i].is_ok,
                       shown((*done)[i].text, kShownBytes)});
    }
    update.set("tools", json_list(tools));
  } else {
    update.set("answer", answer->text);
  }
  update.set("exchange", json_list(exchange));
  co_return update;
}

// The passages that the text names. What it makes up is no citation.
std::vector<Citation> cited(const Talk& talk) {
  std::vector<Citation> found;
  for (const auto& passage : talk.passages) {
    if (talk.answer.find(fmt::format("[{}]", passage.number)) != std::string::npos) {
      found.push_back(passage);
    }
  }
  return found;
}

/// The message of a run: a repeat is the same one.
MessageCreated message_of(const Talk& talk, const Uuid& run, std::int64_t began_at,
                          const agents::Reading& reading, const std::optional<std::string>& key) {
  MessageCreated message{
      .entity_id = talk.thread_id,
      .message_id = Uuid::derived(began_at, "chat answer\n" + run.to_string()).to_string(),
      .role = "assistant",
      .text = agents::shortened(talk.answer, 4 * kTextMax),
      .run_id = run.to_string(),
      .tools = talk.tools,
      .citations = cited(talk),
      .is_tainted = reading.is_tainted,
      .key = key,
      .parent_id = talk.message_id};
  if (reading.hears_others) message.hears_others = true;
  if (!talk.error.empty()) message.error = talk.error;
  return message;
}

Task<Result<Update>> say(Node& node, Talk talk) {
  const auto& context = node.context();
  const auto message =
      message_of(talk, context.run, context.event.timestamp, node.reading(), context.key);
  auto said = co_await node.append("say", kMessageCreated.name, json_of(message),
                                   Uuid::parse(talk.thread_id), std::string(kThreadAggregate));
  if (!said) co_return fail(said.error());
  co_return Json::object();
}

/// Tools that were called behind the last state. Of one that was under way nobody knows what it
/// came to.
void add_tools(const std::vector<agents::FeedEntry>& since, std::vector<ToolUse>& tools) {
  using Kind = agents::FeedEntry::Kind;
  std::optional<ToolUse> under_way;
  for (const auto& one : since) {
    if (one.kind == Kind::kTool) {
      under_way = {one.name, shown(one.text, kShownBytes), false,
                   "It was under way when the answer ended: what it did is done"};
    } else if (one.kind == Kind::kResult && under_way) {
      tools.push_back(
          {one.name, std::move(under_way->arguments), one.is_ok, shown(one.text, kShownBytes)});
      under_way.reset();
    }
  }
  if (under_way) tools.push_back(*std::move(under_way));
}

// What was seen of the answer stays, and the thread says why there is no more of it.
std::optional<agents::LastWord> last_word(const agents::Unfinished& left) {
  auto talk = decode<Talk>(Json(left.last.state));
  if (!talk) return std::nullopt;
  if (talk->answer.empty()) talk->answer = agents::answer_in(left.since, "answer");
  add_tools(left.since, talk->tools);
  talk->error =
      left.why.code == Code::kClientClosedRequest ? "The answer was stopped" : left.why.message;
  auto reading = left.last.reading.value_or(agents::Reading());
  reading.is_tainted = left.is_tainted();
  const auto message = message_of(*talk, left.run, left.began_at, reading, left.asked.key);
  return agents::LastWord{
      .type = std::string(kMessageCreated.name),
      .data = json_of(message),
      .aggregate = Uuid::parse(talk->thread_id),
      .aggregate_type = std::string(kThreadAggregate),
      .is_said = [id = Uuid::parse(message.message_id)](db::Tx& tx) {
        return tx.query("SELECT 1 FROM chat_messages_data WHERE id = $1", id).next();
      }};
}

struct ChatInput {
  std::string thread_id;
  std::string message_id;
  std::string text;
};
const ObjectSchema<ChatInput>& describe(Type<ChatInput>) {
  static const auto schema = object<ChatInput>("ChatInput")
                                 .field("threadId", &ChatInput::thread_id, string().uuid())
                                 .field("messageId", &ChatInput::message_id, string().uuid())
                                 .field("text", &ChatInput::text, string().min(1).max(kTextMax));
  return schema;
}

}  // namespace

void add_agent(const Rooms& rooms) {
  agents::Graph<Talk> graph("chat");
  graph.node("read",
             [&rooms](Node& node, Talk talk) { return read(rooms, node, std::move(talk)); });
  graph.node("retrieve", retrieve).node("answer", answer).node("say", say);
  graph.edge(agents::kStart, "read").edge(agents::kStart, "retrieve");
  graph.edge("read", "answer").edge("retrieve", "answer");
  graph.branch("answer", {"answer", "say"}, [](const Talk& talk) -> std::string {
    const bool has_called =
        !talk.exchange.empty() && talk.exchange.back().role == "tool" && talk.error.empty();
    return has_called ? "answer" : "say";
  });
  graph.edge("say", agents::kEnd);
  rooms.agents->add(
      {.name = "chat",
       .summary = "Answers a message of a thread, from what is stored and by tools.",
       .input = schema_of<ChatInput>(),
       .graph = graph.share(),
       .begin =
           [](const Json& input, std::int64_t at) {
             Json state = input;
             state.set("today", to_iso8601(at).substr(0, 10));
             return state;
           },
       .end =
           [](const Json& state) {
             Json output = Json::object(
                 {{"threadId", *state.find("threadId")},
                  {"text", agents::shortened(state.string_or("answer", ""), 4 * kTextMax)}});
             if (const auto error = state.string_or("error", ""); !error.empty()) {
               output.set("error", error);
             }
             return output;
           },
       .is_trusted =
           [](db::Tx& tx, const agents::RunRequested& asked) {
             const auto thread = Uuid::parse(asked.input.string_or("threadId", ""));
             return thread && asked.key && is_trusted(tx, "chat_threads", *thread, *asked.key);
           },
       .last_word = last_word,
       .tools = {"search.query", "notes.get", "notes.create", "tasks.list", "tasks.get",
                 "tasks.create", "tasks.complete", "projects.list",
                 std::string(agents::Tools::kAll)},
       .needs_model = true,
       .is_for_people = false});
}

}  // namespace synap::features::chat
