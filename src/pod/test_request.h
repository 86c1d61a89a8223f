// Waiting for what becomes of a command, as a client of a pod does. Included by tests only.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>

#include "net/test_client.h"

namespace synap::pod {

/// Blocks until `is_done()`, which is asked again whenever an event of the request is in the log of
/// the pod at `port`. False: such events come no more.
[[nodiscard]] inline bool wait_for_request(std::uint16_t port, const std::string& key,
                                           const std::string& request_id,
                                           const std::function<bool()>& is_done) {
  net::TestClient watcher(port, {.timeout_s = 30});
  watcher.request("GET",
                  fmt::format("/trpc/events.watch?input=%7B%22requestId%22%3A%22{}%22%2C"
                              "%22lastEventId%22%3A%220%22%7D",
                              request_id),
                  "authorization: Bearer " + key + "\r\naccept: text/event-stream\r\n");
  if (watcher.read_head().status != 200) return false;
  while (!is_done()) {
    if (!watcher.read_chunk()) return false;
  }
  return true;
}

}  // namespace synap::pod
