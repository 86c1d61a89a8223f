#include "features/checkpoints/thread_shapes.h"

namespace synap::features::checkpoints {
namespace {

StringSchema name() {
  return string().min(1).max(512);
}
Schema status() {
  return one_of(
      {std::string(kIdle), std::string(kBusy), std::string(kInterrupted), std::string(kFailed)});
}
constexpr const char* kMetadataDocs = "Any JSON object of 16 KiB at most.";
constexpr const char* kFilterDocs =
    "What it must have: objects by their members, lists by their items, the rest by being the "
    "same.";
constexpr const char* kStatusDocs =
    "interrupted: it waits for an answer. error: a task has failed. busy: something is to be done. "
    "idle: nothing is.";
constexpr const char* kCutDocs =
    "There may be more: what one answer takes or looks through is bounded.";
constexpr const char* kShownDocs =
    "What only the agent's own serializer can read is {\"__unread__\":{...}}.";

}  // namespace

const ObjectSchema<StateTask>& describe(Type<StateTask>) {
  static const auto schema =
      object<StateTask>("GraphTask")
          .field("id", &StateTask::id, string(), "Absent: it has written nothing.")
          .field("name", &StateTask::name, string(), "Its node.")
          .field("error", &StateTask::error, string())
          .field("interrupts", &StateTask::interrupts, array(any()), "What it has asked.")
          .field("result", &StateTask::result, any(),
                 "What it has written to the state; absent while it has not ended.");
  return schema;
}

const ObjectSchema<GraphState>& describe(Type<GraphState>) {
  static const auto schema =
      object<GraphState>("GraphState")
          .field("threadId", &GraphState::thread_id)
          .field("checkpointNs", &GraphState::ns)
          .field("checkpointId", &GraphState::id, string(), "Absent: there is none yet.")
          .field("parentCheckpointId", &GraphState::parent, string())
          .field("createdAt", &GraphState::created_at, string())
          .field("metadata", &GraphState::metadata, any(), "Of the checkpoint.")
          .field("values", &GraphState::values, any(), kShownDocs)
          .field("next", &GraphState::next, array(string()), "Nodes that are to be done.")
          .field("tasks", &GraphState::tasks, array(schema_of<StateTask>()))
          .field("interrupts", &GraphState::interrupts, array(any()));
  return schema;
}

const ObjectSchema<GraphThread>& describe(Type<GraphThread>) {
  static const auto schema = object<GraphThread>("GraphThread")
                                 .field("threadId", &GraphThread::thread_id)
                                 .field("createdAt", &GraphThread::created_at)
                                 .field("updatedAt", &GraphThread::updated_at)
                                 .field("stateUpdatedAt", &GraphThread::state_updated_at, string(),
                                        "When the newest checkpoint was stored.")
                                 .field("metadata", &GraphThread::metadata, record(any()))
                                 .field("status", &GraphThread::status, status(), kStatusDocs)
                                 .field("values", &GraphThread::values, any(), kShownDocs)
                                 .field("interrupts", &GraphThread::interrupts, record(any()),
                                        "What it waits for: of each task, a list.");
  return schema;
}

const ObjectSchema<CreateThread>& describe(Type<CreateThread>) {
  static const auto schema =
      object<CreateThread>("CreateGraphThread")
          .field("threadId", &CreateThread::thread_id, name())
          .field_or("metadata", &CreateThread::metadata, record(any()), Json::object(),
                    kMetadataDocs)
          .field_or("ifExists", &CreateThread::if_exists, one_of({"raise", "do_nothing"}), "raise",
                    "do_nothing: it is answered as it is.");
  return schema;
}

const ObjectSchema<UpdateThread>& describe(Type<UpdateThread>) {
  static const auto schema = object<UpdateThread>("UpdateGraphThread")
                                 .field("threadId", &UpdateThread::thread_id, name())
                                 .field("metadata", &UpdateThread::metadata, record(any()),
                                        "Its members replace those of the same name; others stay.");
  return schema;
}

const ObjectSchema<ThreadFilter>& describe(Type<ThreadFilter>) {
  static const auto schema =
      object<ThreadFilter>("CountGraphThreads")
          .field("ids", &ThreadFilter::ids, array(name()).max(100))
          .field_or("metadata", &ThreadFilter::metadata, record(any()), Json::object(), kFilterDocs)
          .field_or("values", &ThreadFilter::values, record(any()), Json::object(),
                    "The same of the state at its newest checkpoint.")
          .field("status", &ThreadFilter::status, status(), kStatusDocs);
  return schema;
}

const ObjectSchema<SearchThreads>& describe(Type<SearchThreads>) {
  static const auto schema =
      object<SearchThreads>("SearchGraphThreads")
          .extend(describe(Type<ThreadFilter>{}))
          .field_or("limit", &SearchThreads::limit, integer().min(1).max(1'000), 10)
          .field_or("offset", &SearchThreads::offset, integer().min(0).max(10'000), 0)
          .field_or("sortBy", &SearchThreads::sort_by,
                    one_of({"threadId", "status", "createdAt", "updatedAt", "stateUpdatedAt"}),
                    "updatedAt")
          .field_or("sortOrder", &SearchThreads::sort_order, one_of({"asc", "desc"}), "desc")
          .field_or("withValues", &SearchThreads::with_values, boolean(), true,
                    "false: the answer has no values and interrupts.");
  return schema;
}

const ObjectSchema<GraphThreadList>& describe(Type<GraphThreadList>) {
  static const auto schema =
      object<GraphThreadList>("GraphThreadList")
          .field("threads", &GraphThreadList::threads, array(schema_of<GraphThread>()))
          .field("isCut", &GraphThreadList::is_cut, boolean(), kCutDocs);
  return schema;
}

const ObjectSchema<ThreadCount>& describe(Type<ThreadCount>) {
  static const auto schema =
      object<ThreadCount>("GraphThreadCount").field("count", &ThreadCount::count, integer().min(0));
  return schema;
}

const ObjectSchema<ThreadHistory>& describe(Type<ThreadHistory>) {
  static const auto schema =
      object<ThreadHistory>("GraphThreadHistory")
          .field("threadId", &ThreadHistory::thread_id, name())
          .field_or("checkpointNs", &ThreadHistory::ns, string().max(4096), "",
                    "Of a subgraph; empty: of the graph itself.")
          .field("before", &ThreadHistory::before, string().min(1).max(256),
                 "Ids of checkpoints smaller than this.")
          .field_or("metadata", &ThreadHistory::metadata, record(any()), Json::object(),
                    kFilterDocs)
          .field_or("limit", &ThreadHistory::limit, integer().min(1).max(1'000), 10);
  return schema;
}

const ObjectSchema<GraphStateList>& describe(Type<GraphStateList>) {
  static const auto schema = object<GraphStateList>("GraphStateList")
                                 .field("states", &GraphStateList::states,
                                        array(schema_of<GraphState>()), "The newest first.")
                                 .field("isCut", &GraphStateList::is_cut, boolean(), kCutDocs);
  return schema;
}

}  // namespace synap::features::checkpoints
