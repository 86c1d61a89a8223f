// What LangGraph's serializers have stored, as JSON: for those who ask what the state of a thread
// is and have no graph. The serializers say how values are written, so this is no guess:
//
//   "json"     of the one in TypeScript: JSON; what is an object of LangChain's there, has a mark:
//              {"lc":1,"type":"constructor","id":[..., "HumanMessage"],"kwargs":{...}}
//   "msgpack"  of the one in Python: MessagePack, with objects as extensions, each of which holds
//              an array: module, class, what it is made of, and the name of how it is made
//   "null"     of the one in Python: no bytes
//
// Messages, models, dataclasses, sets, dates and UUIDs are shown as LangGraph's own servers show
// them. What only the agent's own serializer can read is told as such, in its place:
//
//   {"__unread__": {"type": "msgpack", "bytes": 12, "of": "pathlib.PosixPath"}}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace synap::features::checkpoints {

/// Shows the values of one answer, which together have a bounded number of parts: a byte of
/// MessagePack can be a part, and one in memory takes forty. One thread at a time.
class Shower {
 public:
  Json show(std::string_view type, std::string_view bytes);

 private:
  std::size_t parts_left_ = 1'000'000;
};

/// What stands where a value cannot be shown. `of` may be empty.
Json unread(std::string_view type, std::size_t bytes, std::string of = {});

/// Whether `value` has all that `wanted` has, as jsonb's @> in PostgreSQL finds it: objects by
/// their members, lists by their items, in any order, the rest by being the same. Each part that is
/// compared takes one of `steps_left`, since a list in a list costs the product of both; with none
/// left it is false.
bool contains(const Json& value, const Json& wanted, std::int64_t& steps_left);

}  // namespace synap::features::checkpoints
