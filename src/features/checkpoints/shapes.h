// What the procedures checkpoints.* take and give, and the events of threads.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "events/types.h"
#include "schema/schema.h"

namespace synap::features::checkpoints {

// A state and the writes of one checkpoint are read in one answer.
inline constexpr std::int64_t kStateBytesMax = 16 << 20;
inline constexpr std::int64_t kThreadBytesMax = 1 << 30;

/// As a serializer of LangGraph gives it (dumpsTyped).
struct Typed {
  std::string type;
  std::string bytes;  // base64url on the wire
};
const ObjectSchema<Typed>& describe(Type<Typed>);

struct ChannelValue {
  std::string channel;
  std::string version;
  std::string type;
  std::string bytes;
};
const ObjectSchema<ChannelValue>& describe(Type<ChannelValue>);

struct Write {
  std::int64_t index = 0;
  std::string channel;
  std::string type;
  std::string bytes;
};
const ObjectSchema<Write>& describe(Type<Write>);

struct PutCheckpoint {
  std::string thread_id;
  std::string ns;
  std::string id;
  std::optional<std::string> parent;
  std::optional<std::string> run_id;
  Typed checkpoint;
  Typed metadata;
  std::map<std::string, Json> labels;
  std::map<std::string, std::string> versions;
  std::vector<ChannelValue> values;
  std::vector<std::string> deltas;
};
const ObjectSchema<PutCheckpoint>& describe(Type<PutCheckpoint>);

struct PutWrites {
  std::string thread_id;
  std::string ns;
  std::string checkpoint_id;
  std::string task_id;
  std::string task_path;
  std::vector<Write> writes;
};
const ObjectSchema<PutWrites>& describe(Type<PutWrites>);

struct Stored {
  std::string status = "stored";
};
const ObjectSchema<Stored>& describe(Type<Stored>);

struct GetCheckpoint {
  std::string thread_id;
  std::string ns;
  std::optional<std::string> id;
};
const ObjectSchema<GetCheckpoint>& describe(Type<GetCheckpoint>);

struct PendingWrite {
  std::string task_id;
  std::string channel;
  std::string type;
  std::string bytes;
  std::string task_path = {};  // not told
};
const ObjectSchema<PendingWrite>& describe(Type<PendingWrite>);

struct Tuple {
  std::string thread_id;
  std::string ns;
  std::string id;
  std::optional<std::string> parent;
  Typed checkpoint;
  Typed metadata;
  std::vector<ChannelValue> values;
  std::vector<PendingWrite> writes;
  // Not told:
  std::map<std::string, std::string> versions = {};  // of all its channels
  std::vector<std::string> deltas = {};
};
const ObjectSchema<Tuple>& describe(Type<Tuple>);

struct Found {
  std::optional<Tuple> checkpoint;
};
const ObjectSchema<Found>& describe(Type<Found>);

struct ListCheckpoints {
  std::optional<std::string> thread_id;
  std::optional<std::string> ns;
  std::optional<std::string> id;
  std::optional<std::string> before;
  std::map<std::string, Json> filter;
  std::int64_t limit = 20;
  std::optional<std::string> cursor;
};
const ObjectSchema<ListCheckpoints>& describe(Type<ListCheckpoints>);

struct CheckpointList {
  std::vector<Tuple> checkpoints;
  std::optional<std::string> next_cursor;
};
const ObjectSchema<CheckpointList>& describe(Type<CheckpointList>);

struct ThreadName {
  std::string thread_id;
};
const ObjectSchema<ThreadName>& describe(Type<ThreadName>);

struct CopyThread {
  std::string source;
  std::string target;
};
const ObjectSchema<CopyThread>& describe(Type<CopyThread>);

struct RunNames {
  std::vector<std::string> run_ids;
};
const ObjectSchema<RunNames>& describe(Type<RunNames>);

struct Prune {
  std::vector<std::string> thread_ids;
  std::string strategy = "keep_latest";
};
const ObjectSchema<Prune>& describe(Type<Prune>);

/// How many checkpoints were copied or taken away.
struct Count {
  std::int64_t checkpoints = 0;
};
const ObjectSchema<Count>& describe(Type<Count>);

struct Pruned {
  std::int64_t checkpoints = 0;
  std::int64_t threads = 0;
};
const ObjectSchema<Pruned>& describe(Type<Pruned>);

/// Of all events of threads: where it happened.
struct ThreadPlace {
  std::string thread_id;
  std::optional<std::string> ns;
  std::optional<std::string> checkpoint_id;
};
const ObjectSchema<ThreadPlace>& describe(Type<ThreadPlace>);

inline constexpr std::string_view kThreadAggregate = "graph-thread";
inline constexpr events::EventType<ThreadPlace> kThreadCreated{"graph.thread.created"};
inline constexpr events::EventType<ThreadPlace> kThreadInterrupted{"graph.thread.interrupted"};
inline constexpr events::EventType<ThreadPlace> kThreadResumed{"graph.thread.resumed"};
inline constexpr events::EventType<ThreadPlace> kThreadDeleted{"graph.thread.deleted"};

}  // namespace synap::features::checkpoints
