// The Agent Protocol's threads, as the official langgraph-sdk calls them (client.threads.*), on the
// procedures graphThreads.* and checkpoints.*:
//
//   POST   /threads                     {thread_id?, metadata?, if_exists?}    the thread
//   GET    /threads/{id}                                                       the thread
//   PATCH  /threads/{id}                {metadata?}                            the thread
//   DELETE /threads/{id}                                                       204
//   POST   /threads/{id}/copy                                                  the other thread
//   POST   /threads/search              {metadata?, values?, ids?, status?, limit?, offset?,
//                                        sort_by?, sort_order?, select?}       [thread]
//   POST   /threads/count               {metadata?, values?, status?}          a number
//   POST   /threads/prune               {thread_ids, strategy?}                {pruned_count}
//   GET    /threads/{id}/state          ?select=                               the state
//   GET    /threads/{id}/state/{checkpoint}                                    the state
//   POST   /threads/{id}/state/checkpoint   {checkpoint, select?}              the state
//   POST   /threads/{id}/history        {limit?, before?, metadata?, checkpoint?, select?}  [state]
//   GET    /threads/{id}/history        ?limit=&before=                        [state]
//
// Each request is turned into the REST form of a procedure, whose checks, limits and errors are all
// that there are here. An id is one segment of the path, percent-encoded. Where a list may be
// shorter than what there is, the answer has the header `x-synap-is-cut: true`.
//
// What only a runtime of graphs can do is answered 501, with what there is instead.
#pragma once

#include <memory>

#include "base/world.h"
#include "net/http.h"

namespace synap::agent_protocol {

class ThreadsApi final : public net::Handler {
 public:
  /// `rest` serves the procedures below /api. `world` must outlive this.
  ThreadsApi(std::shared_ptr<net::Handler> rest, World& world);

  Task<net::Admission> admit(const net::Request& head) override;
  Task<net::Response> serve(const net::Request& request) override;
  std::optional<net::Response> refuse_upgrade(const net::Request& request) override;
  Task<void> serve_websocket(const net::Request& request, net::WebSocket& socket) override;
  net::Response refusal(const Error& error) override;

 private:
  const std::shared_ptr<net::Handler> rest_;
  World& world_;
};

/// What of the protocol there is not at all: /assistants, /runs/stream. Answers 501 to everybody.
class NotServed final : public net::Handler {
 public:
  Task<net::Admission> admit(const net::Request& head) override;
  Task<net::Response> serve(const net::Request& request) override;
  std::optional<net::Response> refuse_upgrade(const net::Request& request) override;
  Task<void> serve_websocket(const net::Request& request, net::WebSocket& socket) override;
  net::Response refusal(const Error& error) override;
};

}  // namespace synap::agent_protocol
