// What a WebSocket client says: one JSON value a text frame, a call or an array of calls.
//
//   {"id":ID[,"jsonrpc":"2.0"],"method":"query"|"mutation"|"subscription",
//    "params":{"path":"...","input":X?,"lastEventId":"..."?}}
//   {"id":ID[,"jsonrpc":"2.0"],"method":"subscription.stop"}
//   {"method":"connectionParams","data":{...}|null}       first, where the URL announces it
//
// ID is a number or a string and comes back as it was; it is short. Follows parseTRPCMessage
// of 11.25.2.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "rpc/procedure.h"
#include "trpc/envelope.h"

namespace synap::trpc {

struct ClientMessage {
  Addressee from;
  bool has_id = false;  // "id":null is read, and then refused by name
  bool is_stop = false;
  rpc::Kind kind = rpc::Kind::kQuery;
  std::string path;
  std::optional<Json> input;  // lastEventId is already in it
  /// Why it is none that could be carried out: a path that nothing can have. It is not kept.
  std::optional<Error> refusal;
  std::size_t bytes = 0;  // its share of the frame
};

/// A frame that was read: its messages in order; or, where it holds more than are allowed, who is
/// to be told so.
struct ClientFrame {
  std::vector<ClientMessage> messages;
  std::vector<Addressee> refused;
};

/// kParseError: not JSON, or one of its messages is none; then none of them counts.
Result<ClientFrame> parse_client_frame(std::string_view text, std::size_t batch_max);

/// kParseError: the first message is not the one that was announced.
Result<std::optional<Json>> parse_connection_params_message(std::string_view text);

}  // namespace synap::trpc
