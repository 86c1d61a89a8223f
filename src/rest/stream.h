// A subscription over Server-Sent Events:
//
//   : open                                   at once, and ": ping" when nothing else was sent
//   data: JSON LF id: ID                     an item
//   event: end LF data: {}                   no more will come
//   event: problem LF data: PROBLEM          it failed (problem.h)
//
// A stream that ends without one of the last two was cut off: a client comes back with the last id
// it saw in Last-Event-ID, which an EventSource does by itself.
#pragma once

#include <chrono>
#include <stop_token>

#include "base/world.h"
#include "net/http.h"
#include "rpc/procedure.h"

namespace synap::rest {

struct StreamPlan {
  World& world;
  rpc::Items items;
  std::stop_source stop;  // asked when nobody reads any more: whoever makes the items has its token
  std::stop_token gone;   // of the request
  std::chrono::milliseconds ping{0};  // 0: none
};
/// Nothing was pulled from the items when it is returned.
net::Response stream_response(StreamPlan plan);

}  // namespace synap::rest
