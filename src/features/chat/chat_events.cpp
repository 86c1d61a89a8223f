#include "features/chat/chat.h"

#include <fmt/format.h>

namespace synap::features::chat {
namespace {

std::optional<Uuid> id_in(db::Rows rows) {
  return rows.next() ? rows.uuid(0) : std::nullopt;
}

// Little is said between a message and its answer: so far it is looked.
constexpr int kBetweenMax = 50;

// Where an answer stands: behind what it answers. What was said there meanwhile in one line with
// it, before it was there, stays before it; another answer to the same does not, nor what somebody
// has put there.
Uuid place_of_answer(db::Tx& tx, const Uuid& thread, const Uuid& answered) {
  return id_in(tx.query("WITH RECURSIVE line(id, depth) AS (SELECT id, 0 FROM chat_messages_data "
                        "WHERE id = $2 UNION ALL SELECT (SELECT next.id FROM chat_messages_data AS "
                        "next WHERE next.thread = $1 AND next.parent = line.id AND CASE next.role "
                        "WHEN 'user' THEN (next.data ->> 'parentId') IS NULL ELSE next.answers IS "
                        "NULL OR next.answers <> $2 END ORDER BY next.position DESC LIMIT 1), "
                        "depth + 1 FROM line WHERE line.id IS NOT NULL AND depth < $3) SELECT id "
                        "FROM line WHERE id IS NOT NULL ORDER BY depth DESC LIMIT 1",
                        thread, answered, kBetweenMax))
      .value_or(answered);
}

// What an answer answers: it says so, or (in versions before) has the run of that message.
std::optional<Uuid> answered_by(db::Tx& tx, const Uuid& thread, const MessageCreated& message) {
  if (message.role == "user") return std::nullopt;
  if (message.parent_id) return Uuid::parse(*message.parent_id);
  if (!message.run_id) return std::nullopt;
  const auto run = Uuid::parse(*message.run_id);
  return id_in(
      tx.query("SELECT id FROM (SELECT id, role, run FROM chat_messages_data WHERE thread = $1 "
               "ORDER BY position DESC LIMIT $3) AS newest WHERE role = 'user' AND run = $2",
               thread, run, kBetweenMax));
}

// The message that a message follows; the thread, where it is the first.
Uuid parent_of(db::Tx& tx, const Uuid& thread, const MessageCreated& message) {
  const auto given = message.parent_id ? Uuid::parse(*message.parent_id) : std::nullopt;
  if (!given) {
    return id_in(tx.query("SELECT id FROM chat_messages_data WHERE thread = $1 ORDER BY position "
                          "DESC LIMIT 1",
                          thread))
        .value_or(thread);
  }
  return message.role == "user" ? *given : place_of_answer(tx, thread, *given);
}

void fold_message(db::Tx& tx, const events::Event& event) {
  auto data = data_of(event, kMessageCreated);
  if (!data) return tx.abort(data.error());
  const auto& message = **data;
  {
    // An answer may come when its thread is gone.
    auto rows = tx.query("SELECT 1 FROM chat_threads_data WHERE id = $1", *event.aggregate_id);
    if (!rows.next()) return;
  }
  std::string text;
  encode(text, message);
  const auto id = Uuid::parse(message.message_id);
  if (tx.query("SELECT 1 FROM chat_messages_data WHERE id = $1", id).next()) {
    // A run that was given up had said so, and was tried again: its answer is in that one's place.
    tx.run("UPDATE chat_messages_data SET position = $2, data = $3, created_at = $4 WHERE id = $1",
           id, event.position, text, event.timestamp);
    tx.run("UPDATE chat_threads_data SET updated_at = $2, position = $3 WHERE id = $1",
           *event.aggregate_id, event.timestamp, event.position);
    return;
  }
  const auto parent = parent_of(tx, *event.aggregate_id, message);
  const auto answers = answered_by(tx, *event.aggregate_id, message);
  tx.run(
      "INSERT INTO chat_messages_data(id, user_id, thread, position, role, data, created_at, "
      "actor_kind, actor, parent, answers, run) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
      "$11, $12)",
      id, event.user_id, *event.aggregate_id, event.position, message.role, text, event.timestamp,
      event.actor ? events::actor_kind_name(event.actor->kind) : std::string_view(),
      event.actor ? event.actor->id : std::string(), parent, answers,
      message.run_id ? Uuid::parse(*message.run_id) : std::nullopt);
  tx.run(
      "UPDATE chat_threads_data SET messages = messages + 1, updated_at = $2, position = $3 WHERE "
      "id = $1",
      *event.aggregate_id, event.timestamp, event.position);
}

void fold_trust(db::Tx& tx, const events::Event& event) {
  auto data = data_of(event, kThreadTrusted);
  if (!data) return tx.abort(data.error());
  const auto& key = (*data)->key;
  tx.run("UPDATE chat_threads_data SET trusted_by = $2 WHERE id = $1", *event.aggregate_id,
         (*data)->is_trusted ? std::optional<std::string_view>(key) : std::nullopt);
}

void fold_title(db::Tx& tx, const events::Event& event) {
  auto data = data_of(event, kThreadRenamed);
  if (!data) return tx.abort(data.error());
  tx.run("UPDATE chat_threads_data SET title = $2 WHERE id = $1", *event.aggregate_id,
         (*data)->title);
}

void fold(db::Tx& tx, const events::Event& event) {
  if (event.type == kMessageCreated.name) return fold_message(tx, event);
  if (event.type == kThreadDeleted.name) {
    tx.run("DELETE FROM chat_messages_data WHERE thread = $1", *event.aggregate_id);
    tx.run("DELETE FROM chat_threads_data WHERE id = $1", *event.aggregate_id);
    return;
  }
  if (event.type == kThreadTrusted.name) return fold_trust(tx, event);
  if (event.type == kThreadRenamed.name) return fold_title(tx, event);
  auto data = data_of(event, kThreadCreated);
  if (!data) return tx.abort(data.error());
  tx.run(
      "INSERT INTO chat_threads_data(id, user_id, title, messages, created_at, updated_at, "
      "position) VALUES ($1, $2, $3, 0, $4, $4, $5)",
      *event.aggregate_id, event.user_id, (*data)->title, event.timestamp, event.position);
}

}  // namespace

const ObjectSchema<Citation>& describe(Type<Citation>) {
  static const auto schema =
      object<Citation>("ChatCitation")
          .field("number", &Citation::number, integer().min(1), "As [1] in the text.")
          .field("entityId", &Citation::entity_id, string().uuid())
          .field("entityType", &Citation::entity_type)
          .field("title", &Citation::title)
          .field("passage", &Citation::passage, string(), "What of it was read.");
  return schema;
}

const ObjectSchema<ToolUse>& describe(Type<ToolUse>) {
  static const auto schema =
      object<ToolUse>("ChatToolUse")
          .field("name", &ToolUse::name, string(), "The procedure.")
          .field("arguments", &ToolUse::arguments, string(), "As the model wrote them.")
          .field("ok", &ToolUse::is_ok, boolean(), "It did what it is for.")
          .field("result", &ToolUse::result, string(), "How what it gave begins.");
  return schema;
}

const ObjectSchema<ThreadCreated>& describe(Type<ThreadCreated>) {
  static const auto schema = object<ThreadCreated>("ChatThreadCreated")
                                 .field("entityId", &ThreadCreated::entity_id, string().uuid())
                                 .field("title", &ThreadCreated::title);
  return schema;
}

const ObjectSchema<MessageCreated>& describe(Type<MessageCreated>) {
  static const auto schema =
      object<MessageCreated>("ChatMessageCreated")
          .field("entityId", &MessageCreated::entity_id, string().uuid(), "The thread.")
          .field("messageId", &MessageCreated::message_id, string().uuid())
          .field("role", &MessageCreated::role, one_of({"user", "assistant"}))
          .field("text", &MessageCreated::text)
          .field("runId", &MessageCreated::run_id, string().uuid(),
                 "The run of the agent that answers it, or whose answer it is.")
          .field_or("tools", &MessageCreated::tools, array(schema_of<ToolUse>()), {},
                    "That were called for it.")
          .field_or("citations", &MessageCreated::citations, array(schema_of<Citation>()), {},
                    "What it goes back to.")
          .field("error", &MessageCreated::error, string(), "Why there is no answer.")
          .field("tainted", &MessageCreated::is_tainted, boolean(),
                 "Of an answer: what was stored had been read for it, or for one before it.")
          .field("key", &MessageCreated::key, string(),
                 "By whose right it was sent, or its run was asked for: a session stands for its "
                 "key.")
          .field("parentId", &MessageCreated::parent_id, string().uuid(),
                 "The message that it follows (the thread: it begins it), or that it answers. "
                 "Absent: it follows the newest.")
          .field("others", &MessageCreated::hears_others, boolean(),
                 "Of an answer: somebody has spoken before it by another key.");
  return schema;
}

const ObjectSchema<ThreadTrusted>& describe(Type<ThreadTrusted>) {
  static const auto schema =
      object<ThreadTrusted>("ChatThreadTrusted")
          .field("entityId", &ThreadTrusted::entity_id, string().uuid())
          .field("trusted", &ThreadTrusted::is_trusted, boolean(),
                 "What a model asks for to answer it is done at once.")
          .field("key", &ThreadTrusted::key, string(),
                 "By whose right, and for whose messages: a session stands for its key.");
  return schema;
}

const ObjectSchema<ThreadRenamed>& describe(Type<ThreadRenamed>) {
  static const auto schema = object<ThreadRenamed>("ChatThreadRenamed")
                                 .field("entityId", &ThreadRenamed::entity_id, string().uuid())
                                 .field("title", &ThreadRenamed::title);
  return schema;
}

const ObjectSchema<ThreadDeleted>& describe(Type<ThreadDeleted>) {
  static const auto schema = object<ThreadDeleted>("ChatThreadDeleted")
                                 .field("entityId", &ThreadDeleted::entity_id, string().uuid());
  return schema;
}

std::string path_of_branch() {
  constexpr std::string_view kAbove =
      "CASE WHEN length({0}.parent) > 0 THEN {0}.parent ELSE (SELECT earlier.id FROM chat_messages "
      "AS earlier WHERE earlier.thread = $1 AND earlier.position < {0}.position ORDER BY "
      "earlier.position DESC LIMIT 1) END";
  return fmt::format(
      "WITH RECURSIVE path(id, parent, above, position, number) AS (SELECT last.id, last.parent, "
      "{}, last.position, 1 FROM chat_messages AS last WHERE last.thread = $1 AND last.id = $2 "
      "UNION ALL SELECT before.id, before.parent, {}, before.position, path.number + 1 FROM path "
      "JOIN chat_messages AS before ON before.id = path.above WHERE before.thread = $1 AND "
      "path.number < $3) ",
      fmt::format(fmt::runtime(kAbove), "last"), fmt::format(fmt::runtime(kAbove), "before"));
}

projections::Projection projection() {
  using db::ColumnType;
  return {.name = "chat",
          .kind = projections::Projection::Kind::kInline,
          .tables = {{.name = "chat_threads",
                      .columns = {{"id", ColumnType::kBytes},
                                  {"user_id"},
                                  {"title"},
                                  {"messages", ColumnType::kInteger},
                                  {"created_at", ColumnType::kInteger},
                                  {"updated_at", ColumnType::kInteger},
                                  {"position", ColumnType::kInteger},
                                  // The key for whose messages it is trusted, if it is.
                                  {.name = "trusted_by", .is_nullable = true}},
                      .primary_key = {"id"},
                      .indexes = {{.columns = {"user_id", "position"}}}},
                     {.name = "chat_messages",
                      .columns = {{"id", ColumnType::kBytes},
                                  {"user_id"},
                                  {"thread", ColumnType::kBytes},
                                  {"position", ColumnType::kInteger},
                                  {"role"},
                                  {"data"},
                                  {"created_at", ColumnType::kInteger},
                                  // Who has said it.
                                  {"actor_kind"},
                                  {"actor"},
                                  // The message that it follows; of the first ones, the thread.
                                  {"parent", ColumnType::kBytes},
                                  // Of an answer: what it answers, if that is known.
                                  {"answers", ColumnType::kBytes, true},
                                  {"run", ColumnType::kBytes, true}},
                      .primary_key = {"id"},
                      .indexes = {{.columns = {"thread", "position"}},
                                  {.columns = {"thread", "parent", "position"}}}}},
          .types = {std::string(kThreadCreated.name), std::string(kMessageCreated.name),
                    std::string(kThreadTrusted.name), std::string(kThreadRenamed.name),
                    std::string(kThreadDeleted.name)},
          .fold = fold};
}

}  // namespace synap::features::chat
