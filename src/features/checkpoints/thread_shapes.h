// What the procedures graphThreads.* take and give.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "features/checkpoints/shapes.h"
#include "features/checkpoints/thread_state.h"

namespace synap::features::checkpoints {

inline constexpr std::size_t kThreadMetadataBytesMax = 16 * 1024;
inline constexpr std::size_t kThreadFilterBytesMax = 2 * 1024;

// "busy": something is to be done, nobody is asked, and nothing has failed.
inline constexpr std::string_view kIdle = "idle";
inline constexpr std::string_view kBusy = "busy";
inline constexpr std::string_view kInterrupted = "interrupted";
inline constexpr std::string_view kFailed = "error";

struct GraphThread {
  std::string thread_id;
  std::string created_at;
  std::string updated_at;
  std::optional<std::string> state_updated_at;
  Json metadata = Json::object();
  std::string status;
  Json values;
  std::map<std::string, Json> interrupts;  // of each task, a list
};
const ObjectSchema<GraphThread>& describe(Type<GraphThread>);

struct CreateThread {
  std::string thread_id;
  Json metadata = Json::object();
  std::string if_exists = "raise";
};
const ObjectSchema<CreateThread>& describe(Type<CreateThread>);

struct UpdateThread {
  std::string thread_id;
  Json metadata = Json::object();
};
const ObjectSchema<UpdateThread>& describe(Type<UpdateThread>);

/// What threads are asked for.
struct ThreadFilter {
  std::optional<std::vector<std::string>> ids;
  Json metadata = Json::object();
  Json values = Json::object();
  std::optional<std::string> status;
};
const ObjectSchema<ThreadFilter>& describe(Type<ThreadFilter>);

struct SearchThreads : ThreadFilter {
  std::int64_t limit = 10;
  std::int64_t offset = 0;
  std::string sort_by = "updatedAt";
  std::string sort_order = "desc";
  bool with_values = true;
};
const ObjectSchema<SearchThreads>& describe(Type<SearchThreads>);

struct GraphThreadList {
  std::vector<GraphThread> threads;
  bool is_cut = false;
};
const ObjectSchema<GraphThreadList>& describe(Type<GraphThreadList>);

struct ThreadCount {
  std::int64_t count = 0;
};
const ObjectSchema<ThreadCount>& describe(Type<ThreadCount>);

struct ThreadHistory {
  std::string thread_id;
  std::string ns;
  std::optional<std::string> before;
  Json metadata = Json::object();
  std::int64_t limit = 10;
};
const ObjectSchema<ThreadHistory>& describe(Type<ThreadHistory>);

struct GraphStateList {
  std::vector<GraphState> states;
  bool is_cut = false;
};
const ObjectSchema<GraphStateList>& describe(Type<GraphStateList>);

}  // namespace synap::features::checkpoints
