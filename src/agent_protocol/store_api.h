// The Agent Protocol's store (https://github.com/langchain-ai/agent-protocol), as the official
// langgraph-sdk calls it, on the procedures store.*:
//
//   PUT    /store/items          {namespace, key, value, index?}      204
//   GET    /store/items          ?namespace=a.b&key=k                 the item, or null
//   DELETE /store/items          {namespace, key}                     204
//   POST   /store/items/search   {namespace_prefix, filter?, ...}     {items}
//   POST   /store/namespaces     {prefix?, suffix?, max_depth?, ...}  {namespaces}
//
// Each request is turned into the REST form of its procedure (room `rest`), whose checks, limits
// and errors are all that there are here, and its answer is turned back. The key may be in
// `x-api-key`, where the SDK puts it. Where protocol and SDK differ it is the SDK's way: an item
// that there is not is null, not a 404, and to delete one is no error.
#pragma once

#include <memory>

#include "net/http.h"

namespace synap::agent_protocol {

class StoreApi final : public net::Handler {
 public:
  /// `rest` serves the procedures below /api.
  explicit StoreApi(std::shared_ptr<net::Handler> rest);

  Task<net::Admission> admit(const net::Request& head) override;
  Task<net::Response> serve(const net::Request& request) override;
  std::optional<net::Response> refuse_upgrade(const net::Request& request) override;
  Task<void> serve_websocket(const net::Request& request, net::WebSocket& socket) override;
  net::Response refusal(const Error& error) override;

 private:
  const std::shared_ptr<net::Handler> rest_;
};

}  // namespace synap::agent_protocol
