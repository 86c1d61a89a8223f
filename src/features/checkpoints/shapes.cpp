#include "features/checkpoints/shapes.h"

namespace synap::features::checkpoints {
namespace {

// Names of LangGraph's are free text.
StringSchema name() {
  return string().min(1).max(512);
}
StringSchema namespace_name() {
  return string().max(4096);
}
bool is_base64url(std::string_view text) {
  return text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == text.npos &&
         text.size() % 4 != 1;
}
StringSchema bytes() {
  return string()
      .max(14'000'000)
      .pattern("^(?:[\\w-]{4})*(?:[\\w-]{2,3})?$", is_base64url,
               "base64url without padding, as eyJ9");
}
constexpr const char* kBytesDocs = "base64url, without padding.";
constexpr const char* kNsDocs = "Of a subgraph; empty: of the graph itself.";

}  // namespace

const ObjectSchema<Typed>& describe(Type<Typed>) {
  static const auto schema =
      object<Typed>("TypedValue")
          .field("type", &Typed::type, string().min(1).max(64), "Of the serializer, as json.")
          .field("bytes", &Typed::bytes, bytes(), kBytesDocs);
  return schema;
}

const ObjectSchema<ChannelValue>& describe(Type<ChannelValue>) {
  static const auto schema =
      object<ChannelValue>("ChannelValue")
          .field("channel", &ChannelValue::channel, name())
          .field("version", &ChannelValue::version, string().min(1).max(128))
          .field("type", &ChannelValue::type, string().min(1).max(64), "Of the serializer.")
          .field("bytes", &ChannelValue::bytes, bytes(), kBytesDocs);
  return schema;
}

const ObjectSchema<Write>& describe(Type<Write>) {
  static const auto schema =
      object<Write>("CheckpointWrite")
          .field("index", &Write::index, integer().min(-1'000).max(1'000'000),
                 "Its place among the task's; below 0: special ones, which replace those before.")
          .field("channel", &Write::channel, name())
          .field("type", &Write::type, string().min(1).max(64), "Of the serializer.")
          .field("bytes", &Write::bytes, bytes(), kBytesDocs);
  return schema;
}

const ObjectSchema<PutCheckpoint>& describe(Type<PutCheckpoint>) {
  static const auto schema =
      object<PutCheckpoint>("PutCheckpoint")
          .field("threadId", &PutCheckpoint::thread_id, name())
          .field_or("checkpointNs", &PutCheckpoint::ns, namespace_name(), "", kNsDocs)
          .field("checkpointId", &PutCheckpoint::id, string().min(1).max(256),
                 "Grows from one to the next.")
          .field("parentCheckpointId", &PutCheckpoint::parent, string().min(1).max(256))
          .field("runId", &PutCheckpoint::run_id, name(), "By which deleteRuns finds it.")
          .field("checkpoint", &PutCheckpoint::checkpoint, schema_of<Typed>(),
                 "Without the values of its channels.")
          .field("metadata", &PutCheckpoint::metadata, schema_of<Typed>())
          .field_or("labels", &PutCheckpoint::labels, record(any()), std::map<std::string, Json>{},
                    "What of the metadata a list can be filtered by.")
          .field_or("versions", &PutCheckpoint::versions, record(string().min(1).max(128)),
                    std::map<std::string, std::string>{}, "Of all its channels.")
          .field_or("values", &PutCheckpoint::values, array(schema_of<ChannelValue>()).max(1'000),
                    std::vector<ChannelValue>{}, "Those that are new. Each is kept once a version.")
          .field_or("deltaChannels", &PutCheckpoint::deltas, array(name()).max(1'000),
                    std::vector<std::string>{},
                    "Whose value follows from writes of checkpoints before: prune keeps these.");
  return schema;
}

const ObjectSchema<PutWrites>& describe(Type<PutWrites>) {
  static const auto schema =
      object<PutWrites>("PutCheckpointWrites")
          .field("threadId", &PutWrites::thread_id, name())
          .field_or("checkpointNs", &PutWrites::ns, namespace_name(), "", kNsDocs)
          .field("checkpointId", &PutWrites::checkpoint_id, string().min(1).max(256))
          .field("taskId", &PutWrites::task_id, name())
          .field_or("taskPath", &PutWrites::task_path, namespace_name(), "",
                    "Orders the writes of one step.")
          .field("writes", &PutWrites::writes, array(schema_of<Write>()).max(10'000));
  return schema;
}

const ObjectSchema<Stored>& describe(Type<Stored>) {
  static const auto schema =
      object<Stored>("CheckpointStored")
          .field("status", &Stored::status, one_of({"stored"}), "It is on disk.");
  return schema;
}

const ObjectSchema<GetCheckpoint>& describe(Type<GetCheckpoint>) {
  static const auto schema =
      object<GetCheckpoint>("GetCheckpoint")
          .field("threadId", &GetCheckpoint::thread_id, name())
          .field_or("checkpointNs", &GetCheckpoint::ns, namespace_name(), "", kNsDocs)
          .field("checkpointId", &GetCheckpoint::id, string().min(1).max(256),
                 "Absent: the newest.");
  return schema;
}

const ObjectSchema<PendingWrite>& describe(Type<PendingWrite>) {
  static const auto schema = object<PendingWrite>("PendingWrite")
                                 .field("taskId", &PendingWrite::task_id)
                                 .field("channel", &PendingWrite::channel)
                                 .field("type", &PendingWrite::type)
                                 .field("bytes", &PendingWrite::bytes, string(), kBytesDocs);
  return schema;
}

const ObjectSchema<Tuple>& describe(Type<Tuple>) {
  static const auto schema =
      object<Tuple>("CheckpointTuple")
          .field("threadId", &Tuple::thread_id)
          .field("checkpointNs", &Tuple::ns)
          .field("checkpointId", &Tuple::id)
          .field("parentCheckpointId", &Tuple::parent, string())
          .field("checkpoint", &Tuple::checkpoint, schema_of<Typed>())
          .field("metadata", &Tuple::metadata, schema_of<Typed>())
          .field("values", &Tuple::values, array(schema_of<ChannelValue>()),
                 "Of its channels, those that have one.")
          .field("pendingWrites", &Tuple::writes, array(schema_of<PendingWrite>()),
                 "In the order in which a step applies them.");
  return schema;
}

const ObjectSchema<Found>& describe(Type<Found>) {
  static const auto schema =
      object<Found>("FoundCheckpoint")
          .field("checkpoint", &Found::checkpoint, schema_of<Tuple>(), "Absent: there is none.");
  return schema;
}

const ObjectSchema<ListCheckpoints>& describe(Type<ListCheckpoints>) {
  static const auto schema =
      object<ListCheckpoints>("ListCheckpoints")
          .field("threadId", &ListCheckpoints::thread_id, name(), "Absent: of all your threads.")
          .field("checkpointNs", &ListCheckpoints::ns, namespace_name(), "Absent: of all.")
          .field("checkpointId", &ListCheckpoints::id, string().min(1).max(256))
          .field("before", &ListCheckpoints::before, string().min(1).max(256),
                 "Ids smaller than this.")
          .field_or("filter", &ListCheckpoints::filter, record(any()),
                    std::map<std::string, Json>{}, "Labels and their values; all must be the same.")
          .field_or("limit", &ListCheckpoints::limit, integer().min(1).max(100), 20)
          .field("cursor", &ListCheckpoints::cursor, string().min(1).max(8'000),
                 "The nextCursor of the page before.");
  return schema;
}

const ObjectSchema<CheckpointList>& describe(Type<CheckpointList>) {
  static const auto schema =
      object<CheckpointList>("CheckpointList")
          .field("checkpoints", &CheckpointList::checkpoints, array(schema_of<Tuple>()),
                 "The newest first, thread by thread. Fewer than the limit where they are large.")
          .field("nextCursor", &CheckpointList::next_cursor, string(), "Absent at the end.");
  return schema;
}

const ObjectSchema<ThreadName>& describe(Type<ThreadName>) {
  static const auto schema =
      object<ThreadName>("GraphThreadName").field("threadId", &ThreadName::thread_id, name());
  return schema;
}

const ObjectSchema<CopyThread>& describe(Type<CopyThread>) {
  static const auto schema = object<CopyThread>("CopyGraphThread")
                                 .field("sourceThreadId", &CopyThread::source, name())
                                 .field("targetThreadId", &CopyThread::target, name(),
                                        "Another one. What it has already stays as it is.");
  return schema;
}

const ObjectSchema<RunNames>& describe(Type<RunNames>) {
  static const auto schema =
      object<RunNames>("GraphRunNames").field("runIds", &RunNames::run_ids, array(name()).max(100));
  return schema;
}

const ObjectSchema<Prune>& describe(Type<Prune>) {
  static const auto schema =
      object<Prune>("PruneGraphThreads")
          .field("threadIds", &Prune::thread_ids, array(name()).max(100))
          .field_or("strategy", &Prune::strategy, one_of({"keep_latest", "delete"}), "keep_latest",
                    "keep_latest: the newest checkpoint of each namespace stays, with those that "
                    "its delta channels follow from.");
  return schema;
}

const ObjectSchema<Count>& describe(Type<Count>) {
  static const auto schema =
      object<Count>("CheckpointCount").field("checkpoints", &Count::checkpoints, integer().min(0));
  return schema;
}

const ObjectSchema<Pruned>& describe(Type<Pruned>) {
  static const auto schema =
      object<Pruned>("PrunedGraphThreads")
          .field("checkpoints", &Pruned::checkpoints, integer().min(0),
                 "Taken away of threads that stay.")
          .field("threads", &Pruned::threads, integer().min(0), "Of those named, that there were.");
  return schema;
}

const ObjectSchema<ThreadPlace>& describe(Type<ThreadPlace>) {
  static const auto schema =
      object<ThreadPlace>("GraphThreadPlace")
          .field("threadId", &ThreadPlace::thread_id, string().min(1).max(512),
                 "As its graph names it.")
          .field("checkpointNs", &ThreadPlace::ns, string().max(4096), "Of which subgraph.")
          .field("checkpointId", &ThreadPlace::checkpoint_id, string().min(1).max(256));
  return schema;
}

}  // namespace synap::features::checkpoints
