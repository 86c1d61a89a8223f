// Chat: threads of messages between a person and the agent *chat*, which reads what the person has
// stored and acts by tools. Threads and messages are events; an answer is a run of the agent.
//
// The messages of a thread are a tree: each follows one, and several that follow the same are
// siblings, as an edited message and the one before it, or two answers. A branch is the path from
// the first message to one that none follows. Where nobody has branched that is a line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "events/types.h"
#include "features/agents/running.h"
#include "features/rooms.h"
#include "projections/projection.h"

namespace synap::features::chat {

/// Behind agent_runs::add(), searching::add() and the nouns.
void add(const Rooms& rooms);
void add_agent(const Rooms& rooms);     // of add()
void add_actions(const Rooms& rooms);   // of add()
void add_renaming(const Rooms& rooms);  // of add()
void add_trust(const Rooms& rooms);     // of add()

/// Whether the thread is trusted, for what is said by this key. `table` as below.
bool is_trusted(db::Tx& tx, std::string_view table, const Uuid& thread, std::string_view key);

/// Whether what this session says in a thread is answered in trust: its user has said so, by the
/// very key by which it speaks (chat.trust). By the view of the user whose transaction it is, or
/// the rows themselves (`chat_threads_data`).
bool is_trusted(db::Tx& tx, std::string_view table, const Uuid& thread,
                const api::Session& session);

/// Whether a session speaks because of what a run of an agent did, by the cause that it names:
/// what a program says then by a person's key no person has said.
bool follows_from_run(const api::Session& session, const agents::ChainPlace& place);

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
  /// Of an answer: its run had read stored text. Absent in those of versions that did not keep it.
  std::optional<bool> is_tainted = std::nullopt;
  /// By whose right it was sent, or the run was asked for whose answer it is: a session stands for
  /// its key.
  std::optional<std::string> key = std::nullopt;
  /// Of a person's message: the one that it follows, or the thread, where it begins it. Of an
  /// answer: the message that is answered. Absent: it follows the newest, as all did before there
  /// were branches.
  std::optional<std::string> parent_id = std::nullopt;
  /// Of an answer: somebody has spoken before it by another key.
  std::optional<bool> hears_others = std::nullopt;
};
const ObjectSchema<MessageCreated>& describe(Type<MessageCreated>);

/// A person trusts what the answers of a thread are made of, or does so no more.
struct ThreadTrusted {
  std::string entity_id;
  bool is_trusted = false;
  /// By whose right: a session stands for its key. It holds for messages by this one.
  std::string key;
};
const ObjectSchema<ThreadTrusted>& describe(Type<ThreadTrusted>);

struct ThreadRenamed {
  std::string entity_id;
  std::string title;
};
const ObjectSchema<ThreadRenamed>& describe(Type<ThreadRenamed>);

struct ThreadDeleted {
  std::string entity_id;
};
const ObjectSchema<ThreadDeleted>& describe(Type<ThreadDeleted>);

inline constexpr std::string_view kThreadAggregate = "chat-thread";
inline constexpr events::EventType<ThreadCreated> kThreadCreated{"chat.thread.created"};
inline constexpr events::EventType<MessageCreated> kMessageCreated{"chat.message.created"};
inline constexpr events::EventType<ThreadTrusted> kThreadTrusted{"chat.thread.trusted"};
inline constexpr events::EventType<ThreadRenamed> kThreadRenamed{"chat.thread.renamed"};
inline constexpr events::EventType<ThreadDeleted> kThreadDeleted{"chat.thread.deleted"};

inline constexpr std::size_t kTextMax = 20'000;

/// The branch of the thread $1 up to its message $2, of which it has $3 messages at most: the table
/// `path`, for read_as; a query goes on behind it. It has id, parent, above (the message before, or
/// nothing) and position. Rows that versions without branches have left have no parent until they
/// are made again: these follow the one before them.
std::string path_of_branch();

/// chat_threads and chat_messages.
projections::Projection projection();

}  // namespace synap::features::chat
