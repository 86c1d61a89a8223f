// Chat: threads of messages between a person and the agent *chat*, which reads what the person has
// stored and acts by tools. Threads and messages are events; an answer is a run of the agent.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "events/types.h"
#include "features/rooms.h"
#include "projections/projection.h"

namespace synap::features::chat {

/// Behind agent_runs::add(), searching::add() and the nouns.
void add(const Rooms& rooms);
void add_agent(const Rooms& rooms);  // of add()

/// A thing that an answer goes back to.
struct Citation {
  std::int64_t number = 0;  // as [1] in the text
  std::string entity_id;
  std::string entity_type;
  std::string title;
  std::string passage;
};
const ObjectSchema<Citation>& describe(Type<Citation>);

/// A tool that was called for an answer.
struct ToolUse {
  std::string name;
  std::string arguments;
  bool is_ok = false;
  std::string result;  // how it begins
};
const ObjectSchema<ToolUse>& describe(Type<ToolUse>);

struct ThreadCreated {
  std::string entity_id;
  std::string title;
};
const ObjectSchema<ThreadCreated>& describe(Type<ThreadCreated>);

struct MessageCreated {
  std::string entity_id;  // of the thread
  std::string message_id;
  std::string role;  // "user" or "assistant"
  std::string text;
  std::optional<std::string> run_id;  // of the agent: that answers it, or whose answer it is
  std::vector<ToolUse> tools;
  std::vector<Citation> citations;
  std::optional<std::string> error;  // why there is no answer, or only a part
};
const ObjectSchema<MessageCreated>& describe(Type<MessageCreated>);

struct ThreadDeleted {
  std::string entity_id;
};
const ObjectSchema<ThreadDeleted>& describe(Type<ThreadDeleted>);

inline constexpr std::string_view kThreadAggregate = "chat-thread";
inline constexpr events::EventType<ThreadCreated> kThreadCreated{"chat.thread.created"};
inline constexpr events::EventType<MessageCreated> kMessageCreated{"chat.message.created"};
inline constexpr events::EventType<ThreadDeleted> kThreadDeleted{"chat.thread.deleted"};

inline constexpr std::size_t kTextMax = 20'000;

/// chat_threads and chat_messages.
projections::Projection projection();

}  // namespace synap::features::chat
