#include "features/chat/chat.h"

namespace synap::features::chat {
namespace {

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
  tx.run(
      "INSERT INTO chat_messages_data(id, user_id, thread, position, role, data, created_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
      Uuid::parse(message.message_id), event.user_id, *event.aggregate_id, event.position,
      message.role, text, event.timestamp);
  tx.run(
      "UPDATE chat_threads_data SET messages = messages + 1, updated_at = $2, position = $3 WHERE "
      "id = $1",
      *event.aggregate_id, event.timestamp, event.position);
}

void fold(db::Tx& tx, const events::Event& event) {
  if (event.type == kMessageCreated.name) return fold_message(tx, event);
  if (event.type == kThreadDeleted.name) {
    tx.run("DELETE FROM chat_messages_data WHERE thread = $1", *event.aggregate_id);
    tx.run("DELETE FROM chat_threads_data WHERE id = $1", *event.aggregate_id);
    return;
  }
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
          .field("error", &MessageCreated::error, string(), "Why there is no answer.");
  return schema;
}

const ObjectSchema<ThreadDeleted>& describe(Type<ThreadDeleted>) {
  static const auto schema = object<ThreadDeleted>("ChatThreadDeleted")
                                 .field("entityId", &ThreadDeleted::entity_id, string().uuid());
  return schema;
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
                                  {"position", ColumnType::kInteger}},
                      .primary_key = {"id"},
                      .indexes = {{.columns = {"user_id", "position"}}}},
                     {.name = "chat_messages",
                      .columns = {{"id", ColumnType::kBytes},
                                  {"user_id"},
                                  {"thread", ColumnType::kBytes},
                                  {"position", ColumnType::kInteger},
                                  {"role"},
                                  {"data"},
                                  {"created_at", ColumnType::kInteger}},
                      .primary_key = {"id"},
                      .indexes = {{.columns = {"thread", "position"}}}}},
          .types = {std::string(kThreadCreated.name), std::string(kMessageCreated.name),
                    std::string(kThreadDeleted.name)},
          .fold = fold};
}

}  // namespace synap::features::chat
